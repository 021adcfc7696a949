"""CSV: the tidy table, one row a segment; columns as in `Timeline.rows`, those of measures where there are any.

UTF-8, commas, decimal points, one header line; an empty cell is "cannot be judged" or "does not apply". Text that a
spreadsheet would run as a formula gets an apostrophe in front, which `decode` takes away again.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from visavox.emotions import WORDS
from visavox.errors import InputError
from visavox.formats.precision import MEASURE_DIGITS, PROBABILITY_DIGITS, TIME_DIGITS, rounded
from visavox.formats.registry import read_bytes, write_bytes
from visavox.timeline import MEASURES, SOURCES, About, Segment, Timeline

TIMES = ("start", "end", "evidence", "baseline")
"""Columns written as times; all other numbers but the measures are shares."""

_FORMULA = re.compile(r"""(^|[;,|\t\r\n])(?=["\s]*[=+\-@'＝＋－＠])""")
# A formula begins a cell. A spreadsheet in a country that separates by semicolons, or one told to split at tabs or
# bars, finds cells that begin where we began none.
_SHIELD = re.compile(r"(^|[;,|\t\r\n])'")


def encode(timeline: Timeline) -> bytes:
    """The table as a CSV file's content."""
    return _encode([timeline])


def decode(content: bytes, where: str) -> Timeline:
    """The timeline in a CSV file's content.

    Raises:
        InputError: If it is no such table, or a table of several recordings.
    """
    timelines = _decode(content, where)
    if len(timelines) > 1:
        raise InputError(f"{where}: a table of {len(timelines)} recordings; read it with visavox.formats.read_table.")
    return timelines[0]


def write_table(timelines: Iterable[Timeline], path: str | Path) -> Path:
    """Writes one tidy table over several recordings; the column ``file`` tells them apart.

    Where they have different words, each row has a cell for every word of any of them, empty where it does not apply.
    A second recording of the same name becomes ``name (2)``.

    Args:
        timelines: What to write, in this order.
        path: The CSV file; its folder is made where it is missing.

    Returns:
        The path.

    Raises:
        OutputError: If the place cannot be written.
    """
    return write_bytes(_encode(list(timelines)), path)


def read_table(path: str | Path) -> list[Timeline]:
    """Reads a table of one or more recordings: a timeline for each file named in it, in the order of their first rows.

    Raises:
        InputError: If the file cannot be read or is no such table.
    """
    return _decode(read_bytes(path), str(path))


def _encode(timelines: list[Timeline]) -> bytes:
    words = list(dict.fromkeys(word for timeline in timelines for word in timeline.words)) or list(WORDS)
    timelines = [rounded(timeline) for timeline in timelines]
    measured = {name for timeline in timelines for name in timeline.measured}
    columns = _columns(words) + [name for name in MEASURES if name in measured]
    lines = [",".join(map(_quoted, columns))]
    for name, timeline in zip(_names(timelines), timelines, strict=True):
        for row in timeline.rows():
            lines.append(",".join([_cell(column, row.get(column)) for column in columns[1:]]))
            lines[-1] = f"{_cell('file', name)},{lines[-1]}"
    # A file name need not be Unicode; what is not is written as its escape.
    return ("\n".join(lines) + "\n").encode("utf-8", errors="backslashreplace")


def _names(timelines: list[Timeline]) -> list[str]:
    """The recordings' names, told apart where two folders hold files of the same name."""
    names: list[str] = []
    for timeline in timelines:
        name, again = timeline.about.file, 1
        while name in names:
            again += 1
            name = f"{timeline.about.file} ({again})"
        names.append(name)
    return names


def _columns(words: list[str]) -> list[str]:
    absent = Segment(0.0, 1.0, "", "face", (math.nan,) * len(words), "no_face")
    return list(next(Timeline((absent,), tuple(words)).rows()))


def _cell(column: str, value: Any) -> str:
    if isinstance(value, float):
        digits = TIME_DIGITS if column in TIMES else MEASURE_DIGITS if column in MEASURES else PROBABILITY_DIGITS
        return "" if math.isnan(value) else f"{value:.{digits}f}"
    return "" if value is None else _quoted(_FORMULA.sub(r"\1'", str(value)))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\r\n]', text) else text


def _decode(content: bytes, where: str) -> list[Timeline]:
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{where}: not a CSV table in UTF-8 ({error}).") from None
    words = tuple(name[2:] for name in header if name.startswith("p_"))
    missing = [name for name in ("start", "end", "person", "source") if name not in header]
    if missing or not words:
        raise InputError(
            f"{where}: not a table of a timeline: no column {', '.join(missing) or 'p_<word>'}; "
            f"expected commas between start, end, person, source and p_<word> columns."
        )
    found: dict[str, list[Segment]] = {}
    try:
        for cells in reader:
            if any(cells):
                row = dict(zip(header, cells, strict=False))
                segments = found.setdefault(_text(row.get("file", "")), [])
                segments.append(_segment(row, words, f"{where}, line {reader.line_num}"))
    except csv.Error as error:
        raise InputError(f"{where}, line {reader.line_num}: not a CSV table ({error}).") from None
    return [_timeline(name, segments, words, where) for name, segments in found.items()] or [Timeline((), words)]


def _timeline(name: str, segments: list[Segment], words: tuple[str, ...], where: str) -> Timeline:
    # In a table over recordings with different words, a column that a recording left empty is none of its words.
    judged = [item.probabilities for item in segments if item.judged]
    known = [place for place in range(len(words)) if not all(math.isnan(values[place]) for values in judged)]
    if known and len(known) < len(words):
        words = tuple(words[place] for place in known)
        segments = [
            replace(item, probabilities=tuple(item.probabilities[place] for place in known)) for item in segments
        ]
    try:
        return Timeline(tuple(segments), words, About(file=name, duration=max(segment.end for segment in segments)))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _segment(row: Mapping[str, str], words: tuple[str, ...], where: str) -> Segment:
    numbers = dict(_numbers(row, where))
    start, end = numbers.get("start"), numbers.get("end")
    if start is None or end is None:
        raise InputError(f"{where}: start and end must be numbers of seconds.")
    return Segment(
        start,
        end,
        _text(row["person"]),
        row["source"],
        tuple(numbers.get(f"p_{word}", math.nan) for word in words),
        row.get("reason", ""),
        {source: numbers[f"weight_{source}"] for source in SOURCES if f"weight_{source}" in numbers},
        numbers.get("evidence", 0.0),
        numbers.get("baseline", 0.0),
        {name: numbers[name] for name in MEASURES if name in numbers},
    )


def _numbers(row: Mapping[str, str], where: str) -> Iterator[tuple[str, float]]:
    for column, cell in row.items():
        if cell.strip() and (column in TIMES or column in MEASURES or column.startswith(("p_", "weight_"))):
            try:
                yield column, float(cell)
            except ValueError:
                raise InputError(f"{where}: {column} is {cell!r}, expected a number with a decimal point.") from None


def _text(cell: str) -> str:
    return _SHIELD.sub(r"\1", cell)
