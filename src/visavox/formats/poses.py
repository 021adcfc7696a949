"""Where a person was, as the page draws it without the recording: skeleton and outline of the face, by moments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visavox.face.outline import LINES, POINTS
from visavox.formats.drawing import LEVELS
from visavox.formats.video.places import LIMBS, SEEN
from visavox.timeline import TrackPoint

MOST_POSES = 200
"""Moments of all people together that a page holds; where there are more, one of two is kept, or of three …"""

SIZE = 1000
"""Length of the longer side of a drawing, in units of its own."""

HIDDEN = (15, 16, 17, 18)
"""Joints that are left out where a face has its outline, which shows them better: eyes and ears."""

MARGIN = 0.04
"""What is left free around everything, over the longer side."""

FINE = len(LEVELS) ** 2 - 1
"""Steps over the longer side of a drawing in two characters, each one of :data:`visavox.formats.drawing.LEVELS`."""

Box = tuple[float, float, float, float]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Poses:
    """The moments of one person that are kept, and the part of the picture that holds them all.

    Args:
        points: The moments, in order; their places are in units of the drawing, 0..`width` and 0..`height`.
        width: Width of the drawing in units.
        height: Its height; the longer of the two is :data:`SIZE`.
        kept: One of how many moments is kept.
    """

    points: tuple[TrackPoint, ...]
    width: int
    height: int
    kept: int

    @property
    def near(self) -> float:
        """Seconds from a moment within which it still tells where the person is."""
        gaps = sorted(after.time - before.time for before, after in zip(self.points, self.points[1:], strict=False))
        return round(max(0.3, 0.75 * gaps[len(gaps) // 2]), 3) if gaps else 0.3

    @property
    def best(self) -> TrackPoint:
        """The moment at which most is seen; of equals the middle one."""
        most = max(map(_seen, self.points))
        equals = [point for point in self.points if _seen(point) == most]
        return equals[len(equals) // 2]


def poses(tracks: Iterable[TrackPoint], most: int = MOST_POSES) -> Poses | None:
    """The moments of one person; None where the person is never to be seen.

    Args:
        tracks: Points of one person.
        most: Largest number of moments.
    """
    points = sorted((point for point in map(_finite, tracks) if _seen(point)), key=lambda point: point.time)
    if not points:
        return None
    kept = math.ceil(len(points) / most)
    points = points[::kept]
    xs, ys = zip(*(place for point in points for place in _places(point)), strict=True)
    side = max(max(xs) - min(xs), max(ys) - min(ys), 1.0)
    scale = SIZE * (1 - 2 * MARGIN) / side
    left, top = min(xs) - MARGIN * SIZE / scale, min(ys) - MARGIN * SIZE / scale
    width, height = (
        max(1, round((max(line) - start) * scale + MARGIN * SIZE)) for line, start in ((xs, left), (ys, top))
    )
    return Poses(tuple(_moved(point, left, top, scale) for point in points), width, height, kept)


def shapes(point: TrackPoint) -> dict[str, str]:
    """A moment as paths: ``face`` (outline, or box), ``limbs``, and ``joints`` (dots, as lines of no length)."""
    limbs = [(point.joints[one], point.joints[two]) for one, two in LIMBS if max(one, two) < len(point.joints)]
    face = []
    if len(point.outline) == len(POINTS):
        face = [[point.outline[place] for place in line] for line in LINES]
    elif point.box:
        left, top, width, height = point.box
        face = [[(left, top), (left + width, top), (left + width, top + height), (left, top + height), (left, top)]]
    return {
        "face": "".join(map(_line, face)),
        "limbs": "".join(_line([one[:2], two[:2]]) for one, two in limbs if min(one[2], two[2]) >= SEEN),
        "joints": "".join(f"M{x:.0f} {y:.0f}h0" for x, y, confidence in point.joints if confidence >= SEEN),
    }


def told(point: TrackPoint) -> str:
    """What is drawn of a moment, in words."""
    joints = sum(joint[2] >= SEEN for joint in point.joints)
    parts = (["face"] if point.box or point.outline else []) + ([f"{joints} joints of the body"] if joints else [])
    return " and ".join(parts)


def pack(found: Poses) -> dict[str, object]:
    """The moments as the page's script reads them.

    Returns:
        ``times`` in seconds, ``near`` (see `Poses.near`), ``used`` (which joints are ever seen) and ``places``. That is
        for each moment a letter for its face (n: none, b: box, o: outline); unless there is none the box around it
        (left, top, width, height; two characters each); the points of an outline over that box (one character a
        coordinate); and for each used joint x and y (two characters each) or a blank where it is not seen.
    """
    used = sorted({place for point in found.points for place, joint in enumerate(point.joints) if joint[2] >= SEEN})
    return {
        "times": [round(point.time, 2) for point in found.points],
        "near": found.near,
        "used": used,
        "places": "".join(_packed(point, used) for point in found.points),
    }


def _packed(point: TrackPoint, used: Sequence[int]) -> str:
    text = ["n"]
    if len(point.outline) == len(POINTS):
        left, top, width, height = around = _around(point.outline)
        text = ["o", *map(_fine, around)]
        text += [
            LEVELS[round(100 * (x - left) / (width or 1))] + LEVELS[round(100 * (y - top) / (height or 1))]
            for x, y in point.outline
        ]
    elif point.box:
        text = ["b", *map(_fine, point.box)]
    for place in used:
        x, y, confidence = point.joints[place] if place < len(point.joints) else (0.0, 0.0, 0.0)
        text.append(_fine(x) + _fine(y) if confidence >= SEEN else " ")
    return "".join(text)


def _fine(value: float) -> str:
    high, low = divmod(min(max(round(value / SIZE * FINE), 0), FINE), len(LEVELS))
    return LEVELS[high] + LEVELS[low]


def _around(places: Iterable[Pair]) -> Box:
    xs, ys = zip(*places, strict=True)
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _finite(point: TrackPoint) -> TrackPoint:
    """The moment without what is no number, and without what the outline of its face shows better."""
    hidden = HIDDEN if len(point.outline) == len(POINTS) else ()
    return TrackPoint(
        point.time,
        point.person,
        point.box if point.box and all(map(math.isfinite, point.box)) else None,
        point.outline if all(math.isfinite(x + y) for x, y in point.outline) else (),
        tuple(
            joint if place not in hidden and all(map(math.isfinite, joint)) else (0.0, 0.0, 0.0)
            for place, joint in enumerate(point.joints)
        ),
    )


def _moved(point: TrackPoint, left: float, top: float, scale: float) -> TrackPoint:
    def moved(x: float, y: float) -> Pair:
        return (x - left) * scale, (y - top) * scale

    def joint(x: float, y: float, confidence: float) -> tuple[float, float, float]:
        return (*moved(x, y), confidence) if confidence >= SEEN else (0.0, 0.0, 0.0)

    box = point.box
    return TrackPoint(
        point.time,
        point.person,
        None if box is None else (*moved(*box[:2]), box[2] * scale, box[3] * scale),
        tuple(moved(x, y) for x, y in point.outline),
        tuple(joint(*each) for each in point.joints),
    )


def _places(point: TrackPoint) -> list[Pair]:
    places = [*point.outline, *((x, y) for x, y, confidence in point.joints if confidence >= SEEN)]
    if point.box:
        left, top, width, height = point.box
        places += [(left, top), (left + width, top + height)]
    return places


def _seen(point: TrackPoint) -> int:
    return len(_places(point))


def _line(places: Sequence[Pair]) -> str:
    return "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in places)
