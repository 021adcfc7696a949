"""`Evaluation`: who was judged as what under a protocol, row by row, and every score that follows from it."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import protocols
from visavox.calibration import BINS, expected_calibration_error
from visavox.errors import DataError
from visavox.files import written
from visavox.protocols import UNJUDGED, Interval
from visavox.recognizer import Status

Floats = NDArray[np.float64]

SCHEMA = 1
"""Of the JSON that `Evaluation.to_json` gives."""

RELIABILITY_BINS = 10
"""Of the reliability plot."""

SEXES = (("female", "women"), ("male", "men"))
"""How a corpus says it and how tables do."""

Value = str | int | float | bool | None
Record = dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class Group:
    """The scores of some of the rows.

    Args:
        name: of the word, speaker, sex or fold.
        clips: how many rows.
        speakers: how many people; None where nobody knows.
        accuracy: part judged right.
        uar: mean recall over the words that these rows have.
        unjudged: how many could not be judged; they count as wrong.
    """

    name: str
    clips: int
    speakers: int | None
    accuracy: float
    uar: float
    unjudged: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """What a system said of each test row of a protocol; a row may be tested in several folds.

    Args:
        system: what was judged, as tables call it.
        protocol: its name, as tables print it.
        baseline: "none", "enrolment" or "self"; printed with the protocol's name.
        status: "held-out" or "out-of-sample" where speakers are apart, "in-sample" where the protocol leaks.
        words: the words judged, in order.
        names: of each row's clip [n].
        folds: in which fold it was tested [n].
        speakers: who it is [n].
        sexes: "female", "male" or None [n].
        takes: of each row [n].
        truth: index of the true word [n].
        probabilities: [n, k]; a row of NaN where it could not be judged.
        reasons: why it could not be judged, "" where it could [n].
        histories: rows of numbers an epoch by fold, for systems that are trained so.
        features: inner values of the system [n, d], where they were asked for.
        people: how often people name the acted word, where that was published.
        people_note: how that was measured.
        notes: what a reader must know.
        made: versions, date, seconds.

    Raises:
        DataError: rows do not belong together, or a score is no probability; the message names the row.
    """

    system: str
    protocol: str
    baseline: str
    status: Status
    words: tuple[str, ...]
    names: tuple[str, ...]
    folds: tuple[str, ...]
    speakers: tuple[str | None, ...]
    sexes: tuple[str | None, ...]
    takes: tuple[str | None, ...]
    truth: NDArray[np.int64]
    probabilities: Floats
    reasons: tuple[str, ...]
    histories: Mapping[str, Sequence[Mapping[str, float]]] = field(default_factory=dict)
    features: Floats | None = None
    people: float | None = None
    people_note: str = ""
    notes: tuple[str, ...] = ()
    made: Mapping[str, Value | Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        number = len(self.truth)
        if number == 0:
            raise DataError(f"{self.system} under {self.protocol}: no row was judged.")
        for column in ("names", "folds", "speakers", "sexes", "takes", "reasons"):
            if len(getattr(self, column)) != number:
                raise DataError(f"{self.system}: {number} rows but {len(getattr(self, column))} {column}.")
        if self.probabilities.shape != (number, len(self.words)):
            raise DataError(
                f"{self.system}: probabilities must be [{number}, {len(self.words)}], got "
                f"{list(self.probabilities.shape)}."
            )
        object.__setattr__(self, "probabilities", checked(self.probabilities, self.names, self.system))

    @property
    def title(self) -> str:
        """Protocol and baseline, as every table prints them.

        Two results may stand in one column only where this is equal.
        """
        return f"{self.protocol}, {self.baseline}"

    @cached_property
    def judged(self) -> NDArray[np.int64]:
        """Index of the word judged most probable [n]; -1 where it could not be judged."""
        absent = np.isnan(self.probabilities).any(axis=1)
        return np.where(absent, UNJUDGED, np.nan_to_num(self.probabilities).argmax(axis=1))

    @property
    def unjudged(self) -> Counter[str]:
        """How many rows could not be judged, by reason. They count as wrong."""
        return Counter(
            reason or "not said" for reason, judged in zip(self.reasons, self.judged, strict=True) if judged == UNJUDGED
        )

    @cached_property
    def groups(self) -> tuple[str, ...] | None:
        """Who is drawn together by the bootstrap [n]; None, each clip for itself, where a speaker is not known."""
        known = [speaker for speaker in self.speakers if speaker]
        return tuple(known) if len(known) == len(self.speakers) else None

    @property
    def people_count(self) -> int | None:
        """How many people were judged; None where nobody knows."""
        return len(set(self.groups)) if self.groups is not None else None

    @cached_property
    def confusion(self) -> Floats:
        """Counts [k, k + 1] by true (row) and judged (column) word; the last column: could not be judged."""
        counts = protocols.confusion(self.truth, self.judged, len(self.words))
        return np.pad(counts, ((0, 0), (0, 1 + len(self.words) - counts.shape[1])))

    @cached_property
    def _bootstrap(self) -> protocols.Bootstrap:
        return protocols.Bootstrap(self.truth, self.judged, self.groups, words=len(self.words))

    def score(self, metric: str = "accuracy") -> Interval:
        """A score over all rows, with 95 % of bootstrap draws of speakers (of clips where nobody is known).

        Args:
            metric: one of `visavox.protocols.METRICS`.

        Raises:
            OptionError: there is no such metric.
        """
        return self._bootstrap(protocols.metric(metric))

    def mean(self, metric: str = "accuracy") -> Interval:
        """The mean over folds of a score, as papers report it; the interval draws speakers within each fold.

        Raises:
            OptionError: there is no such metric.
        """
        return protocols.over_folds(
            self.truth, self.judged, self.groups, self.folds, words=len(self.words), metric=protocols.metric(metric)
        )

    def per_fold(self) -> tuple[Group, ...]:
        """Each fold."""
        return tuple(self._group(name, np.array(self.folds) == name) for name in dict.fromkeys(self.folds))

    def per_speaker(self) -> tuple[Group, ...]:
        """Each speaker, the worst first; nothing where speakers are not known."""
        if self.groups is None:
            return ()
        each = [self._group(name, np.array(self.groups) == name) for name in sorted(set(self.groups))]
        return tuple(sorted(each, key=lambda group: group.accuracy))

    def by_sex(self) -> tuple[Group, ...]:
        """Women and men, where the corpus says who is which."""
        each = [(called, np.array(self.sexes) == sex) for sex, called in SEXES]
        return tuple(self._group(called, here) for called, here in each if here.any())

    def per_word(self) -> list[Record]:
        """Each word: clips, precision, recall with its interval, F1 and how often it was judged."""
        counts = self._bootstrap.counts
        precision, f1 = protocols.precisions(counts), protocols.f1s(counts)
        records: list[Record] = []
        for index, word in enumerate(self.words):
            true = int(self.confusion[index].sum())
            recall = self._bootstrap(protocols.recall(index)) if true else Interval(np.nan, np.nan, np.nan)
            records.append(
                {
                    "word": word,
                    "clips": true,
                    "judged": int(self.confusion[:, index].sum()),
                    "precision": number(float(precision[index])),
                    "recall": number(recall.value),
                    "low": number(recall.low),
                    "high": number(recall.high),
                    "f1": number(float(f1[index])),
                }
            )
        return records

    def chance(self) -> dict[str, float]:
        """What guessing gives: always the most frequent word (accuracy), or one word in so many (UAR)."""
        counts = np.bincount(self.truth, minlength=len(self.words))
        return {"accuracy": float(counts.max() / counts.sum()), "uar": 1.0 / int((counts > 0).sum())}

    def ece(self) -> float:
        """Expected calibration error over the rows that could be judged, 15 bins; smaller is better."""
        here = self.judged != UNJUDGED
        if not here.any():
            return float("nan")
        return expected_calibration_error(self.probabilities[here], self.truth[here], BINS)

    def reliability(self) -> list[Record]:
        """How often rows are right by how sure the system was: ten bins of confidence, over rows that were judged."""
        here = self.judged != UNJUDGED
        sure = self.probabilities[here].max(axis=1)
        right = self.judged[here] == self.truth[here]
        place = np.clip(np.ceil(sure * RELIABILITY_BINS).astype(int) - 1, 0, RELIABILITY_BINS - 1)
        records: list[Record] = []
        for index in range(RELIABILITY_BINS):
            inside = place == index
            records.append(
                {
                    "low": round(index / RELIABILITY_BINS, 3),
                    "high": round((index + 1) / RELIABILITY_BINS, 3),
                    "clips": int(inside.sum()),
                    "confidence": number(float(sure[inside].mean())) if inside.any() else None,
                    "accuracy": number(float(right[inside].mean())) if inside.any() else None,
                }
            )
        return records

    def curves(self) -> dict[str, list[float]]:
        """Each number of the training histories, averaged over folds, by epoch; those that every fold has."""
        histories = [rows for rows in self.histories.values() if rows]
        if not histories:
            return {}
        length = min(len(rows) for rows in histories)
        names = [
            key
            for key in histories[0][0]
            if key not in ("epoch", "seconds") and all(key in row for rows in histories for row in rows)
        ]
        means = {key: [float(np.mean([rows[at][key] for rows in histories])) for at in range(length)] for key in names}
        return {key: values for key, values in means.items() if not np.isnan(values).any()}

    def to_json(self) -> str:
        """All scores as JSON text; the keys are told in the manual's page on evaluation."""
        scores = {
            name: {**interval_record(self.score(name)), "folds": interval_record(self.mean(name))}
            for name in protocols.METRICS
        }
        content = {
            "schema": SCHEMA,
            "system": self.system,
            "protocol": self.protocol,
            "baseline": self.baseline,
            "status": self.status,
            "words": self.words,
            "clips": len(self.truth),
            "speakers": self.people_count,
            "unjudged": dict(self.unjudged),
            "scores": scores,
            "ece": number(self.ece()),
            "chance": {name: number(value) for name, value in self.chance().items()},
            "people": self.people,
            "people_note": self.people_note,
            "per_fold": [_record(group) for group in self.per_fold()],
            "per_word": self.per_word(),
            "per_speaker": [_record(group) for group in self.per_speaker()],
            "by_sex": [_record(group) for group in self.by_sex()],
            "confusion": self.confusion.astype(int).tolist(),
            "reliability": self.reliability(),
            "curves": {name: [number(value) for value in values] for name, values in self.curves().items()},
            "notes": self.notes,
            "made": self.made,
        }
        return json.dumps(content, indent=1, ensure_ascii=False)

    def write_scores(self, path: str | os.PathLike[str]) -> Path:
        """Writes `to_json` to a file."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with written(target) as part:
            part.write_text(self.to_json() + "\n", encoding="utf-8")
        return target

    def write_rows(self, path: str | os.PathLike[str]) -> Path:
        """Writes what was said of each row as CSV: fold, name, speaker, emotion, reason, p_<word>."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with written(target) as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["fold", "name", "speaker", "emotion", "reason", *(f"p_{word}" for word in self.words)])
            for row in range(len(self.truth)):
                values = ["" if np.isnan(p) else f"{p:.5f}" for p in self.probabilities[row]]
                who = [self.folds[row], self.names[row], self.speakers[row] or "", self.words[self.truth[row]]]
                writer.writerow([*who, self.reasons[row], *values])
        return target

    def _group(self, name: str, here: NDArray[np.bool_]) -> Group:
        counts = protocols.confusion(self.truth[here], self.judged[here], len(self.words))
        people = {speaker for speaker, inside in zip(self.speakers, here, strict=True) if inside and speaker}
        return Group(
            name=name,
            clips=int(here.sum()),
            speakers=len(people) or None,
            accuracy=float(protocols.accuracy(counts)),
            uar=float(protocols.uar(counts)),
            unjudged=int((self.judged[here] == UNJUDGED).sum()),
        )


