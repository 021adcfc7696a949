"""HTML: one page to look at that needs nothing else, and a small piece of one for notebooks.

The page is drawn here, as inline SVG, and complete without its script; the script (``report/report.js``) adds what a
pointer and a keyboard can do. Its policy forbids every request to anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from visavox.emotions import COLOURS
from visavox.face.outline import LINES, POINTS
from visavox.formats import drawing, poses, summary
from visavox.formats.drawing import Columns
from visavox.formats.video.places import LIMBS
from visavox.timeline import MEASURES, SOURCES, Episode, Segment, Timeline

if TYPE_CHECKING:
    import jinja2

MOST_COLUMNS = 1200
"""Columns of a lane that the page knows; more are averaged."""

MOST_COLUMNS_IN_ALL = 7200
"""Columns of all lanes together, so that many people do not make a heavy page; a lane keeps at least 240."""

STATIC_COLUMNS, STATIC_COLUMNS_IN_ALL = 400, 2400
"""Columns of a lane as drawn without the script (one for every two to three pixels), and of all lanes together."""

EPISODES_SHOWN, MOST_EPISODES = 12, 240
"""Rows of the table of episodes before it is unfolded, and in all (the longest)."""

LABEL_SHARE = 0.05
"""Share of the width that a run must have to carry its word when no script measures it."""

NOT_MEASURED = "not measured"
"""What a lane of a measure says where its source has no reason of its own."""

LANE_ORDER = ("fused", *(source for source in SOURCES if source != "fused"))
"""Lanes of a person from the top."""

OTHER_COLOURS = ("#5c9ead", "#b5838d", "#8f9e5b", "#6d597a")
"""For words that :data:`visavox.emotions.COLOURS` does not know, in turn."""

QUIET = ("neutral", "calm")
"""Words drawn pale and above all others: what rises from the ground is what somebody showed."""


@dataclass(frozen=True)
class Word:
    """A word as it is drawn: its place among the timeline's words, colour, and the ink that is read on it."""

    place: int
    name: str
    colour: str
    ink: str
    quiet: bool


