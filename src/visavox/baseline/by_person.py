"""`Baseline`: what is usual for a person, taken out of features or scores before anything is read off them.

A resting face may look sad and a voice may always be loud: what counts is how far somebody is from his own usual. Three
kinds, never mixed in one column of a table:

- ``none``: nothing is taken out;
- ``enrolment``: the mean of some marked clips of the person, for example neutral ones;
- ``self``: mean and deviation of all recordings at hand of the person, without labels.

Everything is given back in the units of training: somebody of whom nothing is known stays as he is, and the more is
known, the more he is moved to where the people of training are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox.calibration import softmax
from visavox.errors import DataError, OptionError

Floats: TypeAlias = NDArray[np.float64]
Kind = Literal["none", "enrolment", "self"]

KINDS: tuple[str, ...] = get_args(Kind)
"""The kinds by name, as they are printed with every result."""

DEVIATION_STRENGTH = 10.0
"""How many clips of a person weigh as much as training's deviation does. On the averages of action units of RAVDESS's
actors, chosen among training speakers, 5 to 40 are the same within half a point."""

MEAN_STRENGTH: Mapping[str, float] = {"none": 0.0, "enrolment": 0.5, "self": 2.0}
"""How many clips of a person weigh as much as training's mean, where training cannot tell because it does not know who
is who. Clips of one kind differ little, so a few say much: the median of what is fitted for neutral clips of RAVDESS's
actors, on action units and on the published posteriors. That of `self` was chosen as `DEVIATION_STRENGTH`."""

LARGEST_STRENGTH = 1000.0
"""How many clips it takes where people of training do not differ at all."""

SMALLEST_PROBABILITY = 1e-4
"""Probabilities are kept above this before their logarithm is taken, as fusion does."""

_ROUNDING = 1e-10
"""Part of a column's largest value below which a deviation is nothing but rounding."""


