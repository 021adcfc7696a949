"""Follows bodies from picture to picture, and says whose face is on which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.blaze.detector import Detection
from visavox.blaze.scene import Scene
from visavox.blaze.square import Square
from visavox.body.pose import SCORE, VISIBLE, Pose, PoseDetector, PoseNetwork, around_detection
from visavox.errors import OptionError
from visavox.face.tracking import TrackedFace
from visavox.joints.body25 import HEAD

EVERY = 0.2
"""Seconds between two looks at the bodies in a recording: a look costs ten times as much as one at a face."""

SEARCH_EVERY = 1.0
"""Seconds between two searches for bodies, where nobody is missed."""

SAME_BODY = 0.08
"""Mean distance of the points of two bodies, in sides of their square, under which they are one."""

REMEMBERED = 1.0
"""Seconds for which a lost body keeps its track, should it be found again where it was."""

NEW_BODY = 0.9
"""Pose score from which on a new body is believed; letters on a screen get less. What is followed already may sink to
the network's own limit."""

WITHOUT_FACE = 0.75
"""Score of the detector from which on a body is believed on which there is no face; with one, its own limit will do.
People from the side and from behind have 0.95 and more, heads and shoulders 0.65 to 0.9, things up to 0.6."""

LEAST = 4
"""Joints that must be seen of what is to be a body: the network fits one to anything that stands upright."""

FACE_REACH = 0.5
"""Distance of a body's nose, eyes and ears from a face's middle, in widths of that, under which the face is its own."""

AROUND_FACE, BELOW_FACE = 9.0, 2.5
"""Side of the square in which the body of a face is searched for, and how far its middle lies below the face's, in
heights of the face."""


@dataclass(frozen=True, eq=False)
class TrackedBody:
    """A body in one picture.

    Args:
        track: Number of its track: the same as long as the body is followed, never used again.
        time: Seconds of the picture.
        joints: In the order of BODY_25: x and y in pixels, visibility 0..1; all 0 of one that is not seen
            [shape=(25, 3), float32].
        score: How sure the pose network is that this is a body, 0..1.
        face: Track of the face that is on it, or None where none is followed.
    """

    track: int
    time: float
    joints: NDArray[np.float32]
    score: float
    face: int | None = None


class BodyTracker:
    """Finds bodies and follows them; belongs to one thread and one recording.

    A body is followed by its points alone: those of one look say where the next one looks. The detector searches the
    whole picture when nobody is followed, when somebody was lost, and else every second; and the surroundings of each
    face that has no body. A track ends when its points lie on no body any more and it is not found again nearby, when
    it leaves the picture, and where the scene is cut.

    Args:
        most: How many bodies are followed at once; larger ones come first.
        every: Seconds between two looks.

    Raises:
        OptionError: If `most` or `every` is not above 0.
        WeightsError: If the networks were not fetched.
    """

    def __init__(self, *, most: int = 8, every: float = EVERY) -> None:
        if most < 1:
            raise OptionError(f"Bad value {most!r} for most: expected 1 body or more.")
        if not every > 0:
            raise OptionError(f"Bad value {every!r} for every: expected seconds above 0.")
        self.most, self.every = most, every
        self._detect, self._fit, self._scene = PoseDetector(), PoseNetwork(), Scene()
        self._tracks: list[_Track] = []
        self._lost: list[_Track] = []
        self._made = 0
        self._look_at = self._search_at = -math.inf

    def update(
        self, time: float, pixels: NDArray[np.uint8], faces: Sequence[TrackedFace] = ()
    ) -> list[TrackedBody] | None:
        """Looks at the next picture, where it is time to.

        Args:
            time: Its seconds.
            pixels: The picture [shape=(h, w, 3), RGB].
            faces: Those that are followed in it.

        Returns:
            The bodies in it, oldest track first; None where it was not looked at.
        """
        if self._scene.is_cut(pixels):
            self._tracks, self._lost = [], []
        if time < self._look_at - 1e-6:
            return None
        self._look_at = time + self.every
        self._lost = [track for track in self._lost if time - track.time <= REMEMBERED]
        before = len(self._tracks)
        self._follow(time, pixels)
        wanted = not self._tracks or len(self._tracks) < before or time >= self._search_at
        if wanted and len(self._tracks) < self.most:
            self._search_at = time + SEARCH_EVERY
            self._search(time, pixels, faces)
            self._tracks.sort(key=lambda track: track.number)
        bodies = [_joints(track.pose, pixels) for track in self._tracks]
        return [
            TrackedBody(track.number, time, joints, track.pose.score, owner)
            for track, joints, owner in zip(self._tracks, bodies, joined(bodies, faces), strict=True)
        ]

    def _follow(self, time: float, pixels: NDArray[np.uint8]) -> None:
        kept: list[_Track] = []
        for track in self._tracks:
            pose = self._fit(pixels, track.pose.square)
            if not _is_there(pose, pixels):
                self._lost.append(track)
            elif not _same(kept, pose):
                kept.append(_Track(track.number, time, pose))
        self._tracks = kept

    def _search(self, time: float, pixels: NDArray[np.uint8], faces: Sequence[TrackedFace]) -> None:
        self._believe(time, pixels, self._detect(pixels), faces)
        owners = joined([_joints(track.pose, pixels) for track in self._tracks], faces)
        for face in faces:
            if face.track not in owners and len(self._tracks) < self.most:
                found = self._detect(pixels, around_face(face.box))
                self._believe(time, pixels, found, [face], only_with_face=True)

    def _believe(
        self,
        time: float,
        pixels: NDArray[np.uint8],
        found: Sequence[Detection],
        faces: Sequence[TrackedFace],
        only_with_face: bool = False,
    ) -> None:
        """Follows what was detected from now on, where a pose fits it and nobody is followed there."""
        for detection in sorted(found, key=lambda item: -_reach(item)):
            if len(self._tracks) >= self.most:
                return
            pose = self._fit(pixels, around_detection(detection))
            # Once more where it was found, as it will be followed: else it seems to move until the next look.
            pose = self._fit(pixels, pose.square) if _is_there(pose, pixels) else pose
            if not _is_there(pose, pixels) or _same(self._tracks, pose):
                continue
            alone = joined([_joints(pose, pixels)], faces) == [None]
            if alone and (only_with_face or detection.score < WITHOUT_FACE):
                continue
            again = _same(self._lost, pose)
            if pose.score < (SCORE if again else NEW_BODY):
                continue
            if again:
                self._lost.remove(again[0])
                number = again[0].number
            else:
                self._made += 1
                number = self._made
            self._tracks.append(_Track(number, time, pose))


