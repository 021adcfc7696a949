"""`Options`: what an analysis can be told; one object for Python, the command line and whatever comes."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from visavox.baseline.by_person import KINDS, Kind
from visavox.errors import InputError, OptionError
from visavox.fusion import RULES
from visavox.recognizer import Prior

MOVEMENT = "movement"
"""What is named in the place of a body model where movement alone is to be measured."""


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
    joints: str | None = None
    fusion: str | None = "log-linear"
    every: float = 0.5
    start: float = 0.0
    end: float | None = None
    segments: tuple[tuple[float, float], ...] | None = None
    prior: Prior = "life"
    baseline: Kind = "self"
    neutral: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.voice is None and self.face is None and self.body is None:
            raise OptionError("Nothing to judge: at least one of face, voice and body is needed.")
        if self.joints is not None and self.body is None:
            raise OptionError("Joints are named and no body: name a body model as well, or movement to measure alone.")
        if self.fusion is not None and self.fusion not in RULES and not is_place(self.fusion):
            raise OptionError.one_of("fusion", self.fusion, (*RULES, "the path of a fusion that was trained"))
        if self.prior not in ("life", "uniform", "corpus"):
            raise OptionError.one_of("prior", self.prior, ("life", "uniform", "corpus"))
        self._check_baseline()
        if not (0.1 <= self.every <= 3600):
            raise OptionError(f"Bad value {self.every!r} for every: expected seconds between 0.1 and 3600.")
        if not (math.isfinite(self.start) and self.start >= 0):
            raise OptionError(f"Bad value {self.start!r} for start: expected seconds from 0 on.")
        if self.end is not None and not self.end > self.start:
            raise OptionError(f"Bad value {self.end!r} for end: expected seconds after start ({self.start:g}).")
        if self.segments is not None:
            object.__setattr__(self, "segments", _checked(self.segments))

    def _check_baseline(self) -> None:
        """A stretch that was named as neutral is a baseline of its own kind."""
        if self.baseline not in KINDS:
            raise OptionError.one_of("baseline", self.baseline, ("self", "enrolment", "none"))
        if self.neutral is None:
            if self.baseline == "enrolment":
                raise OptionError("Baseline enrolment needs neutral: the stretch in which the person is neutral.")
            return
        if self.baseline == "none":
            raise OptionError("A stretch is named as neutral, and baseline is none: leave one of the two out.")
        start, end = (float(value) for value in self.neutral)
        if not (start >= 0 and math.isfinite(end) and end > start):
            raise OptionError(
                f"Bad value {start:g} to {end:g} s for neutral: expected a start from 0 on and an end after it."
            )
        if end <= self.start or (self.end is not None and start >= self.end):
            raise OptionError(f"Bad value {start:g} to {end:g} s for neutral: it lies outside the part to analyse.")
        object.__setattr__(self, "neutral", (start, end))
        object.__setattr__(self, "baseline", "enrolment")


def is_place(fusion: str) -> bool:
    """Whether a fusion is named by where it lies, as one that was trained, and not by its rule.

    Example:
        >>> is_place("runs/late-lr"), is_place("product")
        (True, False)
    """
    path = Path(fusion)
    return fusion not in RULES and (len(path.parts) > 1 or path.suffix in (".json", ".onnx") or path.is_dir())


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


def read_stretch(text: str) -> tuple[float, float]:
    """The two ends of a stretch as people type it, in seconds.

    Raises:
        OptionError: If it is not two numbers with a dash between them.

    Example:
        >>> read_stretch("0-12.5")
        (0.0, 12.5)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*-\s*(\d+(?:\.\d*)?)\s*", text)
    if found is None:
        raise OptionError(f"Bad value {text!r} for neutral: expected START-END in seconds, for example 0-10.")
    return float(found[1]), float(found[2])


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
