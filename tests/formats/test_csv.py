"""The table: one row a cell, person and source."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from visavox.errors import InputError
from visavox.formats import FORMATS, read, read_table, write, write_table
from visavox.timeline import MEASURES, About, Segment, Timeline

NAN = math.nan
TIMELINE = Timeline(
    (
        Segment(0.0, 0.5, "person-1", "face", (0.25, 0.75), evidence=3, baseline=12.5),
        Segment(0.0, 0.5, "person-1", "voice", (NAN, NAN), "silence"),
        Segment(0.0, 0.5, "person-1", "fused", (0.25, 0.75), weights={"face": 1.0, "voice": 0.0}),
    ),
    ("neutral", "happy"),
    About(file="talk.mp4", duration=0.5),
)


def test_the_table_as_the_manual_shows_it() -> None:
    assert FORMATS[".csv"].encode(TIMELINE).decode().splitlines() == [
        "file,start,end,person,source,emotion,p_neutral,p_happy,reason,weight_face,weight_voice,weight_body,evidence,baseline",
        "talk.mp4,0.000,0.500,person-1,face,happy,0.250000,0.750000,,,,,3.000,12.500",
        "talk.mp4,0.000,0.500,person-1,voice,,,,silence,,,,0.000,0.000",
        "talk.mp4,0.000,0.500,person-1,fused,happy,0.250000,0.750000,,1.000000,0.000000,,0.000,0.000",
    ]


def test_a_formula_in_a_name_becomes_text_and_comes_back(tmp_path: Path) -> None:
    name = '=HYPERLINK("http://example.org";"click").mp4'
    timeline = replace(TIMELINE, about=About(file=name, duration=0.5))
    path = write(timeline, tmp_path / "a.csv")
    assert path.read_text().splitlines()[1].startswith(""""'=HYPERLINK(""")
    assert read(path).about.file == name


def test_a_spreadsheet_may_reorder_columns_and_add_some(tmp_path: Path) -> None:
    path = tmp_path / "edited.csv"
    path.write_text("\ufeffmine,p_happy,p_sad,source,person,end,start\r\nx,0.5,0.5,face,Ann,2,1\r\n,,,,,,\r\n")
    assert read(path).segments == (Segment(1, 2, "Ann", "face", (0.5, 0.5)),)


def test_a_measure_is_a_column_where_there_is_any(tmp_path: Path) -> None:
    body = Segment(0.0, 0.5, "person-1", "body", (NAN, NAN), "not_asked", measures={"movement": 0.51239})
    timeline = replace(TIMELINE, segments=(*TIMELINE.segments, body))
    path = write(timeline, tmp_path / "a.csv")
    head, face, voice, moving, fused = path.read_text().splitlines()
    assert head.endswith(",evidence,baseline,movement")
    assert moving == "talk.mp4,0.000,0.500,person-1,body,,,,not_asked,,,,0.000,0.000,0.5124"
    assert [row.rsplit(",", 1)[1] for row in (face, voice, fused)] == ["", "", ""]
    assert [dict(segment.measures) for segment in read(path)] == [{}, {}, {"movement": 0.5124}, {}]


def test_every_measure_comes_back_below_zero_too() -> None:
    measures = {name: -1.5 - place for place, name in enumerate(MEASURES)}
    timeline = Timeline((Segment(0, 1, "a", "body", (1.0,), measures=measures),), ("calm",))
    content = FORMATS[".csv"].encode(timeline)
    assert content.decode().splitlines()[0].split(",")[-len(MEASURES) :] == list(MEASURES)
    assert FORMATS[".csv"].decode(content, "a.csv").segments[0].measures == measures


def test_recordings_with_and_without_measures_share_a_table(tmp_path: Path) -> None:
    moving = Timeline((Segment(0, 1, "a", "body", (0.5, 0.5), measures={"movement": 2.0}),), TIMELINE.words)
    first, second = read_table(write_table([TIMELINE, moving], tmp_path / "all.csv"))
    assert first.measured == ()
    assert second.segments == moving.segments


def test_several_recordings_in_one_table(tmp_path: Path) -> None:
    other = Timeline(
        (Segment(0, 1, "person-1", "face", (0.5, 0.5)),), ("calm", "happy"), About(file="b.mp4", duration=1)
    )
    path = write_table([TIMELINE, other, TIMELINE], tmp_path / "all.csv")
    found = read_table(path)
    assert [timeline.about.file for timeline in found] == ["talk.mp4", "b.mp4", "talk.mp4 (2)"]
    assert [timeline.words for timeline in found] == [("neutral", "happy"), ("happy", "calm"), ("neutral", "happy")]
    assert found[0].segments == TIMELINE.segments
    with pytest.raises(InputError, match="3 recordings"):
        read(path)


def test_a_table_without_rows_is_an_empty_timeline(tmp_path: Path) -> None:
    assert read(write(Timeline(()), tmp_path / "none.csv")) == Timeline(())
    assert write_table([], tmp_path / "nobody.csv").read_text().startswith("file,start,end")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column start, end, person, source"),
        ("start;end;person;source;p_happy\n", "expected commas"),
        ("start,end,person,source\n0,1,a,face\n", "p_<word>"),
        ('start,end,person,source,p_sad\n0,1,a,face,1\n1,2,a,face,"0,5"\n', "line 3: p_sad is '0,5'"),
        (
            "start,end,person,source,p_sad,movement\n0,1,a,body,1,fast\n",
            "line 2: movement is 'fast', expected a number",
        ),
        ("start,end,person,source,p_sad\n0,,a,face,1\n", "line 2: start and end"),
        ("start,end,person,source,p_sad\n0,1,a,face,0.3\n", "sum to 0.3"),
        ("start,end,person,source,p_sad\n0,2,a,face,1\n1,3,a,face,1\n", "overlap"),
        ("start,end,person,source,p_sad\n0,1,a,nose,1\n", "source must be one of"),
    ],
)
def test_what_is_no_table_of_ours_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as error:
        read(path)
    assert str(path) in str(error.value)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read(path)
