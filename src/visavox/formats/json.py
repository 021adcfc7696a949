"""JSON: everything in a timeline, in the schema that ``timeline.schema.json`` and the manual describe."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from visavox.errors import InputError
from visavox.formats.precision import rounded
from visavox.joints.body25 import JOINTS
from visavox.timeline import SCHEMA_VERSION, About, ModelUsed, Segment, Speech, Timeline, TrackPoint


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the files that `encode` makes."""
    text = files("visavox.formats").joinpath("timeline.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def encode(timeline: Timeline) -> bytes:
    """The timeline as a JSON file's content: one line a segment, so that two files compare line by line."""
    timeline = rounded(timeline)
    about = timeline.about
    head = {
        "schema": SCHEMA_VERSION,
        "words": list(timeline.words),
        "about": {
            "file": about.file,
            "duration": about.duration,
            "start": about.start,
            "end": about.end,
            "status": about.status,
            "streams": about.streams,
            "models": [vars(model) for model in about.models],
            "options": about.options,
            "versions": about.versions,
            "notes": about.notes,
        },
    }
    lists = {
        "segments": [_segment(segment, timeline) for segment in timeline.segments],
        "tracks": [_track(point) for point in timeline.tracks],
        "speech": [
            {"start": item.start, "end": item.end, "person": item.person, "score": item.score}
            for item in timeline.speech
        ],
    }
    parts = [_dumps(head, indent=1).removesuffix("\n}")]
    parts += [f',\n "{name}": [{_lines(rows, tight=name == "tracks")}]' for name, rows in lists.items()]
    # In a JSON string the escape of a character that is no Unicode (a file name may hold one) is that character again.
    return ("".join(parts) + "\n}\n").encode("utf-8", errors="backslashreplace")


def decode(content: bytes, where: str) -> Timeline:
    """The timeline in a JSON file's content.

    Raises:
        InputError: If it is not JSON, not ours, or of a schema that this version does not know.
    """
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a JSON file ({error}).") from None
    if not isinstance(data, dict) or "schema" not in data or "segments" not in data:
        raise InputError(f"{where}: not a timeline; visavox reads the JSON files that it wrote.")
    if data["schema"] != SCHEMA_VERSION:
        raise InputError(
            f"{where}: its schema is {data['schema']!r}, this visavox reads {SCHEMA_VERSION}; update visavox."
        )
    try:
        words = tuple(data["words"])
        return Timeline(
            segments=tuple(
                Segment(
                    float(row["start"]),
                    float(row["end"]),
                    row["person"],
                    row["source"],
                    _probabilities(row["probabilities"], words),
                    row["reason"],
                    {source: _number(weight) for source, weight in row["weights"].items()},
                    _number(row["evidence"]),
                    _number(row.get("baseline", 0.0)),
                    {name: float(value) for name, value in row.get("measures", {}).items()},
                )
                for row in data["segments"]
            ),
            words=words,
            about=_about(data["about"]),
            tracks=tuple(map(_point, data["tracks"])),
            speech=tuple(
                Speech(float(row["start"]), float(row["end"]), row["person"], _number(row["score"]))
                for row in data["speech"]
            ),
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{where}: not a timeline as docs/schema.md describes it ({said}).") from None


def _segment(segment: Segment, timeline: Timeline) -> dict[str, Any]:
    judged = dict(zip(timeline.words, segment.probabilities, strict=True)) if segment.judged else None
    row = {
        "start": segment.start,
        "end": segment.end,
        "person": segment.person,
        "source": segment.source,
        "emotion": timeline.word(segment),
        "probabilities": judged,
        "reason": segment.reason,
        "weights": segment.weights,
        "evidence": segment.evidence,
        "baseline": segment.baseline,
    }
    return row | ({"measures": segment.measures} if segment.measures else {})


def _track(point: TrackPoint) -> dict[str, Any]:
    row: dict[str, Any] = {"time": point.time, "person": point.person, "box": point.box}
    if point.outline:
        row["outline"] = point.outline
    if point.joints:
        row["joints"] = [joint if joint[2] else None for joint in point.joints]
    return row


def _about(data: Mapping[str, Any]) -> About:
    return About(
        file=data["file"],
        duration=_number(data["duration"]),
        start=float(data["start"]),
        end=None if data["end"] is None else float(data["end"]),
        streams=_frozen(data["streams"]),
        models=tuple(ModelUsed(**model) for model in data["models"]),
        options=_frozen(data["options"]),
        versions=data["versions"],
        status=data["status"],
        notes=tuple(data["notes"]),
    )


def _probabilities(data: Mapping[str, float] | None, words: tuple[str, ...]) -> tuple[float, ...]:
    return (math.nan,) * len(words) if data is None else tuple(float(data[word]) for word in words)


def _point(data: Mapping[str, Any]) -> TrackPoint:
    joints = tuple(map(_joint, data.get("joints", ())))
    if len(joints) not in (0, JOINTS):
        raise ValueError(f"{len(joints)} joints, expected the {JOINTS} of BODY_25")
    return TrackPoint(
        _number(data["time"]),
        data["person"],
        None if data["box"] is None else _box(data["box"]),
        tuple((_number(x), _number(y)) for x, y in data.get("outline", ())),
        joints,
    )


def _box(data: Iterable[float | None]) -> tuple[float, float, float, float]:
    left, top, width, height = map(_number, data)
    return left, top, width, height


def _joint(data: Iterable[float] | None) -> tuple[float, float, float]:
    x, y, confidence = (0.0, 0.0, 0.0) if data is None else map(float, data)
    return x, y, confidence


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _frozen(value: Any) -> Any:
    """Lists as tuples all the way down: what is known of an analysis does not change any more."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """What JSON can hold: no NaN, no paths, no numpy."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _dumps(value: Any, indent: int | None = None, separators: tuple[str, str] | None = None) -> str:
    return json.dumps(_plain(value), indent=indent, separators=separators, ensure_ascii=False, allow_nan=False)


def _lines(rows: Iterable[Any], *, tight: bool = False) -> str:
    """A row a line; tracks, which are most of a file, without spaces."""
    lines = ",\n  ".join(_dumps(row, separators=(",", ":") if tight else None) for row in rows)
    return f"\n  {lines}\n " if lines else ""
