"""A recording in, a timeline out: lanes, gaps with reasons, parts, segments, and the same output every time."""

from __future__ import annotations

import math
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import visavox
from visavox import media
from visavox.errors import InputError, OptionError
from visavox.timeline import Timeline

pytestmark = pytest.mark.usefixtures("weights", "models")


def write_wav(path: Path, samples: NDArray[np.floating], rate: int = 16_000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def timeline(talker: Path) -> Timeline:
    return visavox.analyze(talker)


def test_one_person_three_lanes_without_holes(timeline: Timeline) -> None:
    assert timeline.people == ("person-1",)
    assert timeline.sources == ("face", "voice", "fused")
    for source in timeline.sources:
        lane = timeline.only(source=source).segments
        assert lane[0].start == 0
        assert all(a.end == b.start for a, b in pairwise(lane))
        assert lane[-1].end == pytest.approx(timeline.about.duration)


def test_face_and_voice_are_judged_where_they_are(timeline: Timeline) -> None:
    face = [segment for segment in timeline if segment.source == "face"]
    voice = [segment for segment in timeline if segment.source == "voice"]
    assert all(segment.judged for segment in face)
    speaking = [segment.judged for segment in voice]
    assert 0.4 < np.mean(speaking) < 1.0, "the talker speaks most of the time, and pauses"
    assert {segment.reason for segment in voice if not segment.judged} <= {"silence", "short_speech"}
    assert all((segment.evidence > 0) == segment.judged for segment in timeline)


def test_fused_cells_say_what_moved_them(timeline: Timeline) -> None:
    for segment in timeline.only(source="fused"):
        assert segment.judged
        assert sum(segment.weights.values()) == pytest.approx(1)
        voice = next(item for item in timeline.at(segment.start) if item.source == "voice")
        if not voice.judged:
            assert segment.weights["voice"] == 0


def test_the_same_input_gives_the_same_output(talker: Path, timeline: Timeline) -> None:
    again = visavox.analyze(talker)
    assert again == timeline


def test_a_part_keeps_the_recordings_clock(talker: Path, timeline: Timeline) -> None:
    part = visavox.analyze(talker, start=2.0, end=4.0)
    assert part.only(source="face").segments[0].start == 2.0
    assert part.about.duration == pytest.approx(4.0)
    whole = timeline.only(source="face")
    differences = [
        max(abs(a - b) for a, b in zip(segment.probabilities, whole.at(segment.start)[0].probabilities, strict=True))
        for segment in part.only(source="face")
        if 2.5 <= segment.start < 3.5
    ]
    assert max(differences) < 0.1


def test_ones_own_segments(talker: Path) -> None:
    own = visavox.analyze(talker, segments=[(0.5, 1.25), (3.0, 7.0)])
    for source in own.sources:
        lane = own.only(source=source).segments
        assert [(segment.start, segment.end) for segment in lane] == [(0.5, 1.25), (3.0, 7.0)]
    long = own.only(source="voice").segments[1]
    assert long.judged and long.evidence > 1.0


def test_long_cells_pool_short_ones(talker: Path, timeline: Timeline) -> None:
    long = visavox.analyze(talker, every=3.0)
    assert long.only(source="face").segments[0].end == 3.0
    assert all(segment.judged for segment in long.only(source="face"))


def test_sound_alone_has_no_face_to_judge(tmp_path: Path, talker: Path, timeline: Timeline) -> None:
    sound = write_wav(tmp_path / "alone.wav", media.read_sound(talker))
    alone = visavox.analyze(sound)
    assert {segment.reason for segment in alone.only(source="face")} == {"no_video"}
    assert any(segment.judged for segment in alone.only(source="voice"))
    shares = [np.mean([item.judged for item in found.only(source="voice")]) for found in (alone, timeline)]
    assert shares[0] == pytest.approx(shares[1], abs=0.1)


def test_silence_is_a_result(tmp_path: Path) -> None:
    silent = visavox.analyze(write_wav(tmp_path / "silent.wav", np.zeros(3 * 16_000)))
    assert {segment.reason for segment in silent.only(source="voice")} == {"silence"}
    assert {segment.reason for segment in silent.only(source="fused")} == {"nothing_to_fuse"}
    assert all(math.isnan(value) for segment in silent for value in segment.probabilities)


def test_a_still_picture_is_one_cell(weights: Path) -> None:
    still = visavox.analyze(weights / "astronaut.png")
    face = still.only(source="face").segments
    assert len(face) == 1 and face[0].judged
    assert {segment.reason for segment in still.only(source="voice")} == {"no_audio"}
    assert still.word(face[0]) == "happy", "the astronaut smiles"


def test_one_source_alone(talker: Path, timeline: Timeline) -> None:
    voice = visavox.analyze(talker, face=None)
    assert voice.sources == ("voice",)
    assert voice.segments == timeline.only(source="voice").segments


def test_priors_change_what_is_expected(talker: Path, timeline: Timeline) -> None:
    uniform = visavox.analyze(talker, prior="uniform")
    for source in ("face", "voice", "fused"):
        life, flat = (item.summary("person-1", source)["neutral"] for item in (timeline, uniform))
        assert life > flat


def test_a_person_is_compared_with_their_own_neutral_as_far_as_there_is_evidence(
    talker: Path, timeline: Timeline
) -> None:
    assert timeline.about.options["baseline"] == "self"
    plain = visavox.analyze(talker, baseline="none")
    length = timeline.about.duration
    for source in timeline.sources:
        known = [segment.baseline for segment in timeline.only(source=source) if segment.judged]
        assert 0 < max(known) < length
        assert not any(segment.baseline for segment in plain.only(source=source))
    for segment in timeline.only(source="fused"):
        judged = [item.baseline for item in timeline.at(segment.start) if item.source != "fused" and item.judged]
        assert segment.baseline == min(judged, default=0.0)
    differences = [
        max(abs(a - b) for a, b in zip(one.probabilities, two.probabilities, strict=True))
        for one, two in zip(timeline, plain, strict=True)
        if one.judged
    ]
    assert 0 < max(differences) < 0.2, "in a few seconds a baseline has next to no weight"


def test_a_neutral_stretch_may_be_named(talker: Path) -> None:
    named = visavox.analyze(talker, neutral=(0.0, 3.0))
    assert named.about.options["baseline"] == "enrolment"
    known = {segment.baseline for segment in named.only(source="face") if segment.judged}
    assert known == {3.0}, "six cells, wherever the cell lies that is compared with them"
    empty = visavox.analyze(talker, voice=None, neutral=(100.0, 101.0))
    assert any("neutral stretch" in note for note in empty.about.notes)
    assert not any(segment.baseline for segment in empty)


def test_the_fusions_prior_is_said_where_it_is_another_one(talker: Path, timeline: Timeline) -> None:
    corpus = visavox.analyze(talker, prior="corpus", end=2.0)
    assert [(model.role, model.prior) for model in corpus.about.models] == [
        ("face", "corpus"), ("voice", "corpus"), ("fused", "uniform")
    ]  # fmt: skip
    assert any("fused lane" in note and "uniform" in note for note in corpus.about.notes)
    assert not any("fused lane" in note for note in timeline.about.notes)


def test_what_was_analysed_is_written_down(talker: Path, timeline: Timeline) -> None:
    about = timeline.about
    assert about.file == talker.name and about.status == "complete"
    assert {stream["kind"] for stream in about.streams} == {"video", "audio"}
    assert [(model.role, model.name) for model in about.models] == [
        ("face", "face"), ("voice", "voice"), ("fused", "fusion")
    ]  # fmt: skip
    assert all(len(model.sha256) == 64 for model in about.models)
    assert {model.prior for model in about.models} == {"life"}
    assert about.options["every"] == 0.5 and about.options["life_strength"] == 0.5 and "visavox" in about.versions


def test_progress_goes_from_begin_to_end(talker: Path) -> None:
    seen: list[tuple[float, float | None]] = []
    visavox.analyze(talker, progress=lambda done, total: seen.append((done, total)))
    done = [value for value, _ in seen]
    assert done == sorted(done) and len(done) > 10
    assert seen[-1][1] == pytest.approx(done[-1], abs=0.5)


def test_a_model_of_the_wrong_kind_is_refused(talker: Path) -> None:
    with pytest.raises(OptionError, match="face"):
        visavox.analyze(talker, voice="face")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.mp4"):
        visavox.analyze(tmp_path / "nowhere.mp4")


@pytest.fixture
def mean_of_a_row(tmp_path: Path) -> Path:
    """A network of sequences: its logits are the mean level of ten pictures over three seconds, for three words."""
    onnx = pytest.importorskip("onnx")
    from visavox.face.inputs import SpreadFrames
    from visavox.face.kinds import KINDS
    from visavox.recognizer import Card
    from visavox.session import sha256

    made = SpreadFrames(frames=10, size=8, seconds=3.0)
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["input"], ["features"], axes=[2, 3, 4], keepdims=0),
            helper.make_node("MatMul", ["features", "weights"], ["logits"]),
        ],
        "row",
        [helper.make_tensor_value_info("input", kind, ["n", *made.shape])],
        [
            helper.make_tensor_value_info("logits", kind, ["n", 3]),
            helper.make_tensor_value_info("features", kind, ["n", 10]),
        ],
        [onnx.numpy_helper.from_array(np.tile(np.float32([0.5, 0.1, -0.2]), (10, 1)), "weights")],
    )
    path = tmp_path / "row.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    card = Card(
        name="row",
        modality="face",
        words=("happy", "sad", "neutral"),
        sha256=sha256(path),
        input=KINDS.describe(made),
    )
    path.with_suffix(".json").write_text(card.to_json(), encoding="utf-8")
    return path


