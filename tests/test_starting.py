"""A training that begins with a model: it takes the weights up, inherits the terms, and meets nobody whom they met."""

import json
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets, recipes
from visavox.cli import main
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.errors import LeakError, ModelError, OptionError, TrainingError
from visavox.recognizer import Card, Corpus
from visavox.session import Session, sha256

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytestmark = pytest.mark.torch

from visavox.face.networks.residual import FaceJudge, FaceNetwork  # noqa: E402
from visavox.recipes.starting import start_of  # noqa: E402
from visavox.training import export, weights_of  # noqa: E402

WORDS = ("neutral", "happy", "sad")
PEOPLE = ("anna", "bert", "carla", "dora", "emil")

FIRST = """
name = "first"
modality = "face"
words = ["neutral", "happy", "sad"]
licence = "free for any use"

[network]
widths = [8, 16]
depths = [1, 1]

[[corpora]]
name = "old-faces"
test = { speaker = ["anna"] }
validation = { speaker = ["bert"] }
"""

SECOND = """
name = "second"
modality = "face"
words = ["neutral", "happy", "sad"]
licence = "non-commercial"
start = "FIRST"

[network]
widths = [8, 16]
depths = [1, 1]

[[corpora]]
name = "new-faces"
test = { speaker = ["new-anna"] }

[training]
epochs = 1
batch = 16
learning_rate = 0.0
keep = "last"
threads = 1
precision = "float32"

[judging]
draws = 20
"""


def corpus(name: str, front: str) -> types.ModuleType:
    """Two noisy pictures of each word and person."""
    rng = np.random.default_rng(0)
    module = types.ModuleType(name)
    module.ABOUT = About(name=name, title=name, modality="face", licence=f"terms of {name}", credit="nobody")
    rows = [
        Sample(
            clip=Clip(
                name=f"{name}-{person}-{word}-{take}",
                faces=np.repeat(rng.integers(0, 256, (1, 48, 48, 1), dtype=np.uint8), 3, axis=3),
            ),
            emotion=word,
            corpus=name,
            speaker=f"{front}{person}",
        )
        for person in PEOPLE
        for word in WORDS
        for take in range(2)
    ]
    module.samples = lambda folder: rows
    return module


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two made corpora of other people, and a kind of the first, with its people."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        for name, front in (("old-faces", ""), ("new-faces", "new-"), ("other-faces", "other-")):
            patch.setitem(datasets.MODULES, name, f"made_{name}")
            patch.setitem(sys.modules, f"made_{name}", corpus(name, front))
            (folder / name).mkdir()
        yield folder


