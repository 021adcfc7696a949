"""Where people were, as the page draws it: hand-worked shapes, and what is packed comes back."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visavox.face.outline import LINES, POINTS
from visavox.formats import drawing, poses
from visavox.timeline import TrackPoint

UNSEEN = (0.0, 0.0, 0.0)


def body(time: float = 0.0, shift: float = 0.0, **joints: tuple[float, float]) -> TrackPoint:
    """Somebody with some joints: `body(j2=(x, y))`."""
    every = [UNSEEN] * 25
    for name, (x, y) in joints.items():
        every[int(name[1:])] = (x + shift, y, 0.8)
    return TrackPoint(time, "ann", joints=tuple(every))


def test_a_skeleton_worked_by_hand() -> None:
    """Only joints that are seen are drawn, and limbs of which both ends are."""
    point = body(j2=(100, 200), j3=(100, 400), j7=(500, 300))
    assert poses.shapes(point) == {
        "face": "",
        "limbs": "M100 200L100 400",
        "joints": "M100 200h0M100 400h0M500 300h0",
    }
    assert poses.told(point) == "3 joints of the body"


def test_a_face_is_its_outline_or_else_its_box() -> None:
    box = TrackPoint(0, "ann", (10, 20, 30, 40))
    assert poses.shapes(box)["face"] == "M10 20L40 20L40 60L10 60L10 20"
    outline = tuple((float(place), float(place)) for place in range(len(POINTS)))
    drawn = poses.shapes(TrackPoint(0, "ann", (10, 20, 30, 40), outline))["face"]
    assert drawn.count("M") == len(LINES)
    assert drawn.startswith("M" + "L".join(f"{place} {place}" for place in LINES[0]))


def test_eyes_and_ears_are_left_to_the_outline() -> None:
    point = body(j0=(5, 5), j15=(4, 4), j18=(8, 4), j1=(5, 9))
    face = replace(point, outline=tuple((place % 8, place / 8) for place in range(len(POINTS))))
    for moment, joints in ((point, [0, 1, 15, 18]), (face, [0, 1])):
        found = poses.poses([moment])
        assert found is not None
        assert poses.pack(found)["used"] == joints


def test_the_drawing_holds_all_moments_and_keeps_their_shape() -> None:
    found = poses.poses([body(0, 0, j2=(0, 0), j3=(0, 50)), body(1, 150, j2=(0, 0), j3=(50, 50))])
    assert found is not None
    assert (found.width, found.height) == (1000, 310)
    (one, other) = ([found.points[place].joints[joint][:2] for joint in (2, 3)] for place in (0, 1))
    assert one == [pytest.approx((40, 40)), pytest.approx((40, 270))]
    assert other == [pytest.approx((730, 40)), pytest.approx((960, 270))]


@given(st.integers(1, 500), st.integers(1, 100))
def test_there_are_never_too_many_moments(moments: int, most: int) -> None:
    found = poses.poses([body(moment / 5, j0=(1, 1)) for moment in range(moments)], most)
    assert found is not None
    assert len(found.points) <= most
    assert len(found.points) == math.ceil(moments / found.kept)


def test_what_is_no_number_is_not_drawn() -> None:
    nan = math.nan
    strange = TrackPoint(0, "ann", (nan, 0, 1, 1), ((nan, 1),) * len(POINTS), ((nan, 1, 0.9), *[UNSEEN] * 24))
    assert poses.poses([strange]) is None
    assert poses.poses([]) is None
    found = poses.poses([strange, body(1, j0=(5, 5))])
    assert found is not None
    assert [point.time for point in found.points] == [1]


places = st.tuples(st.floats(-500, 4000), st.floats(-500, 4000))


@st.composite
def moments(draw: st.DrawFn) -> TrackPoint:
    joint = places.map(lambda place: (*place, 0.9)) | st.just(UNSEEN)
    outline = draw(st.lists(places, min_size=len(POINTS), max_size=len(POINTS))) if draw(st.booleans()) else []
    box = draw(st.none() | st.tuples(st.just(1.0), st.just(2.0), st.floats(1, 300), st.floats(1, 300)))
    joints = draw(st.lists(joint, min_size=25, max_size=25)) if draw(st.booleans()) else []
    return TrackPoint(draw(st.floats(0, 60)), "ann", box, tuple(outline), tuple(joints))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(moments(), min_size=1, max_size=3))
def test_what_is_packed_comes_back(points: list[TrackPoint]) -> None:
    """Read as `pack` says it is written: joints to a tenth of a unit, outlines to a hundredth of their box."""
    found = poses.poses(points)
    if found is None:
        return
    data = poses.pack(found)
    text, used = iter(str(data["places"])), data["used"]
    assert isinstance(used, list)

    def coarse() -> int:
        return drawing.LEVELS.index(next(text))

    def fine(first: str | None = None) -> float:
        high = drawing.LEVELS.index(first or next(text))
        return (high * 101 + coarse()) / poses.FINE * poses.SIZE

    for point in found.points:
        kind = next(text)
        assert kind == ("o" if point.outline else "b" if point.box else "n")
        if kind != "n":
            left, top, width, height = (fine() for _ in range(4))
            if kind == "b":
                assert (left, top, width, height) == pytest.approx(point.box, abs=0.06)
            for x, y in point.outline:
                assert left + coarse() / 100 * width == pytest.approx(x, abs=width / 199 + 0.2)
                assert top + coarse() / 100 * height == pytest.approx(y, abs=height / 199 + 0.2)
        for place in used:
            sign = next(text)
            joint = point.joints[place] if point.joints else UNSEEN
            assert (sign == " ") == (joint == UNSEEN)
            if sign != " ":
                assert (fine(sign), fine()) == pytest.approx(joint[:2], abs=0.06)
    assert next(text, None) is None
