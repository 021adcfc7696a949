"""Where people are at any moment of a recording, from the points of their tracks, and where their heads may be."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from visavox.joints.body25 import HEAD
from visavox.timeline import Timeline, TrackPoint

LIMBS = (
    (0, 1), (1, 8), (0, 15), (15, 17), (0, 16), (16, 18),
    (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7),
    (8, 9), (9, 10), (10, 11), (11, 22), (22, 23), (11, 24),
    (8, 12), (12, 13), (13, 14), (14, 19), (19, 20), (14, 21),
)  # fmt: skip
"""Joints of BODY_25 that are joined."""

NECK, HIPS, SHOULDERS = 1, 8, (2, 5)

SEEN = 0.1
"""Confidence below which a joint is not drawn."""

LONGEST_GAP = 0.6
"""Seconds between two points of a person between which their place is interpolated; in longer gaps nobody is drawn."""
NEAR = 0.1
"""Seconds before and after a point that has no neighbour for which it is drawn."""

HELD = 0.3
"""Seconds before and after a track for which a head is hidden where it was."""
BRIDGED = 2.0
"""Seconds without a point that are taken for a head that was missed rather than gone: it is hidden all the same."""
MARGIN = 0.35
"""What a hidden region has around the face at each side, over the longer side of its box: hair, ears, a quick turn."""
MARGIN_HELD = 0.6
"""The same where nothing was found and the place is a guess."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""
Joint = tuple[float, float, float]
"""x and y in pixels, and confidence."""


class Places:
    """Where everybody is, by the tracks of a timeline.

    Args:
        timeline: Whose tracks.
        scale: Pixels of the picture that is drawn on over those of the recording's upright picture.

    Example:
        >>> points = (TrackPoint(1.0, "person-1", (0, 0, 10, 10)), TrackPoint(1.2, "person-1", (4, 0, 10, 20)))
        >>> [round(value, 3) for value in Places(Timeline((), tracks=points)).at(1.05)[0].box]
        [1.0, 0.0, 10.0, 12.5]
    """

    def __init__(self, timeline: Timeline, scale: float = 1.0) -> None:
        points: dict[str, list[TrackPoint]] = {}
        self._nobody: list[tuple[float, Box]] = []
        for point in sorted(timeline.tracks, key=lambda item: item.time):
            if point.person:
                points.setdefault(point.person, []).append(sound(point, scale))
            elif (head := _hidden(sound(point, scale))) is not None:
                self._nobody.append((point.time, head))
        self._points = points
        self._times = {person: [point.time for point in found] for person, found in points.items()}
        self._heads = {person: [(point.time, head) for point in found if (head := _hidden(point)) is not None]
                       for person, found in points.items()}  # fmt: skip
        self._head_times = {person: [time for time, _ in found] for person, found in self._heads.items()}

    def at(self, time: float) -> list[TrackPoint]:
        """Where everybody is who is seen at a moment, in the order in which they first appear.

        Args:
            time: Seconds of presentation time.
        """
        found = (self._of(person, time) for person in self._points)
        return [point for point in found if point is not None]

    def _of(self, person: str, time: float) -> TrackPoint | None:
        points, after = self._points[person], bisect_right(self._times[person], time)
        past, following = points[max(0, after - 1)], points[min(after, len(points) - 1)]
        if past.time <= time <= following.time <= past.time + LONGEST_GAP:
            return between(past, following, time)
        nearest = min(past, following, key=lambda point: abs(point.time - time))
        return nearest if abs(nearest.time - time) <= NEAR else None

    def heads(self, time: float) -> Iterator[Box]:
        """The regions in which a head is or may be at a moment, enlarged; more rather than less.

        Between two points it is all that the head passes over from one to the other.
        """
        for person, heads in self._heads.items():
            after = bisect_right(self._head_times[person], time)
            past = heads[after - 1] if after else None
            next_ = heads[after] if after < len(heads) else None
            if past is not None and next_ is not None and next_[0] - past[0] <= BRIDGED:
                sure = next_[0] - past[0] <= LONGEST_GAP
                one, two = (enlarged(head, MARGIN if sure else MARGIN_HELD) for _, head in (past, next_))
                yield min(one[0], two[0]), min(one[1], two[1]), max(one[2], two[2]), max(one[3], two[3])
                continue
            for known in (past, next_):
                if known is not None and abs(known[0] - time) <= HELD:
                    yield enlarged(known[1], MARGIN if known[0] == time else MARGIN_HELD)
        first = bisect_left(self._nobody, time - HELD, key=lambda known: known[0])
        for _, head in takewhile(lambda known: known[0] <= time + HELD, islice(self._nobody, first, None)):
            yield enlarged(head, MARGIN_HELD)


