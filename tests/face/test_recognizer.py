"""Faces in, probabilities out; with a network whose logits can be computed by hand."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest

from visavox.clip import Clip
from visavox.errors import InputError, ModelError, OptionError
from visavox.face.recognizer import FaceRecognizer
from visavox.recognizer import Card

onnx = pytest.importorskip("onnx")

SIZE = 4
GAIN = np.array([2.0, -1.0, 0.5])
CARD = Card(
    name="brightness",
    modality="face",
    words=("happy", "sad", "neutral"),
    input={"size": SIZE, "colour": "grey"},
    temperature=2.0,
    priors={"corpus": (0.5, 0.3, 0.2), "life": (0.1, 0.1, 0.8)},
)


def write(path, channels=1, words=3):
    """A network whose features are the mean of each channel, and whose logits are their sum times `GAIN`."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = np.tile(GAIN[:words], (channels, 1)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["faces"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["features"]),
            helper.make_node("MatMul", ["features", "weights"], ["logits"]),
        ],
        "brightness",
        [helper.make_tensor_value_info("faces", kind, ["n", channels, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("logits", kind, ["n", words]),
            helper.make_tensor_value_info("features", kind, ["n", channels]),
        ],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.fixture
def network(tmp_path):
    return write(tmp_path / "brightness.onnx")


def faces(*levels, size=48):
    """Plain faces, each of one grey level."""
    return np.stack([np.full((size, size, 3), level, dtype=np.uint8) for level in levels])


@pytest.mark.parametrize("size", [3, SIZE, 48, 224])
def test_logits_of_crops_of_any_size(network, size):
    found = FaceRecognizer(network, CARD).logits(faces(0, 51, 255, size=size))
    assert found.dtype == np.float64
    assert found == pytest.approx(np.array([[0.0], [0.2], [1.0]]) * GAIN, abs=1e-6)


def test_grey_is_what_the_network_sees_of_colours(network):
    red = faces(0)
    red[..., 0] = 255
    assert FaceRecognizer(network, CARD).logits(red)[0] == pytest.approx(0.299 * GAIN, abs=1e-6)


def test_a_network_may_want_colours(tmp_path):
    card = replace(CARD, input={"size": SIZE, "colour": "rgb"})
    recognizer = FaceRecognizer(write(tmp_path / "colours.onnx", channels=3), card)
    picture = faces(0)
    picture[..., 1] = 255
    assert recognizer.features([Clip(faces=picture)]) == pytest.approx(np.array([[0, 1, 0]]), abs=1e-6)


def test_many_faces_are_judged_in_parts(network):
    levels = np.arange(100)
    found = FaceRecognizer(network, CARD).logits(faces(*levels))
    assert found[:, 0] == pytest.approx(2 * levels / 255, abs=1e-6)


def test_a_clip_is_judged_by_the_mean_of_its_faces(network):
    """Mean level 0.5; logits over the temperature through a softmax, as trained; then moved to the prior."""
    clip = Clip(faces=faces(0, 255))
    as_trained = np.exp(0.5 * GAIN / 2) / np.exp(0.5 * GAIN / 2).sum()
    corpus = np.array([0.5, 0.3, 0.2])
    # Of life as much as is believed: its shares 1 : 1 : 8 count as their square roots.
    ratios = {"corpus": 1.0, "uniform": 1 / corpus, "life": np.sqrt([0.1, 0.1, 0.8]) / corpus}
    for prior, ratio in ratios.items():
        expected = as_trained * ratio / (as_trained * ratio).sum()
        found = FaceRecognizer(network, CARD, prior=prior).predict_proba([clip, clip])
        assert found == pytest.approx(np.tile(expected, (2, 1)), abs=1e-6)


def test_no_face_is_a_row_of_nan_with_a_reason(network):
    recognizer = FaceRecognizer(network, CARD)
    clips = [
        Clip(faces=faces(10)),
        Clip(faces=np.zeros((0, 48, 48, 3), dtype=np.uint8)),
        Clip(voice=np.zeros(1600, dtype=np.float32)),
    ]
    found = recognizer.predict_proba(clips)
    assert np.isnan(found).all(axis=1).tolist() == [False, True, True]
    assert recognizer.reasons(clips) == ["", "no_face", "no_face"]
    assert np.isnan(recognizer.features(clips)).all(axis=1).tolist() == [False, True, True]
    assert recognizer.features(clips).shape == (3, 1)
    assert np.isnan(recognizer.pool(np.zeros((0, 3)))).all()
    assert recognizer.predict_proba([]).shape == (0, 3)


def test_a_clip_of_nothing_is_an_error(network):
    with pytest.raises(InputError, match="neither faces nor a source"):
        FaceRecognizer(network, CARD).predict_proba([Clip(name="empty")])


def test_faces_are_found_in_pictures_and_recordings(network, portrait, tmp_path):
    """The largest face is followed; a recording gives the same as its pictures."""
    recognizer = FaceRecognizer(network, CARD)
    path = tmp_path / "portrait.png"
    with av.open(str(path), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 512, 512, "rgb24"
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(portrait)), *stream.encode(None)]:
            container.mux(packet)
    clips = [Clip(pictures=portrait[None]), Clip(path), Clip(pictures=np.zeros_like(portrait)[None])]
    found = recognizer.predict_proba(clips)
    assert found[0] == pytest.approx(found[1], abs=1e-3)
    assert recognizer.reasons(clips) == ["", "", "no_face"]


def test_of_two_faces_the_larger_one_is_judged(network, portrait):
    """A dark copy at half the size beside the portrait changes nothing, however many pictures there are."""
    recognizer = FaceRecognizer(network, CARD)
    both = np.concatenate([portrait[:400], np.zeros((400, 256, 3), dtype=np.uint8)], axis=1)
    both[:200, 512:] = portrait[:400:2, ::2] // 2
    alone, beside = recognizer.predict_proba(
        [Clip(pictures=portrait[None, :400]), Clip(pictures=np.stack([both] * 70))]
    )
    assert beside == pytest.approx(alone, abs=5e-3)


def test_what_does_not_fit_together_is_said(network, tmp_path):
    with pytest.raises(ModelError, match="its card says voice, not face"):
        FaceRecognizer(network, replace(CARD, modality="voice"))
    with pytest.raises(ModelError, match="SHA-256 differs"):
        FaceRecognizer(network, replace(CARD, sha256="0" * 64))
    with pytest.raises(ModelError, match="'infrared'"):
        FaceRecognizer(network, replace(CARD, input={"size": 48, "colour": "infrared"}))
    with pytest.raises(OptionError, match="Bad value 'zero' for prior"):
        FaceRecognizer(network, CARD, prior="zero")
    with pytest.raises(ModelError, match="there is no card"):
        FaceRecognizer(network)
    with pytest.raises(ModelError, match="no such model file"):
        FaceRecognizer(tmp_path / "missing.onnx", CARD)
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="not a network"):
        FaceRecognizer(tmp_path / "broken.onnx", CARD)


def test_the_card_lies_beside_its_network(network):
    network.with_suffix(".json").write_text(CARD.to_json())
    recognizer = FaceRecognizer(network)
    assert recognizer.card == CARD
    assert recognizer.classes_ == CARD.words
    assert recognizer.modality == "face"
