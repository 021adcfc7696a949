"""`Row`: one line of a table that is made again, with all that makes its number worth something."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox import protocols

HELD_OUT = "other folds' held-out rows"
"""What a fuser learned from: what each fold's members said of people they had not met. Those members had met the people
of the fold that is judged now, the fuser itself never does."""

PUBLISHED = "training rows (as published)"
"""What a fuser learned from: what members said of their own training clips, where they are too sure."""

NESTED = "nested held-out rows"
"""What a fuser learned from: what members said of people they had not met, and the people judged were met by nobody."""

NOTHING = "nothing"
"""A rule without anything to fit."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table.

    Args:
        table: its title.
        row: what was judged.
        baseline: what was known of a person beforehand: none, enrolment or self.
        fitted_on: what the system, or its fuser, learned from.
        folds: how many folds.
        mean: mean over folds of the metric, 0..1; NaN where the row cannot be made, and the note says why.
        interval: the 95 % bootstrap interval over speakers.
        metric: "accuracy" or "uar".
        each: the value of every fold.
        reported: what was published, 0..1.
        chance: the score of guessing.
        note: anything a reader must know.
    """

    table: str
    row: str
    baseline: str = "none"
    fitted_on: str = ""
    folds: int
    mean: float
    interval: tuple[float, float] | None = None
    metric: str = "accuracy"
    each: tuple[float, ...] = ()
    reported: float | None = None
    chance: float | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON objects know it; numbers rounded to five digits, an absent one is null."""
        return {key: _plain(value) for key, value in dataclasses.asdict(self).items()}


def row_of(
    truth: ArrayLike,
    judged: ArrayLike,
    fold: ArrayLike,
    people: Sequence[str],
    *,
    words: int,
    metric: str = "accuracy",
    **known: Any,
) -> Row:
    """A row from who was judged as what: the mean over folds, and the interval over people.

    Args:
        truth: Index of the true word [n].
        judged: Index of the judged word [n]; -1 where nobody could judge, which counts as wrong.
        fold: Of each clip [n].
        people: Who it is [n]; the bootstrap draws people.
        words: How many words there are.
        metric: "accuracy" or "uar".
        **known: The other fields of the row.
    """
    truth, fold = np.asarray(truth, dtype=np.int64), np.asarray(fold)
    chosen = unjudged_as_wrong(truth, judged, words)
    score = protocols.METRICS[metric]
    each = [
        float(score(protocols.confusion(truth[fold == one], chosen[fold == one], words))) for one in np.unique(fold)
    ]
    drawn = protocols.Bootstrap(truth, chosen, people, words=words)(score)
    return Row(
        folds=len(each),
        mean=float(np.mean(each)),
        interval=(drawn.low, drawn.high),
        metric=metric,
        each=tuple(each),
        **known,
    )


def unjudged_as_wrong(truth: NDArray[np.int64], judged: ArrayLike, words: int) -> NDArray[np.int64]:
    """Judgements in which a clip that nobody could judge (-1) has a wrong word, so that it counts against the judge."""
    chosen = np.asarray(judged, dtype=np.int64)
    return np.where(chosen < 0, (truth + 1) % words, chosen)


def choice(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Index of the most probable word of each row; -1 where nobody could judge."""
    absent = np.isnan(probabilities).any(axis=1)
    return np.where(absent, -1, np.nan_to_num(probabilities, nan=-1.0).argmax(axis=1))


def _plain(value: object) -> object:
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 5)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
