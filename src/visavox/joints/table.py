"""Tables of joints: a row a picture (and person), columns found by their names in any order."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import InputError
from visavox.joints.body25 import ORDERS, arranged, check_pixels, place, words

AXES: Mapping[str, int] = {
    "x": 0, "y": 1, "c": 2, "conf": 2, "confidence": 2, "score": 2, "likelihood": 2, "visibility": 2, "p": 2, "prob": 2,
    "probability": 2, "v": 2,
}  # fmt: skip
"""What a joint's columns are called, behind or before its name."""

NUMBERED = re.compile(r"(?:joints?|keypoints?|kpt?|points?|pt|landmarks?|lm|pose|j|k)?(\d+)")
"""A joint's number, in one word."""

CLOCKS: Mapping[str, float] = {
    **dict.fromkeys(("time", "timestamp", "seconds", "sec", "t", "times", "timesec", "timeseconds", "timestamps"), 1.0),
    **dict.fromkeys(("timems", "timestampms", "milliseconds", "ms", "timemilliseconds"), 0.001),
}
"""Columns of times, in one word, and the seconds that their unit is."""

FRAMES = ("frame", "frames", "framenumber", "framenum", "frameno", "frameid", "frameindex", "picture", "picturenumber",
          "bodypartscoords")  # fmt: skip
"""Columns of pictures' numbers, in one word; the last is what DeepLabCut's three lines of headings give."""

PEOPLE = ("person", "personid", "personname", "people", "subject", "subjectid", "actor", "speaker", "track", "trackid",
          "faceid")  # fmt: skip
"""Columns that say who it is, in one word."""

EMPTY = ("", "nan", "na", "n/a", "null", "none", "-")
"""Cells that hold no number, small."""

LEAST = 4
"""Joints that a table must have."""


@dataclass(frozen=True)
class Columns:
    """Where in a table what is.

    Args:
        joints: Of each joint, its place in BODY_25 (None for none), and its columns by axis: 0 x, 1 y, 2 confidence.
        time: Column of times, and the seconds that its unit is.
        frame: Column of pictures' numbers.
        person: Column of who it is.
    """

    joints: Sequence[tuple[int | None, Mapping[int, int]]]
    time: tuple[int, float] | None
    frame: int | None
    person: int | None


def read(path: Path, *, rate: float | None = None) -> tuple[Clip, ...]:
    """One clip a person: see `visavox.joints.read_joints`.

    Raises:
        InputError: It is no table of joints in pixels, a cell is no number, or times do not rise.
    """
    headings, rows = _cells(path)
    columns = find(headings, str(path))
    joints = _joints(columns, headings, rows, path)
    check_pixels(joints, str(path))
    clock = _clock(columns, headings, rows, path, rate)
    people: dict[str, list[int]] = {}
    for index, row in enumerate(rows.values()):
        people.setdefault("" if columns.person is None else row[columns.person].strip(), []).append(index)
    lines, timed = list(rows), columns.time is not None or rate is not None
    clips = []
    for person, found in people.items():
        late = np.flatnonzero(np.diff(clock[found] if clock is not None else range(len(found))) <= 0)
        if len(late):
            before, after = (lines[found[late[0] + step]] for step in (0, 1))
            raise InputError(
                f"{path}, row {after}: its picture does not come after that of row {before}; sort the rows, and tell "
                f"people apart in a column 'person'."
            )
        clips.append(
            Clip(
                name=path.stem if len(people) == 1 else f"{path.stem}-{_called(person)}",
                person=person if _is_name(person) else None,
                joints=joints[found],
                times=clock[found] if clock is not None and timed else None,
            )
        )
    return tuple(clips)


def find(headings: Sequence[str], where: str) -> Columns:
    """Where what is, by headings.

    Raises:
        InputError: Too few joints have a known name, or one has an x and no y, or two columns.

    Example:
        >>> headings = "time Nose_y Nose_x left_hip_x left_hip_y REar.x REar.y neckX neckY".split()
        >>> found = find(headings, "table.csv")
        >>> found.time, found.joints[0], [place for place, _ in found.joints]
        ((0, 1.0), (0, {1: 1, 0: 2}), [0, 12, 17, 1])
    """
    named: dict[int, dict[int, int]] = {}
    numbered: dict[int, dict[int, int]] = {}
    time, frame, person = None, None, None
    for column, heading in enumerate(headings):
        parts = words(heading)
        whole = "".join(parts)
        if whole in CLOCKS and time is None:
            time = (column, CLOCKS[whole])
        elif whole in FRAMES and frame is None:
            frame = column
        elif whole in PEOPLE and person is None:
            person = column
        else:
            found = _joint(parts)
            if found is not None:
                kind, joint, axis = found
                columns = (named if kind == "name" else numbered).setdefault(joint, {})
                if axis in columns:
                    raise InputError(
                        f"{where}: columns {headings[columns[axis]]!r} and {heading!r} are of the same joint; "
                        f"take one of them out."
                    )
                columns[axis] = column
    named, numbered = (_whole(joints, headings, where) for joints in (named, numbered))
    if len(named) < LEAST and len(numbered) < LEAST:
        raise InputError(
            f"{where}: no columns of joints among {', '.join(headings[:8])}{' …' if len(headings) > 8 else ''}; "
            f"expected Nose_x, Nose_y, Nose_c, RShoulder_x … by name, or x0, y0, c0, x1 … by number."
        )
    if len(named) >= LEAST:
        return Columns(list(named.items()), time, frame, person)
    order = sorted(numbered)
    places = _order(order, where)
    return Columns([(at, numbered[joint]) for at, joint in zip(places, order, strict=True)], time, frame, person)


