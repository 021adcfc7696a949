"""Temperatures, scales and priors: from a network's logits to probabilities that mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox.errors import DataError
from visavox.recognizer import Bin, Card, Prior

Floats = NDArray[np.float64]

BINS = 15
"""Of confidence, over which calibration is told, if nobody says otherwise (Guo et al., ICML 2017, section 5)."""

SCALE_SPREAD = 0.3
"""How far a word's scale is expected to lie from that of all words, as a part of it (a standard deviation)."""

BIAS_SPREAD = 0.5
"""How far a word's bias is expected to lie from 0, in nats (a standard deviation)."""


def softmax(logits: ArrayLike, axis: int = -1) -> NDArray[np.float64]:
    """exp(x) over its sum, safe for large x; rows with NaN stay NaN."""
    values = np.asarray(logits, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        values = np.exp(values - values.max(axis=axis, keepdims=True))
    result: NDArray[np.float64] = values / values.sum(axis=axis, keepdims=True)
    return result


def log_loss(logits: ArrayLike, y: ArrayLike, temperature: float = 1.0, offset: ArrayLike = 0.0) -> float:
    """Mean negative log-probability of the true words.

    Args:
        logits: [shape=(n, k)].
        y: Index of the true word [shape=(n,)].
        temperature: By which logits are divided.
        offset: Added to them then [shape=(k,)]: the logarithm of a prior that they know nothing of.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature + np.asarray(offset, dtype=np.float64)
    peak = scaled.max(axis=1)
    log_sum = peak + np.log(np.exp(scaled - peak[:, None]).sum(axis=1))
    return float(np.mean(log_sum - scaled[np.arange(len(scaled)), np.asarray(y)]))


def fit_temperature(
    logits: ArrayLike, y: ArrayLike, low: float = 0.05, high: float = 20.0, *, frequencies: ArrayLike | None = None
) -> float:
    """The temperature that makes the true words most probable, found by golden-section search over its logarithm.

    Args:
        logits: Of clips whose speakers the network was not fitted on [shape=(n, k)].
        y: Index of the true word [shape=(n,)].
        low: Smallest temperature looked at.
        high: Largest.
        frequencies: How frequent each word is in `y` [shape=(k,)], where the logits stand under a uniform prior and
            know nothing of it; None where they learned from the like.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2.

    Example:
        >>> logits = 5 * np.log(np.array([[0.8, 0.2]] * 10))
        >>> round(fit_temperature(logits, [0] * 8 + [1] * 2), 2)
        5.0
    """
    ratio = (5**0.5 - 1) / 2
    offset = _expected(frequencies)
    a, b = np.log(low), np.log(high)
    c, d = b - ratio * (b - a), a + ratio * (b - a)
    loss_c, loss_d = (log_loss(logits, y, float(np.exp(x)), offset) for x in (c, d))
    while b - a > 1e-4:
        if loss_c < loss_d:
            b, d, loss_d = d, c, loss_c
            c = b - ratio * (b - a)
            loss_c = log_loss(logits, y, float(np.exp(c)), offset)
        else:
            a, c, loss_c = c, d, loss_d
            d = a + ratio * (b - a)
            loss_d = log_loss(logits, y, float(np.exp(d)), offset)
    return float(np.exp((a + b) / 2))


@dataclass(frozen=True)
class VectorCalibration:
    """A scale and a bias for each word, which make a network's probabilities mean what they say.

    Args:
        scale: By which each word's logit is multiplied [shape=(k,)]; 1 / T for all is a temperature of T.
        bias: What is then added to it, in nats [shape=(k,)].

    Example:
        >>> VectorCalibration((1.0, 1.0), (0.0, 1.0)).logits([[2.0, 1.0]])
        array([[2., 2.]])
    """

    scale: tuple[float, ...]
    bias: tuple[float, ...]

    def logits(self, logits: ArrayLike) -> Floats:
        """Logits scaled and shifted word by word [shape=(..., k)]; NaN stays NaN."""
        result: Floats = np.asarray(logits, dtype=np.float64) * np.array(self.scale) + np.array(self.bias)
        return result

    def probabilities(self, logits: ArrayLike) -> Floats:
        """Calibrated probabilities [shape=(..., k)]; rows with NaN stay NaN."""
        return softmax(self.logits(logits))


def fit_vector(logits: ArrayLike, y: ArrayLike, *, frequencies: ArrayLike | None = None) -> VectorCalibration:
    """The scale and bias of each word that make the true words most probable, held to the temperature by few data.

    With no bias and equal scales this is `fit_temperature`, from which it starts and to which it is drawn: scales and
    biases have normal priors around it (`SCALE_SPREAD`, `BIAS_SPREAD`), which a few hundred rows outweigh.

    Args:
        logits: Of clips whose speakers the network was not fitted on [shape=(n, k)]; rows with NaN say nothing.
        y: Index of the true word [shape=(n,)].
        frequencies: How frequent each word is in `y` [shape=(k,)]: the biases then need not learn it, and the result
            stands under a uniform prior. None: they learn it, and the result stands under the prior of these rows.

    Raises:
        DataError: If no row has logits, or shapes differ.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2 (vector scaling). There the
    fit is by plain likelihood; the priors are ours, since 2 k numbers are easily overfitted on a few speakers.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> logits = rng.normal(0, 4, (4000, 3))
        >>> true = VectorCalibration((0.5, 0.5, 0.5), (0.0, 0.0, 1.0)).logits(logits)
        >>> y = (true + rng.gumbel(size=true.shape)).argmax(axis=1)
        >>> found = fit_vector(logits, y)
        >>> round(found.scale[0], 1), round(found.bias[2] - found.bias[0], 1)
        (0.5, 1.0)
    """
    values, truth = np.asarray(logits, dtype=np.float64), np.asarray(y, dtype=np.int64)
    if values.ndim != 2 or len(values) != len(truth):
        raise DataError(
            f"Vector calibration wants logits [n, k] and n words, got {list(values.shape)} and {len(truth)}."
        )
    whole = np.isfinite(values).all(axis=1)
    if not whole.any():
        raise DataError("There is no row to calibrate on: every row of logits holds NaN.")
    values, truth = values[whole], truth[whole]
    words = values.shape[1]
    scale = 1 / fit_temperature(values, truth, frequencies=frequencies)
    each = np.eye(words)
    design = np.concatenate([values[:, :, None] * each, np.broadcast_to(each, (len(values), words, words))], axis=2)
    fitted = fit_choice(
        design,
        truth,
        centre=np.r_[np.full(words, scale), np.zeros(words)],
        spread=np.r_[np.full(words, scale * SCALE_SPREAD), np.full(words, BIAS_SPREAD)],
        least=np.r_[np.zeros(words), np.full(words, -np.inf)],
        offset=np.broadcast_to(_expected(frequencies), values.shape),
    )
    return VectorCalibration(tuple(fitted[:words].tolist()), tuple(fitted[words:].tolist()))


def _expected(frequencies: ArrayLike | None) -> Floats:
    """What each word's logit gets for being frequent [shape=(k,)]; 0 for none."""
    return np.zeros(1) if frequencies is None else np.log(np.maximum(np.asarray(frequencies, dtype=np.float64), 1e-9))


def fit_choice(
    design: Floats,
    y: ArrayLike,
    *,
    centre: Floats,
    spread: Floats,
    least: Floats,
    offset: Floats | None = None,
    steps: int = 100,
) -> Floats:
    """The parameters of a conditional logit that are most probable: logits are a linear function of them.

    Vector calibration and every log-linear pool are of this form. The problem is convex, so Newton's method with
    halved steps, which leaves parameters at their lower bound where they would go below it, ends at the maximum.

    Args:
        design: What each parameter adds to each word's logit [shape=(n, k, p)].
        y: Index of the true word [shape=(n,)].
        centre: Mean of each parameter's normal prior [shape=(p,)].
        spread: Its standard deviation; infinite for none [shape=(p,)].
        least: Lower bound of each parameter; minus infinity for none [shape=(p,)].
        offset: Logits beside those of the design [shape=(n, k)]; minus infinity at words that are impossible.
        steps: How many at most.

    Returns:
        The parameters [shape=(p,)].

    Source: McFadden, "Conditional logit analysis of qualitative choice behavior", 1974, section on estimation.
    """
    truth = np.asarray(y, dtype=np.int64)
    rows = np.arange(len(truth))
    base = np.zeros(design.shape[:2]) if offset is None else offset
    precision = 1.0 / np.square(spread)

    def loss(parameters: Floats) -> float:
        logits = base + design @ parameters
        peak = logits.max(axis=1)
        total = peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1)) - logits[rows, truth]
        return float(total.sum() + 0.5 * (precision * np.square(parameters - centre)).sum())

    now = np.maximum(centre, least)
    value = loss(now)
    for _ in range(steps):
        chance = softmax(base + design @ now)
        expected = np.einsum("nk,nkp->np", chance, design)
        gradient = (expected - design[rows, truth]).sum(axis=0) + precision * (now - centre)
        weighted = np.sqrt(chance)[:, :, None] * (design - expected[:, None, :])
        flat = weighted.reshape(-1, design.shape[2])
        hessian = flat.T @ flat + np.diag(precision + 1e-9)
        free = (now > least) | (gradient < 0)
        step = np.zeros_like(now)
        step[free] = -np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        length = 1.0
        while length > 1e-6:
            there = np.maximum(now + length * step, least)
            found = loss(there)
            if found <= value:
                break
            length /= 2
        else:
            break
        moved = float(np.abs(there - now).max(initial=0.0))
        now, value = there, found
        if moved < 1e-8:
            break
    return now


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


