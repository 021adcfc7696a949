"""Faces in, probabilities out; with a network whose logits can be computed by hand."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest

from visavox.clip import Clip
from visavox.errors import InputError, ModelError, OptionError
from visavox.face.inputs import SpreadFrames
from visavox.face.kinds import KINDS
from visavox.face.measures import FacialValues
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


# Networks of sequences.

FRAMES = 5
ROW = SpreadFrames(frames=FRAMES, size=SIZE)
ROW_CARD = replace(CARD, name="row", input=KINDS.describe(ROW))


def write_row(path, shape=ROW.shape):
    """A network of sequences: its features are the mean of each moment, its logits the first, the middle, the last."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    moments, *inner = shape
    weights = np.zeros((moments, 3), dtype=np.float32)
    weights[[0, moments // 2, moments - 1], [0, 1, 2]] = 1
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["input"], ["features"], axes=list(range(2, 2 + len(inner))), keepdims=0),
            helper.make_node("MatMul", ["features", "weights"], ["logits"]),
        ],
        "row",
        [helper.make_tensor_value_info("input", kind, ["n", *shape])],
        [
            helper.make_tensor_value_info("logits", kind, ["n", 3]),
            helper.make_tensor_value_info("features", kind, ["n", moments]),
        ],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture
def row(tmp_path):
    return FaceRecognizer(write_row(tmp_path / "row.onnx"), ROW_CARD)


def film(levels, every=0.1):
    """Plain faces, a picture every so many seconds."""
    return Clip(faces=faces(*levels), times=10 + every * np.arange(len(levels)))


def test_a_row_of_faces_is_judged_as_one(row):
    clip = film(range(0, 90, 10))
    assert row.features([clip])[0] * 255 == pytest.approx([0, 20, 40, 60, 80], abs=1e-3)
    logits = np.array([0, 40, 80]) / 255
    as_trained = np.exp(logits / 2) / np.exp(logits / 2).sum()
    expected = as_trained / [0.5, 0.3, 0.2]
    assert row.predict_proba([clip])[0] == pytest.approx(expected / expected.sum(), abs=1e-6)
    assert row.window == ROW.seconds == 4.0
    without = Clip(faces=clip.faces)
    assert row.predict_proba([without]) == pytest.approx(row.predict_proba([clip]), abs=1e-9)


def test_a_long_film_is_judged_piece_by_piece(row):
    """Of ten seconds: three, three, and the rest, each of which counts alike."""
    levels = np.arange(101)
    clip = film(levels)
    parts = [row.examine(Clip(faces=clip.faces[part], times=clip.times[part]))[0] for part in (
        slice(0, 30), slice(30, 60), slice(60, 101)
    )]  # fmt: skip
    assert [part[0, 0] * 255 for part in parts] == pytest.approx([0, 30, 60], abs=1e-3)
    logits = np.concatenate(parts).mean(axis=0)
    scores = np.exp(logits / 2) / np.array([0.5, 0.3, 0.2])
    assert row.predict_proba([clip])[0] == pytest.approx(scores / scores.sum(), abs=1e-6)
    short = film(levels[:60])
    assert row.features([short])[0, -1] * 255 == pytest.approx(59, abs=1e-3), "up to six seconds: as a whole"


def test_a_single_face_is_a_film_that_stands_still(row):
    assert row.logits(faces(51, 102)) * 255 == pytest.approx(np.array([[51] * 3, [102] * 3]), abs=1e-3)
    assert row.logits(np.zeros((0, 8, 8, 3), dtype=np.uint8)).shape == (0, 3)


def test_without_a_face_a_network_of_sequences_has_a_reason_too(row):
    clips = [film([10] * 9), Clip(faces=np.zeros((0, 48, 48, 3), np.uint8)), Clip(voice=np.zeros(1600, np.float32))]
    assert np.isnan(row.predict_proba(clips)).all(axis=1).tolist() == [False, True, True]
    assert row.reasons(clips) == ["", "no_face", "no_face"]
    assert np.isnan(row.features(clips)).all(axis=1).tolist() == [False, True, True]
    with pytest.raises(InputError, match="neither faces nor a source"):
        row.predict_proba([Clip(name="empty")])


def test_rows_of_faces_are_found_in_pictures(row, portrait):
    """What is found is what recipes learn from: the same fill, the same input."""
    clip = Clip(pictures=np.stack([portrait] * 3))
    learned = ROW.of(KINDS.fill(clip, "faces"))[0].mean(axis=(1, 2, 3)) / 255
    assert row.features([clip])[0] == pytest.approx(learned, abs=1e-5)
    assert row.reasons([Clip(pictures=np.zeros_like(portrait)[None])]) == ["no_face"]


def test_a_network_of_meshes_finds_them_in_pictures_and_faces(tmp_path, portrait, mesh):
    values = FacialValues(frames=FRAMES)
    card = replace(CARD, name="mesh", input=KINDS.describe(values))
    recognizer = FaceRecognizer(write_row(tmp_path / "mesh.onnx", values.shape), card)
    given, pictured, cut = recognizer.features(
        [
            Clip(mesh=mesh.points[None]),
            Clip(pictures=portrait[None]),
            Clip(faces=KINDS.fill(Clip(pictures=portrait[None]), "faces").faces),
        ]
    )
    assert given == pytest.approx(values.of(Clip(mesh=mesh.points[None]))[0].mean(axis=1), abs=1e-5)
    assert pictured == pytest.approx(given, abs=0.02)
    assert cut == pytest.approx(given, abs=0.05)


def test_an_input_that_is_none_is_said(tmp_path):
    path = write_row(tmp_path / "row.onnx")
    for wrong, message in (
        ({"kind": "films"}, "'films' for input.kind"),
        ({"kind": "spread-frames", "frame": 3}, "'frame' for a key of input"),
        ({"kind": "spread-frames", "frames": 0}, "0 for input.frames"),
    ):
        with pytest.raises(ModelError, match=f"input cannot be used .*{message}"):
            FaceRecognizer(path, replace(CARD, input=wrong))
