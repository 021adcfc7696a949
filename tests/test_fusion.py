"""Joining what several recognizers say: every rule, missing members, unknown words, fitted weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavox.emotions import WORDS
from visavox.errors import ModelError, OptionError
from visavox.fusion import RULES, Fusion, align, fit_weights, weights_of
from visavox.recognizer import Card

Floats = NDArray[np.float64]


def draw(n: int, seed: int, concentration: float = 0.5) -> Floats:
    return np.random.default_rng(seed).dirichlet(np.full(len(WORDS), concentration), n)


def fusion(rule: str = "log-linear", **options: object) -> Fusion:
    return Fusion({}, rule=rule, sources=("face", "voice"), **options)  # type: ignore[arg-type]


def test_mean_votes_as_scikit_learn_does() -> None:
    voting = pytest.importorskip("sklearn.ensemble").VotingClassifier
    dummy = pytest.importorskip("sklearn.dummy").DummyClassifier
    y = np.arange(len(WORDS))
    face, voice = draw(1, 1)[0], draw(1, 2)[0]

    def member(probabilities: Floats) -> object:
        fitted = dummy(strategy="prior").fit(y[:, None], y)
        fitted.class_prior_ = probabilities
        return fitted

    oracle = voting([("face", member(face)), ("voice", member(voice))], voting="soft")
    oracle.estimators_, oracle.le_, oracle.classes_ = [member(face), member(voice)], None, y
    wanted = oracle.predict_proba(np.zeros((1, 1)))
    assert np.allclose(fusion("mean").combine({"face": face[None], "voice": voice[None]}), wanted)


def test_product_is_bayes_rule_for_independent_sources() -> None:
    face, voice = draw(50, 3, 5.0), draw(50, 4, 5.0)
    wanted = face * voice
    wanted /= wanted.sum(axis=1, keepdims=True)
    assert np.allclose(fusion("product").combine({"face": face, "voice": voice}), wanted)


def test_max_by_hand() -> None:
    face = np.array([[0.5, 0.5, 0, 0, 0, 0, 0]])
    voice = np.array([[0.25, 0, 0.75, 0, 0, 0, 0]])
    wanted = np.array([[0.5, 0.5, 0.75, 0, 0, 0, 0]]) / 1.75
    assert np.allclose(fusion("max").combine({"face": face, "voice": voice}), wanted)


@pytest.mark.parametrize("rule", RULES)
def test_who_is_absent_is_left_out_and_nobody_is_nan(rule: str) -> None:
    face, voice = draw(4, 5, 5.0), draw(4, 6, 5.0)
    voice[[1, 3]] = np.nan
    face[[2, 3]] = np.nan
    joined = fusion(rule).combine({"face": face, "voice": voice})
    assert np.allclose(joined[1], face[1])
    assert np.allclose(joined[2], voice[2])
    assert np.isnan(joined[3]).all()


@pytest.mark.parametrize("rule", RULES)
def test_a_word_that_one_member_does_not_know_is_left_to_the_other(rule: str) -> None:
    known = WORDS[:-1]
    voice = align(np.full((1, 6), 1 / 6), known)
    face = np.full((1, 7), 0.02)
    face[0, WORDS.index("surprised")] = 0.88
    joined = fusion(rule).combine({"face": face, "voice": voice})
    assert WORDS[int(joined[0].argmax())] == "surprised"


@given(st.sampled_from(sorted(RULES)), st.integers(0, 10_000), st.booleans(), st.booleans())
def test_rows_sum_to_one_and_so_do_shares(rule: str, seed: int, face_there: bool, voice_there: bool) -> None:
    scores = {
        "face": draw(3, seed) if face_there else np.full((3, 7), np.nan),
        "voice": draw(3, seed + 1) if voice_there else np.full((3, 7), np.nan),
    }
    joined, shares = fusion(rule).combine(scores), fusion(rule).shares(scores)
    if face_there or voice_there:
        assert np.allclose(joined.sum(axis=1), 1)
        assert np.allclose(shares["face"] + shares["voice"], 1)
        if not voice_there:
            assert (shares["voice"] == 0).all()
    else:
        assert np.isnan(joined).all() and np.isnan(shares["face"]).all()


@pytest.mark.parametrize("rule", RULES)
def test_a_word_that_nobody_knows_has_probability_0(rule: str) -> None:
    voice = align(draw(3, 11)[:, :6], WORDS[:-1])
    voice /= np.nansum(voice, axis=1, keepdims=True)
    joined = fusion(rule).combine({"face": np.full((3, 7), np.nan), "voice": voice})
    assert (joined[:, -1] == 0).all()
    assert np.allclose(joined[:, :-1], voice[:, :-1], atol=2e-4)


def test_who_says_nothing_moves_nothing() -> None:
    face, voice = draw(5, 8), np.full((5, 7), 1 / 7)
    assert np.allclose(fusion("product").shares({"face": face, "voice": voice})["face"], 1)


def test_weights_find_the_member_that_knows() -> None:
    rng = np.random.default_rng(9)
    y = rng.integers(0, 7, 600)
    good = np.eye(7)[y] * 2 + rng.normal(0, 1, (600, 7))
    scores = {"face": np.exp(good), "voice": np.exp(rng.normal(0, 1, (600, 7)))}
    scores = {key: value / value.sum(axis=1, keepdims=True) for key, value in scores.items()}
    powers = fit_weights(scores, y.tolist())
    assert powers["face"] > 1.2 and powers["voice"] < 0.15


def test_weights_are_where_the_likelihood_is_highest() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(10)
    y = rng.integers(0, 7, 300)
    scores = {}
    for key, strength in (("face", 1.5), ("voice", 0.8)):
        values = np.exp(strength * np.eye(7)[y] + rng.normal(0, 1, (300, 7)))
        scores[key] = values / values.sum(axis=1, keepdims=True)

    def loss(powers: Floats) -> float:
        total = powers[0] * np.log(scores["face"]) + powers[1] * np.log(scores["voice"])
        total -= np.log(np.exp(total).sum(axis=1, keepdims=True))
        return -float(total[np.arange(300), y].mean())

    wanted = optimize.minimize(loss, [1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-6}).x
    powers = fit_weights(scores, y.tolist())
    assert [powers["face"], powers["voice"]] == pytest.approx(wanted, abs=5e-3)


def test_life_expects_a_neutral_face() -> None:
    joined = fusion("product", prior="life").combine({"face": np.full((1, 7), 1 / 7)})
    assert WORDS[int(joined[0].argmax())] == "neutral"


def test_bad_rules_and_cards_say_what_is_expected() -> None:
    with pytest.raises(OptionError, match="expected one of log-linear, product, mean, max"):
        fusion("vote")
    with pytest.raises(ModelError, match=r"input\.weights"):
        weights_of(Card("mine", "fused", WORDS))
    with pytest.raises(OptionError, match="at least one member"):
        Fusion({})
