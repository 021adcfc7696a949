"""What a face model and voice networks say of clips of people whom they never met, under each baseline."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.baseline import Baseline, balanced, log_probabilities
from visavox.calibration import change_prior, fit_temperature, softmax
from visavox.datasets import Sample
from visavox.emotions import FOLDED, WORDS, project
from visavox.errors import DataError, LeakError
from visavox.reproduce.rows import HELD_OUT

Floats = NDArray[np.float64]

VOICES = Path("ravdess", "voice", "ravdess-luna5")
"""Where in the folder of runs the voice networks of the folds are, `fold-1/predictions.csv` to `fold-5/…`."""

FOLDS = 5
"""Of the voices' protocol."""

OTHER_ACTORS = "the fold's training actors"
"""What a voice network learned from."""


@dataclass(frozen=True, eq=False)
class Clips:
    """The clips that are judged.

    Args:
        names: of the performances, without the kind of file [n].
        people: who it is [n].
        truth: index in `WORDS` [n].
        neutral: which ones are asked to be neutral (not calm), for enrolment [n].
    """

    names: tuple[str, ...]
    people: tuple[str, ...]
    truth: NDArray[np.int64]
    neutral: NDArray[np.bool_]

    @property
    def words(self) -> list[str]:
        """The true words."""
        return [WORDS[index] for index in self.truth]


@dataclass(frozen=True, eq=False)
class Source:
    """What one source says of the clips, and what it usually says of people.

    Args:
        name: face or voice.
        scores: probabilities under a uniform prior [n, 7].
        baselines: fitted, by kind, one for each row's group (`groups`): [group][kind].
        groups: which baseline belongs to each row [n].
        usual: what the baselines' usual was taken from.
        fitted_on: what the source learned from.
    """

    name: str
    scores: Floats
    baselines: Sequence[Mapping[str, Baseline]]
    groups: NDArray[np.int64]
    usual: str
    fitted_on: str

    def under(self, kind: str, clips: Clips) -> Floats:
        """Its scores under a baseline: "none", "enrolment", "self", or "shares"."""
        if kind == "none":
            return self.scores
        if kind == "shares":
            return balanced(self.scores, clips.people)
        result = np.full_like(self.scores, np.nan)
        for group, fitted in enumerate(self.baselines):
            mine = np.flatnonzero(self.groups == group)
            people = [clips.people[index] for index in mine]
            result[mine] = fitted[kind].transform_probabilities(self.scores[mine], people, clips.neutral[mine])
        return result


KINDS: Mapping[str, tuple[str, str]] = {
    "none": ("none", ""),
    "enrolment": ("enrolment", ""),
    "self": ("self", ""),
    "shares": ("self", ", words equally frequent"),
}
"""How a baseline is printed, and what is added to the row's name: that a person shows each word equally often is more
knowledge than his clips are."""


def clips_of(samples: Sequence[Sample]) -> Clips:
    """The labels of clips, calm counting as neutral."""
    return Clips(
        names=tuple(str(sample.clip.name)[3:] for sample in samples),
        people=tuple(str(sample.speaker) for sample in samples),
        truth=np.array([WORDS.index(FOLDED.get(sample.emotion, sample.emotion)) for sample in samples]),
        neutral=np.array([sample.emotion == "neutral" for sample in samples]),
    )


def known_baselines(values: Floats, words: NDArray[np.int64]) -> dict[str, Baseline]:
    """Baselines of what is usual among faces of which nobody knows whose they are, each word counting alike.

    Args:
        values: Features or scores [n, d].
        words: Index of the true word [n].
    """
    by_word = [values[words == word] for word in np.unique(words)]
    mean = np.mean([part.mean(axis=0) for part in by_word], axis=0)
    deviation = np.sqrt(np.mean([((part - mean) ** 2).mean(axis=0) for part in by_word], axis=0))
    return {
        "enrolment": Baseline.known("enrolment", values[words == WORDS.index("neutral")].mean(axis=0)),
        "self": Baseline.known("self", mean, deviation),
    }


