"""Rules that need no fitting: by hand, against scikit-learn, and what holds for every one of them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavox.emotions import WORDS
from visavox.errors import DataError, ModelError, OptionError
from visavox.fusion import RULES, WEIGHTED, Fusion, align

Floats = NDArray[np.float64]

VOTES = ("majority-vote", "weighted-vote")
EVERY = sorted({**RULES, **WEIGHTED})


def draw(n: int, seed: int, concentration: float = 0.5) -> Floats:
    return np.random.default_rng(seed).dirichlet(np.full(len(WORDS), concentration), n)


def fusion(rule: str = "log-linear", sources: tuple[str, ...] = ("face", "voice"), **options: object) -> Fusion:
    return Fusion({}, rule=rule, sources=sources, **options)  # type: ignore[arg-type]


def voting(members: list[Floats], how: str, weights: list[float] | None = None) -> Floats:
    """scikit-learn's VotingClassifier over members that give these probabilities of one row."""
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import VotingClassifier
    from sklearn.preprocessing import LabelEncoder

    y = np.arange(len(WORDS))
    fitted = []
    for probabilities in members:
        member = DummyClassifier(strategy="prior").fit(y[:, None], y)
        member.class_prior_ = probabilities
        fitted.append(member)
    oracle = VotingClassifier([(str(k), member) for k, member in enumerate(fitted)], voting=how, weights=weights)
    oracle.estimators_, oracle.le_, oracle.classes_ = fitted, LabelEncoder().fit(y), y
    row = np.zeros((1, 1))
    if how == "soft":
        return np.asarray(oracle.predict_proba(row))
    # A DummyClassifier names its likeliest class; scikit-learn counts the names.
    return np.asarray(oracle.predict(row))


def test_mean_votes_as_scikit_learn_does() -> None:
    face, voice = draw(1, 1)[0], draw(1, 2)[0]
    joined = fusion("mean").combine({"face": face[None], "voice": voice[None]})
    assert np.allclose(joined, voting([face, voice], "soft"))


def test_weighted_mean_votes_as_scikit_learn_does() -> None:
    face, voice = draw(1, 1)[0], draw(1, 2)[0]
    weighted = fusion("weighted-mean", weights={"face": 3.0, "voice": 0.5})
    joined = weighted.combine({"face": face[None], "voice": voice[None]})
    assert np.allclose(joined, voting([face, voice], "soft", [3.0, 0.5]))


@pytest.mark.parametrize("weights", [None, [1.0, 2.5, 1.2]])
def test_votes_are_counted_as_scikit_learn_counts_them(weights: list[float] | None) -> None:
    sources = ("body", "face", "voice")
    rule = "majority-vote" if weights is None else "weighted-vote"
    given_weights = None if weights is None else dict(zip(sources, weights, strict=True))
    for seed in range(40):
        members = [draw(1, 3 * seed + k, 1.0)[0] for k in range(3)]
        named = [int(values.argmax()) for values in members]
        if weights is None and len(set(named)) == 3:
            continue  # a tie: scikit-learn takes the first word of the list, we ask the mean
        joined = fusion(rule, sources, weights=given_weights).combine(
            {source: values[None] for source, values in zip(sources, members, strict=True)}
        )
        assert joined[0].argmax() == voting(members, "hard", weights)[0]


def test_a_tie_of_votes_is_decided_by_the_mean() -> None:
    face = np.array([[0.6, 0.4, 0, 0, 0, 0, 0]])
    voice = np.array([[0.0, 0.1, 0.9, 0, 0, 0, 0]])
    joined = fusion("majority-vote").combine({"face": face, "voice": voice})
    assert joined[0].argmax() == 2
    assert joined[0, 0] == pytest.approx(0.5, abs=1e-3)


def test_product_is_bayes_rule_for_independent_sources() -> None:
    face, voice = draw(50, 3, 5.0), draw(50, 4, 5.0)
    wanted = face * voice
    wanted /= wanted.sum(axis=1, keepdims=True)
    assert np.allclose(fusion("product").combine({"face": face, "voice": voice}), wanted)


