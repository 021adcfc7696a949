"""`Options`: what an analysis can be told; one object for Python, the command line and whatever comes."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from visavox.errors import InputError, OptionError
from visavox.fusion import RULES
from visavox.recognizer import Prior


@dataclass(frozen=True)
class Options:
    """What an analysis can be told; shared by `analyze` and the command line.

    The fields are the arguments of `analyze`, which says what each means.

    Raises:
        OptionError: If a value is not one of these.
    """

    voice: str | None = "voice"
    face: str | None = "face"
    body: str | None = None
    fusion: str | None = "log-linear"
    every: float = 0.5
    start: float = 0.0
    end: float | None = None
    segments: tuple[tuple[float, float], ...] | None = None
    prior: Prior = "life"

    def __post_init__(self) -> None:
        if self.body is not None:
            raise OptionError(f"Bad value {self.body!r} for body: this version reads face and voice only.")
        if self.voice is None and self.face is None:
            raise OptionError("Nothing to judge: at least one of face and voice is needed.")
        if self.fusion is not None and self.fusion not in RULES:
            raise OptionError.one_of("fusion", self.fusion, RULES)
        if self.prior not in ("life", "uniform", "corpus"):
            raise OptionError.one_of("prior", self.prior, ("life", "uniform", "corpus"))
        if not (0.1 <= self.every <= 3600):
            raise OptionError(f"Bad value {self.every!r} for every: expected seconds between 0.1 and 3600.")
        if not (math.isfinite(self.start) and self.start >= 0):
            raise OptionError(f"Bad value {self.start!r} for start: expected seconds from 0 on.")
        if self.end is not None and not self.end > self.start:
            raise OptionError(f"Bad value {self.end!r} for end: expected seconds after start ({self.start:g}).")
        if self.segments is not None:
            object.__setattr__(self, "segments", _checked(self.segments))


def _checked(segments: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    ordered = tuple(sorted((float(start), float(end)) for start, end in segments))
    if not ordered:
        raise OptionError("There are no segments: expected at least one pair of start and end.")
    before = -math.inf
    for start, end in ordered:
        if not (start >= 0 and end > start):
            raise OptionError(
                f"Bad segment {start:g} to {end:g} s: expected a start from 0 on and an end after its start."
            )
        if start < before - 1e-9:
            raise OptionError(f"Bad segment {start:g} to {end:g} s: it overlaps the one before, up to {before:g} s.")
        before = end
    return ordered


def read_segments(path: str | Path) -> tuple[tuple[float, float], ...]:
    """Reads intervals from a CSV table with the columns ``start`` and ``end``, in seconds; other columns are ignored.

    Raises:
        InputError: If there is no such file or column, or a value is not a number.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            names = {name.strip().lower(): name for name in reader.fieldnames or ()}
            if not {"start", "end"} <= set(names):
                found_names = ", ".join(names) or "none"
                raise InputError(f"{path}: expected columns start and end, in seconds; found {found_names}.")
            found = []
            for number, row in enumerate(reader, 2):
                try:
                    found.append((float(row[names["start"]]), float(row[names["end"]])))
                except (TypeError, ValueError):
                    raise InputError(f"{path}, line {number}: start and end must be numbers of seconds.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the table of segments cannot be read ({error}).") from None
    return tuple(found)
