"""Fusions that learn from clips: members trained, a rule fitted on people whom they did not learn from, all saved."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox import datasets, recipes, zoo
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.errors import DataError, LeakError, ModelError, OptionError, TrainingError
from visavox.fusion import Fusion
from visavox.recipes.beside import joined
from visavox.recognizer import Card

WORDS = ("sad", "happy", "angry")
PEOPLE = ("anna", "bert", "carla", "dora", "emil", "frida")
PITCH = {"sad": 110.0, "happy": 220.0, "angry": 440.0}

MEMBER = """
name = "made-{modality}"
modality = "{modality}"
words = ["sad", "happy", "angry"]
purpose = "a test"

[[corpora]]
name = "made-voices"

[input]
{input}

[network]
kind = "lda"
solver = "lsqr"
shrinkage = "auto"

[judging]
draws = 20
"""

FUSED = """
name = "made-fused"
modality = "fused"
words = ["sad", "happy", "angry"]
purpose = "a test"

[[corpora]]
name = "made-voices"
beside = ["made-faces"]
test = { speaker = ["anna", "bert"] }
validation = { speaker = ["carla"] }

[members]
voice = "VOICE"
face = "FACE"

[fusion]

[judging]
draws = 20
"""


def hum(word: str, rng: np.random.Generator) -> NDArray[np.float32]:
    time = np.arange(16_000) / 16_000
    tone = np.sign(np.sin(2 * np.pi * PITCH[word] * rng.uniform(0.9, 1.1) * time))
    return (0.3 * tone + rng.normal(0, 0.2, 16_000)).astype(np.float32)


def face(word: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    pictures = rng.normal(90, 60, (3, 16, 16))
    pictures[:, :, 5 * WORDS.index(word) : 5 * WORDS.index(word) + 5] += 60
    return np.repeat(pictures.clip(0, 255).astype(np.uint8)[..., None], 3, axis=3)


def corpus(name: str, modality: str, samples: list[Sample]) -> types.ModuleType:
    module = types.ModuleType(f"made_{name}")
    module.ABOUT = About(name=name, title=name, modality=modality, licence="MIT", credit="nobody")
    module.samples = lambda folder: samples
    return module


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Voices of six people, faces of the same performances but those of emil's fourth takes; and both recipes."""
    rng = np.random.default_rng(0)
    voices, faces = [], []
    for speaker in PEOPLE:
        for word in WORDS:
            for take in range(4):
                told = {"emotion": word, "speaker": speaker, "take": f"{speaker}-{word}-{take}"}
                voice = Clip(name=f"v-{told['take']}", voice=hum(word, rng))
                voices.append(Sample(clip=voice, corpus="made-voices", **told))
                if (speaker, take) != ("emil", 3):
                    seen = Clip(name=f"f-{told['take']}", faces=face(word, rng), times=np.arange(3) / 10)
                    faces.append(Sample(clip=seen, corpus="made-faces", **told))
    for name, modality, samples in (("made-voices", "voice", voices), ("made-faces", "face", faces)):
        monkeypatch.setitem(datasets.MODULES, name, f"made_{name}")
        monkeypatch.setitem(sys.modules, f"made_{name}", corpus(name, modality, samples))
        (tmp_path / "data" / name).mkdir(parents=True)
    monkeypatch.setenv("VISAVOX_CACHE", str(tmp_path / "cache"))
    inputs = {"voice": 'kind = "mean-mfcc"', "face": 'kind = "spread-frames"\nframes = 2\nsize = 8\ncolour = "grey"'}
    for modality, told in inputs.items():
        text = MEMBER.format(modality=modality, input=told)
        (tmp_path / f"{modality}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def run(place: Path, *overrides: str, folder: str = "run", **given: object) -> recipes.Trained:
    text = FUSED.replace("VOICE", str(place / "voice.toml")).replace("FACE", str(place / "face.toml"))
    return recipes.run(
        recipes.read(text, overrides), data=place / "data", folder=place / folder, progress=False, **given
    )


def accuracy(card: Card) -> float:
    return next(score.value for score in card.scores if score.metric == "accuracy")


def test_a_clip_takes_its_face_from_the_clip_of_the_same_take(place: Path) -> None:
    both = joined(datasets.load("made-voices", place / "data"), ["made-faces"], place / "data")
    found = {sample.take: sample for sample in both}
    one = found["anna-sad-0"]
    assert one.clip.name == "v-anna-sad-0" and one.corpus == "made-voices"
    assert one.clip.voice is not None and one.clip.faces is not None and one.clip.faces.shape == (3, 16, 16, 3)
    np.testing.assert_array_equal(one.clip.times, [0, 0.1, 0.2])
    assert found["emil-sad-3"].clip.faces is None


@pytest.mark.torch
def test_a_learned_rule_is_fitted_on_people_its_members_did_not_learn_from(place: Path) -> None:
    trained = run(place, 'fusion.rule="svm-rbf"')
    card = trained.card
    assert card == Card.read(place / "run" / "made-fused.json")
    assert "joined by svm-rbf, fitted on what members say of training clips after they were trained on others" in (
        card.protocol
    )
    assert accuracy(card) > 0.9
    assert card.input["members"] == {
        "voice": "members/voice/whole/made-voice.json", "face": "members/face/whole/made-face.json",
    }  # fmt: skip
    # Every member of an inner fold held out the speakers whom it was asked about.
    for source in ("voice", "face"):
        people = [
            Card.read(place / "run" / "members" / source / f"fold-{n}" / f"made-{source}.json").made["held_out"]
            for n in (1, 2)
        ]
        asked = [set(held["made-voices"]["speaker"]) for held in people]
        assert asked[0] | asked[1] == {"dora", "emil", "frida"} and not asked[0] & asked[1]
    lines = (place / "run" / "predictions.csv").read_text().splitlines()
    assert lines[0] == "name,corpus,part,speaker,emotion,p_sad,p_happy,p_angry"
    assert len(lines) == 1 + 12 + 24
    assert "beside it made-faces" in card.corpora[0].used

    # Loaded, it is a fusion with its members; what it was given in training it judges as it did there.
    fusion = zoo.load(place / "run")
    assert isinstance(fusion, Fusion)
    assert set(fusion.members_) == {"voice", "face"}
    assert fusion.classes_ == WORDS
    faces = [sample.clip for sample in datasets.load("made-faces", place / "data") if sample.speaker == "anna"]
    judged = fusion.predict_proba(faces)
    truth = [sample.emotion for sample in datasets.load("made-faces", place / "data") if sample.speaker == "anna"]
    assert np.mean([WORDS[k] == word for k, word in zip(judged.argmax(axis=1), truth, strict=True)]) > 0.6

    # Finished members are not trained again; members that were begun with other clips are not taken.
    before = {path: path.stat().st_mtime_ns for path in (place / "run" / "members").rglob("*.onnx")}
    again = run(place, 'fusion.rule="svm-rbf"')
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert again.card.scores == card.scores
    with pytest.raises(TrainingError, match="begun with other clips"):
        run(
            place,
            'fusion.rule="svm-rbf"',
            'corpora=[{name="made-voices", test={speaker=["dora"]}}]',
            "training.keep=last",
        )


@pytest.mark.torch
@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["fusion.rule=max"], "joined by max, which has nothing to fit"),
        (["fusion.rule=log-linear", 'fusion.members_fit="training-rows"'], "of their own training clips, as published"),
        (["fusion.rule=mlp", 'fusion.members_fit="held-out"'], "a part of the training clips, one in 2"),
        (["fusion.level=feature", "fusion.rule=mobel"], "joined by mobel, fitted on what members say of a part"),
        (
            ["fusion.level=feature", 'fusion.rule={kind="gnb"}', 'fusion.members_fit="training-rows"'],
            "joined by Gaussian naive Bayes",
        ),
        (
            ["fusion.level=feature", 'fusion.rule={network="perceptron", hidden=[8], norm=true, epochs=40, batch=8}'],
            "joined by the network perceptron",
        ),
    ],
    ids=["max", "as published", "held out", "features", "classifier", "network"],
)
def test_rules_of_every_kind_are_saved_and_loaded(place: Path, overrides: list[str], told: str) -> None:
    trained = run(place, *overrides)
    assert told in trained.card.protocol
    assert accuracy(trained.card) > 0.8
    fusion = zoo.load(place / "run")
    assert isinstance(fusion, Fusion) and set(fusion.members_) == {"voice", "face"}
    assert trained.path.is_file()
    # A face alone is judged; a clip of nothing is not.
    clip = Clip(faces=face("happy", np.random.default_rng(5)), times=np.arange(3) / 10)
    if fusion.level == "decision":
        judged = fusion.combine({"face": fusion.members_["face"].predict_proba([clip])})
        assert np.isfinite(judged).all() and judged.sum() == pytest.approx(1)


