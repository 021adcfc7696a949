"""Cells: stretches of a recording, and what was seen and heard in each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visavox.options import Options
from visavox.voice.activity import CHUNK_SECONDS

Floats = NDArray[np.float64]

SPEECH_MARGIN = 0.15
"""A cell in whose reach (its own time, and this many seconds around it) nobody speaks is silence."""

LONGEST_CELL = 2.0
"""Seconds; longer stretches are judged in pieces and pooled, so that nothing long is ever held in memory."""


@dataclass
class Looks:
    """What was seen of one face in the window of one cell: sums, not pictures."""

    logits: Floats | None = None
    judged: int = 0
    inside: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    mouth: list[float] = field(default_factory=list)

    def __add__(self, other: Looks) -> Looks:
        logits = [looks.logits for looks in (self, other) if looks.logits is not None]
        return Looks(
            sum(logits[1:], logits[0]) if logits else None,
            self.judged + other.judged,
            self.inside + other.inside,
            self.reasons + other.reasons,
            self.mouth + other.mouth,
        )


@dataclass
class Moves:
    """What was seen of one body in one cell.

    Args:
        logits: Of the window around the cell, or None where it could not be judged.
        reason: Why not; ``""`` where it could.
        looks: How many looks at it within the cell.
        movement: As `visavox.body.movement` measures it around the cell; NaN where that cannot be known.
        upper: Whether its upper body alone was judged.
    """

    logits: Floats | None = None
    reason: str = ""
    looks: int = 0
    movement: float = math.nan
    upper: bool = False


@dataclass
class Cell:
    """One stretch of the recording while it is filled; cells of one group make one segment.

    Args:
        group: Number of the segment it belongs to.
        start: Begin in seconds.
        end: End (exclusive).
        face_window: Stretch from which its faces are judged.
        voice_window: Stretch from which its voice is judged.
        body_window: Stretch from which its bodies are judged.
        looks: What was seen of faces, by track.
        moves: What was seen of bodies, by track.
        voice: Sum of logits, each times the seconds of speech it was judged from; None where nobody spoke.
        speech: Seconds of speech.
        heard: Seconds of speech within reach of the cell itself.
    """

    group: int
    start: float
    end: float
    face_window: tuple[float, float]
    voice_window: tuple[float, float]
    body_window: tuple[float, float]
    looks: dict[int, Looks] = field(default_factory=dict)
    moves: dict[int, Moves] = field(default_factory=dict)
    voice: Floats | None = None
    speech: float = 0.0
    heard: float = 0.0

    @property
    def opens(self) -> float:
        """Before this moment nothing can come in, in seconds."""
        return min(self.start - SPEECH_MARGIN, *(begin for begin, _ in self._windows))

    @property
    def closes(self) -> float:
        """From this moment on nothing more can come in, in seconds."""
        return max(self.end + SPEECH_MARGIN, *(end for _, end in self._windows)) + CHUNK_SECONDS

    @property
    def _windows(self) -> tuple[tuple[float, float], ...]:
        return self.face_window, self.voice_window, self.body_window


def grid(options: Options, begin: float, windows: tuple[float, float, float]) -> Iterator[Cell]:
    """The cells in order; without end, unless the options have one. `windows`: seconds for face, voice and body."""
    group = 0
    while True:
        if options.segments is not None:
            if group >= len(options.segments):
                return
            start, end = options.segments[group]
        else:
            start, end = begin + group * options.every, begin + (group + 1) * options.every
            if options.end is not None and start >= options.end - 1e-6:
                return
        edges = np.linspace(start, end, math.ceil((end - start) / LONGEST_CELL - 1e-6) + 1).tolist()
        for low, high in pairwise(edges):
            face, voice, body = ((low, high),) * 3
            if options.segments is None:
                middle = (low + high) / 2
                half = (max(window, high - low) / 2 for window in windows)
                face, voice, body = ((middle - size, middle + size) for size in half)
            yield Cell(group, low, high, face, voice, body)
        group += 1
