"""A finished model judged as people use it: few people one by one, recordings by their cells, what is not there."""

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets, protocols, recipes, weights, zoo
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.errors import DataError, OptionError, TrainingError
from visavox.recipes import in_use
from visavox.recipes.recipe import Unseen
from visavox.recipes.roles import copied
from visavox.recognizer import Card, Score
from visavox.timeline import Segment, Timeline

WORDS = ("neutral", "happy", "sad")

RECIPE = """
name = "made"
modality = "face"
words = ["neutral", "happy", "sad"]

[network]
widths = [8]
depths = [1]

[[corpora]]
name = "made-faces"
test = { part = ["test"] }
validation = { part = ["validation"] }
exclude = { defect = ["copy"] }

[[unseen]]
name = "strangers"
through = "recognizer"

[[unseen]]
name = "nowhere"
through = "recognizer"

[training]
epochs = 1
batch = 8
threads = 1
precision = "float32"

[judging]
draws = 50
"""

ABOUT = About(name="made-faces", title="made", modality="face", licence="MIT", credit="nobody", people=0.9)


def sample(word: str, name: str, *, speaker: str | None = None, **more: object) -> Sample:
    faces = np.random.default_rng(len(name) + sum(map(ord, name))).integers(0, 256, (1, 48, 48, 3), dtype=np.uint8)
    clip = more.pop("clip", None) or Clip(name=name, faces=faces)
    return Sample(clip=clip, emotion=word, corpus="made-faces", speaker=speaker, modality="face", **more)  # type: ignore[arg-type]


def made_faces(folder: Path) -> list[Sample]:
    """Thirty training faces, three of which are copies of test faces; and a test face that is there twice."""
    found = [sample(WORDS[n % 3], f"train-{n}", part="train") for n in range(27)]
    found += [sample(WORDS[n], f"copy-{n}", part="train", defect="copy", take=f"take-{n}") for n in range(3)]
    found += [sample(WORDS[n % 3], f"validation-{n}", part="validation") for n in range(6)]
    tested = [sample(WORDS[n % 3], f"test-{n}", part="test", take=f"take-{n}" if n < 3 else None) for n in range(12)]
    again = sample(WORDS[0], "test-0-again", part="test", clip=Clip(name="again", faces=tested[0].clip.faces))
    return [*found, *tested, again]


def strangers(folder: Path) -> list[Sample]:
    """Two people, ten clips each, of three pictures of another size; one clip has a word that no recipe here knows."""
    rng = np.random.default_rng(3)
    clips = [Clip(name=f"clip-{n}", faces=rng.integers(0, 256, (3, 60, 51, 3), dtype=np.uint8)) for n in range(21)]
    return [
        Sample(
            clip=clip, emotion="bored" if n == 20 else WORDS[n % 3], corpus="strangers", speaker=("anna", "bert")[n % 2]
        )
        for n, clip in enumerate(clips)
    ]


