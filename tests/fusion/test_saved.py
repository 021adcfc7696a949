"""Learned rules as ONNX files: what was saved judges as what was fitted, with members missing and words unknown."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from visavox.emotions import WORDS
from visavox.errors import ModelError
from visavox.fusion import Fusion, saved
from visavox.fusion.classifiers import CLASSIFIERS
from visavox.recognizer import Card
from visavox.session import Session, sha256

from .conftest import Table


def again(fusion: Fusion, path: Path, prior: str = "uniform") -> Fusion:
    """The fusion out of its files."""
    card = Card(
        "made",
        "fused",
        WORDS,
        sha256=sha256(path),
        input=saved.describe(fusion, "made"),
        priors={"corpus": tuple(fusion.frequencies_.values())},
    )
    path.with_suffix(".json").write_text(card.to_json(), encoding="utf-8")
    return saved.read(Fusion, Card.read(path.with_suffix(".json")), path, {}, prior)


@pytest.mark.parametrize("rule", CLASSIFIERS)
def test_a_saved_rule_judges_as_the_fitted_one(rule: str, training: Table, unseen: Table, tmp_path: Path) -> None:
    fusion = Fusion({}, rule=rule, sources=("face", "voice", "body"))
    fusion.fit_scores(training.scores, training.y, training.groups)
    path = tmp_path / "made.onnx"
    assert saved.write(fusion, path, training.scores) < 1e-4
    loaded = again(fusion, path)
    np.testing.assert_allclose(loaded.combine(unseen.scores), fusion.combine(unseen.scores), atol=2e-4)
    # A source that is left out altogether counts as absent.
    some = {"voice": unseen.scores["voice"]}
    np.testing.assert_allclose(loaded.combine(some), fusion.combine(some), atol=2e-4)
    assert loaded.fitted_on == fusion.fitted_on
    with pytest.raises(ModelError, match="learns nothing more"):
        loaded.fit_scores(training.scores, training.y, training.groups)


@pytest.mark.parametrize("rule", ["mobel", "svm-linear", "logistic-regression"])
def test_a_saved_rule_judges_features(rule: str, training: Table, unseen: Table, tmp_path: Path) -> None:
    fusion = Fusion({}, level="feature", rule=rule, sources=("face", "voice", "body"))
    fusion.fit_scores(training.features, training.y, training.groups)
    path = tmp_path / "made.onnx"
    saved.write(fusion, path, training.features)
    np.testing.assert_allclose(again(fusion, path).combine(unseen.features), fusion.combine(unseen.features), atol=2e-4)
    # 18 values, and a column for each source that was ever absent.
    assert Session(path)(np.zeros((2, 21), np.float32))[1].shape == (2, 21)


@pytest.mark.parametrize(("inputs", "scaler"), [("probabilities", "min-max"), ("logits", "none")])
def test_scores_may_come_in_any_form(inputs: str, scaler: str, training: Table, unseen: Table, tmp_path: Path) -> None:
    fusion = Fusion(
        {},
        rule="logistic-regression",
        sources=("face", "body"),
        inputs=inputs,
        scaler=scaler,
        calibration="temperature",
    )
    two = {source: training.scores[source] for source in ("face", "body")}
    fusion.fit_scores(two, training.y, training.groups)
    path = tmp_path / "made.onnx"
    saved.write(fusion, path, two)
    test = {source: unseen.scores[source] for source in two}
    np.testing.assert_allclose(again(fusion, path).combine(test), fusion.combine(test), atol=2e-4)


def test_words_that_nobody_showed_have_no_chance(training: Table, unseen: Table, tmp_path: Path) -> None:
    fusion = Fusion({}, rule="svm-rbf", sources=("face", "voice", "body"))
    known = training.rows(np.array([word != "sad" for word in training.y]))
    fusion.fit_scores(known.scores, known.y, known.groups)
    path = tmp_path / "made.onnx"
    saved.write(fusion, path, known.scores)
    loaded = again(fusion, path)
    joined = loaded.combine(unseen.scores)
    assert np.nanmax(joined[:, WORDS.index("sad")]) == 0
    np.testing.assert_allclose(joined, fusion.combine(unseen.scores), atol=2e-4)


def test_a_temperature_of_its_own_changes_no_choice(training: Table, unseen: Table, tmp_path: Path) -> None:
    fusion = Fusion({}, rule="mlp", sources=("face", "voice", "body"), prior="corpus")
    fusion.fit_scores(training.scores, training.y, training.groups)
    saved.write(fusion, tmp_path / "a.onnx", training.scores)
    saved.write(fusion, tmp_path / "b.onnx", training.scores, temperature=3.0)
    sharp, flat = (again(fusion, tmp_path / f"{name}.onnx", "corpus") for name in "ab")
    one, other = sharp.combine(unseen.scores), flat.combine(unseen.scores)
    judged = ~np.isnan(one).any(axis=1)
    assert (one[judged].argmax(axis=1) == other[judged].argmax(axis=1)).all()
    assert (other[judged].max(axis=1) <= one[judged].max(axis=1) + 1e-9).all()


def test_what_cannot_be_saved_says_so(training: Table, tmp_path: Path) -> None:
    joined = Fusion({}, level="feature", rule="logistic-regression", join="sum", sources=("face", "voice", "body"))
    joined.fit_scores(training.features, training.y, training.groups)
    with pytest.raises(ModelError, match="joined by sum stay in memory"):
        saved.write(joined, tmp_path / "made.onnx", training.features)


def test_a_card_of_another_kind_is_told(tmp_path: Path) -> None:
    card = Card("made", "fused", WORDS, input={"places": [0]})
    with pytest.raises(ModelError, match="does not say how its rule is asked"):
        saved.read(Fusion, dataclasses.replace(card), tmp_path / "made.onnx", {}, "uniform")
