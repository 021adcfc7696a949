"""What a terminal shows."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import pytest
from rich.console import Console

from visavox.emotions import WORDS
from visavox.formats.text import describe
from visavox.timeline import About, Segment, Timeline

Conversation = Callable[..., Timeline]


def printed(timeline: Timeline, width: int = 100, colours: bool = False) -> str:
    output = io.StringIO()
    system = "truecolor" if colours else None
    Console(file=output, width=width, force_terminal=colours, color_system=system).print(describe(timeline))
    return output.getvalue()


def cell(start: float, word: str, source: str = "face") -> Segment:
    return Segment(start, start + 1, "person-1", source, tuple(float(other == word) for other in WORDS))


def test_what_a_pipe_gets() -> None:
    nothing = Segment(3, 4, "person-1", "face", (math.nan,) * 7, "no_face")
    cells = (cell(0, "happy"), cell(1, "surprised"), cell(2, "surprised"), nothing)
    timeline = Timeline(cells, about=About(file="a.mp4"))
    text = str(describe(timeline)).replace("\u00a0", " ")
    assert text.splitlines()[0] == "a.mp4  4 s, 1 person"
    assert "person-1: mostly surprised (67 % of the time judged), then happy (33 %)" in text
    ribbon = next(line.split()[1] for line in text.splitlines() if line.startswith("  face "))
    assert [letter for place, letter in enumerate(ribbon) if ribbon[place - 1] != letter] == ["h", "u", "·"]
    assert "h happy" in text
    assert "u surprised" in text
    assert "face not judged: 1 s no face of this person in the picture" in text
    assert "surprised  0:01.0  0:01.5  0:03.0  100 %  100 %" in " ".join(text.splitlines()[-2:])


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("colours", [False, True])
def test_it_fits_the_terminal(conversation: Conversation, width: int, colours: bool) -> None:
    plain = printed(conversation(60), width)
    assert max(map(len, plain.splitlines())) <= max(width, 40)
    assert ("\x1b[" in printed(conversation(60), width, colours)) == colours


def test_colours_carry_words_where_there_is_room() -> None:
    timeline = Timeline((*(cell(time, "happy") for time in range(9)), cell(9, "sad")))
    lane = next(line for line in printed(timeline, 100, colours=True).splitlines() if "48;2;242;177;52" in line)
    assert " happy " in lane


def test_a_picture_is_told_in_one_line_a_source(conversation: Conversation) -> None:
    text = str(describe(conversation(0.5)))
    assert "one moment, 2 people" in text
    assert "  face   neutral " in text
    assert "episodes" not in text


def test_measures_are_plain_numbers(gestures: Conversation) -> None:
    text = " ".join(str(describe(gestures(60, people=1))).split())
    assert "body movement: 0.80 on average, 1.50 at most (at 0:23.8), in lengths of the torso a second" in text
    assert "body not judged: 6 s no body of this person in the picture" in text


def test_a_body_that_was_measured_alone_has_no_ribbon(gestures: Conversation) -> None:
    timeline = gestures(60, people=1, judged=False)
    text = str(describe(timeline))
    assert not [line for line in text.splitlines() if line.startswith("  body  ")]
    assert "body not measured: 6 s no body of this person in the picture" in text
    assert "person-1: was measured, not judged" in str(describe(timeline.only(source="body")))
    assert "neutral" not in str(describe(timeline.only(source="body")))


def test_nobody_and_a_broken_file() -> None:
    text = str(describe(Timeline((), about=About(file="a.mp4", duration=61.5, status="truncated"))))
    assert "a.mp4  1 min 2 s, nobody found" in text
    assert "breaks off at 1:01.5" in text


def test_names_cannot_steer_the_terminal() -> None:
    about = About(file="a\x1b[2J\r\n\udce9.mp4", notes=("\x07[red]b",))
    timeline = Timeline((cell(0, "sad"), cell(1, "sad")), about=about)
    text = printed(timeline, 100)
    assert not {"\x1b", "\r", "\x07"} & set(text)
    assert "[red]b" in text


def test_long_recordings_list_the_longest_episodes(conversation: Conversation) -> None:
    timeline = conversation(600)
    text = str(describe(timeline))
    assert f"16 of {len(timeline.episodes())} episodes" in text
    assert len(text.splitlines()) < 60
