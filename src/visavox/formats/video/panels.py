"""Panels: who it is and what they show, as small bitmaps, and where on a picture there is room for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from visavox.emotions import COLOURS
from visavox.formats.summary import explain
from visavox.formats.video.places import Box
from visavox.timeline import Segment, Timeline

if TYPE_CHECKING:
    from typing import TypeAlias

    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font: TypeAlias = FreeTypeFont | ImageFont

WORDS_SHOWN = 3
"""Words of a panel: the most probable ones."""

WIDTH = 10.0
"""Of a panel, over the height of its letters."""
ROW = 1.25
"""From one line to the next, over the height of the letters."""
PADDING = 0.4
"""Around what is written, over the height of the letters."""

Bars = tuple[tuple[str, float], ...]
"""Words and their probabilities, largest first."""

GROUND, INK, FAINT = (16, 21, 28), (245, 247, 250), (154, 163, 173)
OPACITY = 190
"""Of a panel's ground, of 255: what is behind it can be made out, what is on it read before anything."""


@dataclass(frozen=True)
class Said:
    """What a panel says.

    Args:
        person: Whose it is.
        colour: Theirs, red, green and blue.
        source: What it is judged from; ``""`` where nothing is said of this moment.
        bars: The most probable words and their probabilities, largest first; none where nothing was judged.
        reason: Why not, in words; ``""`` where it was.
        speaking: Whether they speak.
    """

    person: str
    colour: tuple[int, int, int]
    source: str = ""
    bars: Bars = ()
    reason: str = ""
    speaking: bool = False


def said(timeline: Timeline, segments: Sequence[Segment], source: str | None) -> tuple[str, Bars, str]:
    """What is to be said of a person at a moment: the source, the bars, and the reason where there are none.

    Args:
        timeline: Whose words.
        segments: Those of the person that hold the moment.
        source: The person's best source, or None where nothing of them was ever judged.
    """
    best = next((item for item in segments if item.source == source), None)
    if best is not None and best.judged:
        ranked = sorted(zip(timeline.words, best.probabilities, strict=True), key=lambda item: -item[1])
        return best.source, tuple(ranked[:WORDS_SHOWN]), ""
    # Of a fused segment the reason is that of what it would have been made of.
    absent = [item for item in segments if not item.judged and item.reason != "nothing_to_fuse"]
    first = absent[0] if absent else best
    return (first.source, (), explain(first.reason)) if first is not None else ("", (), "")


class Panels:
    """Draws panels for letters of one height; of each person the last one is kept, until they show something else.

    Args:
        letters: Height of a letter in pixels.
        alike: Whether all are of one size, however little they say.
    """

    def __init__(self, letters: int, *, alike: bool = False) -> None:
        self.letters, self.alike = letters, alike
        self._last: dict[str, tuple[Said, Image, Image]] = {}

    def of(self, what: Said) -> tuple[Image, Image]:
        """A panel and its opacity."""
        known = self._last.get(what.person)
        if known is None or known[0] != what:
            known = (what, *self._drawn(what))
            self._last[what.person] = known
        return known[1:]

    def _drawn(self, what: Said) -> tuple[Image, Image]:
        from PIL import Image, ImageDraw

        unit = self.letters
        pad, row, width = round(PADDING * unit), round(ROW * unit), round(WIDTH * unit)
        name, small = font(unit), font(max(8, round(0.8 * unit)))
        person = fitted(what.person, name, width - 2 * pad - (row if what.speaking else 0))
        if not (what.bars or what.reason or self.alike):
            width = min(width, round(name.getlength(person)) + 2 * pad + (row if what.speaking else 0))
        reasons = wrapped(what.reason, small, width - 2 * pad)
        lines = WORDS_SHOWN if self.alike else len(what.bars)
        height = 2 * pad + row * (1 + max(lines, len(reasons)))
        panel, alpha = Image.new("RGB", (width, height), GROUND), Image.new("L", (width, height), 0)
        ImageDraw.Draw(alpha).rounded_rectangle((0, 0, width - 1, height - 1), pad, fill=OPACITY)
        draw, over = ImageDraw.Draw(panel), ImageDraw.Draw(alpha)

        def write(place: tuple[float, float], text: str, colour: tuple[int, int, int], face: Font, anchor: str) -> None:
            draw.text(place, text, fill=colour, font=face, anchor=anchor)
            over.text(place, text, fill=255, font=face, anchor=anchor)

        def fill(box: Box, colour: str | tuple[int, int, int]) -> None:
            draw.rectangle(box, fill=colour)
            over.rectangle(box, fill=255)

        middle = pad + row / 2
        write((pad, middle), person, what.colour, name, "lm")
        end = pad + name.getlength(person)
        if what.speaking:
            for place, size in enumerate((0.3, 0.7, 0.45)):
                left = end + unit * (0.35 + 0.25 * place)
                fill((left, middle - size * unit / 2, left + 0.12 * unit, middle + size * unit / 2), INK)
            end += row
        if (what.bars or what.reason) and width - pad - small.getlength(what.source) > end + unit / 3:
            write((width - pad, middle), what.source, FAINT, small, "rm")
        start = round(pad + 5.2 * unit)
        for place, (word, value) in enumerate(what.bars):
            middle = pad + row * (place + 1.5)
            write((pad, middle), fitted(word, small, start - pad), INK if place == 0 else FAINT, small, "lm")
            full = width - pad - start
            top, bottom = middle - 0.28 * unit, middle + 0.28 * unit
            fill((start, top, start + full, bottom), (45, 52, 62))
            if value > 0:
                fill((start, top, start + max(1.0, value * full), bottom), COLOURS.get(word, "#888888"))
        for place, line in enumerate(reasons):
            write((pad, pad + row * (place + 1.5)), line, FAINT, small, "lm")
        return panel, alpha


