"""What is drawn is what was judged: hand-worked shapes, and averages that keep the mean."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox.formats import drawing
from visavox.timeline import Segment

NOTHING = (math.nan, math.nan)


def cells(*values: float | str, every: float = 1.0) -> list[Segment]:
    """Segments of one lane: the probability of the second of two words, or a reason."""
    return [
        Segment(
            place * every,
            (place + 1) * every,
            "person-1",
            "face",
            NOTHING if isinstance(value, str) else (1 - value, value),
            value if isinstance(value, str) else "",
        )
        for place, value in enumerate(values)
    ]


def test_areas_worked_by_hand() -> None:
    lane = drawing.columns(cells(0.5, 0.25, "no_face", 1.0), 100)
    second, first = drawing.areas(lane, [1, 0], (0.0, 4.0))
    # A second is 360 units wide; values stand at the middles of their cells and run level to the ends of a run.
    assert second == "M0 100V50h180l360 25h180V100zM1080 100V0h360V100z"
    assert first == "M0 100V0h720V100z"


def test_absences_and_ribbon_worked_by_hand() -> None:
    lane = drawing.columns(cells(0.75, "silence", "silence", 0.25), 100)
    assert drawing.absences(lane, (0.0, 4.0)) == {"silence": "M360 0h720v100h-720z"}
    assert drawing.ribbon(lane, (0.0, 4.0)) == {1: "M0 0h360v100h-360z", 0: "M1080 0h360v100h-360z"}


def test_many_cells_are_averaged_and_short_absences_with_them() -> None:
    lane = drawing.columns(cells(0.2, 0.4, "no_face", 0.6, "no_face", "silence", "no_face", 1.0), 4)
    assert lane.merged == 2
    assert lane.reasons == ("", "", "no_face", "")
    assert lane.values[:, 1].tolist() == pytest.approx([0.3, 0.6, math.nan, 1.0], nan_ok=True)
    assert lane.starts.tolist() == [0, 2, 4, 6]
    assert lane.ends.tolist() == [2, 4, 6, 8]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=300), st.integers(1, 50))
def test_averages_keep_the_mean_and_the_span(values: list[float], most: int) -> None:
    lane = drawing.columns(cells(*values, every=0.5), most)
    lengths = lane.ends - lane.starts
    assert len(lane) <= most
    assert (lane.starts[0], lane.ends[-1]) == (0, len(values) / 2)
    assert np.allclose(lane.starts[1:], lane.ends[:-1])
    assert (lane.values[:, 1] * lengths).sum() / lengths.sum() == pytest.approx(np.mean(values))


@given(st.lists(st.floats(0, 1) | st.just("silence"), min_size=1, max_size=60))
def test_no_shape_leaves_the_drawing(values: list[float | str]) -> None:
    lane = drawing.columns(cells(*values, every=0.1), 40)
    for path in drawing.areas(lane, [1, 0], (0.0, len(values) / 10)):
        x, y = 0, 0
        for command, numbers in re.findall(r"([MVhlz])([-\d ]*)", path):
            found = [int(number) for number in re.findall(r"-?\d+", numbers)]
            if command == "M":
                x, y = found
            elif command == "V":
                (y,) = found
            elif command == "h":
                x += found[0]
            else:
                x, y = x + sum(found[::2]), y + sum(found[1::2])
            assert 0 <= x <= drawing.WIDTH
            assert 0 <= y <= drawing.HEIGHT


def moving(*values: float | None) -> list[Segment]:
    """Segments of one second with a movement, or without one because there was no body."""
    return [
        Segment(
            place, place + 1, "a", "body", NOTHING, "no_body" if value is None else "not_asked",
            measures={} if value is None else {"movement": value},
        )
        for place, value in enumerate(values)
    ]  # fmt: skip


def test_a_measure_worked_by_hand() -> None:
    lane = drawing.columns(moving(1.0, 0.5, None, 2.0), 100)
    assert (
        drawing.level(lane, "movement", (0.0, 2.0), (0.0, 4.0)) == "M0 100V50h180l360 25h180V100zM1080 100V0h360V100z"
    )
    assert drawing.unmeasured(lane, "movement") == [(2.0, 3.0, "no_body")]
    levels = drawing.pack(lane, ["no_body", "not_asked"], {"movement": (0.0, 2.0)})["measures"]
    assert levels == {"movement": "".join([drawing.LEVELS[50], drawing.LEVELS[25], " ", drawing.LEVELS[100]])}


def test_a_measure_is_averaged_where_half_of_it_was_taken() -> None:
    lane = drawing.columns(moving(1.0, 2.0, 4.0, None, None, None), 3)
    assert lane.measures["movement"].tolist() == pytest.approx([1.5, 4.0, math.nan], nan_ok=True)


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=30))
def test_a_scale_holds_its_values_and_zero(values: list[float]) -> None:
    low, high = drawing.bounds(np.array(values))
    assert low <= 0 <= high
    assert low < high
    assert all(low <= value <= high for value in values if not math.isnan(value))


def test_every_percent_has_a_character_that_html_leaves_alone() -> None:
    assert len(set(drawing.LEVELS)) == 101
    assert not set("&<>\"'\\") & set(drawing.LEVELS)


@pytest.mark.parametrize("length", [0.4, 3, 59, 600, 3725, 7200, 36000])
@pytest.mark.parametrize("start", [0.0, 61.3])
def test_ticks_are_few_and_inside(start: float, length: float) -> None:
    found = drawing.ticks((start, start + length))
    assert 1 <= len(found) <= 9
    assert all(start <= time <= start + length + 1e-6 for time in found)


def test_turns_that_nearly_touch_are_one_bar() -> None:
    assert drawing.merge([(3, 4), (0, 1), (1.05, 2)], 0.1) == [(0, 2), (3, 4)]
