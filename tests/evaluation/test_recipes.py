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

from visavox import datasets, evaluation, protocols
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.errors import LeakError, OptionError, TrainingError
from visavox.evaluation.trained import Trained
from visavox.protocols import Fold, Protocol
from visavox.protocols.named import dealt
from visavox.recognizer import Card

WORDS = ("neutral", "happy", "sad")
PEOPLE = ("anna", "bert", "carla", "dora")

RECIPE = """
name = "made"
modality = "face"
settle = true
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


def test_a_recipe_is_given_the_clips_of_the_fold(corpus, recipe: str) -> None:
    told = Trained(recipe, TWO).roles(corpus, TWO.folds(corpus)[0])
    assert {role: {sample.speaker for sample in samples} for role, samples in told.items()} == {
        "train": {"carla", "dora"}, "validation": set(), "test": {"anna", "bert"},
    }  # fmt: skip
    assert len(told["train"]) == len(told["test"]) == 72


def test_whoever_chooses_the_epoch_is_a_part_of_the_training_part(corpus, tmp_path: Path) -> None:
    best = tmp_path / "best.toml"
    best.write_text(RECIPE.replace('keep = "last"', 'keep = "best"'), encoding="utf-8")
    told = Trained(str(best), TWO).roles(corpus, TWO.folds(corpus)[0])
    people = {role: {str(sample.speaker) for sample in samples} for role, samples in told.items()}
    assert people["test"] == {"anna", "bert"}
    assert sorted([*people["validation"], *people["train"]]) == ["carla", "dora"]


def test_the_corpus_s_own_parts_where_nobody_is_known(recipe: str) -> None:
    rows = [
        Sample(clip=Clip(name=f"{part}-{word}-{defect}"), emotion=word, corpus="fer2013", part=part, defect=defect)
        for word in protocols.WORDS_OF["fer2013"]
        for part, defect in (("train", ""), ("train", "exact"), ("validation", ""), ("test", ""), ("test", "blank"))
    ]
    official = protocols.named("fer2013-official")
    told = Trained(recipe, official).roles(rows, official.folds(rows)[0])
    assert {role: {(s.part, s.defect) for s in samples} for role, samples in told.items()} == {
        "train": {("train", "")},  # twins of the test are not learned from
        "validation": {("validation", "")},
        "test": {("test", ""), ("test", "blank")},
    }


def random_halves(corpus: list[Sample]) -> Protocol:
    """A protocol that leaks on purpose: each clip by chance on one of two sides."""
    return replace(TWO, name="made-random", make=dealt(2, seed=1), speakers_apart=False)


def test_a_random_fold_s_network_must_have_held_out_each_clip(corpus, recipe: str, finished, tmp_path: Path) -> None:
    leaky = random_halves(corpus)
    first = leaky.folds(corpus)[0]
    inside = [corpus[index] for index in first.test if not corpus[index].defect]
    path = finished("1", PEOPLE) / "predictions.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    mine = {str(sample.clip.name) for sample in inside[1:]}
    path.write_text("\n".join([lines[0], *(line for line in lines if line.split(",")[0] in mine)]), encoding="utf-8")
    with pytest.raises(LeakError, match=f"did not hold out {inside[0].speaker} .{inside[0].clip.name}"):
        evaluation.evaluate(recipe, leaky, samples=corpus, folder=tmp_path / "run")


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


@pytest.mark.torch
def test_a_recipe_is_trained_under_a_random_protocol_too_and_the_result_says_so(corpus, recipe, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    # Nothing is looked for anywhere: the fold's clips are given.
    result = evaluation.evaluate(recipe, random_halves(corpus), samples=corpus, folder=tmp_path / "run")
    assert result.status == "in-sample" and len(result.truth) == len(corpus)
    card = Card.read(tmp_path / "run" / "fold-1" / "made.json")
    assert {score.status for score in card.scores} == {"in-sample"}
    assert card.split == "clips at random: speakers are on both sides"
    assert card.made["held_out"] == {}, "somebody of every voice was learned from"


@pytest.mark.torch
def test_a_fold_s_network_knows_whom_it_held_out(corpus, recipe: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    evaluation.evaluate(recipe, TWO, samples=corpus, folder=tmp_path / "run")
    path = tmp_path / "run" / "fold-one" / "made.onnx"
    assert Card.read(path.with_suffix(".json")).made["held_out"] == {"made-faces": {"speaker": ["anna", "bert"]}}
    again = evaluation.evaluate(path, TWO, samples=corpus)
    assert set(again.speakers) == {"anna", "bert"} and again.status == "held-out"


def test_where_one_speaker_alone_is_learned_from_nobody_chooses_the_epoch(corpus, recipe: str, tmp_path: Path) -> None:
    two = [sample for sample in corpus if sample.speaker in PEOPLE[:2]]
    apart = replace(TWO, make=protocols.named("savee-loso").make)
    chooses = Trained(recipe, apart, None, tmp_path, overrides={"training.keep": "best"})
    for fold in apart.folds(two):
        assert chooses.changes(two, fold)["training.keep"] == "last"
        roles = chooses.roles(two, fold)
        assert not roles["validation"] and {sample.speaker for sample in roles["train"]} < set(PEOPLE[:2])
    (first, *_) = apart.folds(corpus)
    assert chooses.changes(corpus, first) == {"training.keep": "best"}
    assert len({sample.speaker for sample in chooses.roles(corpus, first)["validation"]}) == 1


def test_a_random_protocol_of_few_speakers_chooses_by_clips(corpus, recipe: str, tmp_path: Path) -> None:
    leaky = random_halves(corpus)
    chooses = Trained(recipe, leaky, None, tmp_path, overrides={"training.keep": "best"})
    fold = leaky.folds(corpus)[0]
    roles = chooses.roles(corpus, fold)
    sides = {role: {id(sample) for sample in samples} for role, samples in roles.items()}
    assert len(sides["validation"]) == len(fold.train) // 8
    assert not sides["train"] & sides["validation"] and not sides["train"] & sides["test"]
    assert {sample.speaker for sample in roles["train"]} == set(PEOPLE)


def test_a_folder_begun_with_other_values_is_refused(corpus, recipe: str, finished, tmp_path: Path) -> None:
    finished("one", PEOPLE[:2])
    Trained(recipe, TWO, None, tmp_path / "run").judge(corpus, TWO.folds(corpus)[0], TWO, features=False)
    other = Trained(recipe, TWO, None, tmp_path / "run", overrides={"training.epochs": 2})
    with pytest.raises(TrainingError, match=r"another recipe .training differ"):
        other.judge(corpus, TWO.folds(corpus)[0], TWO, features=False)
