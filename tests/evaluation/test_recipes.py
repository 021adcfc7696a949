"""A recipe under a protocol: a network a fold, each in a folder of its own, kept when it is finished."""

from __future__ import annotations

import csv
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets, evaluation, protocols, recipes
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.errors import LeakError, OptionError
from visavox.evaluation.trained import Trained
from visavox.protocols import Fold, Protocol
from visavox.recognizer import Card

WORDS = ("neutral", "happy", "sad")
PEOPLE = ("anna", "bert", "carla", "dora")

RECIPE = """
name = "made"
modality = "face"
words = ["neutral", "happy", "sad"]

[network]
widths = [8, 16]
depths = [1, 1]

[[corpora]]
name = "made-faces"
exclude = { defect = ["blank"] }

[training]
epochs = 6
batch = 16
learning_rate = 0.02
averaging = 0.9
keep = "last"
threads = 1
precision = "float32"

[judging]
prior = "uniform"
draws = 100
"""


def by_two(name: str, rows: list[Sample], inside: np.ndarray) -> list[Fold]:
    """Two folds of two people."""
    first = np.array([rows[index].speaker in PEOPLE[:2] for index in inside])
    return [Fold("one", inside[~first], inside[first]), Fold("two", inside[first], inside[~first])]


TWO = Protocol(name="made-two", corpora=("made-faces",), words=WORDS, make=by_two)


def face(word: str, rng: np.random.Generator) -> np.ndarray:
    """A picture in which a bright bar is a word: left, across, or none."""
    image = rng.normal(90, 20, (48, 48))
    if word == "happy":
        image[:, 4:20] += 90
    elif word == "sad":
        image[4:20, :] += 90
    return np.broadcast_to(image.clip(0, 255).astype(np.uint8)[None, :, :, None], (1, 48, 48, 3))


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Sample]:
    """A made corpus of faces in the registry: twelve clips of each word and person, the last of each marked."""
    module = types.ModuleType("made-faces")
    module.ABOUT = About(name="made-faces", title="made", modality="face", licence="MIT", credit="nobody")
    rng = np.random.default_rng(0)
    made = [
        Sample(
            clip=Clip(name=f"{speaker}-{word}-{take}", faces=face(word, rng), person=speaker),
            emotion=word,
            corpus="made-faces",
            speaker=speaker,
            take=f"{speaker}-{word}-{take}",
            modality="face",
            defect="blank" if take == 11 else "",
        )
        for speaker in PEOPLE
        for word in WORDS
        for take in range(12)
    ]
    module.samples = lambda folder: made
    monkeypatch.setitem(datasets.MODULES, "made-faces", "made_faces_module")
    monkeypatch.setitem(sys.modules, "made_faces_module", module)
    (tmp_path / "data" / "made-faces").mkdir(parents=True)
    return made


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    """The recipe's file."""
    path = tmp_path / "made.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return str(path)


@pytest.fixture
def finished(tmp_path: Path, corpus: list[Sample]) -> Callable[..., Path]:
    """Leaves behind what a finished fold leaves: a card, a network's file, what it said of its test clips."""

    def leave(fold: str, people: tuple[str, ...], *, right: float = 0.9) -> Path:
        folder = tmp_path / "run" / f"fold-{fold}"
        folder.mkdir(parents=True)
        frequencies = {"corpus": (0.5, 0.25, 0.25)}
        card = Card(name="made", modality="face", words=WORDS, priors=frequencies)
        (folder / "made.json").write_text(card.to_json(), encoding="utf-8")
        (folder / "made.onnx").write_bytes(b"never opened")
        (folder / "history.csv").write_text("epoch,loss,score,seconds\n1,2.0,nan,1\n2,1.0,nan,1\n", encoding="utf-8")
        with (folder / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["name", "corpus", "part", "speaker", "emotion", *(f"p_{word}" for word in WORDS)])
            for sample in corpus:
                if sample.speaker in people:
                    said = [right if word == sample.emotion else (1 - right) / 2 for word in WORDS]
                    writer.writerow([sample.clip.name, "made-faces", "test", sample.speaker, sample.emotion, *said])
        return folder

    return leave


def test_finished_folds_are_not_trained_again(corpus, recipe: str, finished, tmp_path: Path) -> None:
    finished("one", PEOPLE[:2])
    finished("two", PEOPLE[2:], right=0.4)
    result = evaluation.evaluate(recipe, TWO, samples=corpus, folder=tmp_path / "run")
    assert result.system == "made" and result.status == "held-out"
    assert result.curves() == {"loss": [2.0, 1.0]}
    # What was said stands under the prior that was learned (neutral is half); it is judged under a uniform one.
    row = result.names.index("anna-neutral-0")
    np.testing.assert_allclose(result.probabilities[row], np.array([0.9 / 2, 0.05, 0.05]) / 0.55, atol=1e-6)
    assert [group.accuracy for group in result.per_fold()] == [1.0, pytest.approx(2 / 3)]


