"""Words for voices: what is judged of a clip, how, and what is said when nothing can be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox import Clip, media
from visavox.calibration import change_prior, softmax
from visavox.errors import InputError, ModelError, OptionError
from visavox.recognizer import Card
from visavox.voice import recognizer as room
from visavox.voice.features import LogMel, network_input
from visavox.voice.recognizer import VoiceRecognizer

onnx = pytest.importorskip("onnx")

WORDS = ("neutral", "happy", "angry")
MATRIX = np.random.default_rng(3).normal(0, 0.1, (64, 3)).astype(np.float32)
CARD = Card(
    name="toy",
    modality="voice",
    words=WORDS,
    input={"kind": "log-mel", "bands": 64, "below": 35.0, "shortest": 32},
    temperature=2.0,
    priors={"corpus": (0.2, 0.3, 0.5), "life": (0.8, 0.1, 0.1)},
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that takes the mean over time and multiplies it by a matrix, with its card beside it."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("ReduceMean", ["mel"], ["features"], axes=[2], keepdims=0),
        helper.make_node("MatMul", ["features", "matrix"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("mel", kind, ["n", 64, "frames"])],
        [helper.make_tensor_value_info(name, kind, ["n", size]) for name, size in (("logits", 3), ("features", 64))],
        [onnx.numpy_helper.from_array(MATRIX, "matrix")],
    )
    path = tmp_path_factory.mktemp("model") / "toy.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    path.with_suffix(".json").write_text(CARD.to_json())
    return path


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that takes every loud chunk for speech, so that made sounds can stand for voices."""

    class Loudness:
        def reset(self) -> None: ...

        def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
            whole = np.pad(samples, (0, -len(samples) % 512)).reshape(-1, 512)
            return (np.abs(whole).max(axis=1) > 0.05).astype(np.float32)

        def finish(self) -> NDArray[np.float32]:
            return np.zeros(0, np.float32)

    monkeypatch.setattr(room, "SpeechDetector", Loudness)


def voice(*parts: tuple[float, float], pitch: float = 200.0) -> NDArray[np.float32]:
    """A hum; each part is its seconds and its loudness."""
    level = np.concatenate([np.full(round(seconds * 16_000), loudness) for seconds, loudness in parts])
    return (level * np.sin(2 * np.pi * pitch * np.arange(len(level)) / 16_000)).astype(np.float32)


def test_logits_are_the_networks_on_the_cards_features(network: Path) -> None:
    sound = voice((1.0, 0.3))
    wanted = network_input(sound, LogMel())[0].mean(axis=1) @ MATRIX
    assert VoiceRecognizer(network).logits(sound) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("prior", ["uniform", "corpus", "life"])
def test_probabilities_are_calibrated_and_under_the_prior_asked_for(network: Path, spoken: None, prior: str) -> None:
    sound = voice((1.0, 0.3))
    recognizer = VoiceRecognizer(network, prior=prior)  # type: ignore[arg-type]
    wanted = change_prior(softmax(recognizer.logits(sound) / 2.0), CARD.prior("corpus"), CARD.prior(prior))  # type: ignore[arg-type]
    found = recognizer.predict_proba([Clip(voice=sound)])
    assert found[0] == pytest.approx(wanted)
    assert found.sum() == pytest.approx(1)
    assert recognizer.classes_ == WORDS


def test_silence_around_the_voice_changes_nothing(network: Path, spoken: None) -> None:
    recognizer = VoiceRecognizer(network)
    short, long = voice((1, 0), (1.5, 0.3), (1, 0)), voice((9, 0), (1.5, 0.3), (5, 0))
    found = recognizer.predict_proba([Clip(voice=short), Clip(voice=long)])
    assert found[0] == pytest.approx(found[1], abs=1e-3)


def test_long_speech_is_judged_in_windows_that_count_by_their_speech(network: Path, spoken: None) -> None:
    recognizer = VoiceRecognizer(network)
    low, high = voice((4, 0.3), pitch=150), voice((2, 0), (2, 0.3), pitch=900)
    found = recognizer.predict_proba([Clip(voice=np.concatenate([low, high]))])[0]
    wanted = (2 * recognizer.logits(low) + recognizer.logits(high)) / 3
    assert found == pytest.approx(softmax_under(wanted), abs=0.02)