def voices(folder: Path, clips: Clips) -> Source | None:
    """What the voice networks say of the clips' sound, each of an actor it never heard; None where a fold is absent.

    A network's temperature, and what is usual for voices, are fitted on the other folds' held-out clips.

    Raises:
        DataError: A clip's sound was judged by no fold, or a table is none.
        LeakError: An actor was judged in two folds.
    """
    paths = [folder / VOICES / f"fold-{fold}" / "predictions.csv" for fold in range(1, FOLDS + 1)]
    if not all(path.is_file() for path in paths):
        return None
    tables = [_predictions(path) for path in paths]
    fold_of = {name: fold for fold, table in enumerate(tables) for name in table.names}
    missing = [name for name in clips.names if name not in fold_of]
    if missing:
        raise DataError(f"{folder / VOICES}: no fold judged the sound of {missing[0]}; train the folds again")
    if sum(len(table.names) for table in tables) != len(fold_of):
        raise LeakError(f"{folder / VOICES}: a clip was judged in two folds; train the folds again")
    scores = np.full((len(clips.names), len(WORDS)), np.nan)
    folds = np.array([fold_of[name] for name in clips.names])
    used = sorted(set(folds.tolist()))
    baselines: list[Mapping[str, Baseline]] = []
    for fold in used:
        others = [table for number, table in enumerate(tables) if number != fold]
        logits, words, people, truth = (
            np.concatenate([getattr(table, column) for table in others])
            for column in ("logits", "words", "people", "truth")
        )
        if {clips.people[index] for index in np.flatnonzero(folds == fold)} & set(people.tolist()):
            raise LeakError(f"{paths[fold]}: its actors were judged in other folds too; train the folds again")
        temperature = fit_temperature(logits, truth)
        table = tables[fold]
        place = {name: index for index, name in enumerate(table.names)}
        for index in np.flatnonzero(folds == fold):
            scores[index] = table.seven(temperature)[place[clips.names[index]]]
        usual = log_probabilities(np.concatenate([other.seven(temperature) for other in others]))
        baselines.append(
            {
                "enrolment": Baseline("enrolment").fit(usual, people.tolist(), words == "neutral"),
                "self": Baseline("self").fit(usual, people.tolist()),
            }
        )
    return Source("voice", scores, baselines, np.array([used.index(fold) for fold in folds]), HELD_OUT, OTHER_ACTORS)


@dataclass(frozen=True, eq=False)
class _Table:
    """Saved judgements of a fold's test clips, as logarithms of probabilities at temperature 1."""

    names: tuple[str, ...]
    known: tuple[str, ...]
    logits: Floats
    words: NDArray[np.str_]
    people: NDArray[np.str_]
    truth: NDArray[np.int64]

    def seven(self, temperature: float) -> Floats:
        """Probabilities of `WORDS` under a uniform prior: calm is folded, so neutral has two words' share before."""
        folded = project(softmax(self.logits / temperature), self.known)
        uniform = np.full((1, len(self.known)), 1.0 / len(self.known))
        return change_prior(folded, project(uniform, self.known)[0], np.full(len(WORDS), 1.0 / len(WORDS)))


def _predictions(path: Path) -> _Table:
    with path.open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if row.get("part") == "test"]
    if not found:
        raise DataError(f"{path}: no row of part test; train the fold again")
    known = tuple(column[2:] for column in found[0] if column.startswith("p_"))
    try:
        probabilities = np.array([[float(row[f"p_{word}"]) for word in known] for row in found])
        return _Table(
            names=tuple(row["name"][3:] for row in found),
            known=known,
            logits=np.log(np.clip(probabilities, 1e-6, None)),
            words=np.array([row["emotion"] for row in found]),
            people=np.array([row["speaker"] for row in found]),
            truth=np.array([known.index(row["emotion"]) for row in found]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{path}: not a table of predictions ({error}); train the fold again") from None
