"""From a recording to cells: the one pass in which faces and bodies are followed, voices heard, and all are judged.

Everything here is a stream. Faces are looked at ten times a second and judged five times, as often as bodies are looked
at; a voice is judged from the two seconds around a cell, a body from the three; what is kept does not grow with the
recording but for the cells themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from visavox import media
from visavox.cells import faces, voices
from visavox.cells.bodies import Bodies
from visavox.cells.cell import Cell, grid
from visavox.cells.faces import Faces
from visavox.cells.voices import Voices
from visavox.clip import VOICE_RATE
from visavox.options import Options

Progress = Callable[[float, float | None], None]

LOOK_EVERY = 0.1
"""Seconds between two looks at the picture to follow faces."""

SHORTEST_REST = 0.05
"""Seconds; what remains of a recording after its last whole cell is a cell of its own when it is longer."""


@dataclass(frozen=True)
class Wings:
    """What a recording is read with; None where something is left out."""

    faces: Faces | None = None
    voices: Voices | None = None
    bodies: Bodies | None = None

    @property
    def windows(self) -> tuple[float, float, float]:
        """Seconds around the middle of a cell from which face, voice and body are judged."""
        face = faces.WINDOW if self.faces is None else self.faces.window
        return face, voices.WINDOW, 0.0 if self.bodies is None else self.bodies.window

    @property
    def see(self) -> bool:
        """Whether pictures are looked at."""
        return self.faces is not None or self.bodies is not None

    def look(self, picture: media.Picture, cells: list[Cell], every: float) -> None:
        """Looks at the next picture; `cells` are those that it may belong to."""
        seen = self.faces.look(picture, cells, every) if self.faces is not None else ()
        if self.bodies is not None:
            self.bodies.look(picture, seen)

    def forget(self, before: float) -> None:
        """Drops what lies before the first cell that is not done."""
        for wing in (self.faces, self.voices, self.bodies):
            if wing is not None:
                wing.forget(before)

    def judge(self, cell: Cell) -> Cell:
        """The cell, judged: its windows have been seen and heard to their ends."""
        for wing in (self.faces, self.voices, self.bodies):
            if wing is not None:
                wing.judge(cell)
        return cell


def read_cells(
    recording: media.Recording, options: Options, begin: float, wings: Wings, progress: Progress | None = None
) -> Iterator[Cell]:
    """Reads the recording once and gives each cell as soon as nothing more can come into it."""
    cells = grid(options, begin, wings.windows)
    upcoming = next(cells, None)
    waiting: list[Cell] = []
    until = begin
    lasts = recording.duration if options.end is None else min(options.end, recording.duration or options.end)
    for item in recording.read(every=LOOK_EVERY, pictures=wings.see, sound=wings.voices is not None):
        # Items come in the order of their times: all that lies before this one has been seen and heard.
        while waiting and waiting[0].closes <= item.time:
            yield wings.judge(waiting.pop(0))
        finish = item.time if isinstance(item, media.Picture) else item.time + len(item.samples) / VOICE_RATE
        while upcoming is not None and upcoming.opens <= finish:
            waiting.append(upcoming)
            upcoming = next(cells, None)
        if isinstance(item, media.Picture):
            wings.look(item, waiting, options.every)
        elif wings.voices is not None:
            wings.voices.hear(item)
        wings.forget(waiting[0].opens if waiting else finish)
        until = max(until, finish)
        if progress is not None:
            progress(until - begin, None if lasts is None else lasts - begin)
    if wings.voices is not None:
        wings.voices.finish()
    # A picture lasts until the next one; a still one lasts one cell.
    end = max(until, recording.until)
    if recording.is_still or end <= begin:
        end = begin + options.every
    while upcoming is not None and upcoming.start < end - 1e-6:
        waiting.append(upcoming)
        upcoming = next(cells, None)
    for cell in waiting:
        if options.segments is not None or cell.start < end - SHORTEST_REST:
            if options.segments is None:
                cell.end = min(cell.end, end)
            yield wings.judge(cell)