class Baseline:
    """A person's own mean and deviation taken out, as far as there is evidence for them.

    Mean: that of the person's n clips and `mean` clips at training's mean. Deviation: from n - 1 degrees of freedom of
    the person's own and `deviation` of training's. A value then goes where it would be, had the person training's mean
    and deviation. Enrolment moves the mean alone, since marked clips are all of one kind and their deviation says
    nothing about the other kinds.

    Args:
        kind: ``none``, ``enrolment`` or ``self``.
        mean: Strength of training's mean, in clips; None: fitted, a number for each column.
        deviation: Strength of training's deviation, in clips; infinity leaves every deviation as it is.

    Attributes:
        mean_: Where a person's mean lies in training, on average [shape=(d,)].
        deviation_: Around his mean, how far a person's clips lie in training [shape=(d,)].
        strength_: Strength of the mean, by column [shape=(d,)].

    Raises:
        OptionError: If the kind is none of the three, or a strength is negative.

    Source: the mean's strength is empirical Bayes: variance of clips within people over variance between people (Efron
        & Morris, "Data analysis using Stein's estimator and its generalizations", JASA 70, 1975); the deviation's is
        the conjugate prior of a normal variance (Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.6). That
        both act by column, and the number of the deviation, are ours.

    Example:
        >>> training = np.array([[0.0], [2.0], [1.0], [3.0], [4.0], [6.0]])
        >>> baseline = Baseline("self", mean=0, deviation=0).fit(training, ["a", "a", "b", "b", "c", "c"])
        >>> baseline.mean_.round(3), baseline.deviation_.round(3)
        (array([2.667]), array([1.414]))
        >>> baseline.transform(np.array([[10.0], [14.0], [np.nan]]), ["d", "d", "d"]).round(3)
        array([[1.667],
               [3.667],
               [  nan]])
    """

    def __init__(
        self, kind: Kind = "self", *, mean: float | None = None, deviation: float = DEVIATION_STRENGTH
    ) -> None:
        if kind not in KINDS:
            raise OptionError.one_of("baseline", kind, KINDS)
        for name, strength in (("mean", mean), ("deviation", deviation)):
            if strength is not None and not strength >= 0:
                raise OptionError(f"Bad value {strength!r} for {name} of a baseline: expected 0 or more clips.")
        self.kind: Kind = kind
        self.mean = mean
        self.deviation = deviation

    def __repr__(self) -> str:
        return f"Baseline({self.kind!r}, mean={self.mean!r}, deviation={self.deviation!r})"

    def fit(self, values: ArrayLike, people: Sequence[str], enrolled: ArrayLike | None = None) -> Baseline:
        """Learns what is usual among the people of training.

        Args:
            values: Features or scores of their clips [shape=(n, d)]; NaN where there is none.
            people: Whose each is [shape=(n,)]. Where a corpus does not know, give each clip a person of its own.
            enrolled: Which clips are marked, for the kind ``enrolment`` [shape=(n,), bool].

        Returns:
            Itself.

        Raises:
            DataError: If rows do not belong together, a value is infinite, or nobody has a marked clip.
        """
        rows, groups, marked = checked(values, people, enrolled, self.kind)
        if self.kind == "enrolment":
            if not marked.any():
                raise DataError("baseline enrolment: no clip of training is marked, so nothing is usual; mark some.")
            rows = np.where(marked[:, None], rows, np.nan)
        count, mean, squares = _by_group(rows, groups)
        known = count > 0
        each = known.sum(axis=0)
        self.mean_: Floats = _mean(mean, known)
        freedom = np.maximum(count - 1, 0).sum(axis=0)
        within = squares.sum(axis=0) / np.maximum(freedom, 1)
        spread = np.where(known, mean - self.mean_, 0.0)
        between = (spread**2).sum(axis=0) / np.maximum(each - 1, 1)
        # Where nobody has two clips, the only deviation there is is that between people.
        self.deviation_: Floats = np.sqrt(np.where(freedom > 0, within, between))
        self.strength_: Floats = np.full(
            rows.shape[1], MEAN_STRENGTH[self.kind] if self.mean is None else float(self.mean)
        )
        if self.mean is None:
            # Means of n clips differ by within / n even between people who are the same.
            harmonic = each / np.maximum(np.where(known, 1 / np.maximum(count, 1), 0.0).sum(axis=0), 1e-12)
            real = between - within / np.maximum(harmonic, 1e-12)
            told = (freedom > 0) & (each > 1)
            ratio = np.where(real > within / LARGEST_STRENGTH, within / np.where(real > 0, real, 1), LARGEST_STRENGTH)
            self.strength_ = np.where(told, ratio, self.strength_)
        return self

    @classmethod
    def known(
        cls,
        kind: Kind,
        mean: ArrayLike,
        deviation: ArrayLike | None = None,
        *,
        strength: ArrayLike | None = None,
    ) -> Baseline:
        """A fitted baseline out of what is known to be usual, where training has no people to learn it from.

        Args:
            kind: ``none``, ``enrolment`` or ``self``.
            mean: Usual mean [shape=(d,)], for example zeros for log-probabilities that favour no word.
            deviation: Usual deviation around a person's mean [shape=(d,)]; None: deviations stay as they are.
            strength: Of the mean, in clips [shape=() or (d,)]; None: `MEAN_STRENGTH`.
        """
        usual = np.asarray(mean, dtype=np.float64)
        result = cls(kind, deviation=np.inf if deviation is None else DEVIATION_STRENGTH)
        result.mean_ = usual
        result.deviation_ = np.ones_like(usual) if deviation is None else np.asarray(deviation, dtype=np.float64)
        clips = np.asarray(MEAN_STRENGTH[kind] if strength is None else strength, dtype=np.float64)
        result.strength_ = np.broadcast_to(clips, usual.shape).copy()
        return result

    def transform(self, values: ArrayLike, people: Sequence[str], enrolled: ArrayLike | None = None) -> Floats:
        """Values as they would be, had each person training's mean and deviation.

        Args:
            values: Features or scores of anybody's clips [shape=(n, d)]; NaN stays NaN and is no evidence.
            people: Whose each is [shape=(n,)].
            enrolled: Which clips are marked, for ``enrolment`` [shape=(n,), bool]; a marked clip is judged by the
                other marked ones of the person.

        Returns:
            [shape=(n, d)]. What is said of one person depends on that person's rows alone.

        Raises:
            DataError: If rows do not belong together, a value is infinite, or the columns are not those of `fit`.
        """
        rows, groups, marked = checked(values, people, enrolled, self.kind)
        if self.kind == "none":
            return rows
        if not hasattr(self, "mean_"):
            raise DataError(f"{self!r} is not fitted: call fit with the values of training first.")
        if rows.shape[1] != len(self.mean_):
            raise DataError(
                f"baseline {self.kind}: {rows.shape[1]} columns, but it was fitted on {len(self.mean_)}; "
                "give it the same features in the same order."
            )
        if self.kind == "enrolment":
            return rows - self._enrolment(rows, groups, marked)
        count, mean, squares = _by_group(rows, groups)
        weight = _share(count, self.strength_)
        moved = weight * (np.where(count > 0, mean, 0.0) - self.mean_)
        centred = rows - self.mean_ - moved[groups]
        return self.mean_ + centred * self._ratio(count, squares)[groups]

    def fit_transform(self, values: ArrayLike, people: Sequence[str], enrolled: ArrayLike | None = None) -> Floats:
        """`fit` and `transform` of the same rows."""
        return self.fit(values, people, enrolled).transform(values, people, enrolled)

    def transform_probabilities(
        self, probabilities: ArrayLike, people: Sequence[str], enrolled: ArrayLike | None = None
    ) -> Floats:
        """`transform` of log-probabilities, back to probabilities.

        Args:
            probabilities: [shape=(n, k)]; NaN rows stay NaN, NaN at single words (unknown to a recognizer) stays too.
            people: As for `transform`.
            enrolled: As for `transform`.

        Returns:
            [shape=(n, k)], each row summing to one over the words that are known.

        Raises:
            DataError: As `transform`.
        """
        if self.kind == "none":
            return checked(probabilities, people, enrolled, self.kind)[0]
        moved = self.transform(log_probabilities(probabilities), people, enrolled)
        result = softmax(np.where(np.isnan(moved), -np.inf, moved) * np.where(unjudged(moved), np.nan, 1.0))
        return np.where(np.isnan(moved), np.nan, result)

    def _enrolment(self, rows: Floats, groups: NDArray[np.int64], marked: NDArray[np.bool_]) -> Floats:
        """By how much the marked clips of a row's person, but for the row itself, lie from training's."""
        evidence = np.where(marked[:, None], rows, np.nan)
        count, mean, _ = _by_group(evidence, groups)
        present = ~np.isnan(evidence)
        others = count[groups] - present
        total = (count * np.where(count > 0, mean, 0.0))[groups] - np.where(present, evidence, 0.0)
        moved: Floats = np.where(others > 0, total / np.maximum(others, 1) - self.mean_, 0.0)
        return moved * _share(others, self.strength_)

    def _ratio(self, count: Floats, squares: Floats) -> Floats:
        """Training's deviation over each person's [shape=(people, d)]; 1 where neither is known."""
        if np.isinf(self.deviation):
            return np.ones_like(squares)
        freedom = np.maximum(count - 1, 0)
        total = freedom + self.deviation
        variance = (squares + self.deviation * self.deviation_**2) / np.where(total > 0, total, 1)
        ratio: Floats = np.where(variance > 0, self.deviation_ / np.sqrt(np.where(variance > 0, variance, 1)), 1.0)
        return ratio


