"""A recipe becomes a model with its card; a recipe that is wrong, or leaks, is told so."""

import subprocess
import sys
import types
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets, recipes
from visavox.cli import main
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.errors import DataError, InputError, LeakError, OptionError, TrainingError
from visavox.recipes.pairing import is_fusion
from visavox.recognizer import Card
from visavox.session import Session, sha256

WORDS = ("neutral", "happy", "sad")
PEOPLE = ("anna", "bert", "carla", "dora", "emil", "frida")

RECIPE = """
name = "made"
modality = "face"
words = ["neutral", "happy", "sad"]
purpose = "a test"
licence = "none"
split = "by speaker"

[network]
widths = [8, 16]
depths = [1, 1]

[[corpora]]
name = "made-faces"
test = { speaker = ["anna", "bert"] }
validation = { speaker = ["carla"] }
exclude = { defect = ["blank"] }

[[unseen]]
name = "other-faces"

[training]
epochs = 12
batch = 16
learning_rate = 0.02
averaging = 0.9
threads = 1
precision = "float32"

[judging]
draws = 100
"""


OWN = """
name = "own"
modality = "voice"
words = ["sad", "angry"]

[network]
widths = [4, 4]
strides = [[2, 2]]
features = 8

[[corpora]]
name = "mine"
test = { speaker = ["mine-carla"] }

[training]
epochs = 1
batch = 4
keep = "last"
threads = 1
precision = "float32"

[judging]
draws = 20
"""


def face(word: str, rng: np.random.Generator) -> np.ndarray:
    """A picture in which a bright bar is a word: left, right, or across."""
    image = rng.normal(90, 20, (48, 48))
    if word == "happy":
        image[:, 4:20] += 90
    elif word == "sad":
        image[4:20, :] += 90
    return np.broadcast_to(image.clip(0, 255).astype(np.uint8)[None, :, :, None], (1, 48, 48, 3))


def make(name: str, *, words: tuple[str, ...] = WORDS, speakers: tuple[str, ...] = PEOPLE) -> types.ModuleType:
    """A corpus of twelve clips of each word and speaker; calm is among the words that it may have."""
    module = types.ModuleType(name)
    module.ABOUT = About(name=name, title=name, modality="face", licence="MIT", credit="nobody", people=0.9)

    def samples(folder: Path) -> list[Sample]:
        rng = np.random.default_rng(0)
        return [
            Sample(
                clip=Clip(name=f"{name}-{speaker}-{word}-{take}", faces=face(word, rng)),
                emotion=word,
                corpus=name,
                speaker=speaker,
                sex="male" if speaker in ("bert", "emil") else "female",
                take=f"{speaker}-{word}-{take}",
                defect="blank" if take == 11 else "",
            )
            for speaker in speakers
            for word in words
            for take in range(12)
        ]

    module.samples = samples
    return module


