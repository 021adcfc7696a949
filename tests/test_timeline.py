"""`Timeline`: who showed what when. Hand-worked cases, and properties that hold for any timeline."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visavox.errors import InputError
from visavox.timeline import REASONS, SOURCES, About, Episode, Segment, Speech, Timeline, TrackPoint

WORDS = ("neutral", "happy", "sad")
NOTHING = (math.nan,) * 3

few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cell(
    start: float, end: float, values: tuple[float, ...] | str, person: str = "person-1", source: str = "face"
) -> Segment:
    """A judged cell from its probabilities, or an absent one from its reason."""
    if isinstance(values, str):
        return Segment(start, end, person, source, NOTHING, values)
    return Segment(start, end, person, source, values)


def seconds(items: Iterable[Segment | Episode]) -> float:
    return sum(item.end - item.start for item in items)


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Lanes of cells of any length with holes, absences and judgements."""
    segments = []
    for person in draw(st.lists(st.sampled_from(["person-1", "person-2", "person-10"]), unique=True)):
        for source in draw(st.sets(st.sampled_from(SOURCES), min_size=1)):
            time = 0.0
            for _ in range(draw(st.integers(1, 8))):
                start = time + draw(st.sampled_from([0.0, 0.0, 0.0, 0.25]))
                time = start + draw(st.sampled_from([0.5, 0.5, 0.1, 1 / 3]))
                votes = draw(st.tuples(*[st.integers(0, 9)] * 3))
                values = tuple(vote / sum(votes) for vote in votes) if sum(votes) else draw(st.sampled_from([*REASONS]))
                segments.append(cell(start, time, values, person, source))
    return Timeline(tuple(segments), WORDS)


@few
@given(timelines())
def test_episodes_partition_the_judged_time(timeline: Timeline) -> None:
    for source in timeline.sources:
        episodes = timeline.episodes(source)
        for person in timeline.people:
            own = [episode for episode in episodes if episode.person == person]
            judged = [segment for segment in timeline.only(person=person, source=source) if segment.judged]
            assert seconds(own) == pytest.approx(seconds(judged))
            assert all(first.end <= second.start + 1e-9 for first, second in itertools.pairwise(own))
            for segment in judged:
                (around,) = [item for item in own if item.start <= segment.start and segment.end <= item.end]
                assert around.word == timeline.word(segment)


@few
@given(timelines())
def test_an_episode_is_as_sure_as_its_cells(timeline: Timeline) -> None:
    for episode in timeline.episodes():
        assert episode.start < episode.apex < episode.end
        assert 1 / 3 - 1e-9 <= episode.mean <= episode.peak + 1e-9 <= 1 + 1e-6


@few
@given(timelines())
def test_rows_do_not_overlap(timeline: Timeline) -> None:
    rows = list(timeline.rows())
    assert len(rows) == len(timeline)
    last: dict[tuple[str, str], float] = {}
    for row in rows:
        key = (row["person"], row["source"])
        assert row["start"] >= last.get(key, 0.0)
        last[key] = row["end"]
    assert [row["start"] for row in rows] == sorted(row["start"] for row in rows)


@few
@given(timelines())
def test_every_second_is_judged_or_has_a_reason(timeline: Timeline) -> None:
    for person in timeline.people:
        for source in timeline.sources:
            lane = timeline.only(person=person, source=source)
            judged = seconds(segment for segment in lane if segment.judged)
            absent = sum(timeline.absences(person, source).values())
            assert judged + absent == pytest.approx(seconds(lane))
            assert bool(timeline.summary(person, source)) == (judged > 0)
            if judged:
                assert sum(timeline.summary(person, source).values()) == pytest.approx(1)


@few
@given(timelines(), st.floats(0, 6))
def test_at_finds_what_holds_the_moment(timeline: Timeline, moment: float) -> None:
    found = timeline.at(moment)
    assert len({(segment.person, segment.source) for segment in found}) == len(found)
    assert all(segment in timeline.between(moment, moment + 1e-9).segments for segment in found)


@few
@given(timelines())
def test_the_order_in_which_segments_are_given_does_not_matter(timeline: Timeline) -> None:
    assert Timeline(timeline.segments[::-1], timeline.words) == timeline


@few
@given(timelines())
def test_the_parts_make_the_whole(timeline: Timeline) -> None:
    assert sum(len(timeline[person]) for person in timeline.people) == len(timeline)
    assert sum(len(timeline.only(source=source)) for source in timeline.sources) == len(timeline)


def test_episodes_worked_by_hand() -> None:
    timeline = Timeline(
        (
            cell(0.0, 0.5, (0.2, 0.6, 0.2)),
            cell(0.5, 1.0, (0.1, 0.8, 0.1)),
            cell(1.0, 1.5, (0.0, 0.1, 0.9)),
            cell(1.5, 2.0, "no_face"),
            cell(2.0, 2.5, (0.0, 0.1, 0.9)),
            cell(3.0, 3.5, (0.0, 0.3, 0.7)),
        ),
        WORDS,
    )
    found = [(item.word, item.start, item.apex, item.end, item.peak) for item in timeline.episodes()]
    assert found == [
        ("happy", 0.0, 0.75, 1.0, 0.8),
        ("sad", 1.0, 1.25, 1.5, 0.9),
        ("sad", 2.0, 2.25, 2.5, 0.9),
        ("sad", 3.0, 3.25, 3.5, 0.7),
    ]
    assert timeline.episodes()[0].mean == pytest.approx(0.7)