def write(folder: Path, **changes: object) -> Path:
    """A model as a training leaves it, but never trained: its file, beside its card."""
    torch.manual_seed(3)
    network = FaceNetwork(words=3, votes=4, widths=(8, 16), depths=(1, 1))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "first.onnx"
    export(FaceJudge(network), {"faces": torch.rand(2, 1, 48, 48)}, path)
    card = Card(
        name="first",
        modality="face",
        words=WORDS,
        licence="free for any use",
        sha256=sha256(path),
        corpora=(Corpus("old-faces", "terms of old-faces", "train: 18 clips", 18, 3),),
        recipe=FIRST,
        made={"command": "visavox train first"},
    )
    path.with_suffix(".json").write_text(replace(card, **changes).to_json(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("first"))


def second(first: Path, **changes: object) -> recipes.Recipe:
    return recipes.read(SECOND.replace("FIRST", str(first)), changes)


def check(recipe: recipes.Recipe, data: Path) -> None:
    start_of(recipe).check(recipe, recipes.split(recipe, data), data)


def test_a_training_begins_with_the_weights_and_inherits_the_terms(
    first: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = recipes.run(second(first), data=data, folder=tmp_path / "run")
    told = capsys.readouterr().err
    assert "second: begins with first, nothing anew" in told

    # Nothing was learned at a rate of zero, so the weights are those that it began with.
    before, after = weights_of(first), weights_of(trained.path)
    assert set(after) == set(before)
    for name in before:
        if "running" not in name:
            np.testing.assert_array_equal(after[name], before[name], err_msg=name)

    card = trained.card
    assert "non-commercial" in card.licence and "first" in card.licence and "terms of old-faces" in card.licence
    assert "free for any use" in card.licence
    assert [(corpus.name, corpus.clips) for corpus in card.corpora] == [("new-faces", 24), ("old-faces", 18)]
    assert card.corpora[1].used == "by first, with which this model began: train: 18 clips"
    start = Card.read(trained.path.with_suffix(".json")).made["start"]
    assert (start["name"], start["sha256"], start["corpora"]) == ("first", sha256(first), ["old-faces"])

    # Taken up again without its start, or with another, the folder is another training's.
    with pytest.raises(TrainingError, match=r"begun from the model [0-9a-f]{12}, not from scratch"):
        recipes.run(second(first, start=""), data=data, folder=tmp_path / "run", progress=False)


def test_what_is_new_begins_anew(first: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = second(first, words=["happy", "neutral", "sad"])
    network = FaceNetwork(words=3, votes=2, widths=(8, 16), depths=(1, 1))
    fresh = {name: weight.clone() for name, weight in network.state_dict().items()}
    anew = start_of(other).give(FaceJudge(network))
    # As many words, but others; and a head for votes, which the file does not hold.
    assert set(anew) == {f"networks.0.{head}.{part}" for head in ("words", "votes") for part in ("weight", "bias")}
    for name, weight in network.state_dict().items():
        if f"networks.0.{name}" in anew:
            assert torch.equal(weight, fresh[name])
        elif weight.is_floating_point():
            np.testing.assert_array_equal(weight.numpy(), weights_of(first)[f"networks.0.{name}"])
    assert start_of(second(first)).give(FaceJudge(network)) == tuple(name for name in anew if "votes" in name)


def test_nobody_whom_the_model_has_met_may_judge(first: Path, data: Path) -> None:
    def on(**roles: list[str]) -> recipes.Recipe:
        sides = {role: {"speaker": people} for role, people in roles.items()}
        return second(first, corpora=[{"name": "old-faces", **sides}])

    with pytest.raises(LeakError, match=r"second, test: speaker carla of old-faces is one that first.*learned from"):
        check(on(test=["anna", "carla"]), data)
    with pytest.raises(LeakError, match="second, validation: speaker dora of old-faces"):
        check(on(test=["anna"], validation=["dora"]), data)
    with pytest.raises(LeakError, match=r"second, test: speaker bert of old-faces .* was chosen by"):
        check(on(test=["anna", "bert"]), data)
    check(on(test=["anna"], validation=["bert"]), data)  # just as before
    check(second(first), data)  # other people


def test_nor_anybody_unseen(first: Path, data: Path) -> None:
    unseen = second(first, unseen=[{"name": "old-faces"}])
    with pytest.raises(LeakError, match="second, the unseen old-faces: speaker bert of old-faces"):
        check(unseen, data)
    held_out = second(first, unseen=[{"name": "old-faces", "select": {"speaker": ["anna"]}}, {"name": "other-faces"}])
    check(held_out, data)
    parts = recipes.roles.judging_parts(held_out, {"test": ()}, data, knows=start_of(held_out).knows)
    assert [(corpus, status) for corpus, _, status, _ in parts] == [
        ("old-faces", "held-out"), ("other-faces", "out-of-sample"),
    ]  # fmt: skip


def test_nor_in_a_fold(first: Path, data: Path, tmp_path: Path) -> None:
    everybody = datasets.load("old-faces", data)
    roles = {
        "train": [sample for sample in everybody if sample.speaker != "carla"],
        "test": [sample for sample in everybody if sample.speaker == "carla"],
    }
    with pytest.raises(LeakError, match="second, test: speaker carla of old-faces"):
        recipes.run(second(first), roles=roles, data=data, folder=tmp_path, progress=False)


def test_a_network_of_a_fold_has_met_all_but_those_it_held_out(data: Path, tmp_path: Path) -> None:
    fold = write(tmp_path, made={"command": "roles", "held_out": {"old-faces": {"speaker": ["dora"]}}})
    check(second(fold, corpora=[{"name": "old-faces", "test": {"speaker": ["dora"]}}]), data)
    with pytest.raises(LeakError, match="speaker anna"):
        check(second(fold, corpora=[{"name": "old-faces", "test": {"speaker": ["anna"]}}]), data)


def test_where_a_card_does_not_say_everybody_counts_as_met(data: Path, tmp_path: Path) -> None:
    for number, changes in enumerate(({"recipe": ""}, {"made": {"command": "visavox train first --set 'corpora=[]'"}})):
        silent = write(tmp_path / str(number), **changes)
        with pytest.raises(
            LeakError, match=r"speaker anna of old-faces is one that first, .* as far as its card tells"
        ):
            check(second(silent, corpora=[{"name": "old-faces", "test": {"speaker": ["anna"]}}]), data)


def test_what_the_model_began_with_counts_too(first: Path, data: Path, tmp_path: Path) -> None:
    """A third model of a second that began with a first: whom the first has met stays met."""
    start = start_of(second(first))
    third = write(
        tmp_path,
        corpora=(Corpus("new-faces", "", "train: 24 clips", 24), *start.corpora()),
        recipe=SECOND.replace("FIRST", str(first)),
        made={"command": "visavox train second", "start": start.told},
    )
    assert [link["corpora"] for link in (start_of(second(third)).told, start.told)] == [["new-faces"], ["old-faces"]]
    check(second(third), data)
    with pytest.raises(LeakError, match="speaker emil of old-faces"):
        check(second(third, corpora=[{"name": "old-faces", "test": {"speaker": ["emil"]}}]), data)


def test_a_model_that_no_training_can_begin_with(first: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'nobody' for model: expected one of"):
        start_of(second(first, start="nobody"))
    voice = write(tmp_path / "voice", modality="voice")
    with pytest.raises(
        OptionError, match=r"it is a model of voice, and second one of face; begin with a model of face"
    ):
        start_of(second(voice))
    with pytest.raises(ModelError, match="none of its weights fits this network by name and shape"):
        start_of(second(first)).give(torch.nn.Linear(3, 3))
    damaged = write(tmp_path / "damaged", sha256="0" * 64)
    with pytest.raises(ModelError, match="not the one its card names"):
        start_of(second(damaged))


def test_a_file_without_names_is_told_so(first: Path, tmp_path: Path) -> None:
    import onnx

    older = onnx.load(str(first))
    for number, weight in enumerate(older.graph.initializer):
        for node in older.graph.node:
            node.input[:] = [f"onnx::Conv_{number}" if name == weight.name else name for name in node.input]
        weight.name = f"onnx::Conv_{number}"
    path = tmp_path / "first.onnx"
    onnx.save(older, str(path))
    Session(path)
    card = json.loads(first.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**card, "sha256": sha256(path)}))
    with pytest.raises(ModelError, match=r"its weights are without names \(onnx::Conv_0\), as earlier versions wrote"):
        start_of(second(path))


def test_the_command_names_the_model(
    first: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "alone.toml").write_text(SECOND.replace('start = "FIRST"\n', ""), encoding="utf-8")
    words = ["train", str(tmp_path / "alone.toml"), "--data", str(data), "--folder", str(tmp_path / "run"), "--quiet"]
    assert main([*words, "--from", str(first)]) == 0, capsys.readouterr().err
    card = Card.read(tmp_path / "run" / "second.json")
    assert card.made["start"]["name"] == "first"
    assert card.made["command"] == f"visavox train second --set start={first}"
    words[-2] = str(tmp_path / "other")
    assert main([*words, "--from", "nobody"]) != 0
    assert re.match(r"visavox: Bad value 'nobody' for model", capsys.readouterr().err)


def test_each_of_several_networks_begins_with_another_one(first: Path) -> None:
    """A model that is the mean of several: the third of two begins with the first again."""
    rows = [np.full((3, 3), value, dtype=np.float32) for value in (1, 2)]
    weights = {f"networks.{place}.weight": row for place, row in enumerate(rows)}
    start = replace(start_of(second(first)), weights=weights)
    for number, value in ((1, 1.0), (2, 2.0), (3, 1.0)):
        network = torch.nn.Linear(3, 3)
        assert start.give(network, number) == ("bias",)
        assert network.weight.detach().unique().tolist() == [value]
    wrapped = torch.nn.Module()
    wrapped.networks = torch.nn.ModuleList([torch.nn.Linear(3, 3)])
    start.give(wrapped, 2)
    assert wrapped.networks[0].weight.detach().unique().tolist() == [2.0]
