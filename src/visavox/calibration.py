"""Temperatures and priors: from a network's logits to probabilities that mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox.recognizer import Card, Prior


def softmax(logits: ArrayLike, axis: int = -1) -> NDArray[np.float64]:
    """exp(x) over its sum, safe for large x; rows with NaN stay NaN."""
    values = np.asarray(logits, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        values = np.exp(values - values.max(axis=axis, keepdims=True))
    result: NDArray[np.float64] = values / values.sum(axis=axis, keepdims=True)
    return result


def log_loss(logits: ArrayLike, y: ArrayLike, temperature: float = 1.0) -> float:
    """Mean negative log-probability of the true words.

    Args:
        logits: [shape=(n, k)].
        y: Index of the true word [shape=(n,)].
        temperature: By which logits are divided.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    peak = scaled.max(axis=1)
    log_sum = peak + np.log(np.exp(scaled - peak[:, None]).sum(axis=1))
    return float(np.mean(log_sum - scaled[np.arange(len(scaled)), np.asarray(y)]))


def fit_temperature(logits: ArrayLike, y: ArrayLike, low: float = 0.05, high: float = 20.0) -> float:
    """The temperature that makes the true words most probable, found by golden-section search over its logarithm.

    Args:
        logits: Of clips whose speakers the network was not fitted on [shape=(n, k)].
        y: Index of the true word [shape=(n,)].
        low: Smallest temperature looked at.
        high: Largest.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2.

    Example:
        >>> logits = 5 * np.log(np.array([[0.8, 0.2]] * 10))
        >>> round(fit_temperature(logits, [0] * 8 + [1] * 2), 2)
        5.0
    """
    ratio = (5**0.5 - 1) / 2
    a, b = np.log(low), np.log(high)
    c, d = b - ratio * (b - a), a + ratio * (b - a)
    loss_c, loss_d = (log_loss(logits, y, float(np.exp(x))) for x in (c, d))
    while b - a > 1e-4:
        if loss_c < loss_d:
            b, d, loss_d = d, c, loss_c
            c = b - ratio * (b - a)
            loss_c = log_loss(logits, y, float(np.exp(c)))
        else:
            a, c, loss_c = c, d, loss_d
            d = a + ratio * (b - a)
            loss_d = log_loss(logits, y, float(np.exp(d)))
    return float(np.exp((a + b) / 2))


def change_prior(probabilities: NDArray[np.floating], trained: ArrayLike, wanted: ArrayLike) -> NDArray[np.float64]:
    """Posteriors under another prior: multiplied by wanted / trained and made to sum to one again (Bayes' rule).

    Args:
        probabilities: Rows that sum to one [shape=(..., k)].
        trained: Prior under which they were made [shape=(k,)].
        wanted: Prior under which they are wanted [shape=(k,)].

    Example:
        >>> change_prior(np.array([[0.5, 0.5]]), [0.25, 0.75], [0.5, 0.5]).round(2)
        array([[0.75, 0.25]])
    """
    ratio = np.asarray(wanted, dtype=np.float64) / np.maximum(np.asarray(trained, dtype=np.float64), 1e-9)
    moved = np.asarray(probabilities, dtype=np.float64) * ratio
    result: NDArray[np.float64] = moved / moved.sum(axis=-1, keepdims=True)
    return result


def calibrated(logits: ArrayLike, card: Card, prior: Prior) -> NDArray[np.float64]:
    """A network's logits as probabilities, by what its card knows of them.

    Args:
        logits: [shape=(..., k)]; rows of NaN stay NaN.
        card: Temperature and priors of the network.
        prior: Under which the probabilities are wanted.
    """
    as_trained = softmax(np.asarray(logits, dtype=np.float64) / card.temperature)
    return change_prior(as_trained, card.prior("corpus"), card.prior(prior))


def expected_calibration_error(probabilities: ArrayLike, y: ArrayLike, bins: int = 15) -> float:
    """How far confidence and accuracy lie apart, averaged over equal bins of confidence, 0..1.

    Args:
        probabilities: [shape=(n, k)].
        y: Index of the true word [shape=(n,)].
        bins: How many.

    Source: Guo et al., ICML 2017, section 2.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    confidence, right = values.max(axis=1), values.argmax(axis=1) == np.asarray(y)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    error = 0.0
    for index in range(bins):
        inside = place == index
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return float(error)