def softmax_under(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return change_prior(softmax(logits / 2.0), CARD.prior("corpus"), CARD.prior("uniform"))


def test_what_cannot_be_judged_is_nan_with_a_reason(network: Path, spoken: None, tmp_path: Path) -> None:
    recognizer = VoiceRecognizer(network)
    clips = [
        Clip(voice=voice((1, 0.3))),
        Clip(voice=np.zeros(0, np.float32)),
        Clip(faces=np.zeros((1, 48, 48, 3), np.uint8)),
        Clip(voice=voice((2, 0))),
        Clip(voice=voice((2, 0.01))),  # an even hum, and nobody in it
        Clip(voice=voice((1, 0), (0.2, 0.3), (1, 0))),
        Clip(voice=voice((0.2, 0.3))),
    ]
    wanted = ["", "no_audio", "no_audio", "silence", "silence", "short_speech", "short_speech"]
    assert recognizer.reasons(clips) == wanted
    found = recognizer.predict_proba(clips)
    assert found.shape == (7, 3)
    assert np.isnan(found).any(axis=1).tolist() == [bool(reason) for reason in wanted]
    features = recognizer.features(clips)
    assert features.shape == (7, 64)
    assert np.isnan(features).any(axis=1).tolist() == [bool(reason) for reason in wanted]


def test_a_cry_that_the_detector_misses_is_judged_all_the_same(network: Path, weights: Path) -> None:
    recognizer = VoiceRecognizer(network)
    hum = voice((1, 0.001), (1.5, 0.4), (1, 0.001))  # no speech, but something that stands out
    assert recognizer.reasons([Clip(voice=hum)]) == [""]
    assert not np.isnan(recognizer.predict_proba([Clip(voice=hum)])).any()


def test_no_clips_give_no_rows(network: Path) -> None:
    recognizer = VoiceRecognizer(network)
    assert recognizer.predict_proba([]).shape == (0, 3)
    assert recognizer.features([]).shape == (0, 64)
    assert recognizer.reasons([]) == []


def test_a_clip_without_anything_is_told(network: Path) -> None:
    with pytest.raises(InputError, match="trial: it has neither a voice nor a source"):
        VoiceRecognizer(network).predict_proba([Clip(name="trial")])
    with pytest.raises(InputError, match="no numbers"):
        VoiceRecognizer(network).predict_proba([Clip(voice=np.full(16_000, np.nan, np.float32))])


def test_a_network_needs_a_card_of_a_voice_that_fits(network: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="face, not voice"):
        VoiceRecognizer(network, replace(CARD, modality="face"))
    with pytest.raises(ModelError, match="its card's input cannot be used"):
        VoiceRecognizer(network, replace(CARD, input={"low": 9000.0}))
    with pytest.raises(ModelError, match="8000 Hz"):
        VoiceRecognizer(network, replace(CARD, input={"rate": 8000, "high": 4000.0}))
    with pytest.raises(ModelError, match="SHA-256 differs"):
        VoiceRecognizer(network, replace(CARD, sha256="0" * 64))
    with pytest.raises(OptionError, match="expected one of uniform, corpus, life"):
        VoiceRecognizer(network, prior="none")  # type: ignore[arg-type]
    (tmp_path / "alone.onnx").write_bytes(network.read_bytes())
    with pytest.raises(ModelError, match="there is no card"):
        VoiceRecognizer(tmp_path / "alone.onnx")
    (tmp_path / "alone.json").write_text(json.dumps({"schema": 1}))
    with pytest.raises(ModelError, match="not a model card"):
        VoiceRecognizer(tmp_path / "alone.onnx")


def test_a_recording_is_read_and_its_part_too(network: Path, weights: Path, data: Path) -> None:
    recognizer = VoiceRecognizer(network)
    path = data / "media" / "speech_jfk.flac"
    from_file = recognizer.predict_proba([Clip(path), Clip(path, start=3, end=6)])
    from_array = recognizer.predict_proba(
        [Clip(voice=media.read_sound(path)), Clip(voice=media.read_sound(path, 3, 6))]
    )
    assert from_file == pytest.approx(from_array)
    assert recognizer.reasons([Clip(data / "media" / "sign_gesture_silent.mkv")]) == ["no_audio"]
    assert recognizer.reasons([Clip(data / "media" / "expressions_woman.mp4")]) == ["silence"]
