"""How much of a row's training fits into the time there is: folds, epochs, and what was cut, in words."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visavox.errors import OptionError
from visavox.protocols import Fold, Protocol, Row
from visavox.protocols.folds import Indices

LEAST_EPOCHS = 1 / 3
"""The part of a recipe's epochs below which folds are cut rather than epochs."""

LEAST_FOLDS = 2
"""So many folds are kept, where there are so many, until there is time for one epoch alone."""

SECONDS = {"s": 1, "m": 60, "h": 3600}
"""Of the units of a budget."""

QUICK = 16
"""Clips of a side of a quick page's folds, at most, but one of each word."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a row's training takes, in seconds, measured on this machine.

    Args:
        reading: all its clips for the first time, their inputs computed.
        fold: a fold, beside its epochs: reading inputs again, exporting, judging.
        epoch: an epoch of a fold; 0 for what is not learned in epochs.
    """

    reading: float = 0.0
    fold: float = 0.0
    epoch: float = 0.0

    def of(self, folds: int, epochs: int) -> float:
        """Seconds of so many folds of so many epochs."""
        return self.reading + folds * (self.fold + epochs * self.epoch)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of a row is trained.

    Args:
        folds: how many; 0 where there was no time for any.
        of_folds: how many the protocol has.
        epochs: of each, at most; 0 for what is not learned in epochs.
        of_epochs: of the recipe.
    """

    folds: int
    of_folds: int
    epochs: int = 0
    of_epochs: int = 0

    @property
    def cut(self) -> str:
        """What was cut, in words; nothing where nothing was.

        Example:
            >>> Size(folds=2, of_folds=5, epochs=40, of_epochs=300).cut
            '2 of 5 folds, 40 of 300 epochs'
        """
        parts = []
        if self.folds < self.of_folds:
            parts.append(f"{self.folds} of {self.of_folds} folds")
        if self.epochs < self.of_epochs:
            parts.append(f"{self.epochs} of {self.of_epochs} epochs")
        return ", ".join(parts)


def seconds(budget: str) -> float:
    """A time that a user writes, in seconds.

    Args:
        budget: a number and one of s, m and h, such as "45m" or "1.5h"; a bare number is minutes.

    Raises:
        OptionError: it is no time.

    Example:
        >>> seconds("45m"), seconds("1.5h")
        (2700.0, 5400.0)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", budget)
    if match is None or not float(match[1]):
        raise OptionError(f"Bad value {budget!r} for a budget: expected a time such as 90s, 45m or 2h.")
    return float(match[1]) * SECONDS[match[2] or "m"]


def fitting(cost: Cost, *, folds: int, epochs: int, share: float) -> Size:
    """The most of a row that fits into a share of the time.

    Epochs are cut first, down to a third: few recipes need all of theirs. Then folds, down to two, then epochs down to
    one, then the second fold.

    Args:
        cost: of the row.
        folds: that the protocol has.
        epochs: that the recipe wants; 0 for what is not learned in epochs.
        share: seconds.

    Example:
        >>> fitting(Cost(epoch=1.0), folds=5, epochs=30, share=100.0)
        Size(folds=5, of_folds=5, epochs=20, of_epochs=30)
        >>> fitting(Cost(epoch=1.0), folds=5, epochs=30, share=25.0)
        Size(folds=2, of_folds=5, epochs=12, of_epochs=30)
    """

    def most(number: int) -> int:
        """Epochs of so many folds that there is time for; -1 where there is none for the folds themselves."""
        left = (share - cost.reading) / number - cost.fold
        if left < 0:
            return -1
        return epochs if left >= epochs * cost.epoch else math.floor(left / cost.epoch)

    least = math.ceil(epochs * LEAST_EPOCHS)
    for number in range(folds, 0, -1):
        enough = least if number > min(LEAST_FOLDS, folds) else min(1, epochs)
        if most(number) >= enough:
            return Size(folds=number, of_folds=folds, epochs=most(number), of_epochs=epochs)
    return Size(folds=0, of_folds=folds, epochs=0, of_epochs=epochs)


def first_folds(protocol: Protocol, count: int, *, clips: int = 0) -> Protocol:
    """A protocol with its first folds alone, and of each side of a fold, if asked for, few clips.

    Where the first folds judge no clip of some word, as tests of few clips may, further ones follow until they do.

    Args:
        protocol: whose folds they are.
        count: how many folds are kept.
        clips: of each side at most, as many of each word; one of each word at least. 0 for all.
    """

    def make(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        every = protocol.make(name, rows, inside)
        number = count
        while number < len(every) and not _judged(rows, every[:number]) >= set(protocol.words):
            number += 1
        kept = every[:number]
        if not clips:
            return kept
        sides = [[few(rows, side, clips) for side in (fold.train, fold.test, fold.validation)] for fold in kept]
        return [Fold(fold.name, *side) for fold, side in zip(kept, sides, strict=True)]

    return dataclasses.replace(protocol, make=make)


def _judged(rows: Sequence[Row], folds: Sequence[Fold]) -> set[str]:
    """The words of which some clip is judged."""
    return {rows[index].emotion for fold in folds for index in fold.test}


def few(rows: Sequence[Row], side: Indices, clips: int) -> Indices:
    """Some rows of a side, as many of each word, from all over it."""
    words = sorted({rows[index].emotion for index in side})
    kept: list[int] = []
    for word in words:
        here = [int(index) for index in side if rows[index].emotion == word]
        wanted = max(1, clips // len(words))
        kept += here[:: max(1, len(here) // wanted)][:wanted]
    return np.array(sorted(kept), dtype=np.int64)
