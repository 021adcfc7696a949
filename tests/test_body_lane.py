"""A timeline's body lane: what it adds, and that it changes nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import visavox
from visavox import media
from visavox.errors import OptionError
from visavox.timeline import Timeline


@pytest.fixture(scope="module")
def moved(talker: Path) -> Timeline:
    return visavox.analyze(talker, body="movement")


def test_movement_is_a_number_where_no_model_is_named(moved: Timeline) -> None:
    """The portrait of the made clip sways slowly: seen in every cell, and it moves less than a torso a second."""
    lane = list(moved.only(source="body"))
    assert lane and {segment.reason for segment in lane} == {"not_asked"}
    assert all(0 <= segment.measures["movement"] < 1 for segment in lane)
    assert all(math.isnan(value) for segment in lane for value in segment.probabilities)
    assert "body" not in {model.role for model in moved.about.models}


def test_points_hold_face_and_body_of_a_moment(moved: Timeline) -> None:
    points = [point for point in moved.tracks if point.joints and point.box]
    assert len(points) > 5
    for point in points:
        left, top, width, height = point.box
        nose = point.joints[0]
        assert left < nose[0] < left + width and top < nose[1] < top + height
        assert len(point.outline) > 50
    times = [point.time for point in moved.tracks]
    assert times == sorted(times) and len(set(times)) == len(times)


def test_the_body_changes_nothing_else(talker: Path, moved: Timeline) -> None:
    without = visavox.analyze(talker)
    for source in ("face", "voice", "fused"):
        assert list(moved.only(source=source)) == list(without.only(source=source))
    assert moved.speech == without.speech
    boxes = [(point.time, point.person, point.box, point.outline) for point in moved.tracks if point.box]
    assert boxes == [(point.time, point.person, point.box, point.outline) for point in without.tracks]


def test_a_body_alone(talker: Path) -> None:
    timeline = visavox.analyze(talker, face=None, voice=None, body="movement")
    assert timeline.sources == ("body",) and timeline.people == ("person-1",)
    assert all(point.box is None and point.joints for point in timeline.tracks)


def test_nobody_and_no_picture(tmp_path: Path, weights: Path) -> None:
    """A sound has no picture; a grey one shows no body: reasons, not errors."""
    import wave

    with wave.open(str(tmp_path / "hum.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes((1000 * np.sin(np.arange(32000) / 20)).astype("<i2").tobytes())
    timeline = visavox.analyze(tmp_path / "hum.wav", body="movement")
    assert {segment.reason for segment in timeline.only(source="body")} == {"no_video"}
    assert not any(segment.measures for segment in timeline)


def test_another_model_in_the_body_s_place(talker: Path, models: tuple[str, ...]) -> None:
    with pytest.raises(OptionError, match="Bad value 'face' for body: that is a face model"):
        visavox.analyze(talker, body="face")


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "people"), [("talking_gesturing.mp4", 1), ("two_people_split_screen.mp4", 2), ("walk_treadmill.mp4", 1)]
)
def test_real_people_have_their_bodies(data: Path, name: str, people: int) -> None:
    """Everybody's body is followed nearly all the time, and who gestures moves more than who listens."""
    timeline = visavox.analyze(data / "media" / name, body="movement", voice=None, end=3.5)
    assert len(timeline.people) == people
    for person in timeline.people:
        lane = list(timeline.only(person=person, source="body"))
        assert sum("movement" in segment.measures for segment in lane) >= 0.8 * len(lane)


@pytest.mark.data
def test_no_body_in_a_drawing(data: Path) -> None:
    timeline = visavox.analyze(data / "media/no_face_animation.mp4", body="movement", voice=None)
    with media.open_recording(data / "media/no_face_animation.mp4") as recording:
        assert recording.has_pictures
    assert {segment.reason for segment in timeline.only(source="body")} == {"no_body"}


def test_joints_of_another_program(talker: Path, tmp_path: Path) -> None:
    """A table of two pictures of somebody whose head lies where the portrait's face is: person-1 has that body."""
    point = visavox.analyze(talker, voice=None, end=1.0).tracks[0]
    left, top, width, height = point.box
    x, y = left + width / 2, top + height / 2
    table = tmp_path / "joints.csv"
    table.write_text(
        "time,Nose_x,Nose_y,Neck_x,Neck_y,MidHip_x,MidHip_y,RWrist_x,RWrist_y,LWrist_x,LWrist_y\n"
        + "".join(
            f"{time},{x},{y},{x},{y + 50},{x},{y + 150},{x - 40},{y + 100},{x + 40},{y + 100}\n"
            for time in (0, 0.2, 0.4, 0.6)
        )
    )
    timeline = visavox.analyze(talker, voice=None, end=1.0, body="movement", joints=table)
    assert timeline.people == ("person-1",)
    (first, *_) = [point for point in timeline.tracks if point.joints]
    assert first.joints[4] == pytest.approx((x - 40, y + 100, 1.0))
    assert next(len(segment.measures) for segment in timeline.only(source="body")) == 1
    with pytest.raises(OptionError, match="Joints are named and no body"):
        visavox.analyze(talker, joints=table)


def test_a_face_of_a_moment_can_still_be_hidden(weights: Path, tmp_path: Path) -> None:
    """Nobody's face is in no lane; where it was stands among the tracks, without a name."""
    from visavox import demo, lanes
    from visavox.cells import Faces, Wings, read_cells
    from visavox.lanes import gather
    from visavox.options import Options

    clip = demo.make(tmp_path / demo.NAME)
    with media.open_recording(clip, end=2.0) as recording:
        options = Options(voice=None, end=2.0)
        wings = Wings(faces=Faces("face", recording))
        cells = list(read_cells(recording, options, 0.0, wings))
        assert wings.faces is not None
        for record in wings.faces.records.values():
            record.end = record.start + 0.1
        assert gather(recording, cells, wings).people.keys() == {"person-1"}
        timeline = lanes.timeline("clip", recording, options, cells, wings)
    assert timeline.tracks and {point.person for point in timeline.tracks} == {""}
    assert {segment.reason for segment in timeline} == {"no_face"}