def encode(timeline: Timeline) -> bytes:
    """The report as an HTML file's content."""
    script, style = _part("report.js"), _part("report.css")
    text = _template("report.html").render(
        **_view(timeline),
        style=style,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return (text + "\n").encode("utf-8", errors="backslashreplace")


def fragment(timeline: Timeline) -> str:
    """A small picture of a timeline for a notebook: lanes and sentences, no script, a style that stays inside."""
    text = _template("fragment.html").render(**_view(timeline, most=240), style=_part("fragment.css"))
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def _view(timeline: Timeline, most: int | None = None) -> dict[str, Any]:
    """What the templates show."""
    words = _words(timeline)
    lanes = [(person, source) for person in timeline.people for source in LANE_ORDER if source in timeline.sources]
    grouped = {key: [item for item in timeline.segments if (item.person, item.source) == key] for key in lanes}
    lanes = [key for key in lanes if grouped[key]]
    limit = most or min(MOST_COLUMNS, max(240, MOST_COLUMNS_IN_ALL // max(len(lanes), 1)))
    fine = {key: drawing.columns(grouped[key], limit) for key in lanes}
    span = _span(timeline)
    reasons = list(dict.fromkeys(reason for lane in fine.values() for reason in lane.reasons if reason))
    order = _order(words)
    static = min(STATIC_COLUMNS, max(120, STATIC_COLUMNS_IN_ALL // max(len(lanes), 1)))
    coarse = {key: drawing.columns(grouped[key], static) for key in lanes}
    scales = {
        name: drawing.bounds(np.concatenate([lane.measures[name] for lane in fine.values() if name in lane.measures]))
        for name in timeline.measured
    }
    seen = {} if most else _seen(timeline)
    people = [
        _person(timeline, person, coarse, grouped, words, order, span, scales, seen.get(person))
        for person in timeline.people
    ]
    episodes, all_episodes = _episodes(timeline)
    data = {
        "span": span,
        "words": [word.name for word in words],
        "order": order,
        "levels": drawing.LEVELS,
        "reasons": [summary.explain(reason) for reason in reasons],
        "lanes": [drawing.pack(fine[key], reasons, scales) | {"person": key[0], "source": key[1]} for key in lanes],
        "scales": scales,
        "units": {name: summary.unit(name) for name in scales},
        "poses": {number: poses.pack(seen[person]) for number, person in enumerate(timeline.people) if person in seen},
        "limbs": LIMBS if seen else [],
        "lines": LINES if seen else [],
        "outline": len(POINTS),
        "unasked": reasons.index("not_asked") if "not_asked" in reasons else None,
        "speech": [person["speech_data"] for person in people],
        "width": drawing.WIDTH,
        "steps": drawing.TICK_STEPS,
    }
    merged = max((lane.merged for lane in fine.values()), default=1)
    return {
        "about": timeline.about,
        "still": summary.is_still(timeline),
        "words": words,
        "people": people,
        "span": span,
        "ticks": [(_x(time, span), _clock(time, span)) for time in drawing.ticks(span)],
        "reasons": [summary.explain(reason) for reason in reasons],
        "data": data,
        "has_speech": any(turn.person for turn in timeline.speech),
        "has_unclear": any(not turn.person for turn in timeline.speech),
        "sources": [source for source in LANE_ORDER if source in timeline.sources],
        "merged": merged,
        "averaged": any(len(lane) > static for lane in fine.values()),
        "measures": {name: MEASURES[name] for name in scales},
        "asked": any(lane["said"].asked for person in people for lane in person["lanes"]),
        "has_body": "body" in timeline.sources,
        "has_poses": bool(seen),
        "merged_seconds": _step(fine[lanes[0]]) if lanes else 0.0,
        "episodes": episodes,
        "all_episodes": all_episodes,
        "episodes_shown": EPISODES_SHOWN,
        "streams": [_stream(stream) for stream in timeline.about.streams],
        "options": {name: _option(value) for name, value in timeline.about.options.items()},
        "width": drawing.WIDTH,
        "height": drawing.HEIGHT,
        "explain": summary.explain,
        "clock": lambda time: _clock(time, span),
        "moment": lambda time: summary.clock(time, 1),
        "length": summary.length,
        "percent": summary.percent,
        "number": summary.number,
    }


def _person(
    timeline: Timeline,
    person: str,
    drawn: Mapping[tuple[str, str], Columns],
    grouped: Mapping[tuple[str, str], Sequence[Segment]],
    words: list[Word],
    order: list[int],
    span: tuple[float, float],
    scales: Mapping[str, tuple[float, float]],
    seen: poses.Poses | None,
) -> dict[str, Any]:
    best = timeline.best_source(person)
    number = list(drawn)
    lanes = []
    for key, lane in drawn.items():
        if key[0] == person:
            said = summary.lane(timeline, *key)
            lanes.append(
                {
                    "number": number.index(key),
                    "source": key[1],
                    "areas": list(zip(order, drawing.areas(lane, order, span), strict=True))[::-1],
                    "absences": [
                        (summary.explain(reason), path) for reason, path in drawing.absences(lane, span).items()
                    ],
                    "gaps": _labels(lane, span, words, absent=True),
                    "said": said,
                    "label": _label(said),
                    "moment": _moment(lane, words),
                    "measures": [
                        _measure(lane, key[1], taken, scales[taken.name], span)
                        for taken in summary.measured(timeline, person)
                        if taken.source == key[1]
                    ],
                }
            )
    nearest = (span[1] - span[0]) / MOST_COLUMNS
    speech = drawing.merge([(item.start, item.end) for item in timeline.speech if item.person == person], nearest)
    unclear = drawing.merge([(item.start, item.end) for item in timeline.speech if not item.person], nearest)
    ribbon = drawn[(person, best)] if best else None
    return {
        "name": person,
        "sentence": summary.sentence(timeline, person),
        "best": best,
        "ribbon": list(drawing.ribbon(ribbon, span).items()) if ribbon else [],
        "ribbon_number": number.index((person, best)) if best else None,
        "labels": _labels(ribbon, span, words, absent=False) if ribbon else [],
        "lanes": lanes,
        "summary": summary.lane(timeline, person, best) if best else None,
        "weights": _weights(grouped.get((person, "fused"), [])),
        "speech": drawing.bars(speech, span),
        "unclear": drawing.bars(unclear, span),
        "pose": _pose(seen, person) if seen else None,
        "speech_data": [[[round(time, 2) for time in turn] for turn in turns] for turns in (speech, unclear)],
    }


def _measure(
    lane: Columns, source: str, taken: summary.Measured, scale: tuple[float, float], span: tuple[float, float]
) -> dict[str, Any]:
    """A measure as a lane of its own."""
    gaps = [
        (start, end, summary.explain(reason) if reason not in ("", "not_asked") else NOT_MEASURED)
        for start, end, reason in drawing.unmeasured(lane, taken.name)
    ]
    name, unit = taken.name.replace("_", " "), summary.unit(taken.name)
    return {
        "key": taken.name,
        "name": name,
        "unit": unit,
        "title": MEASURES[taken.name],
        "level": drawing.level(lane, taken.name, scale, span),
        "low": f"{scale[0]:g}",
        "high": f"{scale[1]:g}",
        "absences": list(drawing.boxes(gaps, span).items()),
        "gaps": [
            (_x(start, span), round(100 * (end - start) / (span[1] - span[0]), 3), text, None)
            for start, end, text in gaps
            if end - start >= 3 * LABEL_SHARE * (span[1] - span[0])
        ],
        "taken": taken,
        "label": f"{name} of {source} of {taken.person}: {summary.number(taken.mean)} on average, "
        f"{summary.number(taken.most)} at most at {summary.clock(taken.at, 1)}, in {unit}",
    }


def _seen(timeline: Timeline) -> dict[str, poses.Poses]:
    """Where everybody is drawn without the recording, by person."""
    tracks = {person: [point for point in timeline.tracks if point.person == person] for person in timeline.people}
    each = poses.MOST_POSES // max(1, sum(map(bool, tracks.values())))
    found = {person: poses.poses(points, max(each, 1)) for person, points in tracks.items()}
    return {person: kept for person, kept in found.items() if kept}


def _pose(seen: poses.Poses, person: str) -> dict[str, Any]:
    best = seen.best
    return {
        "width": seen.width,
        "height": seen.height,
        "kept": seen.kept,
        "moment": f"at {summary.clock(best.time, 1)}",
        "label": f"where {person} was: {poses.told(best)}",
        "paths": poses.shapes(best),
    }


def _words(timeline: Timeline) -> list[Word]:
    found = []
    others = iter(OTHER_COLOURS * len(timeline.words))
    for place, name in enumerate(timeline.words):
        colour = COLOURS.get(name) or next(others)
        found.append(Word(place, name, colour, _ink(colour), name in QUIET))
    return found


def _order(words: list[Word]) -> list[int]:
    """Places of the words from the bottom of a lane up."""
    return [word.place for word in words if not word.quiet] + [word.place for word in words[::-1] if word.quiet]


def _span(timeline: Timeline) -> tuple[float, float]:
    start = min((segment.start for segment in timeline), default=timeline.about.start)
    end = max((segment.end for segment in timeline), default=timeline.about.duration)
    return round(start, 3), round(max(end, start + 1e-3), 3)


def _step(lane: Columns) -> float:
    return float((lane.ends - lane.starts).max())


def _x(time: float, span: tuple[float, float]) -> float:
    return round(100 * (time - span[0]) / (span[1] - span[0]), 3)


def _clock(time: float, span: tuple[float, float]) -> str:
    """A time with as many digits as the length of the recording asks for."""
    return summary.clock(time, 1 if span[1] - span[0] < 600 else 0)


def _labels(
    lane: Columns, span: tuple[float, float], words: list[Word], *, absent: bool
) -> list[tuple[float, float, str, int | None]]:
    """Left and width in percent, text and word of the runs that are long enough to be named."""
    found = []
    for start, end, word, reason in drawing.runs(lane):
        width = (end - start) / (span[1] - span[0])
        # A sentence takes more room than a word.
        if (word is None) == absent and width >= LABEL_SHARE * (3 if absent else 1):
            text = summary.explain(reason) if word is None else words[word].name
            found.append((_x(start, span), round(100 * width, 3), text, word))
    return found


def _moment(lane: Columns, words: list[Word]) -> list[tuple[Word, float]]:
    """The first judged column's probabilities, largest first: all there is of a picture."""
    judged = next((column for column, reason in enumerate(lane.reasons) if not reason), None)
    if judged is None:
        return []
    pairs = [(word, float(lane.values[judged, word.place])) for word in words]
    return sorted(pairs, key=lambda pair: -pair[1])


def _label(said: summary.Lane) -> str:
    """A lane in words, for those who do not see it."""
    shares = [f"{word} {summary.percent(share)}" for word, share in said.shares.items() if share > 0]
    text = f"{said.source} of {said.person}: "
    text += f"of the {summary.length(said.judged)} judged, {summary.listed(shares)}" if shares else "nothing judged"
    absent = [f"{summary.length(seconds)} {summary.explain(reason)}" for reason, seconds in said.absences.items()]
    return text + (f"; not judged: {summary.listed(absent)}" if absent else "")


def _weights(segments: Sequence[Segment]) -> dict[str, float]:
    """Mean share of each source over the fused segments, largest first."""
    judged = [segment for segment in segments if segment.judged and segment.weights]
    seconds = sum(segment.end - segment.start for segment in judged)
    total: dict[str, float] = {}
    for segment in judged:
        for source, weight in segment.weights.items():
            total[source] = total.get(source, 0.0) + weight * (segment.end - segment.start)
    shares = {source: value / seconds for source, value in total.items() if value > 0}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _episodes(timeline: Timeline) -> tuple[list[Episode], int]:
    found = timeline.episodes()
    longest = sorted(found, key=lambda item: item.start - item.end)[:MOST_EPISODES]
    kept = set(map(id, longest))
    return [episode for episode in found if id(episode) in kept], len(found)


def _stream(stream: Mapping[str, Any]) -> str:
    """A stream in words: "video, h264, 1280 × 720, 29.97 a second"."""
    parts = [str(stream.get("kind", "stream")), str(stream.get("codec", "unknown codec"))]
    if stream.get("width") and stream.get("height"):
        parts.append(f"{stream['width']} × {stream['height']}")
    rate = stream.get("rate")
    if isinstance(rate, int | float) and rate:
        parts.append(f"{rate / 1000:g} kHz" if stream.get("kind") == "audio" else f"{rate:.4g} pictures a second")
    if stream.get("channels"):
        parts.append(f"{stream['channels']} channel" + ("s" if stream["channels"] != 1 else ""))
    if isinstance(stream.get("seconds"), int | float):
        parts.append(summary.length(stream["seconds"]))
    return ", ".join(parts) + ("" if stream.get("used", True) else " (not used)")


def _option(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list | tuple) and len(value) > 4:
        return f"{len(value)} intervals"
    return str(value)


def _ink(colour: str) -> str:
    """Black or white, whichever is read better on a colour.

    Source: WCAG 2.2, relative luminance and contrast ratio.
    """
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#10151c" if (luminance + 0.05) / 0.0575 >= 1.05 / (luminance + 0.05) else "#fff"


@cache
def _part(name: str) -> str:
    return files("visavox.formats").joinpath("report", name).read_text(encoding="utf-8").strip()


@cache
def _template(name: str) -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_part), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)
