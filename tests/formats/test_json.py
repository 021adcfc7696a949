"""JSON: everything, in a schema."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from visavox.errors import InputError
from visavox.formats import FORMATS, read, summary, write
from visavox.formats import json as json_format
from visavox.formats.precision import rounded
from visavox.timeline import MEASURES, REASONS, SCHEMA_VERSION, SOURCES, About, Segment, Timeline, TrackPoint


def loaded(timeline: Timeline) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(FORMATS[".json"].encode(timeline))
    return data


def test_a_cell_that_could_not_be_judged_is_null_with_its_reason() -> None:
    data = loaded(Timeline((Segment(0, 1, "person-1", "voice", (math.nan, math.nan), "silence"),), ("sad", "happy")))
    segment = data["segments"][0]
    assert (segment["probabilities"], segment["emotion"], segment["reason"]) == (None, None, "silence")


def test_what_json_has_no_word_for_becomes_something_it_has() -> None:
    options = {"path": Path("a"), "far": math.inf, "cells": np.arange(2), "every": np.float64(0.5), "pair": (1, 2)}
    found = loaded(Timeline((), about=About(options=options)))["about"]["options"]
    assert found == {"path": "a", "far": None, "cells": [0, 1], "every": 0.5, "pair": [1, 2]}


def test_the_schema_file_agrees_with_the_code(conversation: Callable[..., Timeline]) -> None:
    schema = json_format.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(loaded(conversation(20)), schema)
    assert schema["properties"]["schema"]["const"] == SCHEMA_VERSION
    assert schema["properties"]["segments"]["items"]["properties"]["source"]["enum"] == list(SOURCES)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"words": []},
        {"mine": 1},
        {"about": {}},
        {"segments": [{"start": 0}]},
    ],
)
def test_the_schema_refuses_what_is_no_timeline(conversation: Callable[..., Timeline], change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(loaded(conversation(2)) | change, json_format.schema())


def test_every_field_is_in_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")

    def fields(schema: dict[str, Any]) -> set[str]:
        parts = [*schema.get("properties", {}).values(), schema.get("items")]
        return set(schema.get("properties", {})).union(*(fields(part) for part in parts if part))

    missing = {name for name in fields(json_format.schema()) if f"`{name}`" not in manual}
    assert not missing


def test_reasons_and_measures_are_those_of_the_manual() -> None:
    def told(header: str) -> dict[str, str]:
        lines = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8").splitlines()
        rows = itertools.takewhile(lambda line: line.startswith("|"), lines[lines.index(header) + 2 :])
        cells = [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]
        return {row[0]: row[-1] for row in cells}

    assert told("| `reason` | means |") == dict(REASONS)
    assert told("| measure | of | what, and in which unit |") == dict(MEASURES)
    assert all(0 < len(summary.unit(measure)) < len(meaning) for measure, meaning in MEASURES.items())


def test_a_body_is_written_as_short_as_it_can_be() -> None:
    joints = [(0.0, 0.0, 0.0)] * 25
    joints[4] = (1.26, -2.0, 0.987)
    points = (TrackPoint(0, "ann", (1, 2, 3, 4)), TrackPoint(0.2, "ann", None, ((5, 6),), tuple(joints)))
    text = FORMATS[".json"].encode(Timeline((), tracks=points)).decode()
    face, body = (line.strip(" ,") for line in text.splitlines() if '"ann"' in line)
    assert face == '{"time":0.0,"person":"ann","box":[1.0,2.0,3.0,4.0]}'
    seen = ",".join("[1.3,-2.0,0.99]" if place == 4 else "null" for place in range(25))
    assert body == f'{{"time":0.2,"person":"ann","box":null,"outline":[[5.0,6.0]],"joints":[{seen}]}}'


def test_a_body_of_another_order_is_told() -> None:
    document = loaded(Timeline((), tracks=(TrackPoint(0, "ann", joints=((1, 2, 1.0),) * 18),)))
    with pytest.raises(InputError, match="18 joints, expected the 25 of BODY_25"):
        json_format.decode(json.dumps(document).encode(), "coco.json")


def test_measures_of_later_versions_are_kept() -> None:
    document = loaded(Timeline((Segment(0, 1, "ann", "body", (1.0,)),), ("calm",)))
    assert "measures" not in document["segments"][0]
    document["segments"][0]["measures"] = {"grace": 0.25}
    jsonschema.validate(document, json_format.schema())
    timeline = json_format.decode(json.dumps(document).encode(), "later.json")
    assert loaded(timeline)["segments"][0]["measures"] == {"grace": 0.25}
    assert timeline.measured == ()


def test_files_of_versions_without_bodies_are_read(gestures: Callable[..., Timeline]) -> None:
    timeline = gestures(2)
    document = loaded(timeline)
    for segment in document["segments"]:
        segment.pop("measures", None)
    for point in document["tracks"]:
        del point["outline"], point["joints"]
    jsonschema.validate(document, json_format.schema())
    again = json_format.decode(json.dumps(document).encode(), "old.json")
    assert [segment.probabilities for segment in again] == [segment.probabilities for segment in rounded(timeline)]
    assert {(point.outline, point.joints) for point in again.tracks} == {((), ())}


def test_a_file_of_a_version_without_baselines_is_read(conversation: Callable[..., Timeline]) -> None:
    timeline = conversation(2)
    document = loaded(timeline)
    for segment in document["segments"]:
        assert segment.pop("baseline") == 0.0
    jsonschema.validate(document, json_format.schema())
    assert json_format.decode(json.dumps(document).encode(), "old.json") == json_format.decode(
        FORMATS[".json"].encode(timeline), "new.json"
    )


def test_one_line_a_segment(conversation: Callable[..., Timeline]) -> None:
    timeline = conversation(10)
    lines = FORMATS[".json"].encode(timeline).decode().splitlines()
    assert sum(line.startswith('  {"start": ') and '"source"' in line for line in lines) == len(timeline)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a JSON file"),
        ("{", "not a JSON file"),
        ("[" * 100_000, "not a JSON file"),
        ("[]", "not a timeline"),
        ('{"a": 1}', "not a timeline"),
        ('{"schema": 7, "segments": []}', "its schema is 7, this visavox reads 1; update visavox"),
        ('{"schema": 1, "segments": []}', "no 'words'"),
        ('{"schema": 1, "words": ["sad"], "segments": 3}', "not a timeline as"),
    ],
)
def test_what_is_no_timeline_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as error:
        read(path)
    assert str(path) in str(error.value)


def test_a_timeline_that_contradicts_itself_is_told(tmp_path: Path, conversation: Callable[..., Timeline]) -> None:
    path = write(conversation(2), tmp_path / "a.json")
    path.write_text(path.read_text().replace('"end": 0.5', '"end": -1'))
    with pytest.raises(InputError, match=r"a\.json: .* before it starts"):
        read(path)