def checked(probabilities: Floats, names: Sequence[str], system: str) -> Floats:
    """Probabilities [n, k] in which a row is either whole, summing to one, or NaN throughout.

    NaN at single words, which a system does not know, becomes 0.

    Raises:
        DataError: a row holds something else; the message names it.
    """
    values = np.array(probabilities, dtype=np.float64)
    absent = np.isnan(values).all(axis=1)
    values[~absent] = np.nan_to_num(values[~absent], nan=0.0, posinf=np.inf, neginf=-np.inf)
    with np.errstate(invalid="ignore"):
        wrong = ~absent & (~np.isfinite(values).all(axis=1) | (values < -1e-9).any(axis=1))
        wrong |= ~absent & ~(np.abs(values.sum(axis=1) - 1) < 1e-3)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{system}: row {row} ({names[row]}) has no probabilities ({np.array2string(values[row], precision=3)}); "
            f"they must lie in 0..1 and sum to one, or all be NaN where the clip cannot be judged."
        )
    return values


def number(value: float) -> float | None:
    """A number for JSON: four digits, None for NaN."""
    return None if np.isnan(value) else round(value, 4)


def interval_record(value: Interval) -> Record:
    """An interval for JSON."""
    return {"value": number(value.value), "low": number(value.low), "high": number(value.high)}


def _record(group: Group) -> Record:
    return {
        "name": group.name,
        "clips": group.clips,
        "speakers": group.speakers,
        "accuracy": number(group.accuracy),
        "uar": number(group.uar),
        "unjudged": group.unjudged,
    }
