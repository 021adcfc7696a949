"""The face wing at work on a recording."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from visavox import media
from visavox.cells.cell import Cell, Looks
from visavox.errors import OptionError
from visavox.people import TrackRecord, mouth_opening

if TYPE_CHECKING:
    from visavox.face.recognizer import Look
    from visavox.face.tracking import FaceTracker, TrackedFace

Box = tuple[float, float, float, float]
Outline = tuple[tuple[float, float], ...]

WINDOW = 1.0
"""Seconds around the middle of a cell from which its face is judged.

A network that learned from sequences of faces says itself how long they are (`FaceRecognizer.window`).
"""

JUDGE_EVERY = 0.2
"""Seconds between two judgements of a face."""


class Faces:
    """The face wing at work: follows faces, judges them, and puts what it saw into the cells.

    A network of single faces judges each as it is seen. Of a network of sequences, what is seen within the window of a
    cell is kept until that closes, and judged then.
    """

    def __init__(self, name: str, recording: media.Recording) -> None:
        from visavox import zoo
        from visavox.face.recognizer import FaceRecognizer

        recognizer = zoo.load(name)
        if not isinstance(recognizer, FaceRecognizer):
            raise OptionError(f"Bad value {name!r} for face: that is a {recognizer.modality} model.")
        self.recognizer = recognizer
        self.window = WINDOW if recognizer.input is None else recognizer.window
        self.still = recording.is_still
        self.records: dict[int, TrackRecord] = {}
        self.points: list[tuple[float, int, Box, Outline]] = []
        self.judge_at = -math.inf
        self.kept: dict[int, list[Look]] = {}
        self.tracker: FaceTracker | None = None
        if recording.has_pictures:
            from visavox.face.tracking import FaceTracker

            self.tracker = FaceTracker()

    def look(self, picture: media.Picture, cells: Sequence[Cell], every: float) -> list[TrackedFace]:
        """Follows the faces in a picture, and judges or keeps them when it is time to; gives those that are there."""
        from visavox.face import crop, quality
        from visavox.face.outline import outline

        assert self.tracker is not None
        sequences = self.recognizer.input is not None
        judging = picture.time >= self.judge_at - 1e-6
        if judging:
            self.judge_at = picture.time + min(JUDGE_EVERY, every)
        found = self.tracker.update(picture.time, picture.pixels)
        for seen in found:
            left, top, width, height = (float(value) for value in seen.box)
            box = (left, top, width, height)
            record = self.records.get(seen.track)
            if record is None:
                record = self.records[seen.track] = TrackRecord(seen.track, picture.time, picture.time, box, box)
            opening = mouth_opening(seen.points)
            logits, reason = None, ""
            if judging or sequences:
                face = crop.cut(picture.pixels, seen.points)
                reason = quality.gate(quality.assess(face, seen.points))
                if sequences and not reason:
                    self._keep(seen, face)
                elif not reason:
                    logits = self.recognizer.logits(face[None])[0]
            record.see(picture.time, box, face if judging else None)
            if judging:
                self.points.append((picture.time, seen.track, box, outline(seen.points)))
            for cell in cells:
                inside = self.still or cell.start <= picture.time < cell.end
                if inside or cell.face_window[0] <= picture.time < cell.face_window[1]:
                    looks = Looks(logits, int(logits is not None), int(inside and logits is not None))
                    looks.mouth.append(opening)
                    if reason and inside:
                        looks.reasons[reason] += 1
                    cell.looks[seen.track] = cell.looks.get(seen.track, Looks()) + looks
        return found

    def _keep(self, seen: TrackedFace, face: NDArray[np.uint8]) -> None:
        from visavox.face.recognizer import Look

        assert self.recognizer.input is not None
        mesh = self.recognizer.input.wants == "mesh"
        self.kept.setdefault(seen.track, []).append(Look(seen.time, seen.points if mesh else face))

    def judge(self, cell: Cell) -> None:
        """Fills in the faces of a cell whose window has been seen to its end, by a network of sequences.

        Each track in the cell is judged by what was kept of it within the window, and weighs as much as that was.
        """
        from visavox.face.recognizer import clip_of

        if self.recognizer.input is None:
            return
        for track, looks in cell.looks.items():
            kept = self.kept.get(track, [])
            if not self.still:
                begin, end = min(cell.start, cell.face_window[0]), max(cell.end, cell.face_window[1])
                kept = [look for look in kept if begin <= look.time < end]
            inside = sum(self.still or cell.start <= look.time < cell.end for look in kept)
            if not inside:
                continue
            logits = self.recognizer.examine(clip_of(kept, self.recognizer.input.wants))[0]
            if len(logits):
                looks.logits, looks.judged, looks.inside = logits.mean(axis=0) * len(kept), len(kept), inside

    def forget(self, before: float) -> None:
        """Drops what no cell needs any more, where the picture is no still one."""
        if self.still:
            return
        for track, looks in list(self.kept.items()):
            while looks and looks[0].time < before:
                looks.pop(0)
            if not looks:
                del self.kept[track]
