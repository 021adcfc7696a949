"""Follows faces from picture to picture: who is who while they stay in sight."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.blaze.detector import overlap
from visavox.blaze.scene import Scene
from visavox.errors import OptionError
from visavox.face.detector import FaceDetector
from visavox.face.mesh import SCORE, FaceMesh, Mesh, around_detection, around_mesh

NEW_FACE = 0.9
"""Mesh score from which on a new face is believed; two profiles side by side, a hand, get less. What is followed
already may sink to the network's own limit."""

SAME_FACE = 0.5
"""Intersection over union of two tracked faces from which on they are one; the older track stays."""

KNOWN_FACE = 0.2
"""Intersection over union from which on a found face is one that is followed already, or was until just now."""

REMEMBERED = 1.0
"""Seconds for which a lost face keeps its track, should it be found again where it was."""

FAR_SEARCHES = 4
"""Of so many searches one is for small faces too, while somebody is followed; their detector takes longer."""


@dataclass(frozen=True, eq=False)
class TrackedFace:
    """A face in one picture.

    Args:
        track: Number of its track: the same as long as the face is followed, never used again.
        time: Seconds of the picture.
        points: Its mesh: x, y in pixels, z in the same unit [shape=(468, 3), float32].
        box: Left, top, width and height of the mesh in pixels [shape=(4,), float32].
        score: How sure the mesh network is that this is a face, 0..1.
    """

    track: int
    time: float
    points: NDArray[np.float32]
    box: NDArray[np.float32]
    score: float


class FaceTracker:
    """Finds faces and follows them; belongs to one thread and one recording.

    A face is followed by its mesh alone: the mesh of one picture says where to look in the next. The detectors look
    at the whole picture when nobody is followed, when somebody was lost, and else every so often, for those who come
    in. A track ends when its mesh fits no face any more and is not found again nearby, when it leaves the picture,
    and where the scene is cut.

    Args:
        most: How many faces are followed at once; larger ones come first.
        every: Seconds between two searches for new faces.

    Raises:
        OptionError: If `most` or `every` is not above 0.
        WeightsError: If the networks were not fetched.
    """

    def __init__(self, *, most: int = 8, every: float = 0.5) -> None:
        if most < 1:
            raise OptionError(f"Bad value {most!r} for most: expected 1 face or more.")
        if not every > 0:
            raise OptionError(f"Bad value {every!r} for every: expected seconds above 0.")
        self.most = most
        self.every = every
        self._near, self._far, self._mesh = FaceDetector("short"), FaceDetector("full"), FaceMesh()
        self._tracks: list[_Track] = []
        self._lost: list[_Track] = []
        self._made = 0
        self._search_at = self._far_at = -math.inf
        self._scene = Scene()

    def update(self, time: float, pixels: NDArray[np.uint8]) -> list[TrackedFace]:
        """Looks at the next picture.

        Args:
            time: Its seconds.
            pixels: The picture [shape=(h, w, 3), RGB].

        Returns:
            The faces in it, oldest track first.
        """
        if self._scene.is_cut(pixels):
            self._tracks, self._lost = [], []
            self._far_at = time
        self._lost = [track for track in self._lost if time - track.time <= REMEMBERED]
        before = len(self._tracks)
        self._follow(time, pixels)
        wanted = not self._tracks or len(self._tracks) < before or time >= self._search_at
        if wanted and len(self._tracks) < self.most:
            self._search_at = time + self.every
            self._search(self._near, time, pixels)
            if time >= self._far_at:
                self._search(self._far, time, pixels)
                self._far_at = time + self.every * (FAR_SEARCHES if self._tracks else 1)
            self._tracks.sort(key=lambda track: track.number)
        return [
            TrackedFace(track.number, time, track.mesh.points, track.mesh.box, track.mesh.score)
            for track in self._tracks
        ]

    def _follow(self, time: float, pixels: NDArray[np.uint8]) -> None:
        kept: list[_Track] = []
        for track in self._tracks:
            mesh = self._mesh(pixels, around_mesh(track.mesh))
            if mesh.score < SCORE or not _is_inside(mesh, pixels):
                self._lost.append(track)
            elif not _overlapping(kept, mesh.box, SAME_FACE):
                kept.append(_Track(track.number, time, mesh))
        self._tracks = kept

    def _search(self, detector: FaceDetector, time: float, pixels: NDArray[np.uint8]) -> None:
        for detection in sorted(detector(pixels), key=lambda item: -float(item.box[2])):
            if len(self._tracks) >= self.most or _overlapping(self._tracks, detection.box, KNOWN_FACE):
                continue
            mesh = self._mesh(pixels, around_detection(detection))
            again = _overlapping(self._lost, mesh.box, KNOWN_FACE)
            needed = SCORE if again else NEW_FACE
            if mesh.score < needed or not _is_inside(mesh, pixels) or _overlapping(self._tracks, mesh.box, KNOWN_FACE):
                continue
            if again:
                self._lost.remove(again[0])
                number = again[0].number
            else:
                self._made += 1
                number = self._made
            self._tracks.append(_Track(number, time, mesh))


@dataclass(frozen=True, eq=False)
class _Track:
    """A face that is followed, or was: its number, when it was seen last, and how."""

    number: int
    time: float
    mesh: Mesh


def _overlapping(tracks: list[_Track], box: NDArray[np.float32], shared: float) -> list[_Track]:
    """The tracks whose face overlaps a box by more than so much."""
    return [track for track in tracks if overlap(box, track.mesh.box) > shared]


def _is_inside(mesh: Mesh, pixels: NDArray[np.uint8]) -> bool:
    """Whether the middle of a mesh lies in the picture."""
    left, top, width, height = mesh.box.tolist()
    return bool(0 <= left + width / 2 < pixels.shape[1] and 0 <= top + height / 2 < pixels.shape[0])
