"""Every shipped recipe re-makes its model: here from a few clips in one epoch, to show that it can, not how well."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from visavox import recipes, zoo
from visavox.recognizer import Card
from visavox.session import Session, sha256

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytestmark = [pytest.mark.torch, pytest.mark.slow]

FOLDER = Path(__file__).parents[1] / "recipes"
FEW = 24
"""Clips of each corpus and role."""

NETWORKS = ("face", "voice", "voice-open", "accm-upper", "accm", "ravdess/voice")
LARGEST = 8_000_000
"""Bytes of a model that ships."""


def short(name: str) -> str:
    """The text of a recipe, for one epoch on a few clips, judged by its network alone; so its card says, too."""
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    text = re.sub(r"^epochs = \d+", "epochs = 1", text, flags=re.MULTILINE)
    text = re.sub(r"^batch = \d+", "batch = 8", text, flags=re.MULTILINE)
    text = re.sub(r"\[\[unseen\]\][^\[]*\nthrough = [^\[]*", "", text).replace("[judging]\n", "[judging]\ndraws = 20\n")
    return f"limit = {FEW}\n{text}"


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory):
    """Makes the model of a recipe, once: its path."""
    paths: dict[str, Path] = {}

    def make(name: str, start: str = "") -> Path:
        if name not in paths:
            recipe = recipes.read(short(name), {"start": start} if start else {})
            folder = tmp_path_factory.mktemp("run")
            paths[name] = recipes.run(recipe, data=data, folder=folder, progress=False).path
        return paths[name]

    return make


def check(path: Path) -> Card:
    """The card of a model that is as it should be: small, the one its card names, giving what its card says."""
    card = Card.read(path.with_suffix(".json"))
    assert card.sha256 == sha256(path)
    assert path.stat().st_size <= LARGEST
    golden = card.golden
    made = recipes.golden_input(golden["seed"], golden["shape"], golden["low"], golden["high"])
    np.testing.assert_allclose(Session(path)(made)[0][0], golden["logits"], atol=1e-4)
    assert zoo.load(path).classes_ == card.words
    return card


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_made(name: str, made) -> None:
    path = made(name)
    card = check(path)
    table = tomllib.loads(short(name))
    assert (card.name, list(card.words)) == (table["name"], table["words"])
    assert [corpus.name for corpus in card.corpora] == [use["name"] for use in table["corpora"]]
    judged = {use["name"] for use in table["corpora"] if use.get("test")}
    assert {score.corpus for score in card.scores} == judged | {use["name"] for use in table.get("unseen", ())}
    assert [item["epochs"] for item in card.made["networks"]] == [1] * (1 + len(table.get("further", ())))
    lines = (path.parent / "predictions.csv").read_text().splitlines()
    assert bool(judged) == (len(lines) > 1)


def test_a_network_is_made_from_another(made) -> None:
    first = made("voice-open")
    card = check(made("ravdess/voice-from-crema-d", start=str(first)))
    assert [corpus.name for corpus in card.corpora] == ["ravdess", "crema-d"]
    assert card.made["start"]["sha256"] == sha256(first)
    assert "ODbL" in card.licence and "CC BY-NC-SA" in card.licence
    assert zoo.terms(card) == "non-commercial"


def test_one_begins_as_the_other_is() -> None:
    """Weights are taken up by name and shape, so what is heard, and by which network, must be alike."""
    open_, ours = (
        tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("voice-open", "ravdess/voice-from-crema-d")
    )
    free = {"below", "depth"}  # how much of the quiet is heard belongs to no weight
    for table in ("input", "network"):
        theirs, own = ({key: value for key, value in of[table].items() if key not in free} for of in (open_, ours))
        assert own == theirs
    assert ours["start"] == "voice-open"
    alone = tomllib.loads((FOLDER / "ravdess" / "voice.toml").read_text(encoding="utf-8"))
    assert (ours["words"], ours["corpora"], ours["training"]["keep"]) == (alone["words"], alone["corpora"], "last")


def test_the_fusion_is_made(data: Path, made, tmp_path: Path) -> None:
    text = (FOLDER / "fusion.toml").read_text(encoding="utf-8")
    for source in ("face", "voice"):
        text = text.replace(f'{source} = "{source}"', f'{source} = "{made(source).with_suffix(".json")}"')
    (tmp_path / "fusion.toml").write_text(text.replace("count = 7000", "count = 700"), encoding="utf-8")
    trained = recipes.run(tmp_path / "fusion.toml", data=data, folder=tmp_path)
    card = Card.read(trained.path)
    assert (card.name, card.modality) == ("fusion", "fused")
    assert set(card.input["weights"]) == {"face", "voice"}
    assert card.made["members"] == {source: sha256(made(source)) for source in ("face", "voice")}
    assert {score.metric for score in card.scores} >= {"uar face", "uar voice", "uar log-linear"}
