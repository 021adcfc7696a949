"""Tables with one row a clip: read with care, and asked by a clip's name.

A name is looked up as it is. RAVDESS has the same take as up to three files, told apart by the first field of the name
(01 picture and sound, 02 picture, 03 sound): where a table does not know a clip of RAVDESS by its own name, the row of
the same take under another kind is taken, so that action units of 01-… are found for the sound 03-….
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.datasets import ravdess
from visavox.errors import DataError, InputError, OptionError

Floats = NDArray[np.float64]
Source = str | os.PathLike[str] | pd.DataFrame

LABELS = frozenset[str]().union(
    ("name", "clip", "file", "filename", "path", "fold", "part", "split", "corpus", "modality", "language", "reason"),
    ("speaker", "speaker_id", "actor", "person", "subject", "sex", "gender", "age"),
    ("emotion", "label", "word", "class", "target", "y"),
    ("take", "statement", "sentence", "repetition", "intensity"),
)
"""Columns, in lower case, that say what a clip is and are no features of it: ``numbers`` leaves them out."""

GROUPS = {
    "action-units": ("AU[0-9][0-9]_[rc]",),
    "gaze": ("gaze_angle_[xy]",),
    "pose": ("pose_T[xyz]", "pose_R[xyz]"),
}
"""OpenFace's columns by what they are: intensities (r) and presences (c) of action units, gaze in radians, the head's
place in millimetres and turn in radians."""


@dataclass(frozen=True)
class Table:
    """Numbers of clips by name.

    Args:
        where: Its file, or what else to call it in messages.
        names: Of the clips, each once [n].
        columns: Names of the columns [d].
        values: [shape=(n, d)]; a row of NaN where nothing is known of the clip.
        lines: Where each row stands, for messages [n].
        reasons: Why a row has no numbers, where the table says so [n].
    """

    where: str
    names: tuple[str, ...]
    columns: tuple[str, ...]
    values: Floats
    lines: tuple[str, ...]
    reasons: tuple[str, ...]
    _rows: dict[str, int] = field(init=False, repr=False)
    _takes: dict[str, list[int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rows", {name: row for row, name in enumerate(self.names)})
        takes: dict[str, list[int]] = {}
        for row, name in enumerate(self.names):
            if performance := take(name):
                takes.setdefault(performance, []).append(row)
        object.__setattr__(self, "_takes", takes)

    def find(self, clip: Clip) -> int | None:
        """The clip's row; None where the table does not know it.

        Raises:
            InputError: If the clip has no name.
            DataError: If the take is there under two other kinds, so that nobody knows which is meant.
        """
        if clip.name is None:
            raise InputError(f"a clip without a name cannot be looked up in {self.where}; give it the table's name.")
        if clip.name in self._rows:
            return self._rows[clip.name]
        rows = self._takes.get(take(clip.name) or "", [])
        if len(rows) > 1:
            both = " and ".join(f"{self.lines[row]} ({self.names[row]})" for row in rows[:2])
            raise DataError(f"{self.where}: {clip.name} is not there, but twice under another kind: {both}; keep one.")
        return rows[0] if rows else None

    def look(self, clips: Sequence[Clip]) -> Floats:
        """The numbers of clips [shape=(len(clips), d)]; rows of NaN where there are none."""
        found = [self.find(clip) for clip in clips]
        result = np.full((len(clips), len(self.columns)), np.nan)
        known = [place for place, row in enumerate(found) if row is not None]
        result[known] = self.values[[row for row in found if row is not None]]
        return result

    def reasons_for(self, clips: Sequence[Clip]) -> list[str]:
        """``no_features``, or what the table itself gives as a reason, where there are no numbers; ``""`` elsewhere."""
        told = []
        for clip in clips:
            row = self.find(clip)
            absent = row is None or bool(np.isnan(self.values[row]).any())
            told.append((self.reasons[row] if row is not None else "") or "no_features" if absent else "")
        return told


def take(name: str) -> str | None:
    """What a clip of RAVDESS shares with the other kinds of file of the same take; None for any other name.

    Example:
        >>> take("03-01-05-01-02-01-09"), take("interview")
        ('01-05-01-02-01-09', None)
    """
    return name.partition("-")[2] if ravdess.NAME.fullmatch(name) else None


def chosen(names: Sequence[str], columns: str | Sequence[str], where: str) -> list[str]:
    """The columns that are meant, in the table's order for each.

    Args:
        names: Of all columns.
        columns: One or several of: a group (`GROUPS`), a column's name, or a pattern with ``*``.
        where: The table, for messages.

    Raises:
        DataError: If one of them is not there.

    Example:
        >>> chosen(["name", "AU01_r", "AU01_c", "f1", "f2"], ["action-units", "f*"], "table")
        ['AU01_r', 'AU01_c', 'f1', 'f2']
    """
    found: dict[str, None] = {}
    for wanted in [columns] if isinstance(columns, str) else columns:
        patterns = GROUPS.get(wanted, (wanted,))
        here = [name for name in names if any(name == p or fnmatchcase(name, p) for p in patterns)]
        if not here:
            raise DataError(f"{where}: no column {wanted!r}; there are {_some(names)}.")
        found.update(dict.fromkeys(here))
    if not found:
        raise OptionError("Bad value () for columns: expected one column at least.")
    return list(found)


def read(source: Source, *, name: str, fold: str | int | None, part: str | None) -> tuple[pd.DataFrame, str]:
    """A table as text, spaces around its headings taken off, those rows that are asked for; and what to call it.

    The frame's index says where a row stands, for messages: "row 7" is the seventh line of a file, whose first are the
    headings, or the seventh row of a frame.

    Raises:
        DataError: If the file cannot be read, has no such column, or rows have no name or the same one.
        OptionError: If there is no such fold or part.
    """
    if isinstance(source, pd.DataFrame):
        where, text = "table", source.astype(object).where(source.notna(), "").astype(str)
        text.index = pd.Index([f"row {number}" for number in range(1, len(text) + 1)])
    else:
        where, text = str(source), _text(Path(source))
    text.columns = pd.Index([str(column).strip() for column in text.columns])
    for column in text.columns[text.columns.duplicated()]:
        raise DataError(f"{where}: two columns are called {column!r}; rename one.")
    for column, asked in ((name, True), ("fold", fold is not None), ("part", part is not None)):
        if asked and column not in text.columns:
            raise DataError(f"{where}: no column {column!r}; there are {_some(list(text.columns))}.")
    text[name] = text[name].str.strip()
    for column, value in (("fold", fold), ("part", part)):
        if value is not None:
            there = text[column].str.strip()
            if str(value) not in set(there):
                raise OptionError.one_of(f"{column} of {where}", value, sorted(set(there)))
            text = text[there == str(value)]
    for row, clip in text[name].items():
        if not clip:
            raise DataError(f"{where}, {row}: no name of a clip; fill it in or take the row out.")
    again = text[text[name].duplicated()]
    if len(again):
        clip, second = again[name].iloc[0], again.index[0]
        first = text.index[text[name] == clip][0]
        told = [column for column in ("fold", "part") if column in text.columns and text[column].nunique() > 1]
        cure = f"say which {' or '.join(told)}" if told else "keep one"
        raise DataError(f"{where}: {clip} is there twice, in {first} and {second}; {cure}.")
    if not len(text):
        raise DataError(f"{where}: no row in it.")
    return text, where


def numbers(text: pd.DataFrame, columns: Sequence[str], where: str, name: str) -> Table:
    """Columns of a table that `read` gave, as numbers.

    Raises:
        DataError: If a cell is no finite number; rows without any number are let through.
    """
    cells = text[list(columns)].to_numpy(dtype=object)
    try:
        values = np.where(cells == "", "nan", cells).astype(np.float64)
    except ValueError:
        values = np.empty((len(text), len(columns)))
        for place, column in enumerate(columns):
            for row, (line, cell) in enumerate(text[column].items()):
                values[row, place] = _number(cell, f"{where}, {line} ({text[name].iloc[row]}): column {column}")
    bad = ~np.isfinite(values) & ~np.isnan(values).all(axis=1, keepdims=True)
    if bad.any():
        row, place = (int(part[0]) for part in np.nonzero(bad))
        raise DataError(
            f"{where}, {text.index[row]} ({text[name].iloc[row]}): column {columns[place]} holds {values[row, place]}, "
            f"which is no finite number; fill it in, or empty the row's numbers if nothing is known of the clip."
        )
    reasons = text["reason"] if "reason" in text.columns else [""] * len(text)
    return Table(where, tuple(text[name]), tuple(columns), values, tuple(map(str, text.index)), tuple(reasons))


def _text(path: Path) -> pd.DataFrame:
    """All cells of a file as text, row by row; pandas's own reader would rename columns that are there twice."""
    separator = "\t" if ".tsv" in path.suffixes else ","
    rows: dict[str, list[str]] = {}
    try:
        with _opened(path) as file:
            reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
            headings = next(reader, [])
            for row in reader:
                if row:
                    rows[f"row {reader.line_num}"] = row
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: this table cannot be read ({error}).") from error
    for line, row in rows.items():
        if len(row) != len(headings):
            raise DataError(f"{path}, {line}: {len(row)} cells under {len(headings)} headings; write the table again.")
    return pd.DataFrame(list(rows.values()), index=pd.Index(list(rows), dtype=object), columns=headings, dtype=str)


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _number(cell: str, where: str) -> float:
    try:
        return float(cell) if cell.strip() else np.nan
    except ValueError:
        raise DataError(f"{where} holds {cell!r}, which is no number; mend it or leave the column out.") from None


def _some(names: Sequence[str], most: int = 12) -> str:
    """Names, not too many of them."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