@pytest.fixture
def corpora(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two made corpora in the registry, and the folder in which they are looked for."""
    for name, module in (
        ("made-faces", make("made-faces", words=(*WORDS, "calm", "bored"))),
        ("other-faces", make("other-faces", words=("happy", "sad"), speakers=("gerd",))),
    ):
        monkeypatch.setitem(datasets.MODULES, name, f"made_{name}")
        monkeypatch.setitem(sys.modules, f"made_{name}", module)
        (tmp_path / "data" / name).mkdir(parents=True)
    return tmp_path / "data"


@pytest.mark.torch
def test_a_recipe_gives_a_judged_model_with_its_card(corpora: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    recipe = recipes.read(RECIPE)
    trained = recipes.run(recipe, data=corpora, folder=tmp_path / "run", progress=False)

    card = Card.read(tmp_path / "run" / "made.json")
    assert card == Card.read(trained.path.with_suffix(".json"))
    assert card.words == WORDS
    assert card.sha256 == sha256(trained.path)
    assert card.recipe == RECIPE
    corpus = card.corpora[0]
    # Three speakers left to learn from; eleven takes of neutral, happy, sad, and of calm, which counts as neutral.
    assert (corpus.name, corpus.licence, corpus.clips, corpus.speakers) == ("made-faces", "MIT", 3 * 4 * 11, 3)
    assert "left out: defect blank" in corpus.used
    # As often as they are shown, and of each label's twentieth as much for every word: that is what is learned.
    np.testing.assert_allclose(card.prior("corpus"), 0.95 * np.array([0.5, 0.25, 0.25]) + 0.05 / 3, atol=1e-5)
    assert sum(card.prior("life")) == pytest.approx(1, abs=1e-5)

    accuracy = card.scores[0]
    assert (accuracy.metric, accuracy.corpus, accuracy.part, accuracy.status) == (
        "accuracy", "made-faces", "test", "held-out",
    )  # fmt: skip
    assert accuracy.value > 0.9
    assert accuracy.low <= accuracy.value <= accuracy.high
    assert (accuracy.clips, accuracy.speakers, accuracy.chance, accuracy.people) == (88, 2, 0.5, 0.9)
    assert np.array(card.confusion).sum() == 88
    metrics = [score.metric for score in card.scores if score.corpus == "made-faces"]
    assert metrics[:5] == ["accuracy", "uar", "macro-f1", "ece", "uar"]
    assert metrics[5:] == ["recall neutral", "recall happy", "recall sad", "uar women", "uar men"]
    unseen = [score for score in card.scores if score.corpus == "other-faces"]
    assert {score.status for score in unseen} == {"out-of-sample"}
    assert unseen[1].chance == 0.5
    assert "judged among its 2 words" in unseen[0].note

    session = Session(trained.path, sha256=card.sha256)
    golden = card.golden
    made = recipes.golden_input(golden["seed"], golden["shape"], golden["low"], golden["high"])
    np.testing.assert_allclose(session(made)[0][0], golden["logits"], atol=1e-4)
    lines = (tmp_path / "run" / "predictions.csv").read_text().splitlines()
    assert lines[0] == "name,corpus,part,speaker,emotion,p_neutral,p_happy,p_sad"
    assert len(lines) == 1 + 44 + 88 + 24

    # A finished run is only judged again, and gives the same card.
    again = recipes.run(recipe, data=corpora, folder=tmp_path / "run", progress=False)
    assert again.card.golden == card.golden
    assert again.card.scores == card.scores


@pytest.mark.torch
def test_further_networks_are_trained_and_averaged(corpora: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text = RECIPE + "[[further]]\nseed = 2\nepochs = 1\n"
    trained = recipes.run(
        recipes.read(text, ["training.epochs=2"]), data=corpora, folder=tmp_path / "run", progress=False
    )

    assert [(item["epochs"], item["epoch"]) for item in trained.card.made["networks"]][1] == (1, 1)
    assert trained.card.protocol.startswith("the mean of 2 networks: 2 epochs of AdamW")
    assert (tmp_path / "run" / "network-2" / "history.csv").is_file()
    logits, features = Session(trained.path)(recipes.golden_input(1, (5, 1, 48, 48)))
    assert (logits.shape, features.shape) == ((5, 3), (5, 32))


def test_speakers_on_both_sides_are_refused(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leaking = RECIPE.replace('test = { speaker = ["anna", "bert"] }', 'test = { emotion = ["sad"] }')
    with pytest.raises(TrainingError, match=r"speaker anna would be in train and in test; name it on one side"):
        recipes.split(recipes.read(leaking), corpora)


def test_a_recipe_that_leaves_nothing_to_learn_from_is_refused(corpora: Path) -> None:
    with pytest.raises(TrainingError, match="no clip is left for train"):
        recipes.split(recipes.read(RECIPE.replace("exclude =", 'train = { speaker = ["nobody"] }\nexclude =')), corpora)


@pytest.mark.parametrize(
    "text",
    [RECIPE, RECIPE.replace("[judging]", 'keep = "last"\n[[further]]\nkeep = "best"\n[judging]')],
    ids=["the network", "a further one"],
)
def test_a_best_epoch_wants_somebody_to_choose_it_by(corpora: Path, text: str) -> None:
    alone = text.replace('validation = { speaker = ["carla"] }\n', "")
    with pytest.raises(TrainingError, match=r'no clip is left for validation, and training.keep = "best" chooses'):
        recipes.split(recipes.read(alone), corpora)
    pytest.importorskip("torch")
    roles = {"train": datasets.load("made-faces", corpora)}
    with pytest.raises(TrainingError, match=r'no clip is left for validation.*give some more, or keep = "last"'):
        recipes.run(recipes.read(text), roles=roles, folder=corpora / "run", progress=False)


@pytest.mark.torch
def test_the_last_epoch_needs_nobody_held_out_to_choose_it(corpora: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text = RECIPE.replace("[judging]", 'keep = "last"\n[judging]').replace('validation = { speaker = ["carla"] }', "")
    card = recipes.run(
        recipes.read(text, ["training.epochs=2"]), data=corpora, folder=tmp_path / "run", progress=False
    ).card
    assert card.temperature == 1 and "the last kept" in card.protocol
    assert "nobody held out to calibrate on" in card.protocol
    assert (card.corpora[0].clips, card.corpora[0].speakers) == (4 * 4 * 11, 4)


@pytest.mark.torch
def test_the_clips_may_be_given(corpora: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    everybody = datasets.load("made-faces", corpora)
    roles = {
        "train": [sample for sample in everybody if sample.speaker in PEOPLE[3:]],
        "validation": [sample for sample in everybody if sample.speaker == "carla"],
        "test": [
            *(sample for sample in everybody if sample.speaker == "anna"),
            *datasets.load("other-faces", corpora),
            *(replace(sample, corpus="unheard of") for sample in datasets.load("other-faces", corpora)),
        ],
    }
    # Two corpora have no place where they could be looked for, or no name that anybody knows.
    card = recipes.run(
        recipes.read(RECIPE, ["training.epochs=1"]), roles=roles, folder=tmp_path / "run", progress=False
    ).card
    assert [corpus.name for corpus in card.corpora] == ["made-faces"]
    assert card.corpora[0].used == (
        "train: 132 clips; validation: 44 clips; test: 44 clips; left out: defect blank"
    )  # as the recipe says
    assert {score.corpus: score.status for score in card.scores} == {
        "made-faces": "held-out", "other-faces": "out-of-sample", "unheard of": "out-of-sample",
    }  # fmt: skip
    assert card.made["held_out"]["made-faces"] == {"speaker": ["anna"]}
    assert card.made["command"] == "visavox.recipes.run('made', roles=...)"
    assert card.split == "as the caller gave them: nobody is on two sides"


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("dora", r"made, train and test: speaker dora is in training \(row 0 \(made-faces-dora-neutral-0\)\)"),
        ("carla", "made, validation and test: speaker carla is in training"),
    ],
)
def test_clips_that_are_given_may_not_leak(corpora: Path, test: str, told: str) -> None:
    pytest.importorskip("torch")
    everybody = datasets.load("made-faces", corpora)
    roles = {
        "train": [sample for sample in everybody if sample.speaker in PEOPLE[3:]],
        "validation": [sample for sample in everybody if sample.speaker == "carla"],
        "test": [replace(sample) for sample in everybody if sample.speaker == test],
    }
    with pytest.raises(LeakError, match=told):
        recipes.run(recipes.read(RECIPE), roles=roles, folder=corpora / "run", progress=False)


def test_the_same_clip_is_not_there_for_two_things(corpora: Path) -> None:
    pytest.importorskip("torch")
    nobody = [replace(sample, speaker=None, take=None) for sample in datasets.load("made-faces", corpora)]
    roles = {"train": nobody, "validation": nobody[:3]}
    with pytest.raises(LeakError, match=r"row 0 \(made-faces-anna-neutral-0\) is in training and in the test"):
        recipes.run(recipes.read(RECIPE), roles=roles, folder=corpora / "run", progress=False)


def test_a_role_that_is_none(corpora: Path) -> None:
    pytest.importorskip("torch")
    with pytest.raises(OptionError, match="'development' for role: expected one of train, validation, test"):
        recipes.run(recipes.read(RECIPE), roles={"development": []}, folder=corpora / "run", progress=False)
    with pytest.raises(OptionError, match="draws its own pairs"):
        recipes.run("fusion", roles={}, folder=corpora / "run")


@pytest.mark.torch
def test_a_table_of_one_s_own_is_learned_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`visavox train` over recordings that no registry knows, but a table: two tones of voice by three people."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    lines = ["path,emotion,speaker,sex"]
    for person, pitch in (("anna", 220), ("bert", 120), ("carla", 200)):
        for word, factor in (("sad", 0.8), ("angry", 1.6)):
            for take in range(2):
                tone = np.sin(2 * np.pi * pitch * factor * np.arange(8000) / 16_000) + rng.normal(0, 0.05, 8000)
                with wave.open(str(tmp_path / f"{person}-{word}-{take}.wav"), "wb") as file:
                    file.setnchannels(1)
                    file.setsampwidth(2)
                    file.setframerate(16_000)
                    file.writeframes((8000 * tone).astype("<i2").tobytes())
                lines.append(f"{person}-{word}-{take}.wav,{word},{person},{'male' if person == 'bert' else 'female'}")
    (tmp_path / "table.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    folder = tmp_path / "run"
    words = ["train", str(tmp_path / "own.toml"), "--data", f"mine={tmp_path / 'table.csv'}", "--folder", str(folder)]
    assert main([*words, "--quiet"]) == 0, capsys.readouterr().err
    assert "on mine" in capsys.readouterr().out
    card = Card.read(folder / "own.json")
    assert (card.corpora[0].name, card.corpora[0].clips, card.corpora[0].speakers) == ("mine", 8, 2)
    assert card.corpora[0].credit == "its owner"
    assert {(score.corpus, score.status) for score in card.scores} == {("mine", "held-out")}


def test_a_corpus_that_is_missing_is_named_with_where_was_looked(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv(datasets.VARIABLE, raising=False)
    with pytest.raises(DataError, match=r"corpus fer2013 not found \(looked in .*here/fer2013\); say where it is"):
        datasets.place("fer2013", tmp_path / "here")
    with pytest.raises(DataError, match="no folder was named"):
        datasets.place("fer2013")


def test_where_a_corpus_is_can_be_said_in_three_ways(tmp_path: Path, monkeypatch) -> None:
    for name in ("all/fer2013", "own", "env/fer2013"):
        (tmp_path / name).mkdir(parents=True)
    own = f"fer2013={tmp_path / 'own'}"
    assert datasets.place("fer2013", tmp_path / "all") == tmp_path / "all" / "fer2013"
    assert datasets.place("fer2013", [str(tmp_path / "all"), own, "tess=/elsewhere"]) == tmp_path / "own"
    monkeypatch.setenv(datasets.VARIABLE, str(tmp_path / "env"))
    assert datasets.place("fer2013") == tmp_path / "env" / "fer2013"
    with pytest.raises(OptionError, match=r"'fer' for corpus: expected one of .*fer2013"):
        datasets.load("fer")


def test_overrides_change_a_recipe_by_dotted_key() -> None:
    recipe = recipes.read(RECIPE, ["training.epochs=1", "network.widths=[4, 4]", "limit=12", "loss.vote_weight=0"])
    assert recipe.training.epochs == 1
    assert recipe.network["widths"] == [4, 4]
    assert recipe.limit == 12
    assert recipe.loss == {"vote_weight": 0}
    assert recipes.read(RECIPE, {"name": "other"}).name == "other"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epoch=1", "Bad value 'epoch' for a key of training: expected one of epochs, batch"),
        ("training.epochs=many", "Bad value 'many' for epochs in training: expected a whole number"),
        ("modality=smell", "Bad value 'smell' for modality: expected one of face, voice"),
        ("colour=red", "Bad value 'colour' for a key of a recipe"),
        ('words=["happy", "hangry"]', "Bad value 'hangry' for emotion"),
        ('judging.metrics=["auc"]', "Bad value 'auc' for judging.metrics: expected one of accuracy, uar, macro-f1"),
        ("corpora=[]", r"needs at least one \[\[corpora\]\]"),
        ("training.epochs", "expected KEY=VALUE"),
    ],
)
def test_a_wrong_recipe_is_told_what_is_wrong(override: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        recipes.read(RECIPE, [override])


def test_text_that_is_no_recipe() -> None:
    with pytest.raises(OptionError, match="not TOML"):
        recipes.read("name = ")
    with pytest.raises(OptionError, match="A recipe needs a value for 'name'"):
        recipes.read('modality = "face"')


def test_a_file_that_is_no_recipe_is_named(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "bytes.toml").write_bytes(b"name = '\xff'")
    (tmp_path / "words.toml").write_text("once upon a time")
    with pytest.raises(InputError, match=r"bytes.toml: not a recipe that can be read"):
        recipes.run(tmp_path / "bytes.toml", folder=tmp_path)
    with pytest.raises(OptionError, match="not TOML"):
        recipes.run(tmp_path / "words.toml", folder=tmp_path)


def test_recipes_are_found_by_path_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes" / "lab").mkdir(parents=True)
    (tmp_path / "recipes" / "lab" / "row.toml").write_text(RECIPE)
    assert recipes.find("lab/row") == Path("recipes/lab/row.toml")
    assert recipes.find(tmp_path / "recipes" / "lab" / "row.toml").name == "row.toml"
    with pytest.raises(InputError, match=r"nobody: no such recipe; name a .toml file or one of .*lab/row"):
        recipes.find("nobody")


def test_the_shipped_recipes_can_be_read() -> None:
    folder = Path(__file__).parents[1] / "recipes"
    for path in sorted(folder.rglob("*.toml")):
        text = path.read_text(encoding="utf-8")
        if is_fusion(text):
            continue
        recipe = recipes.read(text)
        assert recipe.name == "-".join(path.relative_to(folder).with_suffix("").parts)
        assert recipe.purpose
        assert recipe.not_for
        assert recipe.licence


def test_a_golden_input_is_the_same_for_ever() -> None:
    # The finaliser of SplitMix64, written again in plain integers.
    def value(index: int, seed: int) -> float:
        z = (index + 1 + (seed << 32)) * 0x9E3779B97F4A7C15 % 2**64
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return ((z ^ z >> 31) >> 40) / 2**24

    made = recipes.golden_input(7, (1, 2, 3), low=-1.0, high=3.0)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.ravel(), [-1 + 4 * value(i, 7) for i in range(6)], rtol=1e-6)


def test_reading_a_recipe_does_not_wait_for_torch() -> None:
    code = "import sys, visavox.recipes; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
