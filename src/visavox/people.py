"""Who is who over a recording, and whose voice it is.

A face track ends when its face is lost, turned away or cut off; a person is a chain of tracks. What is kept of a track
is small (where it began and ended, what it looks like), so a long recording costs no more than a short one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visavox.face.crop import LEFT_EYE, RIGHT_EYE, shrink

LOOKS_LIKE = 16
"""Side of the small picture by which two tracks are compared, in pixels."""

SAME_FACE = 0.80
"""Correlation of these pictures from which on two tracks that are near each other may be one person."""

SAME_FACE_ANYWHERE = 0.93
"""The same, when the face has moved to another place (after a cut, say)."""

SHORTEST_TRACK = 0.5
"""Seconds that a track must last to make a person by itself, in recordings that are longer than this."""

UPPER_LIP, LOWER_LIP = 13, 14
"""Mesh points at the inner middle of the lips."""

CLEARLY_MORE = 1.5
"""How many times more than everybody else's a mouth must move to be the speaker's."""

STILL_MOUTH = 0.012
"""Deviation of mouth opening, in distances between the eyes, under which a mouth does not speak."""


@dataclass
class TrackRecord:
    """What is remembered of one face track.

    Args:
        track: Its number.
        start: First moment, in seconds.
        end: Last moment.
        first: Box where it began: left, top, width, height in pixels.
        last: Box where it ended.
    """

    track: int
    start: float
    end: float
    first: tuple[float, float, float, float]
    last: tuple[float, float, float, float]
    _sum: NDArray[np.float64] = field(default_factory=lambda: np.zeros((LOOKS_LIKE, LOOKS_LIKE, 3)))
    _count: int = 0

    def see(self, time: float, box: tuple[float, float, float, float], crop: NDArray[np.uint8] | None) -> None:
        """Adds one look at the face; `crop` is its aligned picture, where one was cut."""
        self.end, self.last = time, box
        if crop is not None:
            self._sum += shrink(crop, LOOKS_LIKE)
            self._count += 1

    def likeness(self, other: TrackRecord) -> float:
        """Correlation of the two mean pictures, -1..1; 0 where one has none."""
        if not self._count or not other._count:
            return 0.0
        mine, theirs = (_standardised(record._sum) for record in (self, other))
        return float((mine * theirs).mean())


def _standardised(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = picture - picture.mean()
    result: NDArray[np.float64] = centred / max(float(centred.std()), 1e-9)
    return result


def people(records: Sequence[TrackRecord], shortest: float = SHORTEST_TRACK) -> dict[int, str]:
    """The person of each track: ``"person-1"`` for who is seen first, and so on.

    A track continues the person whose last track had ended before it began and who looks alike: from
    :data:`SAME_FACE` on where it left off, from :data:`SAME_FACE_ANYWHERE` on anywhere else. What remains and lasts
    less than `shortest` seconds is nobody.

    Args:
        records: All tracks of a recording.
        shortest: Seconds; 0 keeps every track.

    Returns:
        Person by track; tracks of nobody are absent.
    """
    chains: list[list[TrackRecord]] = []
    for record in sorted(records, key=lambda item: (item.start, item.track)):
        best, best_score = None, 0.0
        for chain in chains:
            if any(item.end >= record.start for item in chain):
                continue
            likeness = max(item.likeness(record) for item in chain)
            needed = SAME_FACE if _near(chain[-1].last, record.first) else SAME_FACE_ANYWHERE
            if likeness >= needed and likeness > best_score:
                best, best_score = chain, likeness
        if best is None:
            chains.append([record])
        else:
            best.append(record)
    lasting = [chain for chain in chains if sum(item.end - item.start for item in chain) >= shortest]
    return {item.track: f"person-{number}" for number, chain in enumerate(lasting, 1) for item in chain}


class Followed(Protocol):
    """A body track, as far as it matters here: when it was seen, and how often with the face of which track."""

    track: int
    start: float
    end: float
    faces: Counter[int]


def owners(bodies: Iterable[Followed], face_of: Mapping[int, str], shortest: float = SHORTEST_TRACK) -> dict[int, str]:
    """The person of each body track: whose face is on it most often.

    A body on which no face of anybody is ever seen is a person of its own, numbered behind the others; one that lasts
    less than `shortest` seconds is nobody.

    Args:
        bodies: All body tracks of a recording.
        face_of: The person of each face track.
        shortest: Seconds; 0 keeps every track.

    Returns:
        Person by track, in the order of their starts; tracks of nobody are absent.
    """
    found: dict[int, str] = {}
    number = len(set(face_of.values()))
    for body in sorted(bodies, key=lambda item: (item.start, item.track)):
        votes: Counter[str] = Counter()
        for face, count in body.faces.items():
            if face in face_of:
                votes[face_of[face]] += count
        if votes:
            found[body.track] = votes.most_common(1)[0][0]
        elif body.end - body.start >= shortest:
            number += 1
            found[body.track] = f"person-{number}"
    return found


def _near(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two boxes have about the same place and size."""
    centres = [np.array([box[0] + box[2] / 2, box[1] + box[3] / 2]) for box in (one, other)]
    sizes = [max(box[2], box[3]) for box in (one, other)]
    return bool(
        np.linalg.norm(centres[0] - centres[1]) < 0.75 * max(sizes) and max(sizes) < 1.6 * max(min(sizes), 1e-9)
    )


def mouth_opening(points: NDArray[np.floating]) -> float:
    """Distance of the inner lips over the distance of the outer eye corners.

    Args:
        points: Face mesh [shape=(468, 3)].
    """
    lips = np.linalg.norm(points[UPPER_LIP, :2] - points[LOWER_LIP, :2])
    eyes = np.linalg.norm(points[RIGHT_EYE, :2] - points[LEFT_EYE, :2])
    return float(lips / max(float(eyes), 1e-9))


def speaker(motion: Mapping[str, float]) -> str:
    """Who of several people speaks, by how much their mouths move.

    Args:
        motion: Deviation of mouth opening over a stretch with speech, by person.

    Returns:
        The person, or ``""`` when no mouth moves clearly more than the others.

    Example:
        >>> speaker({"person-1": 0.08, "person-2": 0.01}), speaker({"person-1": 0.05, "person-2": 0.04})
        ('person-1', '')
    """
    ranked = sorted(motion, key=motion.__getitem__, reverse=True)
    if not ranked or motion[ranked[0]] < STILL_MOUTH:
        return ""
    if len(ranked) > 1 and motion[ranked[0]] < CLEARLY_MORE * motion[ranked[1]]:
        return ""
    return ranked[0]
