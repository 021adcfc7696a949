"""What is drawn over a picture of a recording: faces, bodies, and panels that say who shows what."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from visavox.face.outline import LINES, POINTS
from visavox.formats.video import hiding
from visavox.formats.video.panels import Panels, Said, middle, said, spot
from visavox.formats.video.places import LIMBS, SEEN, Box, Places, head_of
from visavox.joints.body25 import HEAD, JOINTS
from visavox.timeline import Timeline, TrackPoint

if TYPE_CHECKING:
    from PIL.Image import Image

PEOPLE = (
    (76, 201, 240),
    (255, 209, 102),
    (255, 121, 178),
    (128, 237, 153),
    (255, 159, 67),
    (190, 160, 255),
    (250, 250, 250),
    (255, 110, 100),
)
"""Colours of people, in their order; light, because each line has a dark halo. Emotions have other ones."""

HALO = (12, 14, 18)
HALO_OPACITY = 150

LETTERS = 0.03
"""Height of letters over the shorter side of the picture."""
FEWEST, MOST = 11, 120
"""Bounds of that height in pixels."""
LETTERS_ALONE = 0.05
"""The same where there is nothing but panels to look at."""

Line = tuple[Sequence[tuple[float, float]], float]
"""Points that are joined, and how wide the line is, in pixels."""


class Painter:
    """Draws a timeline over the pictures of its recording, which come in order of time.

    Args:
        timeline: What is drawn.
        size: Width and height of the pictures.
        scale: Pixels of these pictures over those of the recording's.
        blur_faces: Whether faces are made unrecognisable.
        alone: Whether there are no pictures of the recording: then everybody has a panel all the time.
    """

    def __init__(
        self,
        timeline: Timeline,
        size: tuple[int, int],
        *,
        scale: float = 1.0,
        blur_faces: bool = False,
        alone: bool = False,
    ) -> None:
        self._timeline = timeline
        self._size = size
        self._places = Places(timeline, scale)
        self._blur, self._alone = blur_faces, alone
        letters = round((LETTERS_ALONE if alone else LETTERS) * min(size))
        self._panels = Panels(min(max(FEWEST, letters), MOST), alike=alone)
        self._choices: dict[str, str] = {}
        tracked = dict.fromkeys(point.person for point in timeline.tracks if point.person)
        names = list(dict.fromkeys((*timeline.people, *tracked)))
        self._names = names
        self._colours = {name: PEOPLE[place % len(PEOPLE)] for place, name in enumerate(names)}
        self._best = {name: timeline.best_source(name) for name in names}
        self._segments = _Spans((item.start, item.end, item.person, item) for item in timeline.segments)
        self._turns = _Spans((item.start, item.end, item.person, item) for item in timeline.speech)

    def paint(self, image: Image, time: float, told: float | None = None) -> None:
        """Draws what there is at a moment.

        Args:
            image: The picture, of the size that was named; changed in place.
            time: Seconds of presentation time of the picture.
            told: Seconds of what panels say, where that is another moment: the picture stands still, sound goes on.
        """
        if self._blur:
            for region in self._places.heads(time):
                hiding.hide(image, region)
        seen = self._places.at(time)
        for point in seen:
            draw(image, list(self._figure(point)), self._colours[point.person])
        self._write(image, time if told is None else told, {point.person: point for point in seen})

    def _figure(self, point: TrackPoint) -> Iterator[list[Line]]:
        """The lines of a person: box and outline of the face, then limb by limb."""
        unit = self._panels.letters
        thin, thick = max(1.0, unit / 16), max(1.5, unit / 8)
        face: list[Line] = []
        if point.box is not None:
            left, top, width, height = point.box
            right, bottom = left + width, top + height
            corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
            face.append((corners, (thin + thick) / 2))
        if len(point.outline) == len(POINTS):
            face += [([point.outline[place] for place in line], thin) for line in LINES]
        if face:
            yield face
        for one, two in LIMBS if len(point.joints) == JOINTS else ():
            # A face that is drawn needs no lines from nose to ears across it.
            if point.box is not None and (one in HEAD or two in HEAD):
                continue
            (x0, y0, sure), (x1, y1, as_sure) = point.joints[one], point.joints[two]
            if min(sure, as_sure) >= SEEN:
                yield [([(x0, y0), (x1, y1)], thick), ([(x0, y0)], 2 * thick), ([(x1, y1)], 2 * thick)]

    def _write(self, image: Image, time: float, seen: dict[str, TrackPoint]) -> None:
        heads = {person: head for person, point in seen.items() if (head := head_of(point) or _top(point)) is not None}
        taken: list[tuple[Box, float]] = []
        bodies = [(body, 0.5) for point in seen.values() if (body := _extent(point)) is not None]
        for person in sorted(self._colours, key=lambda name: name not in heads):
            what = self._said(person, time)
            if person not in heads and not (self._alone or what.bars or what.speaking):
                continue
            panel, opacity = self._panels.of(what)
            if self._alone:
                place = middle(panel.size, self._size, self._names.index(person), len(self._names))
            else:
                others = [(head, 3.0) for name, head in heads.items() if name != person] + bodies
                faced = person in seen and seen[person].box is not None
                before = self._choices.get(person, "")
                place = spot(panel.size, self._size, heads.get(person), [*others, *taken], before, above=not faced)
            if place is None:
                continue
            self._choices[person] = place.choice
            image.paste(panel, (place.left, place.top), opacity)
            taken.append(((place.left, place.top, place.left + panel.width, place.top + panel.height), 2.0))

    def _said(self, person: str, time: float) -> Said:
        source, bars, reason = said(self._timeline, self._segments.at(person, time), self._best[person])
        return Said(person, self._colours[person], source, bars, reason, bool(self._turns.at(person, time)))


Item = TypeVar("Item")


class _Spans(Generic[Item]):
    """What lasts from a start to an end, found by person and moment.

    Args:
        items: Start, end, person and what it is.
    """

    def __init__(self, items: Iterable[tuple[float, float, str, Item]]) -> None:
        self._items: dict[str, list[tuple[float, float, Item]]] = {}
        for start, end, person, item in sorted(items, key=lambda row: row[0]):
            self._items.setdefault(person, []).append((start, end, item))
        self._starts = {person: [start for start, _, _ in rows] for person, rows in self._items.items()}
        self._longest = {person: max(end - start for start, end, _ in rows) for person, rows in self._items.items()}

    def at(self, person: str, time: float) -> list[Item]:
        """What holds a moment, in order of start."""
        rows = self._items.get(person, [])
        place = bisect_right(self._starts.get(person, []), time)
        found: list[Item] = []
        while place and time - rows[place - 1][0] < self._longest[person]:
            place -= 1
            if time < rows[place][1]:
                found.append(rows[place][2])
        return found[::-1]


def _extent(point: TrackPoint) -> Box | None:
    """What a body takes up of the picture, as far as it is seen."""
    seen = [(x, y) for x, y, confidence in point.joints if confidence >= SEEN]
    if not seen:
        return None
    return min(x for x, _ in seen), min(y for _, y in seen), max(x for x, _ in seen), max(y for _, y in seen)


def _top(point: TrackPoint) -> Box | None:
    """The upper edge of what is seen of a body without a head."""
    body = _extent(point)
    return None if body is None else (*body[:3], body[1])


def draw(image: Image, groups: Sequence[Sequence[Line]], colour: tuple[int, int, int]) -> None:
    """Draws lines with a dark halo, which lies below all of them; a line of one point is a dot.

    Args:
        image: The picture; changed in place.
        groups: Lines in pixels, those together that are near each other: only what a group spans is touched. They may
            reach beyond the picture.
        colour: Red, green and blue.
    """
    from PIL import Image as images
    from PIL import ImageDraw

    spans = [(span, group) for group in groups if (span := _span(group, image.size)) is not None]
    for halo, ink, opacity in ((True, HALO, HALO_OPACITY), (False, colour, 255)):
        for (left, top, right, bottom), lines in spans:
            mask = images.new("L", ((right - left) * FINE, (bottom - top) * FINE), 0)
            pen = ImageDraw.Draw(mask)
            for points, width in lines:
                places = [((x - left) * FINE, (y - top) * FINE) for x, y in points]
                wide = (width + max(2.0, width) if halo else width) * FINE
                if len(places) == 1:
                    (x, y), half = places[0], wide / 2
                    pen.ellipse((x - half, y - half, x + half, y + half), fill=opacity)
                else:
                    pen.line(places, fill=opacity, width=max(1, round(wide)))
            image.paste(ink, (left, top, right, bottom), mask.reduce(FINE))


FINE = 2
"""Masks of lines are so many times larger than the picture: their edges are smooth."""


def _span(lines: Sequence[Line], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """What lines take up of a picture, or None where they are outside of it."""
    around = 2 + 2 * max(width for _, width in lines)
    across = [x for points, _ in lines for x, _ in points]
    down = [y for points, _ in lines for _, y in points]
    left, top = max(0, math.floor(min(across) - around)), max(0, math.floor(min(down) - around))
    right, bottom = min(size[0], math.ceil(max(across) + around)), min(size[1], math.ceil(max(down) + around))
    return (left, top, right, bottom) if right > left and bottom > top else None
