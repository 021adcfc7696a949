"""The synthetic talker: a voice in which speech is found, a face that moves with it, a file that says what it is."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from visavox import demo
from visavox.clip import VOICE_RATE
from visavox.demo.portrait import Pose, portrait
from visavox.demo.talker import BLINKS, act
from visavox.demo.voice import PHRASES, PICTURE_RATE, SECONDS
from visavox.errors import OutputError, WeightsError
from visavox.face.detector import FaceDetector
from visavox.face.mesh import FaceMesh, around_detection
from visavox.voice.activity import SpeechDetector


@pytest.fixture(scope="module")
def speech() -> demo.Speech:
    return demo.speak()


def mesh(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return FaceMesh()(pixels, around_detection(FaceDetector()(pixels)[0])).points


def gap(points: NDArray[np.float32], one: int, other: int) -> float:
    """Distance of two points over that of the eyes' outer corners."""
    return float(np.linalg.norm(points[one, :2] - points[other, :2]) / np.linalg.norm(points[33, :2] - points[263, :2]))


def test_the_voice_is_the_same_every_time(speech: demo.Speech) -> None:
    again = demo.speak()
    assert np.array_equal(speech.sound, again.sound) and np.array_equal(speech.jaw, again.jaw)
    assert not np.array_equal(speech.sound, demo.speak(seed=8).sound)


def test_the_voice_is_sound_at_16_khz(speech: demo.Speech) -> None:
    assert speech.sound.dtype == np.float32 and len(speech.sound) == SECONDS * VOICE_RATE
    assert 0.3 < np.abs(speech.sound).max() < 1
    assert len(speech.jaw) == len(speech.rounding) == SECONDS * PICTURE_RATE


@pytest.mark.usefixtures("weights")
def test_speech_is_found_in_its_phrases_and_nowhere_else(speech: demo.Speech) -> None:
    found = SpeechDetector().push(speech.sound)
    times = (np.arange(len(found)) + 0.5) * 512 / VOICE_RATE
    for start, _, text in PHRASES:
        inside = (times > start + 0.1) & (times < start + 0.2 * len(text.split()))
        assert found[inside].mean() > 0.7, f"the phrase at {start} s"
    silent = (times < 0.4) | ((times > 3.1) & (times < 3.3)) | (times > 7.2)
    assert found[silent].max() < 0.4


def test_the_mouth_moves_with_the_voice(speech: demo.Speech) -> None:
    hop = VOICE_RATE // PICTURE_RATE
    loudness = np.sqrt((speech.sound.reshape(-1, hop).astype(np.float64) ** 2).mean(axis=1))
    assert np.corrcoef(np.sqrt(loudness), speech.jaw)[0, 1] > 0.6
    assert speech.jaw[: PICTURE_RATE // 3].max() < 0.05


def test_what_is_acted_stays_in_bounds(speech: demo.Speech) -> None:
    poses = act(speech)
    assert all(0 <= pose.smile <= 1 and 0 <= pose.jaw <= 1 and pose.lids <= 1 for pose in poses)
    for before, after in itertools.pairwise(poses):
        assert abs(after.smile - before.smile) < 0.15 and abs(after.yaw - before.yaw) < 0.03, "nothing jumps"
    assert all(poses[round(blink * PICTURE_RATE)].lids > 0.7 for blink in BLINKS)


@pytest.mark.usefixtures("weights")
class TestPortrait:
    def test_a_pose_is_seen_in_the_mesh(self) -> None:
        posed = portrait()
        rest, talk, smile = (mesh(posed.show(pose)) for pose in (Pose(), Pose(jaw=0.9), Pose(smile=1)))
        brows, blink = mesh(posed.show(Pose(brows=1))), mesh(posed.show(Pose(lids=1)))
        assert gap(talk, 13, 14) > gap(rest, 13, 14) + 0.04, "the mouth opens"
        assert gap(smile, 61, 291) > gap(rest, 61, 291) + 0.03, "the mouth widens"
        assert gap(brows, 105, 159) > gap(rest, 105, 159) + 0.01, "the brows rise"
        assert gap(blink, 159, 145) < gap(rest, 159, 145), "the eyes close"

    def test_the_head_turns(self) -> None:
        posed = portrait()
        nose = [mesh(posed.show(Pose(yaw=yaw)))[1, 0] for yaw in (-0.1, 0.1)]
        assert nose[1] > nose[0] + 2

    def test_a_pose_gives_the_same_picture_every_time(self) -> None:
        pose = Pose(jaw=0.4, smile=0.5, roll=0.02)
        first, second = portrait().show(pose), portrait().show(pose)
        assert first.dtype == np.uint8 and first.shape == (320, 320, 3)
        assert np.array_equal(first, second)


def test_the_clip_is_a_recording_that_says_what_it_is(talker: Path) -> None:
    assert talker.name == "synthetic-talker.mp4"
    with av.open(str(talker)) as container:
        assert "ynthetic" in container.metadata["title"]
        assert "Nobody said or felt" in container.metadata["comment"]
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert float(video.average_rate) == PICTURE_RATE and audio.rate == VOICE_RATE
        assert video.frames == SECONDS * PICTURE_RATE


def test_a_place_that_cannot_be_written(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        demo.make(tmp_path / "file" / "clip.mp4")


def test_without_the_portrait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISAVOX_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="visavox models fetch"):
        demo.make(tmp_path / "clip.mp4")
