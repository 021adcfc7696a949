"""What is written comes back, to the stated precision; Hypothesis thinks up the timelines."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import pandas
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import visavox
from visavox.emotions import EXTRA_WORDS, WORDS
from visavox.formats import FORMATS
from visavox.formats import json as json_format
from visavox.formats.precision import rounded
from visavox.timeline import MEASURES, REASONS, SOURCES, About, ModelUsed, Segment, Speech, Timeline, TrackPoint

names = st.text(min_size=1, max_size=12) | st.sampled_from(["person-1", "=1+1", "a;=b", "'x", "-", '"', "\t@", "é"])
moments = st.floats(0, 1e5).map(lambda value: round(value, 5))
shares = st.floats(0, 1)
places = st.floats(-2000, 8000)
measures = st.dictionaries(st.sampled_from(list(MEASURES)), st.floats(0, 1e3) | st.just(math.nan))
plain = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=5)


@st.composite
def segments(draw: st.DrawFn, words: tuple[str, ...]) -> tuple[Segment, ...]:
    found = []
    for person in draw(st.lists(names, max_size=3, unique=True)):
        for source in draw(st.sets(st.sampled_from(SOURCES))):
            time = draw(moments)
            for _ in range(draw(st.integers(1, 4))):
                start = time + draw(st.sampled_from([0.0, 0.5, 0.0123456]))
                time = start + draw(st.sampled_from([0.5, 0.1, 1 / 3, 0.0011]))
                votes = draw(st.lists(st.integers(0, 999), min_size=len(words), max_size=len(words)))
                judged = sum(votes) > 0
                values = tuple(vote / sum(votes) for vote in votes) if judged else (math.nan,) * len(words)
                reason = "" if judged else draw(st.sampled_from(list(REASONS)))
                weights = {name: draw(shares) for name in ("face", "voice")} if source == "fused" and judged else {}
                measured = draw(measures)
                found.append(
                    Segment(start, time, person, source, values, reason, weights, draw(moments), 0.0, measured)
                )
    return tuple(found)


@st.composite
def track_points(draw: st.DrawFn) -> TrackPoint:
    """A face, a body, or both; any joint may be unseen."""
    joint = st.tuples(places, places, shares) | st.just((0.0, 0.0, 0.0)) | st.just((math.nan, 1.0, 0.5))
    return TrackPoint(
        draw(moments),
        draw(names),
        draw(st.none() | st.tuples(places, places, places, places)),
        tuple(draw(st.lists(st.tuples(places, places), max_size=3))),
        tuple(draw(st.lists(joint, min_size=25, max_size=25))) if draw(st.booleans()) else (),
    )


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    words = tuple(draw(st.lists(st.sampled_from(WORDS + EXTRA_WORDS), min_size=2, unique=True)))
    return Timeline(
        draw(segments(words)),
        words,
        About(
            file=draw(names),
            duration=draw(moments),
            end=draw(st.none() | moments),
            streams=tuple(draw(st.lists(st.dictionaries(st.text(max_size=5), plain, max_size=3), max_size=2))),
            models=(ModelUsed("face", draw(names), "0" * 64),),
            options=draw(st.dictionaries(st.text(max_size=5), plain | st.tuples(plain, plain), max_size=3)),
            versions={"visavox": "1"},
            status=draw(st.sampled_from(["complete", "truncated"])),
            notes=tuple(draw(st.lists(names, max_size=2))),
        ),
        tuple(draw(st.lists(track_points(), max_size=2))),
        tuple(Speech(time, time + 1, draw(names), draw(shares)) for time in draw(st.lists(moments, max_size=2))),
    )


few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(timelines())
def test_json_gives_everything_back(timeline: Timeline) -> None:
    content = FORMATS[".json"].encode(timeline)
    again = FORMATS[".json"].decode(content, "x.json")
    assert again == rounded(timeline)
    assert FORMATS[".json"].encode(again) == content


@few
@given(timelines())
def test_json_keeps_to_its_schema(timeline: Timeline) -> None:
    jsonschema.validate(json.loads(FORMATS[".json"].encode(timeline)), json_format.schema())


@few
@given(timelines())
def test_csv_gives_the_cells_back(timeline: Timeline) -> None:
    content = FORMATS[".csv"].encode(timeline)
    again = FORMATS[".csv"].decode(content, "x.csv")
    assert again.segments == rounded(timeline).segments
    if timeline.segments:
        assert again.about.file == timeline.about.file
    if any(segment.judged for segment in timeline):
        assert again.words == timeline.words
    assert FORMATS[".csv"].encode(again) == content


@few
@given(timelines())
def test_nothing_in_a_table_runs_as_a_formula(timeline: Timeline) -> None:
    text = FORMATS[".csv"].encode(timeline).decode()
    for separator in ",;\t|":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            assert not [cell for cell in row if cell.strip().startswith(("=", "+", "-", "@"))]


@few
@given(timelines())
def test_pandas_reads_the_table_as_it_is_in_memory(timeline: Timeline) -> None:
    frame = pandas.read_csv(io.BytesIO(FORMATS[".csv"].encode(timeline)), keep_default_na=False, na_values=[""])
    memory = rounded(timeline).to_frame()
    assert list(frame.columns) == list(memory.columns)
    assert len(frame) == len(memory)
    for column in ("start", "end", f"p_{timeline.words[0]}"):
        pairs = zip(frame[column].astype(float), memory[column].astype(float), strict=True)
        assert all(math.isclose(one, other, abs_tol=1e-9) or (one != one and other != other) for one, other in pairs)


def test_a_file_name_that_is_no_unicode_survives(tmp_path: Path) -> None:
    timeline = Timeline((), about=About(file="caf\udce9.mp4"))
    assert visavox.read(visavox.write(timeline, tmp_path / "a.json")).about.file == "caf\udce9.mp4"
    for suffix in ("csv", "html"):
        visavox.write(timeline, tmp_path / f"a.{suffix}")


def test_numbers_are_as_exact_as_the_manual_says() -> None:
    segment = Segment(0.12345, 1.98765, "person-1", "face", (1 / 3, 2 / 3), evidence=1.23456)
    timeline = rounded(Timeline((segment,), ("sad", "happy"), About(duration=1.98765)))
    assert timeline.segments[0] == replace(
        segment, start=0.123, end=1.988, probabilities=(0.333333, 0.666667), evidence=1.235
    )
    assert timeline.about.duration == 1.988


def test_places_and_measures_are_as_exact_as_the_manual_says() -> None:
    """A joint that is not seen has no place; a measure that is no number is not there."""
    segment = Segment(0, 1, "person-1", "body", (1.0,), measures={"movement": 0.123456, "other": math.nan})
    joints = ((1.26, 2.0, 0.987), (3.0, 4.0, 0.004), (math.nan, 4.0, 0.9), *[(0.0, 0.0, 0.0)] * 22)
    point = TrackPoint(0.1, "person-1", None, ((1.26, -0.04),), joints)
    found = rounded(Timeline((segment,), ("calm",), tracks=(point,)))
    assert found.segments[0].measures == {"movement": 0.1235}
    assert found.tracks[0].outline == ((1.3, 0.0),)
    assert found.tracks[0].joints == ((1.3, 2.0, 0.99), *[(0.0, 0.0, 0.0)] * 24)
