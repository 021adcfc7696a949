"""What a `Classic` fits: a person's baseline, scaling and a classifier, one after the other on the same rows."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from visavox.baseline import Baseline

Floats = NDArray[np.float64]

SMALLEST = 1e-12
"""Probabilities are kept above this before their logarithm is taken."""


@runtime_checkable
class Classifier(Protocol):
    """What scikit-learn calls a classifier; its probabilities are used where it has them, else its decision values."""

    def fit(self, X: Floats, y: NDArray[np.int64]) -> object:
        """Learns."""

    def predict(self, X: Floats) -> NDArray[np.int64]:
        """Names a class for each row."""


@runtime_checkable
class Tunable(Protocol):
    """What has settings by scikit-learn's manner."""

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """The settings."""

    def set_params(self, **settings: object) -> object:
        """Changes settings."""


@dataclass(frozen=True)
class Rows:
    """Features of clips and whose they are.

    Args:
        values: [shape=(n, d)].
        people: [n]; empty names where nobody is asked for.
        enrolled: Which clips are marked [n].
    """

    values: Floats
    people: NDArray[np.str_]
    enrolled: NDArray[np.bool_]

    def at(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Rows:
        """Some of them."""
        return Rows(self.values[rows], self.people[rows], self.enrolled[rows])


class Chain:
    """Baseline, scaling and classifier, fitted one after the other on the same rows.

    Args:
        baseline: Is copied.
        scale: Whether columns are standardised.
        classifier: Is cloned.
        words: How many there are.
    """

    def __init__(self, baseline: Baseline, scale: bool, classifier: Classifier, words: int) -> None:
        self.baseline = copy.deepcopy(baseline)
        self.scale = scale
        self.classifier = classifier
        self.words = words

    def fit(self, rows: Rows, y: NDArray[np.int64]) -> Chain:
        """Learns from rows and the indices of their words [shape=(n,)]."""
        from sklearn.base import clone

        self.baseline.fit(rows.values, rows.people.tolist(), rows.enrolled)
        values = self.without_baseline(rows)
        deviation = values.std(axis=0)
        self.mean = values.mean(axis=0) if self.scale else np.zeros(values.shape[1])
        self.deviation = np.where(deviation > 0, deviation, 1.0) if self.scale else np.ones(values.shape[1])
        self.classifier = clone(self.classifier)
        self.classifier.fit((values - self.mean) / self.deviation, y)
        return self

    def without_baseline(self, rows: Rows) -> Floats:
        """The features that the classifier judges, before they are scaled [shape=(n, d)]."""
        return self.baseline.transform(rows.values, rows.people.tolist(), rows.enrolled)

    def logits(self, rows: Rows) -> Floats:
        """What the classifier makes of rows [shape=(n, words)]; minus infinity at words it never met."""
        result = np.full((len(rows.values), self.words), -np.inf)
        if len(result):
            values = (self.without_baseline(rows) - self.mean) / self.deviation
            result[:, _met(self.classifier)] = _logits(self.classifier, values)
        return result


def _met(classifier: Classifier) -> NDArray[np.int64]:
    """The words that a classifier met at fit."""
    return np.asarray(getattr(classifier, "classes_"), dtype=np.int64)  # noqa: B009 - no type of ours has it


def _logits(classifier: Classifier, values: Floats) -> Floats:
    """Log-probabilities, or decision values, or 1 for the word that is named [shape=(n, words met)]."""
    met = _met(classifier)
    if hasattr(classifier, "predict_proba"):
        return np.log(np.clip(np.asarray(classifier.predict_proba(values), dtype=np.float64), SMALLEST, None))
    if hasattr(classifier, "decision_function"):
        decided = np.asarray(classifier.decision_function(values), dtype=np.float64)
        if decided.ndim == 1:
            return np.stack([-decided / 2, decided / 2], axis=1)
        if decided.shape[1] == len(met):
            return decided
    named: Floats = (np.asarray(classifier.predict(values))[:, None] == met).astype(np.float64)
    return named
