"""From segments to what is drawn: columns of a lane, areas and measures as paths, runs of a word, ticks of an axis."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from visavox.timeline import MEASURES, Segment

Floats = NDArray[np.float64]
Key = TypeVar("Key", bound=Hashable)

WIDTH = 1440
"""Width of a drawing in units of its own; it is stretched to the width of the page."""

HEIGHT = 100
"""Height of a drawing: one unit a percent."""

LEVELS = "".join(chr(code) for code in (*range(33, 127), *range(192, 256)) if chr(code) not in "\"&'<>\\")[:101]
"""One character for each whole percent, none of which HTML or JSON writes longer."""

TICK_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
"""Distances between the ticks of a time axis, in seconds."""


@dataclass(frozen=True)
class Columns:
    """A lane as it is drawn: its segments, or averages of neighbouring ones where there are too many.

    Args:
        starts: Begin of each column in seconds [shape=(n,)].
        ends: End of each.
        values: Probabilities [shape=(n, words)]; NaN where nothing could be judged.
        reasons: Why not; ``""`` where something was judged.
        weights: Share of each source in a fused column [shape=(n, sources)].
        sources: The sources of `weights`.
        merged: How many segments one column averages.
        measures: Values of each measure that the lane has [shape=(n,)]; NaN where it was not taken.
    """

    starts: Floats
    ends: Floats
    values: Floats
    reasons: tuple[str, ...]
    weights: Floats
    sources: tuple[str, ...]
    merged: int
    measures: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.reasons)

    def first(self, column: int) -> int | None:
        """Place of the most probable word of a column, or None where nothing was judged."""
        return None if self.reasons[column] else int(self.values[column].argmax())


def columns(segments: Sequence[Segment], most: int) -> Columns:
    """The columns of one person and source.

    Where there are more than `most` segments, neighbours are averaged over equal stretches of time; a stretch of which
    less than half was judged is drawn as absent, for the reason that took most of it. So with measures.

    Args:
        segments: Of one person and source, in order.
        most: Largest number of columns.
    """
    sources = tuple(sorted({source for segment in segments for source in segment.weights}))
    starts = np.array([segment.start for segment in segments])
    ends = np.array([segment.end for segment in segments])
    values = np.array([segment.probabilities for segment in segments], dtype=np.float64)
    weights = np.array([[segment.weights.get(source, 0.0) for source in sources] for segment in segments])
    reasons = tuple(segment.reason for segment in segments)
    measures = {
        name: np.array([segment.measures.get(name, math.nan) for segment in segments])
        for name in MEASURES
        if any(name in segment.measures for segment in segments)
    }
    whole = Columns(starts, ends, values, reasons, weights.reshape(len(segments), len(sources)), sources, 1, measures)
    return whole if len(segments) <= most else _averaged(whole, most)


def _averaged(whole: Columns, most: int) -> Columns:
    merged = math.ceil(len(whole) / most)
    width = (whole.ends[-1] - whole.starts[0]) / math.ceil(len(whole) / merged)
    place = ((whole.starts + whole.ends) / 2 - whole.starts[0]) // width
    cuts = [0, *(np.flatnonzero(np.diff(place)) + 1).tolist(), len(whole)]
    lengths = whole.ends - whole.starts
    rows: list[tuple[Floats, str, Floats]] = []
    for low, high in itertools.pairwise(cuts):
        absent: dict[str, float] = {}
        for reason, seconds in zip(whole.reasons[low:high], lengths[low:high], strict=True):
            absent[reason] = absent.get(reason, 0.0) + seconds
        judged = absent.pop("", 0.0)
        inside = low + np.flatnonzero([not reason for reason in whole.reasons[low:high]])
        if judged and judged >= sum(absent.values()):
            share = (lengths[inside] / judged)[:, None]
            rows.append(((whole.values[inside] * share).sum(0), "", (whole.weights[inside] * share).sum(0)))
        else:
            rows.append((whole.values[low] * np.nan, max(absent, key=absent.__getitem__), whole.weights[low] * 0))
    values, reasons, weights = zip(*rows, strict=True)
    low_places, high_places = np.array(cuts[:-1]), np.array(cuts[1:]) - 1
    return Columns(
        whole.starts[low_places],
        whole.ends[high_places],
        np.array(values),
        tuple(reasons),
        np.array(weights),
        whole.sources,
        merged,
        {
            name: np.array([_mean(taken[low:high], lengths[low:high]) for low, high in itertools.pairwise(cuts)])
            for name, taken in whole.measures.items()
        },
    )


def _mean(values: Floats, lengths: Floats) -> float:
    known = np.isfinite(values)
    if 2 * lengths[known].sum() < lengths.sum():
        return math.nan
    return float((values[known] * lengths[known]).sum() / lengths[known].sum())


def areas(lane: Columns, order: Sequence[int], span: tuple[float, float]) -> list[str]:
    """The probabilities as stacked areas.

    Each area reaches down to the ground and is covered by those of the words below it, which makes a path half as long
    as one around its band alone: draw the last word of `order` first.

    Args:
        lane: What to draw.
        order: Places of words from the bottom up.
        span: The seconds from which to which the drawing reaches.

    Returns:
        A path for each word of `order`, ``""`` where its area adds nothing that could be seen.
    """
    heights = np.cumsum(lane.values[:, list(order)], axis=1)
    heights /= heights[:, -1:]
    levels = np.nan_to_num(HEIGHT - HEIGHT * heights).round().astype(int)
    x_of = _scale(span)
    paths = []
    for place in range(len(order)):
        visible = levels[:, place] < (levels[:, place - 1] if place else HEIGHT)
        parts = []
        for low, high in _runs(lane, [not reason for reason in lane.reasons]):
            if visible[low:high].any():
                parts.append(_over(lane, levels[:, place].tolist(), low, high, x_of))
        paths.append("".join(parts))
    return paths


def absences(lane: Columns, span: tuple[float, float]) -> dict[str, str]:
    """Where nothing could be judged: one path of full height by reason."""
    return boxes([(start, end, reason) for start, end, word, reason in runs(lane) if word is None], span)


def ribbon(lane: Columns, span: tuple[float, float]) -> dict[int, str]:
    """Where a word was the most probable one: one path of full height by its place."""
    return boxes([(start, end, word) for start, end, word, _ in runs(lane) if word is not None], span)


def bounds(values: Floats) -> tuple[float, float]:
    """Round numbers between which values are drawn: from 0, or as far below it as above where there are both.

    Example:
        >>> bounds(np.array([0.3, 1.4])), bounds(np.array([-12.0, 30.0])), bounds(np.array([-34.0, -60.0]))
        ((0.0, 2.0), (-50.0, 50.0), (-100.0, 0.0))
    """
    known = values[np.isfinite(values)]
    below, above = _rounded_up(-known.min(initial=0.0)), _rounded_up(known.max(initial=0.0))
    if below and above:
        return -max(below, above), max(below, above)
    return (0.0 - below, above) if below or above else (0.0, 1.0)


def level(lane: Columns, name: str, scale: tuple[float, float], span: tuple[float, float]) -> str:
    """A measure as the area under its curve.

    Args:
        lane: What to draw.
        name: Which of its measures.
        scale: The values at the ground and at the top.
        span: The seconds from which to which the drawing reaches.
    """
    values = lane.measures[name]
    heights = (values - scale[0]) / (scale[1] - scale[0])
    ys = (HEIGHT - HEIGHT * np.nan_to_num(heights).clip(0, 1)).round().astype(int).tolist()
    return "".join(_over(lane, ys, low, high, _scale(span)) for low, high in _runs(lane, np.isfinite(values).tolist()))


def unmeasured(lane: Columns, name: str) -> list[tuple[float, float, str]]:
    """Where a measure was not taken, as (start, end, reason); the reason is ``""`` where the lane has none there."""
    found: list[tuple[float, float, str]] = []
    for column in np.flatnonzero(np.isnan(lane.measures[name])).tolist():
        start, end, reason = float(lane.starts[column]), float(lane.ends[column]), lane.reasons[column]
        if found and found[-1][2] == reason and abs(found[-1][1] - start) < 1e-6:
            found[-1] = (found[-1][0], end, reason)
        else:
            found.append((start, end, reason))
    return found


def boxes(stretches: Sequence[tuple[float, float, Key]], span: tuple[float, float]) -> dict[Key, str]:
    """Stretches of time as paths of full height, one for each of their keys."""
    x_of = _scale(span)
    paths: dict[Key, str] = {}
    for start, end, key in stretches:
        left, right = x_of(start), x_of(end)
        # What is shorter than a unit is drawn one unit wide: short is not absent.
        width = max(right - left, 1)
        paths[key] = paths.get(key, "") + f"M{left} 0h{width}v{HEIGHT}h-{width}z"
    return paths


def bars(stretches: Sequence[tuple[float, float]], span: tuple[float, float]) -> str:
    """Stretches of time as one path of full height."""
    return boxes([(start, end, 0) for start, end in stretches], span).get(0, "")


def runs(lane: Columns) -> list[tuple[float, float, int | None, str]]:
    """Touching columns with the same first word or reason as (start, end, place of the word or None, reason)."""
    found: list[tuple[float, float, int | None, str]] = []
    for column in range(len(lane)):
        start, end = float(lane.starts[column]), float(lane.ends[column])
        word, reason = lane.first(column), lane.reasons[column]
        if found and found[-1][2:] == (word, reason) and abs(found[-1][1] - start) < 1e-6:
            found[-1] = (found[-1][0], end, word, reason)
        else:
            found.append((start, end, word, reason))
    return found


def merge(stretches: Sequence[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    """Stretches, with those joined that lie less than `gap` seconds apart."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if found and start - found[-1][1] < gap:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def pack(
    lane: Columns, reasons: Sequence[str], scales: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, object]:
    """The columns as the page's script reads them, one character a number.

    Args:
        lane: What to pack.
        reasons: All reasons of the page, in order.
        scales: The values at the ground and at the top of each measure.

    Returns:
        ``blocks`` (start, length and number of columns that touch and are equally long), ``codes`` (a capital for the
        first word or a small letter for the reason, by column), ``values`` (a level for each word of the judged
        columns), ``sources`` and ``weights`` (a level for each source of them), and ``measures`` (of each, for every
        column, a level on its scale or a blank).
    """
    blocks: list[list[float]] = []
    for start, end in zip(lane.starts.tolist(), lane.ends.tolist(), strict=True):
        length = end - start
        last = blocks[-1] if blocks else None
        if last and abs(last[0] + last[1] * last[2] - start) < 1e-3 and abs(last[1] - length) < 1e-4:
            last[2] += 1
        else:
            blocks.append([round(start, 4), round(length, 4), 1])
    codes = []
    for column in range(len(lane)):
        word = lane.first(column)
        codes.append(chr(97 + reasons.index(lane.reasons[column])) if word is None else chr(65 + word))
    judged = [not reason for reason in lane.reasons]
    return {
        "blocks": blocks,
        "codes": "".join(codes),
        "values": _levels(lane.values[judged]),
        "sources": lane.sources,
        "weights": _levels(lane.weights[judged]),
        "measures": {
            name: _levels((lane.measures[name] - low) / (high - low))
            for name, (low, high) in (scales or {}).items()
            if name in lane.measures
        },
    }


