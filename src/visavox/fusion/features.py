"""Fusion of features: members' inner values joined into one vector, for any classifier to judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from visavox.errors import DataError, OptionError
from visavox.fusion.gate import GatedUnit
from visavox.fusion.inputs import Scaler, Scaling, absence, absent, ever_absent
from visavox.fusion.rules import Floats

JOINS: tuple[str, ...] = ("concatenation", "sum", "product", "weighted-average", "max", "mean", "gated")
"""How features are joined. All but concatenation and the gated unit work value by value and want as many of each."""


class Features:
    """Members' features joined, then one column for each source that was ever absent.

    Each source is scaled by itself first. An absent source is left out of sums, products, averages and poolings, whose
    weights are shared among those present; in a concatenation its place holds its mean; its gate is closed.

    Args:
        join: A name of `JOINS`.
        scaler: As for `Scaler`.
        weights: By source, for the weighted average; 1 where none is given.
        seed: Of the gated unit.
    """

    def __init__(self, join: str, scaler: Scaling, weights: Mapping[str, float] | None, seed: int) -> None:
        if join not in JOINS:
            raise OptionError.one_of("join", join, JOINS)
        self.join = join
        self.how = scaler
        self.weights = dict(weights or {})
        self.seed = seed

    def fit(self, tables: Mapping[str, Floats], y: NDArray[np.int64]) -> Self:
        """Learns scales, which sources are ever absent and, with ``gated``, the unit.

        Raises:
            DataError: If sources that are joined value by value have other numbers of features.
        """
        sizes = {source: table.shape[1] for source, table in tables.items()}
        if self.join not in ("concatenation", "gated") and len(set(sizes.values())) > 1:
            told = ", ".join(f"{source} {size}" for source, size in sizes.items())
            raise DataError(f"Features joined by {self.join} must be as many from each source, got {told}.")
        self.scalers = {source: Scaler(self.how).fit(table) for source, table in tables.items()}
        self.told = ever_absent(tables)
        if self.join == "gated":
            self.unit = GatedUnit(seed=self.seed).fit(self._scaled(tables), y)
        return self

    def columns(self, tables: Mapping[str, Floats]) -> Floats:
        """Rows without NaN [shape=(n, joined + sources ever absent)]."""
        if self.join == "concatenation":
            joined = np.hstack([self.scalers[source].filled(table) for source, table in tables.items()])
        elif self.join == "gated":
            joined = self.unit.joined(self._scaled(tables))
        else:
            joined = self._value_by_value(self._scaled(tables))
        return np.hstack([joined, absence(tables, self.told)])

    def _scaled(self, tables: Mapping[str, Floats]) -> dict[str, Floats]:
        return {source: self.scalers[source].scaled(table) for source, table in tables.items()}

    def _value_by_value(self, scaled: Mapping[str, Floats]) -> Floats:
        stack = np.stack(list(scaled.values()))
        here = np.stack([~absent(table) for table in scaled.values()])[:, :, None]
        if self.join == "product":
            return np.asarray(np.where(here, stack, 1.0).prod(axis=0))
        if self.join == "max":
            return np.where(here.any(axis=0), np.where(here, stack, -np.inf).max(axis=0), 0.0)
        plain = {"sum": 1.0, "mean": 1.0}.get(self.join)
        weights = np.array([plain or self.weights.get(source, 1.0) for source in scaled])[:, None, None] * here
        total = (weights * np.where(here, stack, 0.0)).sum(axis=0)
        if self.join == "sum":
            return np.asarray(total)
        return np.asarray(total / np.where(weights.sum(axis=0) > 0, weights.sum(axis=0), 1.0))
