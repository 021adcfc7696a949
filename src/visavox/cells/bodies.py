"""The body wing at work on a recording."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from visavox import media
from visavox.cells.cell import Cell, Moves
from visavox.clip import Clip
from visavox.errors import OptionError
from visavox.options import MOVEMENT

if TYPE_CHECKING:
    from visavox.body.given import GivenBodies
    from visavox.body.recognizer import BodyRecognizer
    from visavox.body.tracking import BodyTracker, TrackedBody
    from visavox.face.tracking import TrackedFace

Joints = tuple[tuple[float, float, float], ...]

WINDOW = 1.0
"""Seconds around the middle of a cell that are waited for, where movement alone is measured."""

REACH = 0.2
"""Seconds before and after a cell whose looks count for its movement: a cell may hold a single one."""


@dataclass
class BodyRecord:
    """What is remembered of one body track: when it was seen, and how often with the face of which track."""

    track: int
    start: float
    end: float
    faces: Counter[int] = field(default_factory=Counter)


class Bodies:
    """The body wing at work: follows bodies, and judges how each moves in the window around a cell.

    Args:
        name: Of the model; :data:`visavox.options.MOVEMENT` where movement alone is measured.
        recording: What is read.
        joints: File or folder of joints that another program found in it; None where bodies are looked for here.
    """

    def __init__(self, name: str, recording: media.Recording, joints: str | None = None) -> None:
        self.recognizer: BodyRecognizer | None = None if name == MOVEMENT else _load(name)
        self.window = WINDOW if self.recognizer is None else self.recognizer.window
        self.still = recording.is_still
        self.records: dict[int, BodyRecord] = {}
        self.points: list[tuple[float, int, Joints]] = []
        self.kept: dict[int, list[TrackedBody]] = {}
        self.tracker: BodyTracker | GivenBodies | None = None
        if joints is not None:
            from visavox.body.given import GivenBodies
            from visavox.joints import read_joints

            self.tracker = GivenBodies(read_joints(joints, rate=_rate(recording)))
        elif recording.has_pictures:
            from visavox.body.tracking import BodyTracker

            self.tracker = BodyTracker()

    def look(self, picture: media.Picture, faces: Sequence[TrackedFace]) -> None:
        """Follows the bodies in a picture, where it is time to, and keeps what it sees."""
        assert self.tracker is not None
        for body in self.tracker.update(picture.time, picture.pixels, faces) or ():
            record = self.records.setdefault(body.track, BodyRecord(body.track, picture.time, picture.time))
            record.end = picture.time
            if body.face is not None:
                record.faces[body.face] += 1
            self.kept.setdefault(body.track, []).append(body)
            joints = tuple((x, y, seen) for x, y, seen in body.joints.tolist())
            self.points.append((picture.time, body.track, joints))

    def judge(self, cell: Cell) -> None:
        """Fills in the bodies of a cell whose window has been seen to its end."""
        from visavox.body.movement import movement

        for track, kept in self.kept.items():
            inside = sum(self.still or cell.start <= body.time < cell.end for body in kept)
            if not inside:
                continue
            near = [body for body in kept if cell.start - REACH <= body.time < cell.end + REACH]
            energy = movement(np.stack([body.joints for body in near]), np.array([body.time for body in near]))
            cell.moves[track] = moves = Moves(looks=inside, movement=energy)
            if self.recognizer is None:
                moves.reason = "cropped" if math.isnan(energy) else "not_asked"
                continue
            begin, end = min(cell.start, cell.body_window[0]), max(cell.end, cell.body_window[1])
            seen = [body for body in kept if self.still or begin <= body.time < end]
            joints, times = np.stack([body.joints for body in seen]), np.array([body.time for body in seen])
            logits, moves.reason, moves.upper = self.recognizer.examine(Clip(joints=joints, times=times))
            if not moves.reason:
                moves.logits = logits.mean(axis=0)

    def forget(self, before: float) -> None:
        """Drops what no cell needs any more, where the picture is no still one."""
        if self.still:
            return
        for track, bodies in list(self.kept.items()):
            while bodies and bodies[0].time < before - REACH:
                bodies.pop(0)
            if not bodies:
                del self.kept[track]


def _rate(recording: media.Recording) -> float | None:
    """Pictures a second of a recording, as its file says."""
    rates = [stream.get("pictures_per_second") for stream in recording.streams if stream["used"]]
    return next((rate for rate in rates if rate), None)


def _load(name: str) -> BodyRecognizer:
    from visavox import zoo
    from visavox.body.recognizer import BodyRecognizer

    recognizer = zoo.load(name)
    if not isinstance(recognizer, BodyRecognizer):
        raise OptionError(f"Bad value {name!r} for body: that is a {recognizer.modality} model.")
    return recognizer
