"""The body recognizer: a network and its card, clips that hold joints, and those that cannot be judged."""

import dataclasses

import numpy as np
import pytest

from visavox import zoo
from visavox.body.recognizer import BodyRecognizer
from visavox.clip import Clip
from visavox.errors import InputError, ModelError
from visavox.recognizer import Card

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytestmark = pytest.mark.torch

from visavox.body.networks import ACCM  # noqa: E402
from visavox.training import export  # noqa: E402

WORDS = ("neutral", "happy", "sad", "angry")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A network that learned nothing, with its card."""
    path = tmp_path_factory.mktemp("body") / "gestures.onnx"
    torch.manual_seed(0)
    network = ACCM(words=4, shape=(16, 16, 25), width=8).eval()
    export(network, {"input": torch.rand(2, 16, 16, 25)}, path)
    card = Card(
        name="gestures",
        modality="body",
        words=WORDS,
        input={"kind": "descriptive-images", "size": 16, "seconds": 1.0},
        temperature=0.5,
    )
    path.with_suffix(".json").write_text(card.to_json())
    return path, network


def test_windows_are_averaged_and_calibrated(model, waving) -> None:
    path, network = model
    recognizer = zoo.load(path)
    assert isinstance(recognizer, BodyRecognizer)
    clip = Clip(joints=waving(moments=50), times=np.arange(50) / 20)
    examples = recognizer._input.of(clip)
    assert len(examples) == 3, "2.5 s in windows of at most 1 s"
    with torch.no_grad():
        logits, features = (part.numpy() for part in network(torch.from_numpy(examples / np.float32(255))))
    scaled = np.exp(logits.mean(axis=0) / 0.5)
    np.testing.assert_allclose(recognizer.predict_proba([clip])[0], scaled / scaled.sum(), atol=1e-5)
    np.testing.assert_allclose(recognizer.features([clip])[0], features.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(recognizer.logits(examples), logits, atol=1e-5)


def test_what_cannot_be_judged_is_nan_with_a_reason(model, waving) -> None:
    recognizer = BodyRecognizer(model[0])
    clips = [
        Clip(joints=waving()),
        Clip(joints=np.full((5, 25, 3), np.nan, np.float32)),
        Clip(joints=np.zeros((0, 25, 3), np.float32)),
        Clip(voice=np.zeros(9, np.float32)),
        Clip("talk.mp4"),
    ]
    probabilities, reasons = recognizer.judge(clips)
    assert reasons == recognizer.reasons(clips) == ["", "no_body", "no_body", "no_joints", "no_joints"]
    assert np.isnan(probabilities).all(axis=1).tolist() == [False, True, True, True, True]
    assert np.isnan(recognizer.features(clips)).all(axis=1).tolist() == [False, True, True, True, True]
    with pytest.raises(InputError, match="empty: it has neither joints nor a source"):
        recognizer.judge([Clip(name="empty")])


def test_a_wrong_card_says_so(model, tmp_path) -> None:
    path, _ = model
    card = Card.read(path.with_suffix(".json"))
    with pytest.raises(ModelError, match="its card says voice, not body"):
        BodyRecognizer(path, dataclasses.replace(card, modality="voice"))
    with pytest.raises(ModelError, match="its card's input cannot be used"):
        BodyRecognizer(path, dataclasses.replace(card, input={"kind": "silhouettes"}))