def test_a_network_of_another_fold_is_refused(corpus, recipe: str, finished, tmp_path: Path) -> None:
    finished("one", PEOPLE[2:])
    with pytest.raises(LeakError, match=r"fold-one: its network held out carla-neutral-0 .* belongs to another fold"):
        evaluation.evaluate(recipe, TWO, samples=corpus, folder=tmp_path / "run")


def test_a_network_that_did_not_hold_somebody_out_is_refused(corpus, recipe: str, finished, tmp_path: Path) -> None:
    finished("one", PEOPLE[:1])
    with pytest.raises(LeakError, match="did not hold out bert"):
        evaluation.evaluate(recipe, TWO, samples=corpus, folder=tmp_path / "run")


def test_a_fold_is_told_to_a_recipe_by_its_speakers(corpus, recipe: str, tmp_path: Path) -> None:
    fold = TWO.folds(corpus)[0]
    told = Trained(recipe, TWO).overrides(corpus, fold)
    assert told == {
        "corpora": [
            {
                "name": "made-faces",
                "words": list(WORDS),
                "test": {"speaker": ["anna", "bert"]},
                "train": {"speaker": ["carla", "dora"]},
                "exclude": {"defect": ["blank"]},
            }
        ],
        "unseen": [],
    }
    roles = recipes.split(recipes.read(RECIPE, told), tmp_path / "data")
    assert {sample.speaker for sample in roles["train"]} == {"carla", "dora"}
    assert {sample.speaker for sample in roles["test"]} == {"anna", "bert"}


def test_whoever_chooses_the_epoch_is_a_part_of_the_training_part(corpus, tmp_path: Path) -> None:
    best = tmp_path / "best.toml"
    best.write_text(RECIPE.replace('keep = "last"', 'keep = "best"'), encoding="utf-8")
    (use,) = Trained(str(best), TWO).overrides(corpus, TWO.folds(corpus)[0])["corpora"]
    assert use["test"] == {"speaker": ["anna", "bert"]}
    assert sorted(use["validation"]["speaker"] + use["train"]["speaker"]) == ["carla", "dora"]


def test_the_corpus_s_own_parts_where_nobody_is_known(tmp_path: Path) -> None:
    rows = [
        Sample(clip=Clip(name=f"{part}-{word}-{defect}"), emotion=word, corpus="fer2013", part=part, defect=defect)
        for word in protocols.WORDS_OF["fer2013"]
        for part, defect in (("train", ""), ("train", "exact"), ("validation", ""), ("test", ""), ("test", "blank"))
    ]
    official = protocols.named("fer2013-official")
    bare = tmp_path / "bare.toml"
    bare.write_text(RECIPE.replace('exclude = { defect = ["blank"] }', ""), encoding="utf-8")
    told = Trained(str(bare), official).overrides(rows, official.folds(rows)[0])
    (use,) = told["corpora"]
    assert (use["train"], use["validation"], use["test"]) == (
        {"part": ["train"]},
        {"part": ["validation"]},
        {"part": ["test"]},
    )
    assert use["exclude"] == {"defect": ["exact"], "part": ["train"]}, "twins of the test are not learned from"
    assert told["words"] == list(protocols.WORDS_OF["fer2013"])


def test_recipes_do_not_leak_even_where_a_protocol_does(corpus, recipe: str) -> None:
    leaky = replace(TWO, name="made-random", make=protocols.PROTOCOLS["ravdess-random"].make, speakers_apart=False)
    with pytest.raises(OptionError, match="cannot be trained under made-random: neither the speakers nor the parts"):
        Trained(recipe, leaky).overrides(corpus, leaky.folds(corpus)[0])


def test_the_recipe_of_a_fusion_is_refused() -> None:
    with pytest.raises(OptionError, match="fusion of shipped models"):
        Trained("recipes/fusion.toml", protocols.named("ravdess-luna5"))


@pytest.mark.torch
def test_a_recipe_is_trained_in_each_fold(corpus, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder, recipe = tmp_path / "run", str(tmp_path / "best.toml")
    Path(recipe).write_text(RECIPE.replace('keep = "last"', 'keep = "best"'), encoding="utf-8")
    result = evaluation.evaluate(recipe, TWO, data=tmp_path / "data", folder=folder, features=True)
    assert len(result.truth) == len(corpus) and result.score().value > 0.6
    assert len(result.curves()["loss"]) == 6 and result.features is not None
    assert any("6 clips that the recipe leaves out (6 blank" in note for note in result.notes)
    before = (folder / "fold-one" / "made.onnx").stat().st_mtime_ns
    again = evaluation.evaluate(recipe, TWO, samples=corpus, folder=folder)
    assert (folder / "fold-one" / "made.onnx").stat().st_mtime_ns == before
    np.testing.assert_array_equal(again.judged, result.judged)
