"""Temperatures, scales and biases: found again where they were put in, and held back where data are few."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavox.calibration import (
    VectorCalibration,
    expected_calibration_error,
    fit_choice,
    fit_temperature,
    fit_vector,
    log_loss,
    reliability,
    risk_coverage,
    softmax,
)
from visavox.errors import DataError

Floats = NDArray[np.float64]


def drawn(n: int, true: VectorCalibration, seed: int = 1) -> tuple[Floats, NDArray[np.int64]]:
    """Logits, and words drawn with the probabilities that a calibration of them gives (by Gumbel's maximum)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, len(true.scale)))
    return logits, (true.logits(logits) + rng.gumbel(size=logits.shape)).argmax(axis=1)


def test_a_temperature_is_found_again() -> None:
    logits, y = drawn(5000, VectorCalibration((0.4,) * 4, (0.0,) * 4))
    assert fit_temperature(logits, y) == pytest.approx(2.5, rel=0.05)


def test_scales_and_biases_are_found_again() -> None:
    true = VectorCalibration((0.4, 0.8, 0.6, 0.5), (0.5, -0.5, 0.0, 0.0))
    logits, y = drawn(20_000, true)
    found = fit_vector(logits, y)
    assert found.scale == pytest.approx(true.scale, abs=0.04)
    assert np.diff(found.bias) == pytest.approx(np.diff(true.bias), abs=0.06)


def test_with_no_priors_it_is_where_the_likelihood_is_highest() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(2)
    design, y = rng.normal(0, 1, (200, 3, 4)), rng.integers(0, 3, 200)

    def loss(parameters: Floats) -> float:
        return log_loss(design @ parameters, y)

    free = np.full(4, -np.inf)
    found = fit_choice(design, y, centre=np.zeros(4), spread=np.full(4, np.inf), least=free)
    assert found == pytest.approx(optimize.minimize(loss, np.zeros(4), tol=1e-10).x, abs=1e-4)
    bounded = fit_choice(design, y, centre=np.zeros(4), spread=np.full(4, np.inf), least=np.full(4, 0.02))
    wanted = optimize.minimize(loss, np.full(4, 0.02), bounds=[(0.02, None)] * 4, method="L-BFGS-B", tol=1e-12).x
    assert bounded == pytest.approx(wanted, abs=1e-4)
    assert (bounded >= 0.02).all() and (found < 0.02).any()


def test_few_rows_leave_the_temperature_alone() -> None:
    logits, y = drawn(16, VectorCalibration((0.4, 0.8, 0.6, 0.5), (0.5, -0.5, 0.0, 0.0)))
    found, scale = fit_vector(logits, y), 1 / fit_temperature(logits, y)
    assert max(abs(value / scale - 1) for value in found.scale) < 0.35
    assert max(map(abs, found.bias)) < 0.6


def test_few_rows_do_not_overfit_and_many_gain() -> None:
    """On unseen rows: never much worse than the temperature alone, and better once there is something to learn from."""
    true = VectorCalibration((0.3, 0.9, 0.6, 0.5), (0.8, -0.8, 0.0, 0.0))
    unseen, truth = drawn(4000, true, seed=9)
    gains = {}
    for n in (20, 2000):
        logits, y = drawn(n, true, seed=3)
        vector = log_loss(fit_vector(logits, y).logits(unseen), truth)
        gains[n] = log_loss(unseen, truth, fit_temperature(logits, y)) - vector
    assert gains[20] > -0.05 and gains[2000] > 0.05


def test_calibration_brings_confidence_and_accuracy_together() -> None:
    logits, y = drawn(4000, VectorCalibration((0.4, 0.8, 0.6, 0.5), (0.5, -0.5, 0.0, 0.0)))
    found = fit_vector(logits[:2000], y[:2000])
    before = expected_calibration_error(softmax(logits[2000:]), y[2000:])
    after = expected_calibration_error(found.probabilities(logits[2000:]), y[2000:])
    assert after < 0.04 < before


def test_rows_of_nan_say_nothing_and_stay_nan() -> None:
    logits, y = drawn(300, VectorCalibration((0.5,) * 3, (0.0,) * 3))
    holed = np.vstack([logits, np.full((5, 3), np.nan)])
    found = fit_vector(holed, np.r_[y, np.zeros(5, dtype=int)])
    assert found == fit_vector(logits, y)
    assert np.isnan(found.probabilities(holed)[-5:]).all()
    with pytest.raises(DataError, match="no row to calibrate on"):
        fit_vector(np.full((3, 2), np.nan), [0, 1, 0])
    with pytest.raises(DataError, match=r"logits \[n, k\]"):
        fit_vector(logits, y[:-1])


def test_reliability_is_scikit_learn_s_calibration_curve() -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    logits, y = drawn(700, VectorCalibration((0.5,) * 4, (0.0,) * 4))
    p = softmax(logits)
    right, sure = calibration.calibration_curve(p.argmax(axis=1) == y, p.max(axis=1), n_bins=15, strategy="uniform")
    full = [one for one in reliability(p, y) if one.clips]
    assert [one.right for one in full] == pytest.approx(right)
    assert [one.confidence for one in full] == pytest.approx(sure)
    assert sum(one.clips for one in full) == 700


def test_the_error_is_what_the_bins_say() -> None:
    # Four clips at .75, of which two are right, one at 1 that is right: (4 x .25 + 0) / 5.
    p = [[0.75, 0.25]] * 4 + [[1.0, 0.0]]
    assert expected_calibration_error(p, [0, 0, 1, 1, 0]) == pytest.approx(0.2)


def test_the_surest_clips_come_first() -> None:
    p = [[0.6, 0.4], [0.9, 0.1], [0.8, 0.2]]
    np.testing.assert_allclose(risk_coverage(p, [1, 0, 1]), [0, 1 / 2, 2 / 3])


@given(st.lists(st.tuples(st.sampled_from([0.5, 0.6, 0.7]), st.booleans()), min_size=1, max_size=6))
def test_equal_confidence_counts_as_the_mean_of_all_orders(clips: list[tuple[float, bool]]) -> None:
    p, y = [[sure, 1 - sure] for sure, _ in clips], [0 if right else 1 for _, right in clips]
    orders = [
        [not right for _, right in order]
        for order in itertools.permutations(clips)
        if [sure for sure, _ in order] == sorted((sure for sure, _ in clips), reverse=True)
    ]
    each = np.cumsum(orders, axis=1) / np.arange(1, len(clips) + 1)
    np.testing.assert_allclose(risk_coverage(p, y), each.mean(axis=0), atol=1e-12)