def expected_calibration_error(probabilities: ArrayLike, y: ArrayLike, bins: int = BINS) -> float:
    """How far confidence and accuracy lie apart, averaged over equal bins of confidence, 0..1.

    Args:
        probabilities: [shape=(n, k)].
        y: Index of the true word [shape=(n,)].
        bins: How many.

    Source: Guo et al., ICML 2017, section 2.
    """
    table = reliability(probabilities, y, bins)
    apart = [
        one.clips * abs(one.confidence - one.right)
        for one in table
        if one.confidence is not None and one.right is not None
    ]
    return float(sum(apart) / max(sum(one.clips for one in table), 1))


def reliability(probabilities: ArrayLike, y: ArrayLike, bins: int = BINS) -> tuple[Bin, ...]:
    """How often a judge is right by how sure it is: equal bins of confidence from 0 to 1, empty ones among them.

    Args:
        probabilities: [shape=(n, k)]; confidence is the largest of a row.
        y: Index of the true word [shape=(n,)].
        bins: How many.

    Source: Guo et al., ICML 2017, section 2, "reliability diagrams"; a bin holds its upper end.

    Example:
        >>> reliability([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]], [0, 1, 1], bins=2)
        (Bin(clips=0, confidence=None, right=None), Bin(clips=3, confidence=0.766..., right=0.666...))
    """
    confidence, right = sure_and_right(probabilities, y)
    place = bin_of(confidence, bins)
    found = []
    for index in range(bins):
        inside = place == index
        some = bool(inside.any())
        found.append(
            Bin(
                int(inside.sum()),
                float(confidence[inside].mean()) if some else None,
                float(right[inside].mean()) if some else None,
            )
        )
    return tuple(found)