def test_a_person_is_judged_from_what_says_most() -> None:
    face = cell(0, 1, (1.0, 0, 0))
    voice = (cell(0, 1, (0, 1.0, 0), source="voice"), cell(1, 2, (0, 1.0, 0), source="voice"))
    fused = cell(0, 1, (0, 0, 1.0), source="fused")
    assert Timeline((face,), WORDS).best_source("person-1") == "face"
    assert Timeline((face, *voice), WORDS).best_source("person-1") == "voice"
    assert Timeline((face, *voice, fused), WORDS).best_source("person-1") == "fused"
    assert Timeline((face, cell(0, 1, "nothing_to_fuse", source="fused")), WORDS).best_source("person-1") == "face"
    assert Timeline((cell(0, 1, "no_face"),), WORDS).best_source("person-1") is None
    assert Timeline((cell(0, 1, "no_face"),), WORDS).episodes() == ()


def test_people_are_in_the_order_in_which_they_are_counted() -> None:
    timeline = Timeline(tuple(cell(0, 1, "no_face", f"person-{number}") for number in (10, 2, 1)), WORDS)
    assert timeline.people == ("person-1", "person-2", "person-10")
    assert [segment.person for segment in timeline] == list(timeline.people)


def test_a_part_has_its_tracks_and_speech() -> None:
    timeline = Timeline(
        tuple(cell(time, time + 1, "no_face", person) for time in range(3) for person in ("a", "b")),
        WORDS,
        tracks=tuple(TrackPoint(time, person, (0, 0, 1, 1)) for time in (0.5, 1.5) for person in ("a", "b")),
        speech=(Speech(0, 1, "a", 1.0), Speech(1, 3, "b", 1.0)),
    )
    assert [point.time for point in timeline["a"].tracks] == [0.5, 1.5]
    assert timeline["b"].speech == (Speech(1, 3, "b", 1.0),)
    part = timeline.between(1.0, 1.5)
    assert {segment.start for segment in part} == {1}
    assert part.tracks == ()
    assert part.speech == (Speech(1, 3, "b", 1.0),)


def test_the_frame_has_the_columns_of_the_rows() -> None:
    timeline = Timeline((cell(0, 1, (0.5, 0.25, 0.25)), cell(1, 2, "no_face")), WORDS, About(file="a.mp4"))
    frame = timeline.to_frame()
    assert list(frame.columns) == list(next(timeline.rows()))
    assert frame["emotion"].tolist()[0] == "neutral"
    assert frame["p_happy"].isna().tolist() == [False, True]
    empty = Timeline((), WORDS).to_frame()
    assert isinstance(empty, pandas.DataFrame)
    assert list(empty.columns) == list(frame.columns)


def test_what_was_measured_is_a_column_of_numbers() -> None:
    moving = Segment(0, 1, "a", "body", NOTHING, "not_asked", measures={"movement": 0.5})
    timeline = Timeline((moving, cell(1, 2, "no_body", "a", "body")), WORDS)
    assert timeline.measured == ("movement",)
    assert [row["movement"] for row in timeline.rows()] == [0.5, None]
    frame = timeline.to_frame()
    assert list(frame.columns)[-2:] == ["baseline", "movement"]
    assert frame["movement"].dtype == float
    assert frame["movement"].isna().tolist() == [False, True]
    assert "movement" not in timeline.between(1, 2).to_frame()


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        ([cell(0, 1, (0.5, 0.5, 0)), cell(0.5, 1.5, (0.5, 0.5, 0))], "two face segments .* overlap at 0.500 s"),
        ([Segment(0, 1, "a", "face", (1.0,))], "1 probabilities for 3 words"),
        ([Segment(0, 1, "a", "nose", (1.0, 0, 0))], "source must be one of face, voice, body, fused"),
        ([cell(1, 1, (1.0, 0, 0))], "before it starts"),
        ([cell(0, 1, (0.5, 0.1, 0.1))], "sum to 0.7"),
        ([Segment(0, 1, "a", "face", NOTHING)], "no reason is given"),
        ([Segment(0, 1, "a", "face", (1.0, 0, 0), "no_face")], "and probabilities as well"),
    ],
)
def test_a_timeline_that_contradicts_itself_cannot_be_made(segments: list[Segment], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Timeline(tuple(segments), WORDS)


def test_nobody_of_that_name() -> None:
    with pytest.raises(InputError, match="expected one of person-1"):
        Timeline((cell(0, 1, "no_face"),), WORDS)["person-7"]
    with pytest.raises(InputError, match="expected one of nobody"):
        Timeline((), WORDS)["person-1"]
