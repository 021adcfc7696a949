"""The body recognizer: a network and its card, clips that hold joints, and those that cannot be judged."""

import dataclasses

import numpy as np
import pytest

from visavox import zoo
from visavox.body.gesture import LEGS
from visavox.body.recognizer import BodyRecognizer
from visavox.clip import Clip
from visavox.errors import InputError, ModelError, OptionError
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
    shoulders = waving()
    shoulders[:, [0, *range(3, 5), *range(6, 25)]] = 0
    clips = [
        Clip(joints=waving()),
        Clip(joints=np.full((5, 25, 3), np.nan, np.float32)),
        Clip(joints=np.zeros((0, 25, 3), np.float32)),
        Clip(voice=np.zeros(9, np.float32)),
        Clip(faces=np.zeros((1, 8, 8, 3), np.uint8)),
        Clip(joints=shoulders),
    ]
    probabilities, reasons = recognizer.judge(clips)
    assert reasons == recognizer.reasons(clips) == ["", "no_body", "no_body", "no_joints", "no_joints", "cropped"]
    assert np.isnan(probabilities).all(axis=1).tolist() == [False, True, True, True, True, True]
    assert np.isnan(recognizer.features(clips)).all(axis=1).tolist() == [False, True, True, True, True, True]
    with pytest.raises(InputError, match="empty: it has neither joints nor a source"):
        recognizer.judge([Clip(name="empty")])


@pytest.fixture(scope="module")
def pair(model, tmp_path_factory):
    """Two networks side by side: what the first one's card says of legs that are not seen."""
    path, _ = model
    folder = tmp_path_factory.mktemp("pair")
    torch.manual_seed(1)
    upper = ACCM(words=4, shape=(16, 16, 9), width=8).eval()
    export(upper, {"input": torch.rand(2, 16, 16, 9)}, folder / "arms.onnx")
    shared = {"kind": "descriptive-images", "size": 16, "seconds": 1.0}
    priors = {"corpus": (0.4, 0.3, 0.2, 0.1)}
    arms = Card(
        "arms", "body", WORDS, input={**shared, "joints": "upper"}, temperature=2.0, priors={"corpus": (0.25,) * 4}
    )
    whole = Card("whole", "body", WORDS, input={**shared, "upper": "arms"}, temperature=0.5, priors=priors)
    (folder / "whole.onnx").write_bytes(path.read_bytes())
    for card in (arms, whole):
        (folder / f"{card.name}.json").write_text(card.to_json())
    return folder


def test_where_legs_are_not_seen_the_upper_body_is_judged(pair, waving) -> None:
    whole, arms = zoo.load(pair / "whole.onnx"), zoo.load(pair / "arms.onnx")
    assert isinstance(whole, BodyRecognizer)
    joints = waving(moments=19)
    standing_, sitting = Clip(joints=joints, times=np.arange(19) / 20), joints.copy()
    sitting[:, list(LEGS)] = 0
    desk = Clip(joints=sitting, times=standing_.times)
    assert whole.notes([standing_, desk]) == arms.notes([standing_, desk]) == ["", "upper_body_only"]
    for prior in ("uniform", "corpus", "life"):
        one, other = (zoo.load(pair / f"{name}.onnx", prior=prior) for name in ("whole", "arms"))
        if prior != "corpus":  # what each was trained on is its own
            np.testing.assert_allclose(one.predict_proba([desk]), other.predict_proba([desk]), atol=1e-6)
    alone = BodyRecognizer(pair / "whole.onnx")
    np.testing.assert_array_equal(whole.predict_proba([standing_]), alone.predict_proba([standing_]))
    assert not np.allclose(whole.predict_proba([desk]), alone.predict_proba([desk]))
    assert np.isnan(whole.features([desk])).all(), "features are this network's own"
    logits, reason, upper = whole.examine(desk)
    assert logits.shape == (1, 4) and (reason, upper) == ("", True)
    assert whole.window == 1.0


def test_a_clip_of_both_is_judged_by_both(pair, waving) -> None:
    whole = zoo.load(pair / "whole.onnx")
    joints = waving(moments=40)
    joints[20:, list(LEGS)] = 0
    clip = Clip(joints=joints, times=np.arange(40) / 20)
    halves = [Clip(joints=clip.joints[rows], times=clip.times[rows]) for rows in (slice(20), slice(20, 40))]
    each = [whole.examine(half).logits[0] for half in halves]
    np.testing.assert_allclose(whole.examine(clip).logits, each)
    assert whole.notes([clip]) == ["upper_body_only"]


def test_an_upper_body_of_other_words_or_nowhere_is_named(pair, tmp_path) -> None:
    card = Card.read(pair / "arms.json")
    arms = BodyRecognizer(pair / "arms.onnx", dataclasses.replace(card, words=("happy", "sad", "angry", "neutral")))
    with pytest.raises(ModelError, match=r"whole\.onnx: it knows neutral, .* but arms.*train them on the same words"):
        BodyRecognizer(pair / "whole.onnx", upper=arms)
    for suffix in (".onnx", ".json"):
        (tmp_path / f"whole{suffix}").write_bytes((pair / f"whole{suffix}").read_bytes())
    with pytest.raises(OptionError, match="'arms' for model"):
        zoo.load(tmp_path / "whole.onnx")


def test_a_wrong_card_says_so(model, tmp_path) -> None:
    path, _ = model
    card = Card.read(path.with_suffix(".json"))
    with pytest.raises(ModelError, match="its card says voice, not body"):
        BodyRecognizer(path, dataclasses.replace(card, modality="voice"))
    with pytest.raises(ModelError, match="its card's input cannot be used"):
        BodyRecognizer(path, dataclasses.replace(card, input={"kind": "silhouettes"}))