def ticks(span: tuple[float, float], most: int = 8) -> list[float]:
    """Round times in a span, not more than about `most` of them.

    Example:
        >>> ticks((0, 600))
        [0, 120, 240, 360, 480, 600]
    """
    start, end = span
    step = next((step for step in TICK_STEPS if (end - start) / step <= most), TICK_STEPS[-1])
    first, last = math.ceil(start / step - 1e-9), math.floor(end / step + 1e-9)
    return [round(place * step, 3) for place in range(first, last + 1)]


def _levels(values: Floats) -> str:
    whole = np.nan_to_num(np.clip(np.round(values * 100), 0, 100), nan=-1).astype(int).ravel()
    return "".join(" " if place < 0 else LEVELS[place] for place in whole.tolist())


def _rounded_up(value: float) -> float:
    """The next of 1, 2 and 5 times a power of ten; 0 of what is not above it."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9))


def _scale(span: tuple[float, float]) -> _Scale:
    return _Scale(span[0], WIDTH / max(span[1] - span[0], 1e-9))


@dataclass(frozen=True)
class _Scale:
    start: float
    units: float

    def __call__(self, time: float) -> int:
        return round((time - self.start) * self.units)


def _runs(lane: Columns, known: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Columns that are known and touch, as [low, high)."""
    low = None
    for column in range(len(lane) + 1):
        here = column < len(lane) and known[column]
        if low is not None and not (here and lane.starts[column] - lane.ends[column - 1] < 1e-6):
            yield low, column
            low = None
        if low is None and here:
            low = column


def _over(lane: Columns, ys: Sequence[int], low: int, high: int, x_of: _Scale) -> str:
    """A run of columns as an area: a value stands at the middle of its column."""
    middles = (lane.starts[low:high] + lane.ends[low:high]) / 2
    xs = [x_of(float(time)) for time in (lane.starts[low], *middles, lane.ends[high - 1])]
    return _area(xs, [ys[low], *ys[low:high], ys[high - 1]])


def _area(xs: Sequence[int], ys: Sequence[int]) -> str:
    """A polygon over the ground: relative coordinates, points left out that lie on a level line."""
    text = [f"M{xs[0]} {HEIGHT}V{ys[0]}"]
    x, y, command = xs[0], ys[0], "V"
    for place in range(1, len(xs)):
        if place + 1 < len(xs) and ys[place] == y == ys[place + 1]:
            continue
        right, down = xs[place] - x, ys[place] - y
        if down == 0:
            text.append(f"h{right}")
        else:
            text.append(f"{' ' if command == 'l' else 'l'}{right}{'' if down < 0 else ' '}{down}")
        x, y, command = xs[place], ys[place], "l" if down else "h"
    return "".join(text) + f"V{HEIGHT}z"
