"""How good a judge is: scores and their intervals, from who was judged as what.

Every score here is a function of a confusion matrix, counts [..., k, k] by true (row) and judged (column) word, so that
one bootstrap serves them all. Rows that nobody could judge stand in a column of their own behind the words, [..., k,
k + 1], and count as wrong everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox.calibration import BINS, bin_of, sure_and_right
from visavox.errors import DataError, OptionError

Floats = NDArray[np.float64]
Metric = Callable[[Floats], Floats]
"""Confusion matrices [..., k, k] or [..., k, k + 1] to scores [...]."""

UNJUDGED = -1
"""What is given for the judged word of a row that could not be judged."""


class Interval(NamedTuple):
    """A score and where it may lie: `low` and `high` enclose 95 % of what other draws of people would have given."""

    value: float
    low: float
    high: float


def confusion(truth: ArrayLike, judged: ArrayLike, words: int) -> Floats:
    """Counts by true (row) and judged (column) word.

    Args:
        truth: index of the true word [n].
        judged: index of the judged word [n]; -1 where it could not be judged.
        words: how many words there are.

    Returns:
        [words, words]; [words, words + 1] where some could not be judged, the last column counting those.

    Example:
        >>> confusion([0, 0, 1], [0, 1, 1], 2)
        array([[1., 1.],
               [0., 1.]])
        >>> confusion([0, 0, 1], [0, 1, -1], 2)
        array([[1., 1., 0.],
               [0., 0., 1.]])
    """
    rows, columns = np.asarray(truth, dtype=np.int64), np.asarray(judged, dtype=np.int64)
    absent = columns == UNJUDGED
    counts = np.zeros((words, words + int(absent.any())))
    np.add.at(counts, (rows, np.where(absent, words, columns)), 1)
    return counts


def accuracy(counts: Floats) -> Floats:
    """Part of all that were judged right (weighted average recall, WAR)."""
    right: Floats = np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))
    return right


def recalls(counts: Floats) -> Floats:
    """Part judged right of each word [..., k]; NaN for a word that never was true."""
    true = counts.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        part: Floats = np.diagonal(counts, axis1=-2, axis2=-1) / np.where(true > 0, true, np.nan)
    return part


def precisions(counts: Floats) -> Floats:
    """Part that was right of what was judged as each word [..., k]; 0 for a word true but never judged.

    NaN for a word that was neither.
    """
    right, true, judged = _sides(counts)
    with np.errstate(invalid="ignore"):
        part: Floats = np.where(true + judged > 0, right / np.maximum(judged, 1e-12), np.nan)
    return part


def recall(word: int) -> Metric:
    """The metric that gives one word's recall."""
    return lambda counts: recalls(counts)[..., word]


def uar(counts: Floats) -> Floats:
    """Unweighted average recall, over the words that were true at least once; also called macro recall.

    Example:
        >>> float(uar(np.array([[3.0, 1.0], [1.0, 1.0]])))
        0.625
    """
    return _mean(recalls(counts))


def macro_precision(counts: Floats) -> Floats:
    """Mean precision over the words that were true or judged."""
    return _mean(precisions(counts))


def weighted_precision(counts: Floats) -> Floats:
    """Mean precision, each word weighing as often as it was true."""
    return _weighted(precisions(counts), counts)


def macro_f1(counts: Floats) -> Floats:
    """Mean over words of the harmonic mean of precision and recall, over words that were true or judged."""
    return _mean(f1s(counts))


def weighted_f1(counts: Floats) -> Floats:
    """Mean over words of the harmonic mean of precision and recall, each word weighing as often as it was true."""
    return _weighted(f1s(counts), counts)


def f1s(counts: Floats) -> Floats:
    """Harmonic mean of each word's precision and recall [..., k]; NaN for a word neither true nor judged."""
    right, true, judged = _sides(counts)
    both = true + judged
    each: Floats = np.where(both > 0, 2 * right / np.maximum(both, 1e-12), np.nan)
    return each


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "accuracy": accuracy,
        "uar": uar,
        "macro-f1": macro_f1,
        "macro-precision": macro_precision,
        "weighted-precision": weighted_precision,
        "weighted-f1": weighted_f1,
    }
)
"""Metrics by the names that cards and tables use. (Weighted recall is accuracy, macro recall is UAR.)"""