@cache
def font(letters: int) -> Font:
    """The font of panels, which Pillow carries."""
    from PIL import ImageFont

    return ImageFont.load_default(letters)


def fitted(text: str, face: Font, width: float) -> str:
    """A text, its end replaced by an ellipsis where there is no room for it."""
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def wrapped(text: str, face: Font, width: float) -> list[str]:
    """The lines of a text."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and face.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted(word, face, width))
    return lines


@dataclass(frozen=True)
class Spot:
    """Where a panel goes: its left upper corner, and which of the choices that was."""

    left: int
    top: int
    choice: str


def spot(
    size: tuple[int, int],
    bounds: tuple[int, int],
    beside: Box | None,
    taken: Sequence[tuple[Box, float]],
    before: str = "",
    above: bool = False,
) -> Spot | None:
    """Where a panel goes, so that it is in the picture, next to its person, and covers little of what matters.

    Args:
        size: Width and height of the panel.
        bounds: Of the picture.
        beside: The head it belongs to; None for somebody who is not seen: a corner.
        taken: What should stay free, and how much it matters.
        before: The choice of the picture before, kept unless another one is clearly better: panels do not flicker.
        above: Whether it rather stands above the head than at its side.

    Returns:
        The place, or None where the picture is smaller than the panel.

    Example:
        >>> spot((100, 60), (640, 360), (200, 100, 280, 200), ())
        Spot(left=290, top=100, choice='right')
    """
    width, height = size
    if width > bounds[0] or height > bounds[1]:
        return None
    best: tuple[float, Spot] | None = None
    for number, (choice, left, top) in enumerate(_choices(size, bounds, beside, above)):
        far = beside is not None and choice[:5] in ("lower", "upper")
        x, y = min(max(0, round(left)), bounds[0] - width), min(max(0, round(top)), bounds[1] - height)
        box = (x, y, x + width, y + height)
        cost = sum(matters * overlap(box, other) for other, matters in taken)
        if beside is not None:
            cost += 4.0 * overlap(box, beside)
        cost = (
            cost / (width * height)
            + (0.2 if above else 0.03) * number
            + (0.5 if far else 0.15 if choice != before else 0.0)
        )
        if best is None or cost < best[0] - 1e-9:
            best = (cost, Spot(x, y, choice))
    return None if best is None else best[1]


def middle(size: tuple[int, int], bounds: tuple[int, int], place: int, count: int) -> Spot | None:
    """Where a panel goes on a ground with nothing else on it: rows in the middle.

    Args:
        size: Width and height of the panel.
        bounds: Of the ground.
        place: Which of the panels it is.
        count: How many there are.

    Returns:
        The place, or None where there is no room for so many.
    """
    across, down = round(1.1 * size[0]), round(1.2 * size[1])
    columns = max(1, min(count, bounds[0] // across))
    left = (bounds[0] - columns * across + across - size[0]) // 2 + place % columns * across
    top = (bounds[1] - -(-count // columns) * down + down - size[1]) // 2 + place // columns * down
    inside = left >= 0 and top >= 0 and left + size[0] <= bounds[0] and top + size[1] <= bounds[1]
    return Spot(left, top, "middle") if inside else None


def _choices(
    size: tuple[int, int], bounds: tuple[int, int], beside: Box | None, above: bool
) -> Iterator[tuple[str, float, float]]:
    width, height = size
    gap = max(2, min(bounds) // 72) * 2
    if beside is not None:
        left, top, right, bottom = beside
        over = ("above", (left + right - width) / 2, top - gap - height)
        if above:
            yield over
        yield "right", right + gap, top
        yield "left", left - gap - width, top
        if not above:
            yield over
        yield "below", (left + right - width) / 2, bottom + gap
    for place in range(3):
        across = gap + place * (width + gap)
        yield f"lower {place}", across, bounds[1] - height - gap
    for place in range(3):
        yield f"upper {place}", bounds[0] - (place + 1) * (width + gap), gap


def overlap(one: Box, two: Box) -> float:
    """Pixels that two boxes share."""
    across = min(one[2], two[2]) - max(one[0], two[0])
    down = min(one[3], two[3]) - max(one[1], two[1])
    return max(0.0, across) * max(0.0, down)
