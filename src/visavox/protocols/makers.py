"""How rows become folds: by speaker, by what is done, by the corpus's own parts, or shuffled as reports do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from visavox.errors import DataError
from visavox.protocols.folds import Fold, Indices, Maker, Row, number_of, row_name


def by_numbers(sides: Sequence[tuple[str, Sequence[int]]]) -> Maker:
    """Folds that judge speakers by number and learn from the others that any fold names, or that `sides` leaves over.

    Args:
        sides: name of each fold and the numbers of those whom it judges.
    """

    def make(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        numbers = np.array([number_of(rows[index].speaker or "") for index in inside])
        known = set(numbers.tolist())
        for fold, judged in sides:
            for number in judged:
                if number not in known:
                    raise DataError(f"{name}, fold {fold}: no clip of speaker {number:02d}; bring the whole corpus.")
        return [
            Fold(fold, inside[~np.isin(numbers, judged)], inside[np.isin(numbers, judged)]) for fold, judged in sides
        ]

    return make


def by_key(key: Callable[[str], str], *, least: int = 2) -> Maker:
    """Folds that judge all speakers of one key and learn from the others, such as each speaker for himself.

    Args:
        key: of a speaker.
        least: how many folds there must be.
    """

    def make(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        keys = [key(rows[index].speaker or "") for index in inside]
        found = sorted(set(keys))
        if len(found) < least:
            raise DataError(
                f"{name}: it needs at least {least} folds of speakers, and the {len(inside)} rows have "
                f"{len(found)} ({', '.join(found)}); bring the whole corpus."
            )
        place = np.array([found.index(key) for key in keys])
        return [Fold(one, inside[place != number], inside[place == number]) for number, one in enumerate(found)]

    return make


def by_rank(folds: int) -> Maker:
    """Folds of every n-th speaker in the order of their names."""

    def make(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        speakers = sorted({rows[index].speaker or "" for index in inside})
        if len(speakers) < folds:
            raise DataError(f"{name}: {len(speakers)} speakers cannot fill {folds} folds; bring the whole corpus.")
        rank = np.array([speakers.index(rows[index].speaker or "") % folds for index in inside])
        return [Fold(str(k + 1), inside[rank != k], inside[rank == k]) for k in range(folds)]

    return make


def by_part(*, without: Sequence[str]) -> Maker:
    """The corpus's own split; training rows with these defects are left out."""

    def make(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        sides: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
        for index in inside:
            part = rows[index].part
            if part not in sides:
                raise DataError(
                    f"{name}: {row_name(rows, int(index))} is in part {part!r}; expected train, validation or test."
                )
            if part != "train" or getattr(rows[index], "defect", "") not in without:
                sides[part].append(int(index))
        train, validation, test = (np.array(sides[part], dtype=np.int64) for part in ("train", "validation", "test"))
        return [Fold("official", train, test, validation)]

    return make


def shuffled(seeds: Sequence[int], *, test: float, validation: float = 0.0) -> Maker:
    """Clips shuffled and cut, once a seed: speakers are on both sides.

    Shuffled and cut as `sklearn.model_selection.ShuffleSplit` does it (test first, then validation), over the rows in
    the order given, so that a report's seed means something.

    Args:
        seeds: one fold each.
        test: share that is judged.
        validation: share that is held out for choosing.
    """

    def make(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        folds = []
        for seed in seeds:
            order = inside[np.random.RandomState(seed).permutation(len(inside))]
            first = int(np.ceil(test * len(inside)))
            second = first + int(np.ceil(validation * len(inside)))
            folds.append(
                Fold(f"seed {seed}", np.sort(order[second:]), np.sort(order[:first]), np.sort(order[first:second]))
            )
        return folds

    return make


def dealt(folds: int, *, seed: int) -> Maker:
    """Clips shuffled and dealt into folds as `sklearn.model_selection.KFold(shuffle=True)` does it."""

    def make(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        if len(inside) < folds:
            raise DataError(f"{name}: {len(inside)} clips cannot fill {folds} folds.")
        order = np.arange(len(inside))
        np.random.RandomState(seed).shuffle(order)
        parts = [np.sort(part) for part in np.array_split(order, folds)]
        return [Fold(str(k + 1), np.delete(inside, part), inside[part]) for k, part in enumerate(parts)]

    return make


def by_statement(folds: int) -> Maker:
    """Folds of what is said or done: each fold judges some statements, and learns from the others.

    For corpora that do not say who is who: what is new in a test is what is done, not the person. A statement comes
    whole into the fold that has fewest clips, the most frequent statement first.
    """

    def make(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        done = [str(getattr(rows[index], "statement", None) or "") for index in inside]
        if "" in done:
            raise DataError(f"{name}: {row_name(rows, int(inside[done.index('')]))} does not say what is done in it.")
        if len(set(done)) < folds:
            raise DataError(f"{name}: {len(set(done))} statements cannot fill {folds} folds; bring the whole corpus.")
        place: dict[str, int] = {}
        load = [0] * folds
        for one in sorted(set(done), key=lambda one: (-done.count(one), one)):
            place[one] = min(range(folds), key=load.__getitem__)
            load[place[one]] += done.count(one)
        where = np.array([place[one] for one in done])
        return [Fold(str(k + 1), inside[where != k], inside[where == k]) for k in range(folds)]

    return make


def of_speakers(numbers: Sequence[int], make: Maker) -> Maker:
    """The folds of another maker, over the clips of some speakers alone.

    Args:
        numbers: of the speakers.
        make: how their clips become folds.
    """

    def made(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        mine = np.array([number_of(rows[index].speaker or "") in numbers for index in inside], dtype=bool)
        if not mine.any():
            raise DataError(f"{name}: no clip of speaker {numbers[0]:02d}; bring the whole corpus.")
        return make(name, rows, inside[mine])

    return made
