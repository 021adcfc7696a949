"""Corpora: labelled clips, one file a corpus, found by name.

A corpus's file offers `ABOUT` (an `About`) and `samples(folder)`, which reads its labels; sound and pictures are
opened when a clip is looked at. Where a corpus lies is said by the caller or by the environment (`place`).

A name stands for clips of one kind, so that whoever loads a corpus knows what comes: "ravdess" is speech heard,
"ravdess-song" song heard, "ravdess-video" speech with its picture, and so on; all of them are found in one folder
`ravdess`. Copies of one performance have the same `Sample.take` whatever name they were loaded by, and its people the
same `Sample.speaker`. Anybody's own recordings are a corpus too, as a table (`visavox.datasets.table`): wherever a
corpus is named, its path may stand, or a name that was given a place ("mine=recordings.csv").
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast

from visavox.clip import Clip
from visavox.errors import DataError, OptionError

Data = str | os.PathLike[str] | Sequence[str] | None
"""Where corpora are: folders that hold corpora by name, corpora with their places (`place`), or None."""

VARIABLE = "VISAVOX_DATA"
"""Environment variable that names the folder in which the corpora's folders lie."""

TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
"""How the name of a table that is a corpus ends."""

MODULES: Mapping[str, str] = {
    "aalto-motion": "visavox.datasets.body_sequences:AALTO",
    "aalto-motion-windows": "visavox.datasets.body_sequences:AALTO_WINDOWS",
    "aff-wild2": "visavox.datasets.aff_wild2",
    "bandai-namco": "visavox.datasets.body_sequences:BANDAI_NAMCO",
    "bandai-namco-windows": "visavox.datasets.body_sequences:BANDAI_NAMCO_WINDOWS",
    "bred": "visavox.datasets.bred",
    "ckplus": "visavox.datasets.ckplus",
    "ckplus-peaks": "visavox.datasets.ckplus:PEAKS",
    "crema-d": "visavox.datasets.crema_d",
    "crema-d-video": "visavox.datasets.crema_d:VIDEO",
    "emo-db": "visavox.datasets.emo_db",
    "enterface": "visavox.datasets.enterface",
    "enterface-landmarks": "visavox.datasets.enterface:LANDMARKS",
    "fer2013": "visavox.datasets.fer2013",
    "grid-samples": "visavox.datasets.grid",
    "mead-samples": "visavox.datasets.mead",
    "nemo": "visavox.datasets.nemo",
    "raf-db": "visavox.datasets.raf_db",
    "ravdess": "visavox.datasets.ravdess",
    "ravdess-faces": "visavox.datasets.ravdess_faces",
    "ravdess-song": "visavox.datasets.ravdess:SONG",
    "ravdess-song-video": "visavox.datasets.ravdess:SONG_VIDEO",
    "ravdess-tracking": "visavox.datasets.ravdess:TRACKING",
    "ravdess-video": "visavox.datasets.ravdess:VIDEO",
    "rml": "visavox.datasets.rml",
    "savee": "visavox.datasets.savee",
    "savee-video": "visavox.datasets.savee:VIDEO",
    "tess": "visavox.datasets.tess",
    "urdu": "visavox.datasets.urdu",
    "xia-motion": "visavox.datasets.body_sequences:XIA",
    "xia-motion-windows": "visavox.datasets.body_sequences:XIA_WINDOWS",
}
"""The registry: a corpus's name and what reads it, a module or an object in one."""

FOLDERS: Mapping[str, tuple[str, ...]] = {
    "aalto-motion": ("body",),
    "aalto-motion-windows": ("body",),
    "bandai-namco": ("body",),
    "bandai-namco-windows": ("body",),
    "ckplus-peaks": ("ckplus",),
    "crema-d-video": ("crema-d",),
    "enterface-landmarks": ("enterface_landmarks", "enterface"),
    "grid-samples": ("media",),
    "mead-samples": ("mead_samples",),
    "ravdess-faces": ("ravdess",),
    "ravdess-song": ("ravdess",),
    "ravdess-song-video": ("ravdess",),
    "ravdess-tracking": ("ravdess",),
    "ravdess-video": ("ravdess",),
    "savee-video": ("savee",),
    "xia-motion": ("body",),
    "xia-motion-windows": ("body",),
}
"""Where a corpus is looked for, too, when no folder of its own name is there: that of the corpus it is a part of."""

