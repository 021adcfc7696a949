"""What learned rules see: members' scores as columns of one table, with the absent filled in and told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from visavox.errors import OptionError
from visavox.fusion.rules import Floats, evidence

Seen = Literal["log", "probabilities", "logits"]
Scaling = Literal["standard", "min-max", "none"]

SEEN: tuple[str, ...] = ("log", "probabilities", "logits")
SCALINGS: tuple[str, ...] = ("standard", "min-max", "none")


class Inputs(Protocol):
    """What members gave, by source, to columns of numbers."""

    def fit(self, tables: Mapping[str, Floats], y: NDArray[np.int64]) -> Self:
        """Learns what it needs of the rows that the rule will be fitted on."""

    def columns(self, tables: Mapping[str, Floats]) -> Floats:
        """Rows without NaN [shape=(n, columns)]."""


class Scaler:
    """Columns brought to one scale by rows of NaN and numbers.

    Args:
        how: ``standard`` (mean 0, deviation 1), ``min-max`` (0..1 on the rows it was fitted on) or ``none``.

    Example:
        >>> Scaler("min-max").fit(np.array([[1.0], [np.nan], [3.0]])).scaled(np.array([[2.0]]))
        array([[0.5]])
    """

    def __init__(self, how: Scaling) -> None:
        if how not in SCALINGS:
            raise OptionError.one_of("scaler", how, SCALINGS)
        self.how = how

    def fit(self, values: Floats) -> Self:
        """Learns middle and width of each column; one without a number, or without any change, is only moved."""
        filled = np.where(np.isnan(values).all(axis=0), 0.0, values)
        self.mean = np.nanmean(filled, axis=0)
        if self.how == "none":
            self.middle, width = np.zeros_like(self.mean), np.ones_like(self.mean)
        elif self.how == "min-max":
            self.middle = np.nanmin(filled, axis=0)
            width = np.nanmax(filled, axis=0) - self.middle
        else:
            self.middle, width = self.mean, np.nanstd(filled, axis=0)
        self.width = np.where(width > 1e-12 * np.maximum(1.0, np.abs(self.middle)), width, 1.0)
        return self

    def scaled(self, values: Floats) -> Floats:
        """The columns on the common scale; NaN stays NaN."""
        return np.asarray((values - self.middle) / self.width)

    def filled(self, values: Floats) -> Floats:
        """The columns on the common scale; where there is NaN, the column's mean over the rows it was fitted on."""
        return self.scaled(np.where(np.isnan(values), self.mean, values))


class Scores:
    """Members' scores as columns, source by source, then one column for each source that was ever absent.

    An absent member's columns hold what says nothing: 0 for log-probabilities, else the column's mean over the rows it
    was fitted on. So do single words that a member does not know.

    Args:
        seen: ``log``: log-probabilities centred over the words (nats over the member's average); ``probabilities``:
            as they are; ``logits``: any numbers, as they are.
        scaler: As for `Scaler`.
    """

    def __init__(self, seen: Seen, scaler: Scaling) -> None:
        if seen not in SEEN:
            raise OptionError.one_of("inputs of a learned rule", seen, SEEN)
        self.seen = seen
        self.scaler = Scaler(scaler)

    def fit(self, tables: Mapping[str, Floats], y: NDArray[np.int64]) -> Self:
        """Learns scales, means, and which sources are ever absent."""
        values = self.values(tables)
        self.scaler.fit(values)
        self.told = ever_absent(tables)
        return self

    def columns(self, tables: Mapping[str, Floats]) -> Floats:
        """Rows without NaN [shape=(n, sources * words + sources ever absent)]."""
        return np.hstack([self.scaler.filled(self.values(tables)), absence(tables, self.told)])

    def values(self, tables: Mapping[str, Floats]) -> Floats:
        """Members' scores side by side in the form that is seen, unscaled [shape=(n, sources * words)]."""
        if self.seen == "log":
            return np.hstack([np.nan_to_num(evidence(table)) for table in tables.values()])
        return np.hstack(list(tables.values()))


def absent(table: Floats) -> NDArray[np.bool_]:
    """Which rows of a table hold nothing but NaN [shape=(n,)]."""
    return np.asarray(np.isnan(table).all(axis=tuple(range(1, table.ndim))))


def ever_absent(tables: Mapping[str, Floats]) -> tuple[str, ...]:
    """The sources that are absent in some row."""
    return tuple(source for source, table in tables.items() if absent(table).any())


def absence(tables: Mapping[str, Floats], told: Sequence[str]) -> Floats:
    """One column for each of some sources: 1 where it is absent, else 0."""
    rows = len(next(iter(tables.values())))
    return np.stack([absent(tables[source]) for source in told], axis=1).astype(float) if told else np.empty((rows, 0))


def with_absences(tables: Mapping[str, Floats], share: float, seed: int) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """Tables with copies of some rows at their end, in which members are missing at random.

    In each copy every member stays with probability 1/2, at least one stays and at least one goes.

    Args:
        tables: By source [shape=(n, ...)].
        share: How many copies, as a part of the rows that several members judge.
        seed: Of the draws.

    Returns:
        The longer tables, and for each of their rows the row that it came from.
    """
    here = np.stack([~absent(table) for table in tables.values()], axis=1)
    several = np.flatnonzero(here.sum(axis=1) > 1)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(several)[: round(share * len(several))])
    leaves = np.zeros((len(chosen), len(tables)), dtype=bool)
    for place, row in enumerate(chosen):
        present = np.flatnonzero(here[row])
        leaves[place, rng.permutation(present)[: _how_many_leave(len(present), rng)]] = True
    longer = {}
    for column, (source, table) in enumerate(tables.items()):
        copies = table[chosen].copy()
        copies[leaves[:, column]] = np.nan
        longer[source] = np.concatenate([table, copies])
    return longer, np.r_[np.arange(len(here)), chosen]


def _how_many_leave(present: int, rng: np.random.Generator) -> int:
    """A binomial draw of one half, from 1 to all but one."""
    while True:
        leave = int(rng.binomial(present, 0.5))
        if 0 < leave < present:
            return leave