def between(one: TrackPoint, two: TrackPoint, time: float) -> TrackPoint:
    """A person between two points, each place on the straight way from one to the other.

    What only one of them has is taken from it, as long as it is the nearer one. A face that is further from where it
    was than it is long has not moved there: the picture was cut, and the nearer point is taken.

    Args:
        one: The earlier point.
        two: The later one.
        time: Seconds, between theirs.
    """
    share = (time - one.time) / (two.time - one.time) if two.time > one.time else 0.0
    nearer = one if share < 0.5 else two
    if one.box is not None and two.box is not None and _jumped(one.box, two.box):
        return TrackPoint(time, one.person, nearer.box, nearer.outline, nearer.joints)
    box, outline, joints = nearer.box, nearer.outline, nearer.joints
    if one.box is not None and two.box is not None:
        left, top, width, height = (_mix(a, b, share) for a, b in zip(one.box, two.box, strict=True))
        box = (left, top, width, height)
    if len(one.outline) == len(two.outline):
        outline = tuple(
            (_mix(x0, x1, share), _mix(y0, y1, share))
            for (x0, y0), (x1, y1) in zip(one.outline, two.outline, strict=True)
        )
    if len(one.joints) == len(two.joints):
        joints = tuple(_joint(a, b, share) for a, b in zip(one.joints, two.joints, strict=True))
    return TrackPoint(time, one.person, box, outline, joints)


def _mix(one: float, two: float, share: float) -> float:
    return one + (two - one) * share


def _joint(one: Joint, two: Joint, share: float) -> Joint:
    """A joint between two moments; where it is seen at one of them only, it stays there and fades."""
    confidence = _mix(one[2], two[2], share)
    if one[2] < SEEN or two[2] < SEEN:
        x, y, _ = max(one, two, key=lambda joint: joint[2])
        return x, y, confidence
    return _mix(one[0], two[0], share), _mix(one[1], two[1], share), confidence


def _jumped(one: Sequence[float], two: Sequence[float]) -> bool:
    across = abs(one[0] + one[2] / 2 - two[0] - two[2] / 2)
    down = abs(one[1] + one[3] / 2 - two[1] - two[3] / 2)
    return max(across, down) > max(*one[2:], *two[2:])


def head_of(point: TrackPoint) -> Box | None:
    """Where the head is: the box of the face, or, where none was found, where the joints say; None where neither does.

    Of a body that is seen without any joint of the head it is above the neck.
    """
    if point.box is not None:
        left, top, width, height = point.box
        return left, top, left + width, top + height
    seen = {place: joint[:2] for place, joint in enumerate(point.joints) if joint[2] > 0}
    sizes = []
    if all(place in seen for place in SHOULDERS):
        sizes.append(0.6 * math.dist(*(seen[place] for place in SHOULDERS)))
    if NECK in seen and HIPS in seen:
        sizes.append(0.45 * math.dist(seen[NECK], seen[HIPS]))
    head = [seen[place] for place in HEAD if place in seen]
    if head:
        x, y = (sum(values) / len(head) for values in zip(*head, strict=True))
        sizes.append(1.5 * max(math.dist(a, b) for a in head for b in head))
        if NECK in seen:
            sizes.append(1.2 * math.dist((x, y), seen[NECK]))
    elif NECK in seen and sizes:
        (x, y), up = seen[NECK], 0.8 * max(sizes)
        y -= up
    else:
        return None
    half = max(sizes) / 2 if sizes else 0.0
    return (x - half, y - half, x + half, y + half) if half > 0 else None


def _hidden(point: TrackPoint) -> Box | None:
    """Where a head is, larger where it is not known from a face."""
    head = head_of(point)
    return head if head is None or point.box is not None else enlarged(head, MARGIN_HELD - MARGIN)


def enlarged(box: Box, margin: float) -> Box:
    """A box with something around it, over its longer side.

    Example:
        >>> enlarged((10, 10, 20, 30), 0.5)
        (0.0, 0.0, 30.0, 40.0)
    """
    more = margin * max(box[2] - box[0], box[3] - box[1])
    return box[0] - more, box[1] - more, box[2] + more, box[3] + more


def sound(point: TrackPoint, scale: float = 1.0) -> TrackPoint:
    """A point as it can be drawn: in the pixels of the picture, without what is no place.

    Example:
        >>> sound(TrackPoint(0, "person-1", (1, 2, 3, 4), (), ((math.nan, 0, 1), (2, 3, 1))), 2)
        TrackPoint(time=0, person='person-1', box=(2, 4, 6, 8), outline=(), joints=((0.0, 0.0, 0.0), (4, 6, 1)))
    """
    box = point.box
    return TrackPoint(
        point.time,
        point.person,
        None if box is None or not _near(box) else (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale),
        tuple((x * scale, y * scale) for x, y in point.outline) if all(map(_near, point.outline)) else (),
        tuple((x * scale, y * scale, sure) if _near((x, y, sure)) else (0.0, 0.0, 0.0) for x, y, sure in point.joints),
    )


def _near(place: Sequence[float]) -> bool:
    """Whether a place is made of numbers, and not so far off that drawing would go on for ever."""
    return all(math.isfinite(value) and abs(value) < FARTHEST for value in place)


FARTHEST = 1e5
"""Pixels from the picture's corner; what is said to be farther off is a mistake."""
