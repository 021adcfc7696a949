"""Corpora: labelled clips, one file a corpus, found by name.

A corpus's file offers `ABOUT` (an `About`) and `samples(folder)`, which reads its labels; sound and pictures are
opened when a clip is looked at. Where a corpus lies is said by the caller or by the environment (`place`).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast

from visavox.clip import Clip
from visavox.errors import DataError, OptionError

VARIABLE = "VISAVOX_DATA"
"""Environment variable that names the folder in which the corpora's folders lie."""

MODULES: Mapping[str, str] = {
    "crema-d": "visavox.datasets.crema_d",
    "emo-db": "visavox.datasets.emo_db",
    "fer2013": "visavox.datasets.fer2013",
    "nemo": "visavox.datasets.nemo",
    "ravdess": "visavox.datasets.ravdess",
    "tess": "visavox.datasets.tess",
    "urdu": "visavox.datasets.urdu",
}
"""The registry: a corpus's name and the module that reads it."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What there is to know about a corpus before opening it.

    Args:
        name: in the registry, and of its folder inside `VISAVOX_DATA`.
        title: its full name.
        modality: what its clips hold.
        licence: its terms, which what is trained on it inherits.
        credit: whom to cite.
        people: how often people name its words (0-1) where that was published, else None.
        people_note: how that was measured, or why it is not to be trusted.
    """

    name: str
    title: str
    modality: Literal["face", "voice"]
    licence: str
    credit: str
    people: float | None = None
    people_note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A labelled clip: one row of a corpus. What a corpus does not know is None or empty.

    Args:
        clip: what is seen and heard.
        emotion: the word, in our spelling.
        corpus: its name in the registry.
        speaker: who it is, unique over all corpora ("ravdess-05").
        sex: "female" or "male".
        part: of the corpus's own split ("train", "validation", "test").
        intensity: "normal" or "strong" where it was asked for.
        statement: what is said.
        repetition: which time it is said, from 1.
        take: marks clips that hold the same performance.
        modality: what the clip holds, where a corpus has several kinds.
        defect: why one may want to leave it out ("blank", "exact", "doubled", "quiet"); "" where nothing is known.
        votes: how raters voted, by word.
    """

    clip: Clip
    emotion: str
    corpus: str
    speaker: str | None = None
    sex: Literal["female", "male"] | None = None
    part: str = ""
    intensity: str | None = None
    statement: str | None = None
    repetition: int | None = None
    take: str | None = None
    modality: str = ""
    defect: str = ""
    votes: Mapping[str, int] | None = None


class Corpus(Protocol):
    """What a corpus's module offers."""

    ABOUT: About

    def samples(self, folder: Path) -> list[Sample]:
        """All its clips, in a fixed order."""


def names() -> tuple[str, ...]:
    """The corpora that can be read."""
    return tuple(sorted(MODULES))


def corpus(name: str) -> Corpus:
    """The module that reads a corpus.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in MODULES:
        raise OptionError.one_of("corpus", name, names())
    return cast(Corpus, importlib.import_module(MODULES[name]))


def place(name: str, data: str | os.PathLike[str] | Sequence[str] | None = None) -> Path:
    """The folder of a corpus.

    Args:
        name: of the corpus.
        data: folders that hold corpora by name, and corpora with their places ("fer2013=/data/faces"); those with a
            name go first. None: the folder that the environment variable `VISAVOX_DATA` names.

    Raises:
        DataError: it is in none of them; the message says where was looked.
    """
    given = _entries(data)
    if not given and os.environ.get(VARIABLE):
        given = [os.environ[VARIABLE]]
    looked: list[Path] = []
    for entry in sorted(given, key=lambda entry: "=" not in entry):
        key, _, path = entry.rpartition("=")
        if key and key != name:
            continue
        looked.append(Path(path) if key else Path(path) / name)
    for folder in looked:
        if folder.is_dir():
            return folder
    where = f"looked in {', '.join(map(str, looked))}" if looked else "no folder was named"
    raise DataError(
        f"corpus {name} not found ({where}); say where it is: --data {name}=FOLDER, or --data FOLDER "
        f"(or {VARIABLE}=FOLDER) for a folder that holds {name}/"
    )


def load(name: str, data: str | os.PathLike[str] | Sequence[str] | None = None) -> list[Sample]:
    """All clips of a corpus; see `place` for `data`.

    Raises:
        OptionError: there is no corpus of that name.
        DataError: it is not there, or not laid out as expected.
    """
    module = corpus(name)
    return module.samples(place(name, data))


def select(samples: Iterable[Sample], wanted: Mapping[str, Iterable[object]]) -> list[Sample]:
    """The samples that fit a selection: of every named column, one of the listed values.

    Args:
        samples: of any corpora.
        wanted: columns of `Sample` and the values that are let through, such as `{"speaker": ["ravdess-05"]}`.

    Raises:
        OptionError: there is no such column.
    """
    allowed = {column: set(values) for column, values in wanted.items()}
    for column in allowed:
        if column in ("clip", "votes") or column not in Sample.__dataclass_fields__:
            raise OptionError.one_of("column", column, [c for c in Sample.__dataclass_fields__ if c != "clip"])
    return [s for s in samples if all(getattr(s, column) in values for column, values in allowed.items())]


def _entries(data: str | os.PathLike[str] | Sequence[str] | None) -> list[str]:
    if data is None:
        return []
    if isinstance(data, str | os.PathLike):
        return [os.fspath(data)]
    return [os.fspath(entry) for entry in data]