@pytest.mark.torch
def test_members_may_be_shared(place: Path) -> None:
    shared = place / "shared"
    run(place, "fusion.rule=bel", f'fusion.shared="{shared}"', folder="one")
    trained = {path: path.stat().st_mtime_ns for path in shared.rglob("*.onnx")}
    assert len(trained) == 2 * 3, "two members, in two inner folds and on all of the training part"
    run(place, "fusion.rule=logistic-regression", f'fusion.shared="{shared}"', folder="two")
    assert {path: path.stat().st_mtime_ns for path in shared.rglob("*.onnx")} == trained
    assert set(zoo.load(place / "two").members_) == {"voice", "face"}


@pytest.mark.torch
def test_the_clips_may_be_given(place: Path) -> None:
    everybody = datasets.load("made-voices", place / "data")
    sides = {"train": PEOPLE[3:], "validation": PEOPLE[2:3], "test": PEOPLE[:2]}
    roles = {role: [sample for sample in everybody if sample.speaker in who] for role, who in sides.items()}
    given = run(place, "fusion.rule=logistic-regression", roles=roles)
    own = run(place, "fusion.rule=logistic-regression", folder="other")
    assert given.card.scores == own.card.scores


@pytest.mark.torch
def test_a_member_that_says_nothing_held_out_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only = [s for s in datasets.load("made-faces", place / "data") if s.speaker in ("emil", "carla", "anna")]
    monkeypatch.setitem(sys.modules, "made_made-faces", corpus("made-faces", "face", only))
    with pytest.raises(TrainingError, match=r"face says nothing of anybody whom it did not learn from.*training-rows"):
        run(place, "fusion.rule=mlp")


