"""Classifiers in the place of a network: fitted on a recipe's examples, exported, and used as any network is."""

from __future__ import annotations

import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox import datasets, recipes, zoo
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.errors import OptionError, TrainingError
from visavox.fusion.inputs import Scaler
from visavox.recipes.classic import KINDS, Classic
from visavox.recognizer import Card
from visavox.session import Session
from visavox.training.arrays import Labelled
from visavox.training.classifying import export_classifier

RECIPE = """
name = "made-classic"
modality = "voice"
words = ["sad", "happy", "angry"]
purpose = "a test"
licence = "none"

[[corpora]]
name = "made-voices"
test = { speaker = ["anna", "bert"] }
validation = { speaker = ["carla"] }

[input]
kind = "mean-mfcc"

[network]
kind = "KIND"

[judging]
draws = 20
"""

PITCH = {"sad": 110.0, "happy": 220.0, "angry": 440.0}


def hum(word: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """A second of a tone with noise, whose pitch is a word."""
    time = np.arange(16_000) / 16_000
    tone = np.sign(np.sin(2 * np.pi * PITCH[word] * rng.uniform(0.95, 1.05) * time))
    return (0.3 * tone + rng.normal(0, 0.05, 16_000)).astype(np.float32)


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A made corpus of five people, and the folder in which it is looked for."""
    module = types.ModuleType("made_voices")
    module.ABOUT = About(name="made-voices", title="made", modality="voice", licence="MIT", credit="nobody")

    def samples(folder: Path) -> list[Sample]:
        rng = np.random.default_rng(0)
        return [
            Sample(
                clip=Clip(name=f"{speaker}-{word}-{take}", voice=hum(word, rng)),
                emotion=word,
                corpus="made-voices",
                speaker=speaker,
            )
            for speaker in ("anna", "bert", "carla", "dora", "emil")
            for word in PITCH
            for take in range(4)
        ]

    module.samples = samples
    monkeypatch.setitem(datasets.MODULES, "made-voices", "made_voices")
    monkeypatch.setitem(sys.modules, "made_voices", module)
    monkeypatch.setenv("VISAVOX_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data" / "made-voices").mkdir(parents=True)
    return tmp_path / "data"


def run(corpus: Path, folder: Path, kind: str, *overrides: str) -> recipes.Trained:
    text = RECIPE.replace("KIND", kind)
    return recipes.run(recipes.read(text, overrides), data=corpus, folder=folder, progress=False)


@pytest.mark.torch
def test_a_classifier_is_judged_and_loaded_as_a_network_is(corpus: Path, tmp_path: Path) -> None:
    trained = run(corpus, tmp_path / "run", "svm", "network.kernel=poly", "network.degree=4")
    card = Card.read(tmp_path / "run" / "made-classic.json")
    assert card == trained.card
    assert card.scores[0].metric == "accuracy" and card.scores[0].value > 0.9
    assert card.protocol.startswith("a support vector machine (kernel poly, degree 4) fitted on standard scaled values")
    assert card.input["kind"] == "mean-mfcc"
    assert card.made["onnx_difference"] < 1e-4 and card.made["parameters"] > 2 * 40

    session = Session(trained.path, sha256=card.sha256)
    golden = card.golden
    given = recipes.golden_input(golden["seed"], golden["shape"], golden["low"], golden["high"])
    np.testing.assert_allclose(session(given)[0][0], golden["logits"], atol=1e-4)
    logits, features = session(np.concatenate([given, given]))
    assert (logits.shape, features.shape) == ((2, 3), (2, 40))

    recognizer = zoo.load(tmp_path / "run")
    assert recognizer.classes_ == ("sad", "happy", "angry")
    lines = (tmp_path / "run" / "predictions.csv").read_text().splitlines()
    assert len(lines) == 1 + 3 * 12


@pytest.mark.parametrize("words", [2, 4])
@pytest.mark.parametrize("kind", [*KINDS, "neighbours"])
@pytest.mark.parametrize("scaler", ["standard", "min-max", "none"])
def test_the_file_says_what_scikit_learn_says(kind: str, words: int, scaler: str, tmp_path: Path) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    rng = np.random.default_rng(3)
    truth = np.arange(80) % words
    rows = (5 * rng.normal(size=(80, 6)) + 10 * rng.normal(size=(words, 6))[truth] - 40).astype(np.float32)
    scaling = Scaler(scaler).fit(rows.astype(np.float64))
    own = scaling.scaled(rows.astype(np.float64))
    made = KNeighborsClassifier(5) if kind == "neighbours" else KINDS[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.fit(own, truth)
    path = tmp_path / "made.onnx"
    assert export_classifier(made, scaling, path, shape=(2, 3), example=rows.reshape(-1, 2, 3), temperature=2.0) < 1e-4

    logits, features = Session(path)(rows.reshape(-1, 2, 3))
    np.testing.assert_allclose(features, own, rtol=1e-5, atol=1e-5)
    if not hasattr(made, "predict_proba"):  # a support vector machine: its decisions
        assert (logits.argmax(axis=1) == made.predict(own)).all()
        return
    # Whatever logits are, their softmax is the classifier's probability.
    chance = np.exp(2.0 * (logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    chance /= chance.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(chance, made.predict_proba(own), atol=1e-4)


def test_parameters_are_the_numbers_that_were_fitted() -> None:
    rng = np.random.default_rng(0)
    examples = Labelled(rng.normal(size=(30, 2, 5)).astype(np.float32), np.arange(30) % 3)

    def of(kind: str, **options: object) -> int:
        made = Classic(words=3, shape=(2, 5), kind=kind, scaler="none", **options)
        made.fit(examples)
        return made.parameters

    assert of("gnb") == 3 * 10 + 3 * 10 + 3
    assert of("lda") == of("logistic-regression") == 3 * 10 + 3
    assert of("mlp", hidden=4, epochs=5) == 10 * 4 + 4 + 4 * 3 + 3
    scaled = Classic(words=3, shape=(2, 5), kind="lda")
    scaled.fit(examples)
    assert scaled.parameters == 33 + 20


def test_frames_are_reduced_before_they_are_judged(tmp_path: Path) -> None:
    """A third of the values tells the word in every frame: three units find it, and the file does as scikit-learn."""
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    frames = rng.normal(size=(40, 30, 6)).astype(np.float32)
    frames[:, :, :2] += 3 * labels[:, None, None]
    made = Classic(words=2, shape=(30, 6), kind="gnb", reduced=3)
    made.fit(Labelled(frames, labels))
    assert made.export(tmp_path / "made.onnx") < 1e-4
    logits, features = Session(tmp_path / "made.onnx")(frames)
    assert features.shape == (40, 90)
    assert (logits.argmax(axis=1) == labels).mean() > 0.9
    np.testing.assert_allclose(
        made.reduced.of(frames[:1])[0, :3],
        np.maximum(
            (frames[0, 0] - frames.mean(axis=(0, 1))) / frames.std(axis=(0, 1)) @ made.reduced.weight
            + made.reduced.bias,
            0,
        ),
        atol=1e-5,
    )
    assert "frames reduced to 3" in made.told
    with pytest.raises(OptionError, match="the input has no frames"):
        Classic(words=2, shape=(40,), kind="gnb", reduced=3)


def test_pictures_are_learned_as_they_are_judged() -> None:
    """Bytes of pictures become numbers from 0 to 1, in fitting as in use."""
    pictures = np.random.default_rng(0).integers(0, 255, (20, 4, 4), dtype=np.uint8)
    made = Classic(words=2, shape=(4, 4), kind="lda", scaler="none")
    made.fit(Labelled(pictures, np.arange(20) % 2))
    assert made.classifier.means_.max() < 1


@pytest.mark.parametrize(
    ("kind", "override", "told"),
    [
        ("svm", "network.kernel=cubic", "'cubic' for network.kernel: expected one of linear, rbf"),
        ("svm", "network.scaler=robust", "'robust' for network.scaler: expected one of standard, min-max"),
        ("gnb", "network.kernel=rbf", r"Bad \[network\] for 'gnb'.*kernel"),
        ("tree", "limit=0", r"'tree' for network.kind: expected one of .*svm, gnb, lda, mlp, logistic-regression"),
        ("gnb", "settle=true", "a classifier is fitted once, from nothing"),
    ],
)
@pytest.mark.torch
def test_a_wrong_classifier_is_told(corpus: Path, tmp_path: Path, kind: str, override: str, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        run(corpus, tmp_path / "run", kind, override)


@pytest.mark.torch
def test_a_word_without_an_example_is_told(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has none of 1"):
        run(corpus, tmp_path / "run", "gnb", 'words=["sad", "happy", "angry", "fearful"]')
