"""Folds that refuse to leak: who is learned from and who is judged, over rows that say who is speaking.

A row is anything with the attributes of `Row`, such as `visavox.datasets.Sample`. Folds hold indices of rows, so that
the same folds serve clips, tables of features and saved probabilities.
"""

from __future__ import annotations

import re
import typing
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox.errors import DataError, LeakError

Indices = NDArray[np.int64]

MARK = "random"
"""The word in a protocol's name without which it refuses to put one speaker, or one take, on both sides."""

INNER_SEED = 12
"""Of the inner folds: fixed, so that what is chosen inside a training part is chosen alike every time."""


class Row(typing.Protocol):
    """What a protocol looks at. `corpus`, `defect` and `clip.name` or `name` are used where a row has them."""

    @property
    def speaker(self) -> str | None:
        """Who it is, unique over all corpora."""

    @property
    def take(self) -> str | None:
        """Marks rows that hold the same performance."""

    @property
    def emotion(self) -> str:
        """The word."""

    @property
    def part(self) -> str:
        """Of the corpus's own split."""


def _nobody() -> Indices:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Fold:
    """Indices of rows: who is learned from, who is judged.

    Args:
        name: of the fold ("1", "ravdess-05", "seed 42").
        train: what may be learned from, normalised by, calibrated on, chosen by.
        test: what is judged.
        validation: where the corpus itself names rows for choosing, those; they are in neither of the others.
    """

    name: str
    train: Indices
    test: Indices
    validation: Indices = field(default_factory=_nobody)


Maker = Callable[[str, Sequence[Row], Indices], list[Fold]]
"""The protocol's name, all rows, and the indices of those that take part, to folds."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A named way to judge, frozen: which rows, which words, who is kept from whom.

    Args:
        name: of the protocol. Without "random" in it, it refuses to leak.
        corpora: whose rows it takes, of any kind ("ravdess" stands for "ravdess-video" too); a row that names no corpus
            is taken to belong.
        words: that are judged, in order; rows with other words take no part.
        make: how rows become folds.
        about: what it is, in a line.
        source: who used it, or defined it, and what we decided.
        speakers_apart: whether every row must say who it is and nobody may be on two sides. False where a corpus
            knows no speakers, and in random protocols.
        trained_on: the corpora that are learned from, where they are others than those that are judged.
    """

    name: str
    corpora: tuple[str, ...]
    words: tuple[str, ...]
    make: Maker
    about: str = ""
    source: str = ""
    speakers_apart: bool = True
    trained_on: tuple[str, ...] = ()

    @property
    def random(self) -> bool:
        """Whether it leaks on purpose, as its name then says."""
        return MARK in self.name

    @property
    def judged(self) -> tuple[str, ...]:
        """The corpora whose clips are judged."""
        return tuple(name for name in self.corpora if name not in self.trained_on) or self.corpora

    def with_words(self, *words: str) -> Protocol:
        """The same folds over other words; its name says so."""
        return replace(self, name=f"{self.name} ({len(words)} words)", words=words)

    def inside(self, rows: Sequence[Row]) -> Indices:
        """Indices of the rows that take part: of its corpora and words."""
        here = [
            index
            for index, row in enumerate(rows)
            if row.emotion in self.words and any(belongs(row, name) for name in self.corpora)
        ]
        return np.array(here, dtype=np.int64)

    def folds(self, rows: Sequence[Row]) -> list[Fold]:
        """The folds, after proof that nobody and no take is on two sides of any of them.

        Raises:
            LeakError: somebody, or a take, would be learned from and judged.
            DataError: a speaker of the protocol has no row, a row has no speaker, a word is missing from a training
                part or from all tests, or no row belongs to the protocol.
        """
        inside = self.inside(rows)
        if not len(inside):
            raise DataError(
                f"{self.name}: none of the {len(rows)} rows belongs to it; it judges {', '.join(self.words)} "
                f"in {', '.join(self.corpora)}."
            )
        if self.speakers_apart:
            for index in inside:
                if not rows[index].speaker:
                    raise DataError(
                        f"{self.name}: {row_name(rows, index)} does not say who it is, and this protocol keeps "
                        f"speakers apart; name its speaker or leave it out."
                    )
        folds = self.make(self.name, rows, inside)
        for fold in folds:
            if not self.random:
                _check(rows, fold, self.name)
            _check_words(rows, fold, self)
        tested = {rows[index].emotion for fold in folds for index in fold.test}
        for word in self.words:
            if word not in tested:
                raise DataError(
                    f"{self.name}: no clip of {word!r} is in any test; bring the whole corpus, or judge fewer words "
                    f"(Protocol.with_words)."
                )
        return folds

    def inner(self, rows: Sequence[Row], train: ArrayLike, parts: int = 5) -> list[Fold]:
        """Folds inside a training part, by speaker: for choosing, calibrating and stacking.

        Where nobody knows who is who, rows of one take stay together.

        Args:
            rows: all rows.
            train: indices of the training part.
            parts: how many folds; fewer where there are fewer speakers.

        Returns:
            Folds of indices of `rows`.

        Raises:
            DataError: there are fewer than two speakers.
        """
        given = np.asarray(train, dtype=np.int64)
        groups = [rows[index].speaker or rows[index].take or f"row {index}" for index in given]
        return [
            Fold(fold.name, given[fold.train], given[fold.test])
            for fold in by_speaker(groups, min(parts, len(set(groups))), INNER_SEED)
        ]


