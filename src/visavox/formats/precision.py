"""How exact a written timeline is: milliseconds, six digits of a probability, four of a measure, tenths of a pixel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from visavox.errors import OutputError
from visavox.timeline import MEASURES, Segment, Timeline, TrackPoint

TIME_DIGITS = 3
"""Decimals of seconds: a picture lasts 8 ms or more."""

PROBABILITY_DIGITS = 6
"""Decimals of probabilities and weights: enough that a row's rounded sum stays within 1e-5 of one."""

MEASURE_DIGITS = 4
"""Decimals of measures, whatever their unit: finer than any of them is known."""

CONFIDENCE_DIGITS = 2
"""Decimals of a joint's confidence."""

PIXEL_DIGITS = 1
"""Decimals of positions in a picture."""


def seconds(value: float) -> float:
    """A time or an amount of evidence as it is written."""
    return _round(value, TIME_DIGITS)


def share(value: float) -> float:
    """A probability, score or weight as it is written; NaN is always the same object, so that tuples compare equal."""
    return _round(value, PROBABILITY_DIGITS)


def rounded(timeline: Timeline) -> Timeline:
    """The timeline as a file holds it: what `read` gives back after `write`.

    Raises:
        OutputError: If a segment is so short that its start and end would be written alike.
    """
    about = timeline.about
    return replace(
        timeline,
        segments=tuple(map(_segment, timeline.segments)),
        about=replace(
            about,
            duration=seconds(about.duration),
            start=seconds(about.start),
            end=None if about.end is None else seconds(about.end),
        ),
        tracks=tuple(map(_point, timeline.tracks)),
        speech=tuple(
            replace(turn, start=seconds(turn.start), end=seconds(turn.end), score=share(turn.score))
            for turn in timeline.speech
        ),
    )


def _segment(segment: Segment) -> Segment:
    start, end = seconds(segment.start), seconds(segment.end)
    if not end > start:
        raise OutputError(
            f"The {segment.source} segment of {segment.person} at {start:.3f} s is shorter than a millisecond, "
            f"which is as exact as times are written; judge longer stretches."
        )
    return Segment(
        start,
        end,
        segment.person,
        segment.source,
        tuple(map(share, segment.probabilities)),
        segment.reason,
        {source: share(weight) for source, weight in segment.weights.items()},
        seconds(segment.evidence),
        seconds(segment.baseline),
        _measures(segment.measures),
    )


def _measures(measures: Mapping[str, float]) -> dict[str, float]:
    """Those that are numbers, in one order, however they were put together."""
    found = {name: _round(value, MEASURE_DIGITS) for name, value in measures.items()}
    order = [*(name for name in MEASURES if name in found), *sorted(found.keys() - MEASURES.keys())]
    return {name: found[name] for name in order if math.isfinite(found[name])}


def _point(point: TrackPoint) -> TrackPoint:
    return TrackPoint(
        seconds(point.time),
        point.person,
        None if point.box is None else _pixels(point.box),
        tuple((_round(x, PIXEL_DIGITS), _round(y, PIXEL_DIGITS)) for x, y in point.outline),
        tuple(map(_joint, point.joints)),
    )


def _joint(joint: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y = _round(joint[0], PIXEL_DIGITS), _round(joint[1], PIXEL_DIGITS)
    confidence = _round(joint[2], CONFIDENCE_DIGITS)
    return (x, y, confidence) if confidence > 0 and math.isfinite(x + y) else (0.0, 0.0, 0.0)


def _pixels(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, width, height = (_round(value, PIXEL_DIGITS) for value in box)
    return left, top, width, height


def _round(value: float, digits: int) -> float:
    number = float(value)
    return round(number, digits) + 0.0 if math.isfinite(number) else math.nan  # + 0.0 makes -0.0 a plain zero