Modality = Literal["voice", "face", "audio-video", "video", "pictures", "body", "tracking"]
"""What a clip holds: sound alone; cut faces; pictures and sound; pictures alone, in a video or as files; joints; a
table of what was tracked in a face."""


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
        url: where its publisher offers or describes it; "" where there is no such place.
        access: "open" to anybody, or to be had by those who "ask" the publisher, or "local": a part that came with
            other data and is offered nowhere.
        asking: how to get it, in a sentence.
        never_train: why no model that ships may learn from it; "" where it may.
    """

    name: str
    title: str
    modality: Modality
    licence: str
    credit: str
    people: float | None = None
    people_note: str = ""
    url: str = ""
    access: Literal["open", "ask", "local"] = "open"
    asking: str = ""
    never_train: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A labelled clip: one row of a corpus. What a corpus does not know is None or empty.

    Args:
        clip: what is seen and heard.
        emotion: the word, in our spelling.
        corpus: its name in the registry.
        speaker: who it is, unique over all corpora ("ravdess-05").
        sex: "female" or "male".
        age: in years, when it was recorded.
        part: of the corpus's own split ("train", "validation", "test").
        intensity: "normal" or "strong" where it was asked for.
        statement: what is said.
        repetition: which time it is said, from 1.
        take: marks clips that hold the same performance, over all corpora ("ravdess-01-02-01-01-01-01").
        modality: what the clip holds, one of `Modality`.
        defect: why one may want to leave it out ("blank", "exact", "doubled", "quiet"); "" where nothing is known.
        votes: how raters voted, by word.
        table: the file of tracked or precomputed values of this clip alone, where the corpus has such files.
    """

    clip: Clip
    emotion: str
    corpus: str
    speaker: str | None = None
    sex: Literal["female", "male"] | None = None
    age: int | None = None
    part: str = ""
    intensity: str | None = None
    statement: str | None = None
    repetition: int | None = None
    take: str | None = None
    modality: str = ""
    defect: str = ""
    votes: Mapping[str, int] | None = None
    table: Path | None = None


class Corpus(Protocol):
    """What reads a corpus: its module, or an object in one."""

    @property
    def ABOUT(self) -> About:
        """What there is to know before opening it."""

    @property
    def samples(self) -> Callable[[Path], list[Sample]]:
        """Reads all its clips from its folder, in a fixed order."""


@dataclass(frozen=True)
class Kind:
    """One kind of clips of a corpus that has several: a `Corpus`.

    Args:
        ABOUT: what there is to know before opening it.
        samples: reads all its clips from the corpus's folder.
    """

    ABOUT: About
    samples: Callable[[Path], list[Sample]]


def names() -> tuple[str, ...]:
    """The corpora that can be read."""
    return tuple(sorted(MODULES))


def corpus(name: str, data: Data = None) -> Corpus:
    """What reads a corpus.

    Args:
        name: in the registry; or the path of a table, or the name that `data` gives to one.
        data: see `place`; only a table's name needs it.

    Raises:
        OptionError: there is none of that name.
    """
    if name in MODULES:
        module, _, kind = MODULES[name].partition(":")
        found = importlib.import_module(module)
        return cast(Corpus, getattr(found, kind) if kind else found)
    path = _table(name, data)
    if path is None:
        raise OptionError.one_of(
            "corpus", name, (*names(), "the path of a table (CSV)", "a name given by --data NAME=CSV")
        )
    from visavox.datasets import table

    return table.corpus(name)


def place(name: str, data: Data = None) -> Path:
    """The folder of a corpus; of a table, the table.

    Args:
        name: of the corpus, or a table's path or name.
        data: folders that hold corpora by name, and corpora with their places ("fer2013=/data/faces"); those with a
            name go first. None: the folder that the environment variable `VISAVOX_DATA` names. A part of a corpus
            ("ravdess-song") is found in the folder of the whole ("ravdess"), named or not, unless it has its own.

    Raises:
        DataError: it is in none of them; the message says where was looked.
    """
    table = None if name in MODULES else _table(name, data)
    if table is not None:
        return table
    keys = (name, *FOLDERS.get(name, ()))
    given = _entries(data)
    named = [Path(path) for key in keys for entry_key, path in given if entry_key == key]
    looked = named + [Path(path) / key for key in keys for entry_key, path in given if not entry_key]
    for folder in looked:
        if folder.is_dir():
            return folder
    where = f"looked in {', '.join(map(str, looked))}" if looked else "no folder was named"
    folders = " or ".join(f"{key}/" for key in keys)
    raise DataError(
        f"corpus {name} not found ({where}); say where it is: --data {name}=FOLDER, or --data FOLDER "
        f"(or {VARIABLE}=FOLDER) for a folder that holds {folders}"
    )


def load(name: str, data: Data = None) -> list[Sample]:
    """All clips of a corpus; see `place` for `name` and `data`.

    Raises:
        OptionError: there is no corpus of that name.
        DataError: it is not there, or not laid out as expected.
    """
    return corpus(name, data).samples(place(name, data))


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
        if column in ("clip", "votes", "table") or column not in Sample.__dataclass_fields__:
            raise OptionError.one_of(
                "column", column, [c for c in Sample.__dataclass_fields__ if c not in ("clip", "votes", "table")]
            )
    return [s for s in samples if all(getattr(s, column) in values for column, values in allowed.items())]


def _entries(data: Data) -> list[tuple[str, str]]:
    """The places given, or those of the environment: a corpus's name, or "" for a folder of several, and its path."""
    given = [data] if isinstance(data, str | os.PathLike) else list(data or ())
    if not given and os.environ.get(VARIABLE):
        given = [os.environ[VARIABLE]]
    entries = []
    for entry in given:
        key, _, path = os.fspath(entry).rpartition("=")
        entries.append((key, path))
    return entries


def _table(name: str, data: Data) -> Path | None:
    """The table that is a corpus: a path itself, a file with this name for its place, or NAME.csv in a folder given."""
    if name.lower().endswith(TABLES):
        return Path(name)
    given = _entries(data)
    for key, path in given:
        if key == name and path.lower().endswith(TABLES):
            return Path(path)
    for key, path in given:
        if not key:
            for suffix in TABLES:
                if (Path(path) / f"{name}{suffix}").is_file():
                    return Path(path) / f"{name}{suffix}"
    return None
