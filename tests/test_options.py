"""What an analysis can be told, and what it answers to nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest

from visavox.errors import InputError, OptionError
from visavox.options import Options, read_segments, read_stretch


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fusion": "vote"}, "expected one of log-linear, product, mean, max"),
        ({"prior": "zero"}, "expected one of life, uniform, corpus"),
        ({"every": 0.0}, "expected seconds between 0.1 and 3600"),
        ({"start": -1.0}, "expected seconds from 0 on"),
        ({"start": 3.0, "end": 2.0}, "expected seconds after start"),
        ({"face": None, "voice": None}, "at least one of face, voice and body"),
        ({"joints": "joints.csv"}, "name a body model as well, or movement"),
        ({"segments": []}, "at least one pair"),
        ({"segments": [(1.0, 1.0)]}, "end after its start"),
        ({"segments": [(0.0, 2.0), (1.0, 3.0)]}, "overlaps the one before"),
        ({"baseline": "usual"}, "expected one of self, enrolment, none"),
        ({"baseline": "enrolment"}, "the stretch in which the person is neutral"),
        ({"baseline": "none", "neutral": (0.0, 5.0)}, "leave one of the two out"),
        ({"neutral": (5.0, 5.0)}, "an end after it"),
        ({"neutral": (-1.0, 5.0)}, "a start from 0 on"),
        ({"neutral": (0.0, 5.0), "start": 10.0}, "outside the part"),
        ({"neutral": (8.0, 9.0), "end": 8.0}, "outside the part"),
    ],
)
def test_bad_values_say_what_is_expected(options: dict[str, object], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        Options(**options)  # type: ignore[arg-type]


def test_segments_are_sorted() -> None:
    assert Options(segments=((2.0, 3.0), (0.0, 2.0))).segments == ((0.0, 2.0), (2.0, 3.0))


def test_a_named_neutral_stretch_is_a_baseline_of_its_own_kind() -> None:
    assert Options().baseline == "self"
    assert Options(neutral=(0, 10)).baseline == "enrolment"
    assert Options(neutral=(0, 10)).neutral == (0.0, 10.0)


def test_a_stretch_as_people_type_it() -> None:
    assert read_stretch("0-12.5") == (0.0, 12.5) and read_stretch(" 3 - 4. ") == (3.0, 4.0)


@pytest.mark.parametrize("text", ["", "10", "0:10-0:20", "-1-4", "a-b", "1-2-3"])
def test_a_bad_stretch_says_how_to_write_one(text: str) -> None:
    with pytest.raises(OptionError, match="START-END in seconds"):
        read_stretch(text)


def test_segments_come_from_a_table(tmp_path: Path) -> None:
    table = tmp_path / "trials.csv"
    table.write_text("trial,Start,End\na,0.5,1.5\nb,2,3\n", encoding="utf-8")
    assert read_segments(table) == ((0.5, 1.5), (2.0, 3.0))


@pytest.mark.parametrize(
    ("text", "says"),
    [("from,to\n1,2\n", "expected columns start and end"), ("start,end\n1,two\n", "line 2"), ("", "found none")],
)
def test_a_bad_table_says_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    table = tmp_path / "trials.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says) as caught:
        read_segments(table)
    assert "trials.csv" in str(caught.value)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_segments(tmp_path / "none.csv")