@pytest.fixture
def corpora(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two made corpora that are there, and one that is only known."""
    for name, read in (("made-faces", made_faces), ("strangers", strangers), ("nowhere", strangers)):
        module = types.ModuleType(name)
        module.ABOUT = About(name=name, title=name, modality="face", licence="MIT", credit="nobody")
        module.samples = read
        monkeypatch.setitem(datasets.MODULES, name, f"made_{name}")
        monkeypatch.setitem(sys.modules, f"made_{name}", module)
        if name != "nowhere":
            (tmp_path / "data" / name).mkdir(parents=True)
    return tmp_path / "data"


# Rows


def told(samples: list[Sample], judged: list[int], **more: object) -> list[Score]:
    return in_use.summary(
        samples, np.array(judged), WORDS, corpus=ABOUT, part="all", status="out-of-sample", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_two_people_are_told_one_by_one_and_never_drawn() -> None:
    samples = [sample(WORDS[n % 2], f"c{n}", speaker="anna" if n < 20 else "bert") for n in range(40)]
    # Anna is always judged right, Bert never: whoever drew people would get an interval from 0 to 1.
    judged = [n % 2 for n in range(20)] + [2] * 20
    rows = {(row.part, row.metric): row for row in told(samples, judged)}
    assert list(rows) == [
        (part, metric) for part in ("all", "all, anna", "all, bert") for metric in ("accuracy", "uar")
    ]
    whole = rows["all", "accuracy"]
    assert (whole.value, whole.low, whole.high, whole.clips, whole.speakers) == (0.5, 0.5, 0.5, 40, 2)
    assert whole.chance == 0.5 and rows["all", "uar"].chance == pytest.approx(1 / 3, abs=1e-4)
    assert "2 people only: the interval is over clips" in whole.note and whole.people == 0.9
    assert (rows["all, anna", "accuracy"].value, rows["all, bert", "uar"].value) == (1, 0)
    assert "one person" in rows["all, anna", "uar"].note and rows["all, anna", "accuracy"].people is None


def test_ten_of_ten_are_not_everybody() -> None:
    samples = [sample("neutral", f"talker-{n}", speaker=f"p{n}") for n in range(10)]
    (row,) = told(samples, [0] * 10, notes=("prior life", ""))
    assert (row.metric, row.value, row.low, row.high) == ("accuracy", 1.0, 0.7225, 1.0)
    assert row.note.startswith("prior life; 10 people, one clip each: Wilson's interval")
    assert row.chance == pytest.approx(1 / 3, abs=1e-4), "always the only word is no guess"
    (row,) = told(samples, [0] * 8 + [2, -1])
    assert row.value == 0.8 and row.note.endswith("not right: talker-8 sad, talker-9 nothing")


def test_people_are_drawn_where_there_are_enough_and_clips_where_nobody_is_known() -> None:
    people = [sample(WORDS[n % 3], f"c{n}", speaker=f"p{n % 6}") for n in range(60)]
    rows = told(people, [n % 3 for n in range(60)])
    assert {row.part for row in rows} == {"all"} and rows[0].speakers == 6
    assert rows[0].note.startswith("6 people") and "only" not in rows[0].note
    unknown = told([sample(WORDS[n % 3], f"c{n}") for n in range(60)], [0] * 60)
    assert unknown[0].speakers is None and unknown[0].low is not None and unknown[0].low < 0.33 < unknown[0].value + 0.1


# Intervals


def test_draws_within_people_are_draws_of_their_clips() -> None:
    rng = np.random.default_rng(2)
    truth, people = rng.integers(0, 3, 80), np.array(["anna"] * 50 + ["bert"] * 30)
    judged = np.where(rng.random(80) < np.where(people == "anna", 0.8, 0.3), truth, rng.integers(-1, 3, 80))
    own = [np.flatnonzero(people == who) for who in ("anna", "bert")]
    drawn = []
    for _ in range(3000):
        rows = np.concatenate([rng.choice(rows, len(rows)) for rows in own])
        drawn.append(protocols.uar(protocols.confusion(truth[rows], judged[rows], 3)))
    found = protocols.Bootstrap(truth, judged, people.tolist(), words=3, within=True)(protocols.uar)
    assert found.value == protocols.Bootstrap(truth, judged, people.tolist(), words=3)(protocols.uar).value
    np.testing.assert_allclose(found[1:], np.percentile(drawn, [2.5, 97.5]), atol=0.02)


@pytest.mark.parametrize(("right", "of"), [(0, 10), (5, 10), (8, 10), (10, 10), (37, 112)])
def test_wilsons_interval_is_that_of_scipy(right: int, of: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    theirs = stats.binomtest(right, of).proportion_ci(method="wilson")
    np.testing.assert_allclose(protocols.proportion(right, of), (right / of, theirs.low, theirs.high), atol=1e-6)


# Recordings


def test_a_recordings_word_is_that_of_most_of_its_cells() -> None:
    def cells(person: str, *shown: str) -> Iterator[Segment]:
        for n, word in enumerate(shown):
            p = tuple(0.8 if known == word else 0.1 for known in WORDS) if word else (np.nan,) * 3
            yield Segment(n / 2, n / 2 + 0.5, person, "face", p, reason="" if word else "no_face")

    def most(*segments: Segment) -> str | None:
        return in_use.most(Timeline(segments, words=WORDS))

    assert most(*cells("a", "sad", "neutral", "neutral", "", "", "")) == "neutral"
    assert most(*cells("a", "sad", "neutral")) is None, "half is not most"
    assert most(*cells("a", "", "")) is None
    assert most(*cells("a", "sad", "sad"), *cells("b", "happy", "happy", "happy")) == "happy", "who is judged most"


def test_talkers_are_analysed_as_recordings(data: Path, weights: Path, models: tuple[str, ...]) -> None:
    recipe = recipes.read(recipes.find("face").read_text())
    one = Unseen(name="grid-samples", through="analyze", select={"speaker": ["grid-swiz3n"]})
    nothing, usual = in_use.scores(zoo.FOLDER / "face.onnx", recipe, one, data)
    assert "prior uniform, baseline none" in nothing.note and "prior life, baseline self" in usual.note
    assert (nothing.clips, nothing.speakers, nothing.status) == (1, 1, "out-of-sample")
    assert usual.value >= nothing.value, "who expects neutral finds it"


def test_clips_are_pooled_and_their_priors_corrected(data: Path, models: tuple[str, ...]) -> None:
    """By hand: the mean of the network's logits over a clip's pictures, cooled, divided by the corpus's shares."""
    recipe = recipes.read(recipes.find("face").read_text(), {"limit": 12})
    use = Unseen(name="ravdess-faces", through="recognizer", select={"speaker": ["ravdess-05"]})
    rows = in_use.scores(zoo.FOLDER / "face.onnx", recipe, use, data)
    network, card = zoo.load("face"), zoo.card("face")
    clips = [one for one in datasets.load("ravdess-faces", data) if one.speaker == "ravdess-05"][::5][:12]
    right = 0
    for one in clips:
        logits = network.logits(one.clip.faces).mean(axis=0) / card.temperature  # type: ignore[attr-defined]
        word = recipe.words[int((logits - np.log(card.priors["corpus"])).argmax())]
        right += word == {"calm": "neutral"}.get(one.emotion, one.emotion)
    assert rows[0].value == pytest.approx(right / 12, abs=1e-4) and rows[0].clips == 12
    assert [row.note.split(",")[0] for row in rows] == ["prior uniform"] * 2 + ["prior life"] * 2


def test_a_clip_without_a_file_cannot_be_analysed(corpora: Path) -> None:
    with pytest.raises(DataError, match="clip-0: it has no file to analyze"):
        in_use.scores(Path("x.onnx"), recipes.read(RECIPE), Unseen(name="strangers", through="analyze"), corpora)


# What is not there


def test_what_is_not_at_hand_is_named_with_where_was_looked(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = in_use.absent(recipes.read(RECIPE), corpora)
    assert list(absent) == ["nowhere"] and str(corpora / "nowhere") in absent["nowhere"]
    monkeypatch.setattr(weights, "missing", lambda: {"mesh": "not there"})
    analysed = recipes.read(RECIPE.replace('"strangers"\nthrough = "recognizer"', '"strangers"\nthrough = "analyze"'))
    assert "visavox models fetch" in in_use.absent(analysed, corpora)["strangers"]


def test_through_what_a_corpus_is_judged_is_one_of_three() -> None:
    with pytest.raises(OptionError, match=r"unseen\.through"):
        recipes.read(RECIPE.replace('through = "recognizer"', 'through = "magic"'))


# Copies


def test_test_clips_are_told_apart_by_whether_they_have_a_copy(corpora: Path) -> None:
    recipe = recipes.read(RECIPE)
    roles = recipes.split(recipe, corpora)
    assert {one.clip.name for one in roles["train"]} == {f"train-{n}" for n in range(27)}
    without, having = copied(recipe, roles, corpora)
    assert (without[1], without[2], len(without[4])) == ("test, without a copy in training", "held-out", 9)
    assert having[1:4] == ("test, with a copy", "held-out", "their copies were left out of training")
    assert {one.clip.name for one in having[4]} == {"test-0", "test-1", "test-2", "again"}, "the same picture, too"


def test_a_recipe_may_leak_to_be_compared_but_never_people(corpora: Path) -> None:
    recipe = recipes.read(RECIPE, ["leaks=true"])
    assert recipe.name == "made-with-copies" and "not to be used" in recipe.split
    roles = recipes.split(recipe, corpora)
    assert len(roles["train"]) == 30
    (_, having) = copied(recipe, roles, corpora)
    assert having[2:4] == ("in-sample", "their copies were learned from")


@pytest.mark.torch
def test_a_model_that_leaks_is_not_installed(corpora: Path) -> None:
    pytest.importorskip("torch")
    recipe = recipes.read(RECIPE, ["leaks=true"])
    with pytest.raises(OptionError, match="not to be installed"):
        recipes.run(recipe, data=corpora, folder=corpora / "run", install=True, progress=False)


def test_a_recipe_that_leaks_still_keeps_people_apart(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["made_made-faces"]
    monkeypatch.setattr(module, "samples", lambda folder: [
        sample(WORDS[n % 3], f"c{n}", speaker="anna", part="test" if n < 5 else "train") for n in range(20)
    ])  # fmt: skip
    with pytest.raises(TrainingError, match="speaker anna would be in"):
        recipes.split(recipes.read(RECIPE, ["leaks=true"]), corpora)


# A whole run


@pytest.mark.torch
def test_a_run_judges_strangers_with_the_finished_model_and_says_who_was_not_there(
    corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    recipe = recipes.read(RECIPE, ["leaks=true"])
    made = recipes.run(recipe, data=corpora, folder=tmp_path / "run", overrides=["leaks=true"]).card
    assert made == Card.read(tmp_path / "run" / "made-with-copies.json")
    assert "will not be judged on nowhere" in capsys.readouterr().err
    assert made.protocol.endswith("not at hand, so not judged: nowhere.")
    assert made.made["command"] == "visavox train made --set leaks=true"
    status = {(row.corpus, row.part): row.status for row in made.scores}
    assert status == {
        ("made-faces", "test"): "in-sample",
        ("made-faces", "test, without a copy in training"): "held-out",
        ("made-faces", "test, with a copy"): "in-sample",
        ("strangers", "all"): "out-of-sample",
        ("strangers", "all, anna"): "out-of-sample",
        ("strangers", "all, bert"): "out-of-sample",
    }
    whole = next(row for row in made.scores if row.corpus == "strangers")
    assert (whole.clips, whole.speakers) == (20, 2)
    assert "left out since it does not know their word: 1" in whole.note