def test_a_network_of_sequences_judges_what_lies_around_a_cell(
    talker: Path, mean_of_a_row: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each cell by the looks of three seconds around its middle, a tenth of a second apart, whoever they belong to."""
    from visavox.clip import Clip
    from visavox.face.recognizer import FaceRecognizer

    seen: list[NDArray[np.floating]] = []
    real = FaceRecognizer.examine

    def examine(self: FaceRecognizer, clip: Clip) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        assert isinstance(clip.times, np.ndarray)
        seen.append(clip.times)
        return real(self, clip)

    monkeypatch.setattr(FaceRecognizer, "examine", examine)
    timeline = visavox.analyze(talker, face=str(mean_of_a_row), voice=None, baseline="none", prior="corpus")
    cells = timeline.only(source="face").segments
    assert timeline.about.options["face_window"] == 3.0
    assert len(seen) == len(cells) and all(cell.judged for cell in cells)
    for cell, times in zip(cells, seen, strict=True):
        assert len(times) <= (times[-1] - times[0]) / 0.1 + 2, "pictures are looked at ten times a second at most"
        middle = cell.start + 0.25
        assert times[0] == pytest.approx(max(0.0, middle - 1.5), abs=0.11)
        assert times[-1] <= middle + 1.5 and times[-1] >= min(middle + 1.5, cells[-1].end) - 0.21
        assert cell.evidence == len(times)


def test_what_a_network_of_sequences_keeps_does_not_grow(talker: Path, mean_of_a_row: Path) -> None:
    from visavox.cells import Faces, Wings, read_cells
    from visavox.options import Options

    most = 0
    with media.open_recording(talker) as recording:
        faces = Faces(str(mean_of_a_row), recording)
        for _ in read_cells(recording, Options(face=str(mean_of_a_row), voice=None), 0.0, Wings(faces)):
            most = max(most, *(len(looks) for looks in faces.kept.values()), 0)
    assert 25 <= most <= 40, "three seconds at ten looks, and what comes in until a cell closes"


def test_a_still_picture_is_judged_by_a_network_of_sequences(weights: Path, mean_of_a_row: Path) -> None:
    timeline = visavox.analyze(weights / "astronaut.png", face=str(mean_of_a_row))
    assert [segment.judged for segment in timeline.only(source="face")] == [True]


@pytest.mark.data
def test_every_recording_at_hand_gives_a_timeline(data: Path) -> None:
    judged = {}
    for path in sorted((data / "media").iterdir()):
        if path.suffix in (".txt", ".csv"):
            continue
        timeline = visavox.analyze(path)
        judged[path.name] = {
            source: sum(segment.judged for segment in timeline.only(source=source)) for source in ("face", "voice")
        }
    assert judged["no_face_animation.mp4"]["face"] == 0
    assert judged["speech_jfk.flac"]["voice"] > 15
    assert all(counts["face"] for name, counts in judged.items() if name.startswith(("grid_", "talking", "portrait")))
    assert all(counts["voice"] for name, counts in judged.items() if name.startswith(("grid_", "talking")))