def test_a_log_linear_pool_is_a_product_of_powers() -> None:
    face, voice = draw(50, 3, 5.0), draw(50, 4, 5.0)
    wanted = face**1.5 * voice**0.5
    wanted /= wanted.sum(axis=1, keepdims=True)
    pool = fusion("log-linear", weights={"face": 1.5, "voice": 0.5})
    assert np.allclose(pool.combine({"face": face, "voice": voice}), wanted)


def test_max_by_hand() -> None:
    face = np.array([[0.5, 0.5, 0, 0, 0, 0, 0]])
    voice = np.array([[0.25, 0, 0.75, 0, 0, 0, 0]])
    wanted = np.array([[0.5, 0.5, 0.75, 0, 0, 0, 0]]) / 1.75
    assert np.allclose(fusion("max").combine({"face": face, "voice": voice}), wanted)


def test_min_by_hand_and_the_mean_where_every_word_is_ruled_out() -> None:
    face = np.array([[0.5, 0.5, 0, 0, 0, 0, 0], [1.0, 0, 0, 0, 0, 0, 0]])
    voice = np.array([[0.2, 0.6, 0.2, 0, 0, 0, 0], [0, 0.25, 0.75, 0, 0, 0, 0]])
    wanted = np.array([[2 / 7, 5 / 7, 0, 0, 0, 0, 0], [0.5, 0.125, 0.375, 0, 0, 0, 0]])
    assert np.allclose(fusion("min").combine({"face": face, "voice": voice}), wanted)


def test_median_by_hand() -> None:
    sources = ("body", "face", "voice")
    scores = {
        "body": np.array([[1.0, 0, 0, 0, 0, 0, 0]]),
        "face": np.array([[0.1, 0.6, 0.3, 0, 0, 0, 0]]),
        "voice": np.array([[0.2, 0.4, 0.4, 0, 0, 0, 0]]),
    }
    wanted = np.array([[0.2, 0.4, 0.3, 0, 0, 0, 0]]) / 0.9
    assert np.allclose(fusion("median", sources).combine(scores), wanted)


@pytest.mark.parametrize("rule", EVERY)
def test_who_is_absent_is_left_out_and_nobody_is_nan(rule: str) -> None:
    face, voice = draw(4, 5, 5.0), draw(4, 6, 5.0)
    voice[[1, 3]] = np.nan
    face[[2, 3]] = np.nan
    joined = fusion(rule).combine({"face": face, "voice": voice})
    if rule in VOTES:
        assert joined[1].argmax() == face[1].argmax() and joined[2].argmax() == voice[2].argmax()
    else:
        assert np.allclose(joined[1], face[1])
        assert np.allclose(joined[2], voice[2])
    assert np.isnan(joined[3]).all()


@pytest.mark.parametrize("rule", EVERY)
def test_a_word_that_one_member_does_not_know_is_left_to_the_other(rule: str) -> None:
    known = WORDS[:-1]
    voice = align(np.full((1, 6), 1 / 6), known)
    face = np.full((1, 7), 0.02)
    face[0, WORDS.index("surprised")] = 0.88
    joined = fusion(rule).combine({"face": face, "voice": voice})
    assert WORDS[int(joined[0].argmax())] == "surprised"


@given(st.sampled_from(EVERY), st.integers(0, 10_000), st.booleans(), st.booleans())
@settings(deadline=None)
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


@given(st.sampled_from(EVERY), st.integers(0, 10_000), st.permutations(("body", "face", "voice")))
@settings(max_examples=60, deadline=None)
def test_the_order_of_members_changes_nothing(rule: str, seed: int, order: list[str]) -> None:
    scores = {source: draw(3, seed + k) for k, source in enumerate(("body", "face", "voice"))}
    scores["voice"][0] = np.nan
    one = fusion(rule, ("body", "face", "voice")).combine(scores)
    other = fusion(rule, tuple(order)).combine({source: scores[source] for source in order})
    assert np.allclose(one, other)


