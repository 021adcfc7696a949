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


@pytest.fixture(scope="module")
def waving(talker: Path, moved: Timeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of joints for the made clip: the portrait has arms and hips, no legs, and waves for six seconds."""
    left, top, width, height = moved.tracks[0].box or (0, 0, 0, 0)
    x, y = left + width / 2, top + height / 2
    names = ["Nose", "Neck", "MidHip", "RShoulder", "LShoulder", "RElbow", "LElbow", "RWrist", "LWrist"]
    lines = ["time," + ",".join(f"{name}_x,{name}_y" for name in names)]
    for time in np.arange(0, 6, 0.2):
        hand = 40 * math.sin(6 * time)
        places = [(0, 0), (0, 50), (0, 150), (-30, 55), (30, 55), (-45, 95), (45, 95), (-50 + hand, 60), (55, 130)]
        lines.append(f"{time:.1f}," + ",".join(f"{x + across},{y + down}" for across, down in places))
    table = tmp_path_factory.mktemp("joints") / "waving.csv"
    table.write_text("\n".join(lines))
    return table


def test_joints_of_another_program(talker: Path, waving: Path) -> None:
    """The table's head lies where the portrait's face is, so person-1 has that body; what moves is the right hand."""
    timeline = visavox.analyze(talker, voice=None, end=1.0, body="movement", joints=waving)
    assert timeline.people == ("person-1",)
    (first, *_) = [point for point in timeline.tracks if point.joints]
    assert first.joints[7][0] - first.joints[4][0] == pytest.approx(105)
    assert all(segment.measures["movement"] > 0.1 for segment in timeline.only(source="body"))
    with pytest.raises(OptionError, match="Joints are named and no body"):
        visavox.analyze(talker, joints=waving)


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


@pytest.fixture(scope="module")
def judged(talker: Path, waving: Path, models: tuple[str, ...]) -> Timeline:
    return visavox.analyze(talker, body="accm", joints=waving)


def test_three_sources_are_joined(judged: Timeline, talker: Path) -> None:
    """Face and voice lanes stay as they are; the fused one changes where the body was judged, and there alone."""
    without = visavox.analyze(talker)
    assert list(judged.only(source="face")) == list(without.only(source="face"))
    assert list(judged.only(source="voice")) == list(without.only(source="voice"))
    bodies = list(judged.only(source="body"))
    assert {segment.judged for segment in bodies} == {True, False}
    pairs = zip(bodies, judged.only(source="fused"), without.only(source="fused"), strict=True)
    for body, fused, before in pairs:
        assert (fused.probabilities == before.probabilities) is (not body.judged)
        assert fused.weights.get("body", 0.0) >= 0.0
        if body.judged:
            assert sum(fused.weights.values()) == pytest.approx(1)
    known = [word for word, value in zip(judged.words, bodies[0].probabilities, strict=True) if value > 0]
    assert set(known) <= {"neutral", "happy", "sad", "angry"}


def test_legs_that_are_not_seen_are_a_note(judged: Timeline) -> None:
    """The upper-body network answers, which is said; it is no reason to be absent."""
    told = [note for note in judged.about.notes if note.startswith("upper_body_only")]
    assert len(told) == 1 and "person-1" in told[0]


@pytest.mark.parametrize("rule", ["product", "mean", "max", "min", "median", "majority-vote"])
def test_every_rule_takes_any_of_the_three(rule: str, talker: Path, waving: Path, models: tuple[str, ...]) -> None:
    timeline = visavox.analyze(talker, voice=None, body="accm", joints=waving, fusion=rule, end=1.0)
    assert {segment.judged for segment in timeline.only(source="fused")} == {True}