def log_probabilities(probabilities: ArrayLike) -> Floats:
    """Logarithms of probabilities, centred over the known words of a row: what a recognizer holds of each, in nats.

    Example:
        >>> log_probabilities([[0.5, 0.25, 0.25]]).round(2)
        array([[ 0.46, -0.23, -0.23]])
    """
    logs = np.log(np.clip(np.asarray(probabilities, dtype=np.float64), SMALLEST_PROBABILITY, None))
    known = ~np.isnan(logs)
    centre = np.where(known, logs, 0.0).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    centred: Floats = logs - centre
    return centred


def checked(
    values: ArrayLike, people: Sequence[str], enrolled: ArrayLike | None, kind: Kind
) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
    """Values as float64, the number of each row's person, and which rows are marked."""
    rows = np.array(values, dtype=np.float64)
    if rows.ndim != 2:
        raise DataError(f"baseline {kind}: values must be [clips, columns], got {list(rows.shape)}.")
    if len(people) != len(rows):
        raise DataError(f"baseline {kind}: {len(rows)} clips but {len(people)} people; say of each clip whose it is.")
    infinite = np.flatnonzero(np.isinf(rows).any(axis=1))
    if len(infinite):
        raise DataError(f"baseline {kind}: clip {infinite[0]} (from 0) has an infinite value; use NaN for none.")
    if kind == "none":
        return rows, np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.bool_)
    nobody = [index for index, person in enumerate(people) if person is None or str(person) == ""]
    if nobody:
        raise DataError(f"baseline {kind}: nobody is named for clip {nobody[0]} (from 0); a baseline needs people.")
    if kind == "enrolment":
        if enrolled is None:
            raise DataError("baseline enrolment: no clip is marked; say which ones (enrolled=...), or take self.")
        marked = np.asarray(enrolled, dtype=np.bool_)
        if marked.shape != (len(rows),):
            raise DataError(f"baseline enrolment: {len(rows)} clips but marks of shape {list(marked.shape)}.")
    else:
        marked = np.zeros(len(rows), dtype=np.bool_)
    groups = np.unique(np.asarray([str(person) for person in people]), return_inverse=True)[1].astype(np.int64)
    return rows, groups, marked


def _by_group(rows: Floats, groups: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Of each group and column: how many values, their mean (NaN where none), and their squared distances from it."""
    number = int(groups.max(initial=-1)) + 1
    present = ~np.isnan(rows)
    filled = np.where(present, rows, 0.0)
    count = np.zeros((number, rows.shape[1]))
    total = np.zeros_like(count)
    squares = np.zeros_like(count)
    largest = np.zeros_like(count)
    np.add.at(count, groups, present)
    np.add.at(total, groups, filled)
    np.maximum.at(largest, groups, np.abs(filled))
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    distance = np.where(present, filled - mean[groups], 0.0)
    # Equal values whose mean is rounded have no deviation at all.
    distance[np.abs(distance) <= _ROUNDING * largest[groups]] = 0.0
    np.add.at(squares, groups, distance**2)
    return count, mean, squares


def _mean(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Mean over people who are known; 0 where nobody is."""
    mean: Floats = np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return mean


def _share(count: Floats, strength: Floats) -> Floats:
    """How much of a person's own mean counts, 0..1: nothing without clips."""
    share: Floats = np.where(count > 0, count / np.where(count > 0, count + strength, 1.0), 0.0)
    return share


def unjudged(rows: Floats) -> NDArray[np.bool_]:
    """Rows of NaN alone [shape=(n, 1)]."""
    return np.asarray(np.isnan(rows).all(axis=1, keepdims=True))