@given(st.sampled_from(EVERY), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_missing_member_leaves_the_rule_over_the_rest(rule: str, seed: int) -> None:
    scores = {source: draw(3, seed + k) for k, source in enumerate(("body", "face", "voice"))}
    weights = {"body": 0.5, "face": 1.0, "voice": 2.0}
    three = fusion(rule, ("body", "face", "voice"), weights=weights)
    two = fusion(rule, ("body", "voice"), weights={"body": 0.5, "voice": 2.0})
    rest = {source: scores[source] for source in ("body", "voice")}
    wanted = two.combine(rest)
    assert np.allclose(three.combine(rest), wanted)
    assert np.allclose(three.combine({**scores, "face": np.full((3, 7), np.nan)}), wanted)


@pytest.mark.parametrize("rule", EVERY)
def test_a_word_that_nobody_knows_has_probability_0(rule: str) -> None:
    voice = align(draw(3, 11)[:, :6], WORDS[:-1])
    voice /= np.nansum(voice, axis=1, keepdims=True)
    joined = fusion(rule).combine({"face": np.full((3, 7), np.nan), "voice": voice})
    assert (joined[:, -1] == 0).all()
    if rule not in VOTES:
        assert np.allclose(joined[:, :-1], voice[:, :-1], atol=2e-4)


@pytest.mark.parametrize("rule", EVERY)
def test_agreement_is_kept(rule: str) -> None:
    same = draw(5, 21, 5.0)
    assert (fusion(rule).combine({"face": same, "voice": same}).argmax(axis=1) == same.argmax(axis=1)).all()


def test_who_says_nothing_moves_nothing() -> None:
    face, voice = draw(5, 8), np.full((5, 7), 1 / 7)
    assert np.allclose(fusion("product").shares({"face": face, "voice": voice})["face"], 1)


def test_words_are_those_asked_for() -> None:
    words = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
    face = np.full((1, 8), 0.05)
    face[0, 1] = 0.65
    joined = fusion("mean", words=words).combine({"face": face, "voice": align(np.full((1, 7), 1 / 7), WORDS, words)})
    assert joined.shape == (1, 8) and words[int(joined[0].argmax())] == "calm"


def test_life_expects_a_neutral_face() -> None:
    joined = fusion("product", prior="life").combine({"face": np.full((1, 7), 1 / 7)})
    assert WORDS[int(joined[0].argmax())] == "neutral"


def test_bad_options_say_what_is_expected() -> None:
    with pytest.raises(OptionError, match="expected one of log-linear, product, mean, max"):
        fusion("loudest")
    with pytest.raises(OptionError, match="at least one member"):
        Fusion({})
    with pytest.raises(OptionError, match="for fusion: expected one of logistic-regression"):
        fusion("mean", level="feature")
    with pytest.raises(OptionError, match="level"):
        fusion("mean", level="late")
    with pytest.raises(OptionError, match="manner of scikit-learn"):
        fusion(int)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="'body' for source: expected one of face, voice"):
        fusion("log-linear", weights={"body": 1.0})
    with pytest.raises(OptionError, match="different words"):
        fusion("mean", words=("sad", "sad"))
    with pytest.raises(OptionError, match="inner folds"):
        fusion("mean", parts=1)


def test_bad_scores_name_the_source_and_the_row() -> None:
    good = draw(3, 1)
    endless = good.copy()
    endless[1, 2] = np.inf
    with pytest.raises(DataError, match=r"face, row 1: .*infinite"):
        fusion("mean").combine({"face": endless, "voice": good})
    with pytest.raises(DataError, match=r"voice: expected scores \[n, 7\]"):
        fusion("mean").combine({"face": good, "voice": good[:, :6]})
    with pytest.raises(DataError, match="as many rows from each source"):
        fusion("mean").combine({"face": good, "voice": good[:2]})
    with pytest.raises(OptionError, match="'body' for source"):
        fusion("mean").combine({"body": good})
    with pytest.raises(DataError, match="nothing to join"):
        fusion("mean").combine({})
    with pytest.raises(ModelError, match="no members"):
        fusion("mean").predict_proba([])


def test_rules_that_are_not_learned_want_numpy_alone() -> None:
    code = (
        "import sys, numpy as np; from visavox.fusion import Fusion;"
        "pool = Fusion({}, sources=('face', 'voice'));"
        "s = np.random.default_rng(1).dirichlet(np.ones(7), 40);"
        "y = [pool.classes_[k] for k in s.argmax(axis=1)];"
        "pool.fit_scores({'face': s, 'voice': s}, y).combine({'face': s, 'voice': s});"
        "print(sorted({'sklearn', 'scipy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
