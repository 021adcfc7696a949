"""Scores by hand and against scikit-learn; intervals that draw people, not clips."""

import numpy as np
import pytest

from visavox import protocols
from visavox.protocols import Bootstrap

COUNTS = np.array([[6.0, 2.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
"""Ten clips of two words; a third word never is true and never is judged."""


def test_scores_of_a_case_worked_by_hand() -> None:
    assert float(protocols.accuracy(COUNTS)) == pytest.approx(0.7)
    np.testing.assert_allclose(protocols.recalls(COUNTS), [0.75, 0.5, np.nan])
    assert float(protocols.recall(1)(COUNTS)) == pytest.approx(0.5)
    assert float(protocols.uar(COUNTS)) == pytest.approx(0.625)
    # F1: 2*6/(8+7) = .8 and 2*1/(2+3) = .4
    assert float(protocols.macro_f1(COUNTS)) == pytest.approx(0.6)


def test_scores_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for _ in range(5):
        truth, judged = rng.integers(0, 7, (2, 120))
        counts = protocols.confusion(truth, judged, 7)
        np.testing.assert_array_equal(counts, metrics.confusion_matrix(truth, judged, labels=range(7)))
        assert float(protocols.accuracy(counts)) == pytest.approx(metrics.accuracy_score(truth, judged))
        assert float(protocols.uar(counts)) == pytest.approx(metrics.balanced_accuracy_score(truth, judged))
        assert float(protocols.macro_f1(counts)) == pytest.approx(metrics.f1_score(truth, judged, average="macro"))


def test_many_matrices_at_once_give_what_each_gives_alone() -> None:
    many = np.stack([COUNTS, COUNTS.T + 1])
    for metric in protocols.METRICS.values():
        np.testing.assert_allclose(metric(many), [float(metric(one)) for one in many])


def test_the_interval_of_an_accuracy_is_the_binomial_one() -> None:
    rng = np.random.default_rng(1)
    truth = np.zeros(1000, dtype=int)
    judged = (rng.random(1000) < 0.3).astype(int)
    value, low, high = Bootstrap(truth, judged, None, words=2)(protocols.accuracy)
    half = 1.96 * np.sqrt(value * (1 - value) / 1000)
    assert (high - low) / 2 == pytest.approx(half, rel=0.1)
    assert low < value < high


def test_clips_of_one_person_are_drawn_together() -> None:
    # Ten people, each always right or always wrong: a hundred clips each tell no more than one.
    truth = np.zeros(1000, dtype=int)
    right = np.repeat(np.arange(10) % 2, 100)
    people = [f"speaker-{index // 100}" for index in range(1000)]
    apart = Bootstrap(truth, right, None, words=2)(protocols.accuracy)
    together = Bootstrap(truth, right, people, words=2)(protocols.accuracy)
    assert together.value == apart.value == 0.5
    assert together.high - together.low > 5 * (apart.high - apart.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(2)
    truth, judged = rng.integers(0, 3, (2, 200))
    draws = [Bootstrap(truth, judged, None, words=3, seed=seed)(protocols.uar) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
