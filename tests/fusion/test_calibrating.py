"""Members calibrated where the rule is fitted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox.calibration import fit_temperature, softmax
from visavox.emotions import WORDS
from visavox.errors import ModelError, OptionError
from visavox.fusion import Fusion
from visavox.recognizer import Card

Floats = NDArray[np.float64]


def overconfident(n: int, seed: int) -> tuple[dict[str, Floats], list[str], NDArray[np.int64]]:
    """Logits of two members: the voice is three times as sure as it should be."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 7, n)
    logits = {
        "face": 1.5 * (1.5 * np.eye(7)[y] + rng.normal(0, 1, (n, 7))),
        "voice": 3.0 * (1.0 * np.eye(7)[y] + rng.normal(0, 1, (n, 7))),
    }
    return logits, [WORDS[k] for k in y], y


def loss(joined: Floats, y: NDArray[np.int64]) -> float:
    return -float(np.log(np.maximum(joined[np.arange(len(y)), y], 1e-12)).mean())


@pytest.mark.parametrize("calibration", ["temperature", "vector"])
@pytest.mark.parametrize("rule", ["product", "log-linear", "logistic-regression"])
def test_calibrated_members_make_truer_products(rule: str, calibration: str) -> None:
    logits, words, _ = overconfident(1500, 1)
    unseen, _, y = overconfident(3000, 2)
    plain, calibrated = (
        Fusion({}, rule=rule, sources=("face", "voice"), inputs="logits", calibration=how).fit_scores(logits, words)  # type: ignore[arg-type]
        for how in ("none", calibration)
    )
    gained = loss(plain.combine(unseen), y) - loss(calibrated.combine(unseen), y)
    # A pool's powers, and what a learned rule weighs, make up for temperatures; a product's do not.
    assert gained > (0.05 if rule == "product" else -0.03)
    assert calibrated.fitted_on == "held-out rows"


def test_the_temperature_is_that_of_each_member_alone() -> None:
    logits, words, y = overconfident(800, 3)
    fusion = Fusion({}, rule="product", sources=("face", "voice"), inputs="logits", calibration="temperature")
    fusion.fit_scores(logits, words)
    for source, values in logits.items():
        found = fusion.calibrator_.found[source]
        assert found.scale == pytest.approx([1 / fit_temperature(values, y)] * 7, rel=0.02)
    wanted = sum(values * fusion.calibrator_.found[source].scale[0] for source, values in logits.items())
    assert np.allclose(fusion.combine(logits), softmax(wanted), atol=1e-3)


def test_logits_are_taken_for_probabilities_by_rules_that_are_not_learned() -> None:
    logits, _, _ = overconfident(5, 4)
    mean = Fusion({}, rule="mean", sources=("face", "voice"), inputs="logits")
    assert np.allclose(mean.combine(logits), (softmax(logits["face"]) + softmax(logits["voice"])) / 2)


def test_a_word_that_a_member_does_not_know_stays_unknown() -> None:
    logits, words, _ = overconfident(600, 5)
    logits["voice"][:, 6] = np.nan
    logits["face"][:50] = np.nan
    fusion = Fusion({}, rule="product", sources=("face", "voice"), inputs="logits", calibration="vector")
    joined = fusion.fit_scores(logits, words).combine(logits)
    assert (joined[:50, 6] == 0).all() and (joined[50:, 6] > 0).all()
    assert np.allclose(joined.sum(axis=1), 1)
    assert fusion.calibrator_.found["voice"].scale[6] == 1


def test_calibrations_come_back_from_the_card() -> None:
    logits, words, _ = overconfident(600, 6)
    for inputs in ("logits", "log"):
        given = logits if inputs == "logits" else {source: softmax(values) for source, values in logits.items()}
        fusion = Fusion({}, rule="mean", sources=("face", "voice"), inputs=inputs, calibration="vector")  # type: ignore[arg-type]
        fusion.fit_scores(given, words)
        again = Fusion.from_card(fusion.to_card("mine"))
        assert np.array_equal(again.combine(given), fusion.combine(given))


def test_calibration_wants_fitting_and_decisions() -> None:
    with pytest.raises(ModelError, match="calibrates its members"):
        Fusion({}, sources=("face",), calibration="vector").combine({"face": np.full((1, 7), 1 / 7)})
    with pytest.raises(OptionError, match="calibration"):
        Fusion({}, sources=("face",), calibration="isotonic")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="decision level"):
        Fusion({}, sources=("face",), level="feature", rule="bel", calibration="vector")
    with pytest.raises(ModelError, match=r"input\.weights"):
        Fusion.from_card(Card("mine", "fused", WORDS))
