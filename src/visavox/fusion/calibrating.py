"""Members' scores calibrated where the rule is fitted: on people whom the members did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import VectorCalibration, fit_temperature, fit_vector, softmax
from visavox.fusion.rules import Floats

Calibrating = Literal["none", "temperature", "vector"]
CALIBRATIONS: tuple[str, ...] = ("none", "temperature", "vector")

LEAST = 1e-6
"""Probabilities are kept above this before they are calibrated: members that are far too sure are still told apart."""


class Calibrator:
    """A temperature, or a scale and bias for each word, of each source.

    Args:
        how: ``none``, ``temperature`` or ``vector``.
        logits: Whether scores are logits; probabilities otherwise.
    """

    def __init__(self, how: Calibrating, logits: bool) -> None:
        self.how = how
        self.logits = logits
        self.found: dict[str, VectorCalibration] = {}

    def fit(self, tables: Mapping[str, Floats], y: NDArray[np.int64], frequencies: Floats) -> Self:
        """Fits each source on the rows that it judges; a word that it never knows keeps scale 1 and bias 0."""
        self.found = {}
        if self.how != "none":
            self.found = {
                source: self._fitted(self._as_logits(table), y, frequencies) for source, table in tables.items()
            }
        return self

    def calibrated(self, tables: Mapping[str, Floats], *, as_logits: bool) -> dict[str, Floats]:
        """Scores after calibration, as probabilities or as logits; what was NaN stays NaN."""
        if not self.found and self.logits == as_logits:
            return dict(tables)
        result = {}
        for source, table in tables.items():
            values = self._as_logits(table)
            if source in self.found:
                values = self.found[source].logits(values)
            result[source] = values if as_logits else _known_softmax(values)
        return result

    def to_table(self) -> dict[str, object]:
        """What was fitted, for a card."""
        return {
            "how": self.how,
            "inputs": "logits" if self.logits else "log",
            "scale": {source: list(found.scale) for source, found in self.found.items()},
            "bias": {source: list(found.bias) for source, found in self.found.items()},
        }

    def read_table(self, table: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
        """Takes what a card holds."""
        biases = table.get("bias", {})
        self.found = {
            source: VectorCalibration(tuple(scale), tuple(biases[source]))
            for source, scale in table.get("scale", {}).items()
        }

    def _as_logits(self, table: Floats) -> Floats:
        return table if self.logits else np.log(np.clip(table, LEAST, None))

    def _fitted(self, values: Floats, y: NDArray[np.int64], frequencies: Floats) -> VectorCalibration:
        words = values.shape[1]
        known = np.flatnonzero((~np.isnan(values)).any(axis=0))
        whole = np.asarray((~np.isnan(values[:, known])).all(axis=1)) & np.isin(y, known)
        scale, bias = np.ones(words), np.zeros(words)
        if whole.any() and len(known) > 1:
            given, truth = values[whole][:, known], np.searchsorted(known, y[whole])
            if self.how == "temperature":
                scale[:] = 1 / fit_temperature(given, truth, frequencies=frequencies[known])
            else:
                found = fit_vector(given, truth, frequencies=frequencies[known])
                scale[known], bias[known] = found.scale, found.bias
        return VectorCalibration(tuple(scale.tolist()), tuple(bias.tolist()))


def _known_softmax(values: Floats) -> Floats:
    """Probabilities over the words that a row has; NaN at the others."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        chance = softmax(np.where(there, values, -np.inf))
    return np.where(there, chance, np.nan)