def joined(bodies: Sequence[NDArray[np.floating]], faces: Sequence[TrackedFace]) -> list[int | None]:
    """The track of the face on each body; each face is on one body, the nearest pairs first.

    Args:
        bodies: Joints of those in a picture [shape=(25, 3) each].
        faces: Those followed in it.

    Returns:
        A track, or None, for each body.
    """
    result: list[int | None] = [None] * len(bodies)
    near = []
    for place, joints in enumerate(bodies):
        head = joints[list(HEAD)]
        head = head[head[:, 2] > 0, :2]
        for face in faces if len(head) else ():
            left, top, width, height = face.box.tolist()
            across, down = head.mean(axis=0) - (left + width / 2, top + height / 2)
            away = math.hypot(across, down) / max(width, height)
            if away < FACE_REACH:
                near.append((away, place, face.track))
    taken: set[int] = set()
    for _, place, track in sorted(near):
        if result[place] is None and track not in taken:
            result[place] = track
            taken.add(track)
    return result


def around_face(box: NDArray[np.floating]) -> Square:
    """The square in which the body of a face is searched for.

    Args:
        box: Left, top, width and height of the face, in pixels.
    """
    left, top, width, height = box.tolist()
    return Square(left + width / 2, top + height / 2 + BELOW_FACE * height, AROUND_FACE * height)


@dataclass(frozen=True, eq=False)
class _Track:
    """A body that is followed, or was: its number, when it was seen last, and how."""

    number: int
    time: float
    pose: Pose


def _joints(pose: Pose, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pose.joints(pixels.shape[1], pixels.shape[0])


def _is_there(pose: Pose, pixels: NDArray[np.uint8]) -> bool:
    """Whether a pose lies on a body of which enough is in the picture."""
    return pose.score >= SCORE and int((_joints(pose, pixels)[:, 2] > 0).sum()) >= LEAST


def _same(tracks: Sequence[_Track], pose: Pose) -> list[_Track]:
    """The tracks whose body is the same as one that was found."""

    def apart(other: Pose) -> float:
        both = np.maximum(pose.visibility, other.visibility) >= VISIBLE
        if not both.any():
            return math.inf
        away = np.linalg.norm(pose.points[both, :2] - other.points[both, :2], axis=1).mean()
        return float(away) / max(min(pose.square.side, other.square.side), 1e-9)

    return [track for track in tracks if apart(track.pose) < SAME_BODY]


def _reach(detection: Detection) -> float:
    """How large a detected body is: from its hips to the circle around it, in pixels."""
    return float(np.linalg.norm(detection.keypoints[1] - detection.keypoints[0]))
