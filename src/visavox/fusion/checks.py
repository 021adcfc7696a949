"""What comes into a fusion, looked through: each mistake is named with its source and row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.errors import DataError, OptionError
from visavox.fusion.inputs import absent
from visavox.fusion.rules import Floats


def checked(scores: Mapping[str, Floats], sources: Sequence[str], words: Sequence[str] | None) -> dict[str, Floats]:
    """Scores in the order of the sources.

    Args:
        scores: By source [shape=(n, ...)].
        sources: That there may be.
        words: One column each; None for features, of which there may be any number.

    Raises:
        OptionError: If a source is unknown.
        DataError: If there is no source, shapes differ, or a row holds what is neither numbers nor absence.
    """
    for source in scores:
        if source not in sources:
            raise OptionError.one_of("source", source, sources)
    tables = {source: np.asarray(scores[source], dtype=np.float64) for source in sources if source in scores}
    if not tables:
        raise DataError(f"There is nothing to join: expected scores of {', '.join(sources)}.")
    rows = {source: len(table) for source, table in tables.items()}
    if len(set(rows.values())) > 1:
        raise DataError(f"Scores must have as many rows from each source, got {rows}.")
    for source, table in tables.items():
        if words is not None and table.shape[1:] != (len(words),):
            raise DataError(f"{source}: expected scores [n, {len(words)}], one a word, got {list(table.shape)}.")
        if table.ndim < 2:
            raise DataError(f"{source}: expected features [n, d], got {list(table.shape)}.")
        values = tuple(range(1, table.ndim))
        endless = np.asarray(np.isinf(table).any(axis=values))
        bad = endless
        if words is None:
            # A word may be unknown to a member; half a row of features is a broken table.
            bad = endless | (np.asarray(np.isnan(table).any(axis=values)) & ~absent(table))
        if bad.any():
            row = int(bad.argmax())
            what = "an infinite number" if endless[row] else "NaN beside numbers"
            raise DataError(f"{source}, row {row}: it holds {what}; an absent member is a row of NaN alone.")
    return tables


def places(y: Sequence[str], words: Sequence[str]) -> NDArray[np.int64]:
    """Index of each row's word among a fusion's words [shape=(n,)].

    Raises:
        DataError: If a row has another word.
    """
    place = {word: number for number, word in enumerate(words)}
    for row, word in enumerate(y):
        if word not in place:
            raise DataError(
                f"Row {row}: {word!r} is not among the words of the fusion ({', '.join(words)}); "
                "leave the row out or give words=."
            )
    return np.array([place[word] for word in y], dtype=np.int64)


def match(rows: int, y: Sequence[str], groups: Sequence[str] | None) -> None:
    """Asks for one word, and one speaker if there are any, for each row.

    Raises:
        DataError: If there are more or fewer.
    """
    if len(y) != rows or (groups is not None and len(groups) != rows):
        told = f"{rows} rows and {len(y)} words" + ("" if groups is None else f" and {len(groups)} speakers")
        raise DataError(f"A fusion wants one word and one speaker a row, got {told}.")