@pytest.mark.torch
@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("fusion.rule=vote", "'vote' for fusion: expected one of log-linear"),
        ("fusion.members_fit=all", "'all' for fusion.members_fit: expected one of out-of-fold, held-out"),
        ("fusion.colour=red", "'colour' for a key of fusion: expected one of bias"),
        ("fusion.parts=1", "expected two inner folds or more"),
        ('members={voice={recipe="a/b", model="voice"}}', "name one of recipe, model and table"),
        ("members={}", r"A fusion needs \[members\]"),
        ('fusion={level="feature", rule="mlp", members_fit="out-of-fold"}', "have nothing to do with each other"),
        ('fusion.rule={kind="tree"}', "'tree' for fusion.rule.kind: expected one of svm"),
    ],
)
def test_a_wrong_fusion_is_told(place: Path, override: str, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        run(place, override)


@pytest.mark.torch
def test_a_finished_member_must_not_have_met_who_judges(place: Path) -> None:
    text = (place / "voice.toml").read_text() + '\n[training]\nkeep = "last"\n'
    everybody = datasets.load("made-voices", place / "data")
    roles = {"train": everybody[:36], "test": everybody[36:]}  # it learned from anna, bert and carla
    recipes.run(recipes.read(text), data=place / "data", roles=roles, folder=place / "voice", progress=False)
    members = f'members={{voice={{model="{place / "voice"}"}}, face="{place / "face.toml"}"}}'
    with pytest.raises(LeakError, match="member voice: "):
        run(place, members, "fusion.rule=mean")


def test_tables_are_members(place: Path, tmp_path: Path) -> None:
    """Two folds: each model judged the people of its own test part, and its own training clips too surely."""
    rng = np.random.default_rng(1)
    lines = ["fold,part,name,v_sad,v_happy,v_angry"]
    folds = {1: ("anna", "bert"), 2: PEOPLE[2:]}
    for fold, tested in folds.items():
        for sample in datasets.load("made-voices", place / "data"):
            part = "test" if sample.speaker in tested else "train"
            skill = 1.5 if part == "test" else 8.0
            logits = skill * np.eye(3)[WORDS.index(sample.emotion)] + rng.normal(0, 1, 3)
            lines.append(f"{fold},{part},{sample.clip.name}," + ",".join(f"{x:.4f}" for x in logits))
    table = tmp_path / "said.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    pytest.importorskip("torch")
    overrides = [
        f'members={{voice={{table="{table}", columns="v_"}}}}',
        'fusion={rule="logistic-regression", inputs="logits", scaler="min-max", dropped=0.0}',
        'corpora=[{name="made-voices", test={speaker=["anna", "bert"]}}]',
        "training.keep=last",
    ]
    held_out = run(place, *overrides)
    published = run(place, *overrides, 'fusion.members_fit="training-rows"', folder="published")
    assert 0.5 < accuracy(held_out.card) < 1
    ece = [next(s.value for s in one.card.scores if s.metric == "ece") for one in (held_out, published)]
    assert ece[0] < ece[1], "what was fitted on training rows is too sure"
    loaded = zoo.load(place / "run")
    assert isinstance(loaded, Fusion)
    assert loaded.combine({"voice": np.array([[9.0, 0.0, 0.0]])}).argmax() == 0
    with pytest.raises(ModelError, match="has rules but no members"):
        loaded.predict_proba([Clip(voice=np.zeros(10, np.float32))])
    mixed = [*overrides[:2], 'corpora=[{name="made-voices", test={speaker=["anna", "dora"]}}]', overrides[3]]
    with pytest.raises(DataError, match="must be those of one of its folds, and belong to 1, 2"):
        run(place, *mixed, 'fusion.members_fit="training-rows"', folder="mixed")


@pytest.mark.torch
def test_a_trained_fusion_joins_the_lanes_of_an_analysis(place: Path) -> None:
    """It brings its members, hears them over its own words, and never shows a word that it does not know."""
    from visavox.emotions import WORDS as ALL
    from visavox.judgement import Expecting, fuse, judge, members_of, open_fusion
    from visavox.options import Options

    run(place, "fusion.rule=logistic-regression")
    where = str(place / "run")
    own = members_of(Options(fusion=where))
    assert own == {source: str(place / "run" / "members" / source / "whole" / f"made-{source}.json") for source in own}
    assert set(own) == {"voice", "face"}
    with pytest.raises(OptionError, match=r"brings its own voice: leave voice 'voice-open' out"):
        members_of(Options(fusion=where, voice="voice-open"))
    assert members_of(Options(fusion="product")) == {}
    with pytest.raises(OptionError, match=r"'vote' for fusion: expected one of log-linear.*the path of a fusion"):
        Options(fusion="vote")

    fusion = open_fusion(where)
    spans = [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5)]
    cards = {source: Card.read(path) for source, path in own.items()}
    sad, happy = 8 * np.eye(3)[:2]  # as sure as members are, which their temperature says
    said = {"voice": [sad, None, None], "face": [sad, happy, None]}
    expecting = Expecting(prior="uniform", baseline="self")
    judged = {
        source: judge(
            [None if row is None else row * cards[source].temperature for row in rows], spans, cards[source], expecting
        )
        for source, rows in said.items()
    }
    joined = fuse(fusion, judged, "uniform")
    assert joined.shape == (3, 7) and np.isnan(joined[2]).all()
    assert ALL[joined[0].argmax()] == "sad"
    np.testing.assert_allclose(joined[:2].sum(axis=1), 1)
    assert joined[:2][:, [ALL.index(word) for word in ALL if word not in WORDS]].max() == 0
    expected = fusion.combine({source: found.said for source, found in judged.items()})
    np.testing.assert_allclose(joined[:2][:, [ALL.index(word) for word in WORDS]], expected[:2])


@pytest.mark.torch
def test_a_fusion_of_features_is_not_for_cells(place: Path) -> None:
    from visavox.judgement import members_of
    from visavox.options import Options

    run(place, "fusion.level=feature", "fusion.rule=bel")
    with pytest.raises(OptionError, match="joins features of whole clips"):
        members_of(Options(fusion=str(place / "run")))