def metric(name: str) -> Metric:
    """A metric by its name.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in METRICS:
        raise OptionError.one_of("metric", name, METRICS)
    return METRICS[name]


class Bootstrap:
    """Draws of people (or of clips, where nobody knows who it is) with replacement, shared by all scores of a test.

    Args:
        truth: index of the true word [n].
        judged: index of the judged word [n]; -1 where it could not be judged, which counts as wrong.
        groups: who it is [n]; None: each clip for itself.
        words: how many words there are.
        draws: how many draws.
        seed: of the draws.
        within: draw the clips of each person instead, who all stay: where people are too few to be drawn. Such an
            interval says nothing of other people.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, percentile interval, chapter 13; the unit
        drawn is the person, since clips of one person are not independent.
    """

    def __init__(
        self,
        truth: ArrayLike,
        judged: ArrayLike,
        groups: Sequence[Hashable] | None,
        *,
        words: int,
        draws: int = 2000,
        seed: int = 1,
        within: bool = False,
    ) -> None:
        each = _by_group(truth, judged, groups, words)
        self.groups = len(each)
        self.counts: Floats = each.sum(axis=0)
        self._drawn = _within(each, draws, seed) if within else _drawn(each, _times(self.groups, draws, seed))

    def __call__(self, metric: Metric) -> Interval:
        """The metric over all clips, and the interval that holds 95 % of the draws."""
        return _interval(float(metric(self.counts)), metric(self._drawn))


def proportion(right: int, of: int) -> Interval:
    """A share and its 95 % interval, where draws would say nothing: all of ten right are not all of everybody.

    Args:
        right: how many.
        of: of how many, independent of each other; at least 1.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.

    Example:
        >>> [round(x, 3) for x in proportion(10, 10)]
        [1.0, 0.722, 1.0]
    """
    z = 1.959964  # so many deviations to both sides hold 95 % of a normal distribution
    share = right / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    reach = z / (1 + z**2 / of) * math.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return Interval(share, max(0.0, middle - reach), min(1.0, middle + reach))


def calibration_error(
    probabilities: ArrayLike,
    truth: ArrayLike,
    groups: Sequence[Hashable] | None,
    *,
    bins: int = BINS,
    draws: int = 2000,
    seed: int = 1,
) -> Interval:
    """The expected calibration error, with an interval over draws of people.

    Drawing anew adds noise to every bin, of which the error takes the absolute value: draws lie higher than what was
    measured. They are moved down so that their mean is the measured value; their spread is kept, and none goes below 0.

    Args:
        probabilities: of each row [n, k].
        truth: index of the true word [n].
        groups: who it is [n]; None: each clip for itself.
        bins: of confidence.
        draws: how many draws.
        seed: of the draws.

    Source: Guo et al., ICML 2017, section 2; for the interval Efron and Tibshirani, 1993, chapter 10 (bias) and 13.

    Example:
        >>> error = calibration_error([[0.9, 0.1]] * 10, [0] * 8 + [1] * 2, None)
        >>> [round(number, 2) for number in error]
        [0.1, 0.0, 0.38]
    """
    sure, right = sure_and_right(probabilities, truth)
    if len(sure) == 0:
        raise DataError("There is nothing to score: no row was judged.")
    group = _numbers(len(sure), groups)
    number = int(group.max()) + 1
    apart = np.zeros((number, bins))
    np.add.at(apart, (group, bin_of(sure, bins)), sure - right)
    clips = np.bincount(group, minlength=number)
    value = float(np.abs(apart.sum(axis=0)).sum() / clips.sum())
    times = _times(number, draws, seed)
    drawn = np.abs(times @ apart).sum(axis=1) / (times @ clips)
    return _interval(value, np.maximum(drawn - drawn.mean() + value, 0.0))


def paired(
    truth: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    groups: Sequence[Hashable] | None,
    *,
    words: int,
    metric: Metric | str = "accuracy",
    draws: int = 2000,
    seed: int = 1,
) -> Interval:
    """How much better `a` is than `b` on the same rows, with both scored on the same draws of people.

    Args:
        truth: index of the true word [n].
        a: index of the word that one judge chose [n]; -1 where it could not judge.
        b: that of the other judge [n].
        groups: who it is [n]; None: each clip for itself.
        words: how many words there are.
        metric: a metric or its name.
        draws: how many draws.
        seed: of the draws.

    Returns:
        The difference a - b; where `low` and `high` have one sign, the better one is better for 95 % of such draws.

    Source: Efron and Tibshirani, 1993, chapter 13, on the difference of two statistics of one sample.

    Example:
        >>> truth, people = [0, 1] * 20, [n // 4 for n in range(40)]
        >>> paired(truth, truth, [0] * 40, people, words=2)
        Interval(value=0.5, low=0.5, high=0.5)
    """
    score = METRICS[metric] if isinstance(metric, str) and metric in METRICS else metric
    if isinstance(score, str):
        raise OptionError.one_of("metric", score, METRICS)
    first, second = (_by_group(truth, judged, groups, words, column=True) for judged in (a, b))
    times = _times(len(first), draws, seed)
    value = float(score(first.sum(axis=0)) - score(second.sum(axis=0)))
    return _interval(value, score(_drawn(first, times)) - score(_drawn(second, times)))


def over_folds(
    truth: ArrayLike,
    judged: ArrayLike,
    groups: Sequence[Hashable] | None,
    folds: Sequence[Hashable],
    *,
    words: int,
    metric: Metric = accuracy,
    draws: int = 2000,
    seed: int = 1,
) -> Interval:
    """The mean over folds of a metric, as papers report it; its interval draws people anew within each fold.

    Where each fold is one speaker, it draws the folds.

    Args:
        truth: index of the true word [n].
        judged: index of the judged word [n]; -1 where it could not be judged.
        groups: who it is [n]; None: each clip for itself.
        folds: in which fold it was tested [n].
        words: how many words there are.
        metric: what is averaged.
        draws: how many draws.
        seed: of the draws.
    """
    rows = np.asarray(truth, dtype=np.int64)
    chosen = np.asarray(judged, dtype=np.int64)
    names = list(dict.fromkeys(folds))
    values, sizes, drawn = [], [], []
    for number, name in enumerate(names):
        inside = np.array([fold == name for fold in folds], dtype=bool)
        people = None if groups is None else [group for group, here in zip(groups, inside, strict=True) if here]
        each = _by_group(rows[inside], chosen[inside], people, words)
        values.append(float(metric(each.sum(axis=0))))
        sizes.append(len(each))
        drawn.append(metric(_drawn(each, _times(len(each), draws, seed + number))))
    if max(sizes) == 1:
        return _interval(float(np.mean(values)), _times(len(values), draws, seed) @ np.array(values) / len(values))
    return _interval(float(np.mean(values)), np.mean(drawn, axis=0))


def _by_group(
    truth: ArrayLike, judged: ArrayLike, groups: Sequence[Hashable] | None, words: int, *, column: bool = False
) -> Floats:
    """Confusion counts of each group [g, k, k], or [g, k, k + 1] if asked for or if some could not be judged."""
    rows, chosen = np.asarray(truth, dtype=np.int64), np.asarray(judged, dtype=np.int64)
    if len(rows) == 0:
        raise DataError("There is nothing to score: no row was judged.")
    group = _numbers(len(rows), groups)
    absent = chosen == UNJUDGED
    counts = np.zeros((int(group.max()) + 1, words, words + int(column or bool(absent.any()))))
    np.add.at(counts, (group, rows, np.where(absent, words, chosen)), 1)
    return counts


def _numbers(rows: int, groups: Sequence[Hashable] | None) -> NDArray[np.int64]:
    """The number of each row's group, from 0 [n]."""
    if groups is None:
        return np.arange(rows)
    # Sorted, so that the draws do not depend on the order of the rows.
    order = {name: place for place, name in enumerate(sorted(set(groups), key=str))}
    return np.array([order[name] for name in groups], dtype=np.int64)


def _times(groups: int, draws: int, seed: int) -> Floats:
    """How often each group is drawn [draws, groups]."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(groups, np.full(groups, 1 / groups), size=draws).astype(np.float64)


def _drawn(counts: Floats, times: Floats) -> Floats:
    drawn: Floats = (times @ counts.reshape(len(counts), -1)).reshape(len(times), *counts.shape[1:])
    return drawn


def _within(counts: Floats, draws: int, seed: int) -> Floats:
    """Confusion counts [draws, k, k] of draws of clips within each group: a group's cells as multinomial numbers."""
    rng = np.random.default_rng(seed)
    drawn = np.zeros((draws, counts[0].size))
    for own in counts.reshape(len(counts), -1):
        drawn += rng.multinomial(int(own.sum()), own / own.sum(), size=draws)
    return drawn.reshape(draws, *counts.shape[1:])


def _interval(value: float, drawn: Floats) -> Interval:
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def _sides(counts: Floats) -> tuple[Floats, Floats, Floats]:
    """Right, true and judged counts of each word [..., k]."""
    words = counts.shape[-2]
    return np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1), counts.sum(axis=-2)[..., :words]


def _mean(parts: Floats) -> Floats:
    known = ~np.isnan(parts)
    mean: Floats = np.nansum(parts, axis=-1) / np.maximum(known.sum(axis=-1), 1)
    return mean


def _weighted(parts: Floats, counts: Floats) -> Floats:
    true = counts.sum(axis=-1)
    mean: Floats = (np.nan_to_num(parts) * true).sum(axis=-1) / true.sum(axis=-1)
    return mean
