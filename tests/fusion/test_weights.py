"""Weights fitted on held-out rows: against SciPy, by hand, and kept in a card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox.emotions import WORDS
from visavox.errors import DataError, ModelError, OptionError
from visavox.fusion import Fusion, fit_weights, weights_of
from visavox.fusion.weights import fit_mean_weights, fit_vote_weights
from visavox.recognizer import Card

Floats = NDArray[np.float64]


def made(n: int, seed: int, **strengths: float) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 7, n)
    scores = {}
    for source, strength in strengths.items():
        values = np.exp(strength * np.eye(7)[y] + rng.normal(0, 1, (n, 7)))
        scores[source] = values / values.sum(axis=1, keepdims=True)
    return scores, y


def words(y: NDArray[np.int64]) -> list[str]:
    return [WORDS[k] for k in y]


def test_weights_find_the_member_that_knows() -> None:
    scores, y = made(600, 9, face=2.0, voice=0.0)
    powers = fit_weights(scores, y.tolist())
    assert powers["face"] > 1.2 and powers["voice"] < 0.15


def test_weights_are_where_the_likelihood_is_highest() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    scores, y = made(300, 10, face=1.5, voice=0.8)

    def loss(powers: Floats) -> float:
        total = powers[0] * np.log(scores["face"]) + powers[1] * np.log(scores["voice"])
        total -= np.log(np.exp(total).sum(axis=1, keepdims=True))
        return -float(total[np.arange(300), y].mean())

    wanted = optimize.minimize(loss, [1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-6}).x
    powers = fit_weights(scores, y.tolist())
    assert [powers["face"], powers["voice"]] == pytest.approx(wanted, abs=5e-3)


def test_a_member_that_says_the_contrary_gets_no_power_rather_than_a_negative_one() -> None:
    scores, y = made(400, 11, face=2.0, voice=-2.0)
    powers = fit_weights(scores, y.tolist())
    assert powers["voice"] == 0.0 and powers["face"] > 1


def test_rows_that_one_member_alone_can_judge_say_nothing_about_powers() -> None:
    scores, y = made(300, 12, face=1.5, voice=0.8)
    alone, truth = made(200, 13, face=5.0, voice=0.0)
    alone["voice"][:] = np.nan
    more = {source: np.vstack([scores[source], alone[source]]) for source in scores}
    wanted = fit_weights(scores, y.tolist())
    assert fit_weights(more, [*y.tolist(), *truth.tolist()]) == pytest.approx(wanted, abs=1e-6)


def test_a_bias_makes_up_for_a_word_that_all_members_underrate() -> None:
    scores, y = made(2000, 14, face=1.5, voice=1.5)
    for values in scores.values():
        values[:, 2] *= 0.3
        values /= values.sum(axis=1, keepdims=True)
    pool = Fusion({}, sources=("face", "voice"), bias=True).fit_scores(scores, words(y))
    assert pool.bias_ is not None
    assert max(pool.bias_, key=lambda word: pool.bias_[word]) == WORDS[2]  # type: ignore[index]
    assert pool.bias_[WORDS[2]] > 0.8
    plain = Fusion({}, sources=("face", "voice")).fit_scores(scores, words(y))
    right = [(fusion.combine(scores).argmax(axis=1) == y).mean() for fusion in (pool, plain)]
    assert right[0] > right[1]


def test_powers_by_word_trust_each_member_where_it_knows_and_few_rows_leave_them_alike() -> None:
    scores, y = made(3000, 15, face=2.0, voice=2.0)
    rng = np.random.default_rng(16)
    # The voice's "angry" is noise that has nothing to do with the word.
    scores["voice"][:, 3] = rng.permutation(scores["voice"][:, 3])
    scores["voice"] /= scores["voice"].sum(axis=1, keepdims=True)
    pool = Fusion({}, sources=("face", "voice"), powers="source-and-word").fit_scores(scores, words(y))
    voice = pool.weights_["voice"]
    assert isinstance(voice, dict) and min(voice, key=lambda word: voice[word]) == "angry"
    few = {source: values[:12] for source, values in scores.items()}
    shy = Fusion({}, sources=("face", "voice"), powers="source-and-word").fit_scores(few, words(y[:12]))
    row = shy.weights_["voice"]
    assert isinstance(row, dict)
    assert max(row.values()) - min(row.values()) < 0.6 * max(row.values())


def test_powers_do_not_answer_for_how_frequent_words_are() -> None:
    """Members whose probabilities are true under a uniform prior keep powers near 1 on a corpus that is not uniform."""
    rng = np.random.default_rng(17)
    y = rng.choice(7, 6000, p=[0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05])
    scores = {}
    for source in ("face", "voice"):
        # Normal evidence with equal deviations: the posterior under a uniform prior is the softmax of the values.
        values = 1.5 * np.eye(7)[y] + rng.normal(0, 1, (6000, 7))
        scores[source] = np.exp(1.5 * values) / np.exp(1.5 * values).sum(axis=1, keepdims=True)
    pool = Fusion({}, sources=("face", "voice"), prior="corpus").fit_scores(scores, words(y))
    assert list(pool.weights_.values()) == pytest.approx([1, 1], abs=0.1)
    joined = pool.combine(scores)
    assert joined[:, 0].mean() == pytest.approx(0.7, abs=0.02)


def test_weights_of_a_mean_are_where_the_likelihood_is_highest() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    scores, y = made(500, 18, face=1.5, voice=0.8, body=0.3)
    gone = np.random.default_rng(19).random((3, 500)) < 0.2
    for values, row in zip(scores.values(), gone, strict=True):
        values[row] = np.nan
    found = fit_mean_weights(list(scores.values()), y)
    chance = np.stack([values[np.arange(500), y] for values in scores.values()])
    several = (~gone).sum(axis=0) > 1

    def loss(free: Floats) -> float:
        weights = np.exp(np.r_[0.0, free])[:, None] * ~gone[:, several]
        return -float(np.log((weights * np.nan_to_num(chance[:, several])).sum(axis=0) / weights.sum(axis=0)).mean())

    best = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead").x
    wanted = np.exp(np.r_[0.0, best])
    assert found == pytest.approx(wanted / wanted.sum(), abs=1e-3)


def test_votes_weigh_as_much_as_they_change_the_odds() -> None:
    y = np.repeat(np.arange(7), 20)
    good = np.eye(7)[y]
    wrong = np.arange(140) % 2 == 0
    good[wrong] = np.roll(good[wrong], 1, axis=1)
    weights = fit_vote_weights([good, np.full((140, 7), 1 / 7)], y)
    # Half right among seven words, of 140 and one judged by chance; the other names the first word always.
    half = (70 + 1 / 7) / 141
    assert weights[0] == pytest.approx(np.log(6 * half / (1 - half)) / weights_mean(half), rel=1e-6)
    assert weights[1] == pytest.approx(0.0, abs=1e-9)


def weights_mean(accuracy: float) -> float:
    """Mean of the two weights before they are divided by it: the second is 0."""
    return float(np.log(6 * accuracy / (1 - accuracy)) / 2)


@pytest.mark.parametrize("rule", ["log-linear", "weighted-mean", "weighted-vote"])
def test_fitted_weights_follow_skill_and_given_ones_stay(rule: str) -> None:
    scores, y = made(400, 20, face=2.5, voice=0.7)
    fitted = Fusion({}, rule=rule, sources=("face", "voice")).fit_scores(scores, words(y))
    assert fitted.weights_["face"] > 1.5 * fitted.weights_["voice"]  # type: ignore[operator]
    assert fitted.fitted_on == "held-out rows"
    given = Fusion({}, rule=rule, weights={"face": 1, "voice": 3}, sources=("face", "voice")).fit_scores(
        scores, words(y)
    )
    assert given.weights_ == {"face": 1, "voice": 3} and given.fitted_on == ""


def test_a_fixed_rule_is_fitted_on_nothing_but_learns_how_frequent_words_are() -> None:
    scores, y = made(70, 21, face=1.0, voice=1.0)
    pool = Fusion({}, rule="mean", sources=("face", "voice")).fit_scores(scores, words(y))
    assert pool.fitted_on == ""
    assert list(pool.frequencies_.values()) == pytest.approx(np.bincount(y, minlength=7) / 70)  # type: ignore[union-attr]


@pytest.mark.parametrize("options", [{}, {"bias": True}, {"powers": "source-and-word", "bias": True}])
def test_a_pool_comes_back_from_its_card(tmp_path: Path, options: dict[str, object]) -> None:
    scores, y = made(300, 22, face=1.5, voice=0.8)
    pool = Fusion({}, sources=("face", "voice"), **options).fit_scores(scores, words(y))  # type: ignore[arg-type]
    (tmp_path / "mine.json").write_text(pool.to_card("mine").to_json(), encoding="utf-8")
    again = Fusion.from_card(Card.read(tmp_path / "mine.json"))
    assert np.allclose(again.combine(scores), pool.combine(scores), atol=0)
    assert again.fitted_on == "held-out rows"
    life = Fusion.from_card(Card.read(tmp_path / "mine.json"), prior="corpus")
    assert np.isfinite(life.combine(scores)).all()


def test_cards_without_weights_and_rules_without_cards_say_so() -> None:
    with pytest.raises(ModelError, match=r"input\.weights"):
        weights_of(Card("mine", "fused", WORDS))
    with pytest.raises(ModelError, match="by word"):
        weights_of(Card("mine", "fused", WORDS, input={"weights": {"face": {"sad": 1.0}}}))
    with pytest.raises(ModelError, match="learned"):
        Fusion({}, rule="knn", sources=("face", "voice")).to_card("mine")
    with pytest.raises(OptionError, match="prior of a fusion"):
        Fusion({}, sources=("face",), prior="corpus", card=Card("mine", "fused", WORDS))
    with pytest.raises(ModelError, match="prior of its corpus"):
        Fusion({}, sources=("face",), prior="corpus").combine({"face": np.full((1, 7), 1 / 7)})


def test_bad_rows_are_named() -> None:
    scores, y = made(20, 23, face=1.0, voice=1.0)
    pool = Fusion({}, sources=("face", "voice"))
    with pytest.raises(DataError, match="Row 3: 'bored' is not among the words"):
        pool.fit_scores(scores, ["sad", "sad", "sad", "bored", *words(y[4:])])
    with pytest.raises(DataError, match="20 rows and 19 words"):
        pool.fit_scores(scores, words(y[:19]))
    with pytest.raises(DataError, match="no scores of voice"):
        pool.fit_scores({"face": scores["face"]}, words(y))
    with pytest.raises(DataError, match="Nobody judges any of the 20 rows"):
        pool.fit_scores({source: np.full((20, 7), np.nan) for source in scores}, words(y))
    scores["face"][0], scores["voice"][0] = np.nan, np.nan
    assert pool.fit_scores(scores, words(y)).left_out_ == 1