def _whole(joints: dict[int, dict[int, int]], headings: Sequence[str], where: str) -> dict[int, dict[int, int]]:
    """Those that have an x and a y; a confidence alone is another thing's."""
    for columns in joints.values():
        if (0 in columns) != (1 in columns):
            alone = headings[columns.get(0, columns.get(1, 0))]
            raise InputError(f"{where}: {alone!r} has no other coordinate; every joint needs x and y.")
    return {joint: columns for joint, columns in joints.items() if 0 in columns}


def _joint(parts: list[str]) -> tuple[str, int, int] | None:
    """Whether by "name" or "number", the joint, and the axis that a heading's words mean; None for other columns."""
    for axis, rest in ((parts[-1:], parts[:-1]), (parts[:1], parts[1:])):
        if rest and axis[0] in AXES:
            where = place(" ".join(rest))
            if where is not None:
                return "name", where, AXES[axis[0]]
            number = NUMBERED.fullmatch("".join(rest))
            if number:
                return "number", int(number[1]), AXES[axis[0]]
    glued = re.fullmatch(r"([a-z]+?)(\d+)", "".join(parts))
    return ("number", int(glued[2]), AXES[glued[1]]) if glued and glued[1] in AXES else None


def _order(numbers: list[int], where: str) -> Sequence[int | None]:
    """The places in BODY_25 of numbered joints, which begin with 0 or 1."""
    first, count = numbers[0], len(numbers)
    if first in (0, 1) and numbers == list(range(first, first + count)) and count in ORDERS:
        return ORDERS[count]
    raise InputError(
        f"{where}: {count} joints are numbered {first} to {numbers[-1]}, an order that is not known; expected "
        f"all of 25 (BODY_25), 18 or 17 (COCO) or 33 (MediaPipe), or columns called by the joints' names."
    )


def _cells(path: Path) -> tuple[list[str], dict[int, list[str]]]:
    """Headings, and rows by their lines."""
    rows: dict[int, list[str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=max(",;\t", key=first.count), skipinitialspace=True)
            headings = next(reader, [])
            if (
                headings and headings[0].strip().lower() == "scorer"
            ):  # DeepLabCut: whose network, which joint, which axis
                headings = [f"{joint} {axis}" for joint, axis in zip(next(reader, []), next(reader, []), strict=False)]
            for row in reader:
                if any(cell.strip() for cell in row) or len(row) == len(headings):  # a row of empty cells: nobody
                    rows[reader.line_num] = row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a table that can be read ({error}); save it as CSV in UTF-8.") from None
    for line, row in rows.items():
        if len(row) != len(headings):
            raise InputError(
                f"{path}, row {line}: {len(row)} cells under {len(headings)} headings; write the table again."
            )
    if not rows:
        raise InputError(f"{path}: no row below its headings; write the table again.")
    return headings, rows


def _joints(
    columns: Columns, headings: Sequence[str], rows: Mapping[int, list[str]], path: Path
) -> NDArray[np.float32]:
    """Joints of all rows [t, 25, 3]; without a column of confidence, what is there is sure, unless it is at 0, 0."""
    values = np.ones((len(rows), len(columns.joints), 3))
    for joint, (_, axes) in enumerate(columns.joints):
        for axis, column in axes.items():
            values[:, joint, axis] = _numbers(column, headings, rows, path)
        if 2 not in axes:
            values[(values[:, joint, :2] == 0).all(axis=1), joint, 2] = 0
    return arranged(values, [place for place, _ in columns.joints])


def _numbers(column: int, headings: Sequence[str], rows: Mapping[int, list[str]], path: Path) -> NDArray[np.float64]:
    result = np.empty(len(rows))
    for index, (line, row) in enumerate(rows.items()):
        cell = row[column].strip()
        try:
            result[index] = np.nan if cell.lower() in EMPTY else float(cell)
        except ValueError:
            raise InputError(
                f"{path}, row {line}: {headings[column]} is {cell[:20]!r}, expected a number with a decimal point, or "
                f"nothing where it is not known."
            ) from None
    return result


def _clock(
    columns: Columns, headings: Sequence[str], rows: Mapping[int, list[str]], path: Path, rate: float | None
) -> NDArray[np.float64] | None:
    """Seconds of each row, or pictures' numbers where no rate is known; None if only the order of the rows is."""
    if columns.time is None and columns.frame is None:
        if rate is not None and columns.person is not None:
            raise InputError(f"{path}: no column says which picture a row is of; add one with the heading 'frame'.")
        return None if rate is None else np.arange(len(rows)) / rate
    column, unit = columns.time or (columns.frame or 0, 1.0 if rate is None else 1 / rate)
    times = _numbers(column, headings, rows, path) * unit
    bad = np.flatnonzero(~np.isfinite(times))
    if len(bad):
        raise InputError(f"{path}, row {list(rows)[bad[0]]}: its {headings[column]} is missing; fill it in.")
    return times


def _called(person: str) -> str:
    return person if _is_name(person) else f"person-{person or 'unknown'}"


def _is_name(person: str) -> bool:
    """A number is a count, nobody's name."""
    return any(letter.isalpha() for letter in person)
