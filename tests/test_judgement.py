"""Logits of a lane as probabilities: calibrated, against the own neutral, under a prior; and two lanes joined."""

from __future__ import annotations

import numpy as np
import pytest

from visavox.calibration import calibrated, softmax
from visavox.emotions import LIFE_STRENGTH, WORDS, life_prior
from visavox.fusion import RULES
from visavox.judgement import TRUST, Expecting, Judged, fuse, judge, open_fusion
from visavox.recognizer import Card, Prior

CORPUS = (0.2, 0.3, 0.15, 0.15, 0.1, 0.02, 0.08)
CARD = Card("face", "face", WORDS, temperature=1.3, priors={"corpus": CORPUS})
SPANS = [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5)]
LOGITS = [np.array([1.0, 0.2, 0.9, -1.0, 0.0, -2.0, 0.5]), None, np.array([0.1, 2.0, 0.3, 0.0, -1.0, 0.0, 0.2])]


def test_a_lane_without_baseline_is_the_calibrated_network_under_the_prior() -> None:
    stack = np.array([LOGITS[0], LOGITS[2]])
    uniform = calibrated(stack, CARD, "uniform")
    wanted = {
        "uniform": uniform,
        "corpus": calibrated(stack, CARD, "corpus"),
        "life": softmax(np.log(uniform) + LIFE_STRENGTH * np.log(life_prior(WORDS))),
    }
    for name, expected in wanted.items():
        prior: Prior = name  # type: ignore[assignment]
        found = judge(LOGITS, SPANS, CARD, Expecting(prior=prior, baseline="none"))
        np.testing.assert_allclose(found.shown[[0, 2]], expected, atol=1e-12)
        np.testing.assert_allclose(found.plain[[0, 2]], uniform, atol=1e-12)
        assert np.isnan(found.shown[1]).all() and np.isnan(found.plain[1]).all()
        assert not found.baseline.any()


def test_calm_counts_as_neutral_and_an_unknown_word_is_never_shown() -> None:
    card = Card("voice", "voice", ("neutral", "calm", "happy"))
    found = judge([np.zeros(3)], [(0.0, 0.5)], card, Expecting(prior="uniform", baseline="none"))
    assert found.shown[0].tolist() == pytest.approx([2 / 3, 1 / 3, 0, 0, 0, 0, 0])
    assert np.isnan(found.plain[0]).tolist() == [False, False, True, True, True, True, True]


def test_two_people_have_baselines_of_their_own() -> None:
    """What one shows for minutes does not touch the other: each lane is judged by itself."""
    spans = [(index / 2, index / 2 + 0.5) for index in range(240)]
    sad, happy = np.zeros(7), np.zeros(7)
    sad[WORDS.index("sad")], happy[WORDS.index("happy")] = 2.0, 4.0
    found = [judge([looks] * 240, spans, CARD, Expecting()).shown for looks in (sad, happy)]
    assert WORDS[found[0][100].argmax()] == "neutral"
    assert WORDS[found[1][100].argmax()] == "happy"


def test_the_prior_is_paid_once_when_two_sources_are_joined(models: tuple[str, ...]) -> None:
    rng = np.random.default_rng(3)
    lanes = {
        source: Judged(rng.dirichlet(np.ones(7), 5), rng.dirichlet(np.ones(7), 5), np.zeros(5)) for source in TRUST
    }
    fusion = open_fusion("log-linear")
    powers = {source: float(fusion.weights_[source]) for source in TRUST}  # type: ignore[arg-type]
    assert powers["voice"] < powers["face"], "a voice is believed less on people unlike those of its corpora"
    evidence = sum(powers[source] * np.log(lane.plain) for source, lane in lanes.items())
    for prior, log_prior in (("uniform", 0.0), ("corpus", 0.0), ("life", LIFE_STRENGTH * np.log(life_prior(WORDS)))):
        joined = fuse(fusion, lanes, prior)  # type: ignore[arg-type]
        np.testing.assert_allclose(joined, softmax(evidence + log_prior), atol=2e-3)
    alone = {"face": lanes["face"], "voice": Judged(lanes["voice"].shown, np.full((5, 7), np.nan), np.zeros(5))}
    np.testing.assert_allclose(fuse(fusion, alone, "uniform"), lanes["face"].plain, atol=2e-3)


@pytest.mark.parametrize("rule", RULES)
def test_any_rule_that_needs_no_fitting_joins_two_sources(models: tuple[str, ...], rule: str) -> None:
    rng = np.random.default_rng(4)
    lanes = {source: Judged(p := rng.dirichlet(np.ones(7), 5), p, np.zeros(5)) for source in TRUST}
    assert open_fusion(rule).rule == rule
    np.testing.assert_allclose(fuse(open_fusion(rule), lanes, "life").sum(axis=1), 1)
