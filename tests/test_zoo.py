"""Models by name and by path, and what is said when one is missing or broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import visavox
from visavox import zoo
from visavox.body.recognizer import BodyRecognizer
from visavox.clip import Clip
from visavox.errors import ModelError, OptionError
from visavox.face.recognizer import FaceRecognizer
from visavox.judgement import Expecting, judge
from visavox.recognizer import Card

pytestmark = pytest.mark.usefixtures("models")


def copy(name: str, folder: Path) -> Path:
    """A shipped model as a run folder would hold it."""
    folder.mkdir(exist_ok=True)
    for suffix in (".onnx", ".json"):
        if (zoo.FOLDER / f"{name}{suffix}").is_file():
            shutil.copy(zoo.FOLDER / f"{name}{suffix}", folder)
    return folder / f"{name}.onnx"


def faces(seed: int = 1) -> Clip:
    return Clip(faces=np.random.default_rng(seed).integers(0, 255, (3, 60, 50, 3), dtype=np.uint8))


def test_the_default_models_come_first() -> None:
    assert zoo.names()[:2] == ("face", "voice")
    assert {"voice-open", "accm", "accm-upper"} <= set(zoo.names())


def test_a_name_gives_a_recognizer_with_its_card() -> None:
    face = visavox.load("face")
    assert face.modality == "face" and face.card is not None and face.card.name == "face"
    assert face.classes_ == face.card.words
    assert visavox.load("voice").modality == "voice"


@pytest.mark.parametrize("which", ["{folder}", "{folder}/face.onnx", "{folder}/face.json"])
def test_a_path_gives_the_same_as_the_name(which: str, tmp_path: Path) -> None:
    copy("face", tmp_path / "run")
    by_path = zoo.load(which.format(folder=tmp_path / "run"))
    np.testing.assert_array_equal(by_path.predict_proba([faces()]), zoo.load("face").predict_proba([faces()]))


def test_a_prior_moves_the_probabilities() -> None:
    uniform, life = (zoo.load("face", prior=prior).predict_proba([faces()])[0] for prior in ("uniform", "life"))
    neutral = zoo.card("face").words.index("neutral")
    assert life[neutral] > uniform[neutral]
    assert life.sum() == pytest.approx(1)


def test_life_means_the_same_to_a_model_and_to_an_analysis() -> None:
    """The card's shares of life are believed as far as `analyze` believes them, by any door."""
    face = zoo.load("face")
    assert isinstance(face, FaceRecognizer)
    logits = face.logits(faces().faces).mean(axis=0)
    lane = judge([logits], [(0.0, 0.5)], zoo.card("face"), Expecting(prior="life", baseline="none"))
    np.testing.assert_allclose(zoo.load("face", prior="life").predict_proba([faces()]), lane.shown, atol=1e-5)


def test_a_body_brings_who_judges_it_where_legs_are_not_seen() -> None:
    body = zoo.load("accm")
    assert isinstance(body, BodyRecognizer) and body.upper is not None
    assert body.upper.card.name == zoo.card("accm").input["upper"] == "accm-upper"
    assert body.classes_ == body.upper.classes_ == ("neutral", "happy", "sad", "angry")
    assert sum(zoo.size(name) for name in ("accm", "accm-upper")) < 2_000_000
    assert zoo.terms(body.card) == zoo.terms(body.upper.card) == "non-commercial"


def test_the_fusion_loads_its_members(weights: Path) -> None:
    fusion = zoo.load("fusion")
    assert fusion.modality == "fused"
    assert fusion.predict_proba([faces()]).sum() == pytest.approx(1)


@pytest.mark.parametrize("name", ["happiness", "Face", ""])
def test_an_unknown_name_lists_the_known_ones(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((OptionError, ModelError), match=r"face, voice|no model in this folder"):
        zoo.load(name)


def test_a_bad_prior_is_named() -> None:
    with pytest.raises(OptionError, match="'zero' for prior: expected one of uniform, corpus, life"):
        zoo.load("face", prior="zero")  # type: ignore[arg-type]


def test_half_a_network_is_named(tmp_path: Path) -> None:
    path = copy("face", tmp_path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"face\.onnx.*not the one its card names.*again"):
        zoo.load(path)


def test_a_network_without_a_card_and_a_card_without_a_network(tmp_path: Path) -> None:
    path = copy("face", tmp_path)
    path.rename(tmp_path / "other.onnx")
    with pytest.raises(ModelError, match=r"other\.json.*no card"):
        zoo.load(tmp_path / "other.onnx")
    with pytest.raises(ModelError, match=r"face\.onnx.*not its network"):
        zoo.load(tmp_path / "face.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 99}', "\x00\x01"])
def test_a_broken_card_is_named(text: str, tmp_path: Path) -> None:
    path = copy("face", tmp_path)
    path.with_suffix(".json").write_text(text)
    with pytest.raises(ModelError, match=r"face\.json"):
        zoo.load(path)


def test_folders_hold_one_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model in this folder"):
        zoo.load(tmp_path)
    copy("face", tmp_path)
    copy("voice", tmp_path)
    with pytest.raises(ModelError, match=r"2 models.*face\.onnx"):
        zoo.load(tmp_path)


def test_missing_files_and_other_files(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx: no such model file"):
        zoo.load(tmp_path / "gone.onnx")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ModelError, match=r"notes\.txt: not a model"):
        zoo.load(tmp_path / "notes.txt")


def test_a_modality_of_tomorrow(tmp_path: Path) -> None:
    path = copy("face", tmp_path)
    data = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**data, "modality": "heart-rate"}))
    with pytest.raises(ModelError, match="'heart-rate'"):
        zoo.load(path)


@pytest.mark.parametrize(
    ("licence", "terms"),
    [
        (
            "CC BY-NC-SA 4.0 (RAVDESS), with attribution of CREMA-D (ODbL 1.0): non-commercial use only",
            "non-commercial",
        ),
        ("ODbL 1.0: made from the database CREMA-D; free for any use with attribution", "free for any use"),
        ("MIT", "free for any use"),
        ("no stated licence: research use is customary", "research; else clear it yourself"),
        ("", "see its card"),
    ],
)
def test_terms_say_whether_one_may_use_it(licence: str, terms: str) -> None:
    assert zoo.terms(Card("x", "face", ("neutral",), licence=licence)) == terms


def test_shipped_cards_say_what_they_must() -> None:
    for name in zoo.names():
        card = zoo.card(name)
        assert card.name == name and card.licence
        if card.modality != "fused":
            assert card.sha256 and set(card.priors) >= {"uniform", "corpus", "life"}
            assert all(sum(prior) == pytest.approx(1, abs=1e-4) for prior in card.priors.values())