def by_speaker(groups: Sequence[Hashable], parts: int, seed: int) -> list[Fold]:
    """Folds of nearly equal size in which each group is judged once and never learned from when it is.

    Args:
        groups: who each row is [n].
        parts: how many folds.
        seed: which groups come together.

    Raises:
        DataError: there are fewer groups than folds, or fewer than two folds.

    Example:
        >>> [fold.test.tolist() for fold in by_speaker(["ann", "bob", "ann", "cy"], 3, seed=1)]
        [[0, 2], [1], [3]]
    """
    sizes = Counter(groups)
    if parts < 2 or len(sizes) < parts:
        raise DataError(
            f"{len(sizes)} speakers ({', '.join(map(str, list(sizes)[:5]))}) cannot be held out in {parts} parts: "
            f"at least two parts are needed, and a speaker for each."
        )
    names = sorted(sizes, key=str)
    drawn = [names[place] for place in np.random.default_rng(seed).permutation(len(names))]
    part: dict[Hashable, int] = {}
    load = [0] * parts
    # The largest first, each to the part that has least; equal ones in the order drawn.
    for name in sorted(drawn, key=lambda name: -sizes[name]):
        part[name] = min(range(parts), key=load.__getitem__)
        load[part[name]] += sizes[name]
    place = np.array([part[name] for name in groups], dtype=np.int64)
    return [Fold(str(k + 1), np.flatnonzero(place != k), np.flatnonzero(place == k)) for k in range(parts)]


def check_apart(rows: Sequence[Row], train: ArrayLike, test: ArrayLike, *, where: str = "") -> None:
    """Proof that no speaker, no take and no row is in training and in the test.

    Args:
        rows: all rows.
        train: indices of what is learned from.
        test: indices of what is judged.
        where: protocol and fold, for the message.

    Raises:
        LeakError: one is; the message names it and two rows that show it.
    """
    learned, judged = np.asarray(train, dtype=np.int64), np.asarray(test, dtype=np.int64)
    front = f"{where}: " if where else ""
    both = np.intersect1d(learned, judged)
    if len(both):
        raise LeakError(f"{front}{row_name(rows, int(both[0]))} is in training and in the test.")
    for column in ("speaker", "take"):
        seen: dict[str, int] = {}
        for index in learned:
            seen.setdefault(getattr(rows[index], column) or "", int(index))
        seen.pop("", None)
        for index in judged:
            key = getattr(rows[index], column)
            if key and key in seen:
                raise LeakError(
                    f"{front}{column} {key} is in training ({row_name(rows, seen[key])}) and in the test "
                    f"({row_name(rows, int(index))}); put it on one side, or leave one out."
                )


def belongs(row: Row, corpus: str) -> bool:
    """Whether a row is a corpus's, in whatever kind; a row that names no corpus may be anybody's.

    Example:
        >>> from types import SimpleNamespace as Any
        >>> [belongs(Any(corpus=name), "ravdess") for name in ("ravdess", "ravdess-video", "rml")]
        [True, True, False]
    """
    name = getattr(row, "corpus", None) or corpus
    return name == corpus or str(name).startswith(f"{corpus}-")


def row_name(rows: Sequence[Row], index: int) -> str:
    """How a row is called in messages: by its clip, or its name, and its number."""
    row = rows[index]
    name = getattr(getattr(row, "clip", None), "name", None) or getattr(row, "name", None)
    return f"row {index} ({name})" if name else f"row {index}"


def number_of(speaker: str) -> int:
    """The number at the end of a speaker's name.

    Raises:
        DataError: there is none.

    Example:
        >>> number_of("ravdess-05")
        5
    """
    match = re.search(r"(\d+)$", str(speaker))
    if match is None:
        raise DataError(f"speaker {speaker!r} has no number at its end, as this protocol's speakers have.")
    return int(match.group(1))


def _check(rows: Sequence[Row], fold: Fold, name: str) -> None:
    where = f"{name}, fold {fold.name}"
    check_apart(rows, fold.train, fold.test, where=where)
    if len(fold.validation):
        check_apart(rows, fold.train, fold.validation, where=f"{where}, validation")
        check_apart(rows, fold.validation, fold.test, where=f"{where}, validation")


def _check_words(rows: Sequence[Row], fold: Fold, protocol: Protocol) -> None:
    where = f"{protocol.name}, fold {fold.name}"
    for side, indices in (("learn from", fold.train), ("judge", fold.test)):
        if not len(indices):
            raise DataError(f"{where}: there is no clip to {side}.")
    known = {rows[index].emotion for index in fold.train}
    for word in protocol.words:
        if word not in known:
            raise DataError(
                f"{where}: no clip of {word!r} to learn from; bring the whole corpus, or judge fewer words."
            )
