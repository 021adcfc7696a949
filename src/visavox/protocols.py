"""How good a judge is: scores and their intervals, from who was judged as what. It knows no model and no corpus.

Every score here is a function of a confusion matrix, counts [..., k, k] by true (row) and judged (column) word, so that
one bootstrap serves them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Metric = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Confusion matrices [..., k, k] to scores [...]."""


class Interval(NamedTuple):
    """A score and where it may lie: `low` and `high` enclose 95 % of what other draws of people would have given."""

    value: float
    low: float
    high: float


def confusion(truth: ArrayLike, judged: ArrayLike, words: int) -> NDArray[np.float64]:
    """Counts [words, words] by true (row) and judged (column) word.

    Example:
        >>> confusion([0, 0, 1], [0, 1, 1], 2)
        array([[1., 1.],
               [0., 1.]])
    """
    counts = np.zeros((words, words))
    np.add.at(counts, (np.asarray(truth), np.asarray(judged)), 1)
    return counts


def accuracy(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of all that were judged right."""
    right: NDArray[np.float64] = np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))
    return right


def recalls(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part judged right of each word [..., k]; NaN for a word that never was true."""
    true = counts.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        part: NDArray[np.float64] = np.diagonal(counts, axis1=-2, axis2=-1) / np.where(true > 0, true, np.nan)
    return part


def recall(word: int) -> Metric:
    """The metric that gives one word's recall."""
    return lambda counts: recalls(counts)[..., word]


def uar(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unweighted average recall, over the words that were true at least once.

    Example:
        >>> float(uar(np.array([[3.0, 1.0], [1.0, 1.0]])))
        0.625
    """
    parts = recalls(counts)
    mean: NDArray[np.float64] = np.nansum(parts, axis=-1) / (~np.isnan(parts)).sum(axis=-1)
    return mean


def macro_f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over words of the harmonic mean of precision and recall, over words that were true or judged."""
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    both = counts.sum(axis=-1) + counts.sum(axis=-2)
    each = np.where(both > 0, 2 * right / np.maximum(both, 1e-12), 0.0)
    mean: NDArray[np.float64] = each.sum(axis=-1) / (both > 0).sum(axis=-1)
    return mean


METRICS: dict[str, Metric] = {"accuracy": accuracy, "uar": uar, "macro-f1": macro_f1}
"""Metrics by the names that cards and tables use."""


class Bootstrap:
    """Draws of people (or of clips, where nobody knows who it is) with replacement, shared by all scores of a test.

    Args:
        truth: index of the true word [n].
        judged: index of the judged word [n].
        groups: who it is [n]; None: each clip for itself.
        words: how many words there are.
        draws: how many draws.
        seed: of the draws.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, percentile interval, chapter 13; the unit
        drawn is the person, since clips of one person are not independent.
    """

    def __init__(
        self,
        truth: ArrayLike,
        judged: ArrayLike,
        groups: Sequence[str] | None,
        *,
        words: int,
        draws: int = 2000,
        seed: int = 1,
    ) -> None:
        truth, judged = np.asarray(truth, dtype=np.int64), np.asarray(judged, dtype=np.int64)
        _, group = np.unique(groups, return_inverse=True) if groups is not None else (None, np.arange(len(truth)))
        counts = np.zeros((int(group.max(initial=-1)) + 1, words, words), dtype=np.float32)
        np.add.at(counts, (group, truth, judged), 1)
        self.groups = len(counts)
        self.counts: NDArray[np.float64] = counts.sum(axis=0).astype(np.float64)
        rng = np.random.default_rng(seed)
        times = rng.multinomial(self.groups, np.full(self.groups, 1 / self.groups), size=draws).astype(np.float32)
        self._drawn = (times @ counts.reshape(self.groups, -1)).reshape(-1, words, words).astype(np.float64)

    def __call__(self, metric: Metric) -> Interval:
        """The metric over all clips, and the interval that holds 95 % of the draws."""
        drawn = metric(self._drawn)
        low, high = np.nanpercentile(drawn, [2.5, 97.5])
        return Interval(float(metric(self.counts)), float(low), float(high))
