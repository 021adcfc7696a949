"""`balanced`: a person's own leaning taken out of scores, where it is known how often each word is shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from visavox.baseline.by_person import Floats, checked, log_probabilities, unjudged
from visavox.calibration import softmax
from visavox.errors import DataError, OptionError

LEANING_STRENGTH = 0.5
"""How much the biases of `balanced` are drawn to zero, in clips a nat: chosen on the published posteriors and on action
units of RAVDESS's actors, with one to sixty clips a person."""

_MOST_STEPS = 50
_CLOSE = 1e-9
"""Newton's method for biases ends when a clip's share of the slope is below this."""


def balanced(
    probabilities: ArrayLike,
    people: Sequence[str],
    *,
    share: ArrayLike | None = None,
    strength: float = LEANING_STRENGTH,
) -> Floats:
    """Scores with each person's own leaning taken out, where it is known how often each word is shown.

    In a corpus of acted emotion each person shows each word about equally often, so a word that is likelier than the
    others over *all* his clips is a property of his face or voice, not of what he shows. Each word gets a bias, one for
    all clips of the person, such that the probabilities of his clips add up to the known share; biases are drawn to
    zero while clips are few. No label is looked at, but the share is knowledge of its own: a table says so. Of somebody
    who is mostly neutral, a uniform share would take out what he shows.

    Args:
        probabilities: [shape=(n, k)]; NaN rows are no evidence and stay NaN, and so do single words (unknown to a
            recognizer).
        people: Whose each is [shape=(n,)].
        share: How often each word is shown [shape=(k,)], summing to one; None: each equally often.
        strength: How much biases are drawn to zero, in clips a nat.

    Returns:
        Probabilities [shape=(n, k)]. Of a person with one clip the words keep their order.

    Raises:
        DataError: If rows do not belong together, or the share is none.

    Source: maximum likelihood of the biases when words are drawn from the share, whose condition is that rows sum to
        one and columns to the share, as in Sinkhorn & Knopp, "Concerning nonnegative matrices and doubly stochastic
        matrices", Pacific Journal of Mathematics 21, 1967; the Gaussian prior on the biases is ours.

    Example:
        >>> judged = np.array([[0.8, 0.2], [0.6, 0.4]])
        >>> balanced(judged, ["a", "a"], strength=0).round(2)
        array([[0.62, 0.38],
               [0.38, 0.62]])
    """
    rows, groups, _ = checked(probabilities, people, None, "self")
    words = rows.shape[1]
    wanted = np.full(words, 1.0 / max(words, 1)) if share is None else np.asarray(share, dtype=np.float64)
    if wanted.shape != (words,) or not (np.all(wanted > 0) and np.isclose(wanted.sum(), 1)):
        raise DataError(f"baseline: a share of {words} words is {words} numbers above 0 that sum to one.")
    if not strength >= 0:
        raise OptionError(f"Bad value {strength!r} for strength of a baseline: expected 0 or more clips a nat.")
    evidence = log_probabilities(rows)
    result = np.full_like(rows, np.nan)
    for group in range(int(groups.max(initial=-1)) + 1):
        mine = np.flatnonzero((groups == group) & ~unjudged(rows)[:, 0])
        if len(mine):
            result[mine] = _with_share(evidence[mine], wanted, strength)
    return result


def _with_share(evidence: Floats, share: Floats, strength: float) -> Floats:
    """One person's probabilities under the biases that give the share, by Newton's method; the loss is convex."""
    known = ~np.isnan(evidence)
    logs = np.where(known, evidence, -np.inf)
    wanted = known * share
    wanted /= wanted.sum(axis=1, keepdims=True)
    bias = np.zeros(evidence.shape[1])

    def loss(bias: Floats) -> float:
        moved = logs + bias
        peak = moved.max(axis=1)
        total = peak + np.log(np.exp(moved - peak[:, None]).sum(axis=1))
        return float(total.sum() - (wanted @ bias).sum() + 0.5 * strength * bias @ bias)

    for _ in range(_MOST_STEPS):
        judged = softmax(logs + bias)
        slope = (judged - wanted).sum(axis=0) + strength * bias
        if np.abs(slope).max() < _CLOSE * len(evidence):
            break
        # The smallest number on the diagonal makes up for a constant, which changes no probability.
        curve = np.diag(judged.sum(axis=0) + strength + 1e-9) - judged.T @ judged
        step = np.linalg.solve(curve, slope)
        before, length = loss(bias), min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
        while length > 1e-6 and loss(bias - length * step) > before:
            length /= 2
        bias = bias - length * step
    return np.where(known, softmax(logs + bias), np.nan)