def risk_coverage(probabilities: ArrayLike, y: ArrayLike) -> Floats:
    """What share is wrong among the most confident 1, 2 … n rows [shape=(n,)]; its mean is the area under the curve.

    Rows of equal confidence have no order: each counts as the mean of them.

    Args:
        probabilities: [shape=(n, k)]; confidence is the largest of a row.
        y: Index of the true word [shape=(n,)].

    Source: Geifman and El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017, section 2; the area
        as in Geifman, Uziel and El-Yaniv, ICLR 2019, section 3.

    Example:
        >>> risk_coverage([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.6, 0.4]], [0, 0, 1, 1])
        array([0.        , 0.        , 0.16666667, 0.25      ])
    """
    confidence, right = sure_and_right(probabilities, y)
    _, tie = np.unique(-confidence, return_inverse=True)
    wrong = np.bincount(tie, weights=~right) / np.bincount(tie)
    each = wrong[np.sort(tie)]
    result: Floats = np.cumsum(each) / np.arange(1, len(each) + 1)
    return result


def sure_and_right(probabilities: ArrayLike, y: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """How sure a judge is of each row, and whether it is right [shape=(n,)]."""
    values = np.asarray(probabilities, dtype=np.float64)
    right: NDArray[np.bool_] = values.argmax(axis=1) == np.asarray(y)
    return values.max(axis=1), right


def bin_of(confidence: Floats, bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each confidence, from 0; a bin holds its upper end."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
