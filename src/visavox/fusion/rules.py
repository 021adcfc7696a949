"""The rules that join what members say, in numpy: nothing here is learned; weights are given.

Each rule takes the members' calibrated probabilities under a uniform prior and gives one set of probabilities, row by
row. A member that cannot judge a row (NaN) is left out of it; a word that a member does not know is one it says nothing
about. A row that nobody can judge stays NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import softmax
from visavox.emotions import FOLDED, WORDS, project

Floats = NDArray[np.float64]

Rule = Callable[[Sequence[Floats], Floats], Floats]
"""What members say, each [n, k], and a weight for each [m], to what they say together [n, k]."""

SMALLEST = 1e-4
"""Probabilities are kept above this before their logarithm is taken: nobody is ever surer than that."""

TIE = 1e-3
"""What the mean of the probabilities counts beside a whole vote: enough to decide between words with as many votes."""


def align(probabilities: Floats, known: Sequence[str], words: Sequence[str] = WORDS) -> Floats:
    """A member's probabilities over the fusion's words, with NaN at the words that the member does not know.

    Args:
        probabilities: [shape=(n, len(known))].
        known: The member's words; calm and others without a place must have been projected before.
        words: The fusion's words.

    Returns:
        [shape=(n, len(words))].
    """
    result = np.full((len(probabilities), len(words)), np.nan)
    for column, word in enumerate(known):
        if word in words:
            result[:, list(words).index(word)] = probabilities[:, column]
    return result


def over(probabilities: Floats, known: Sequence[str], words: Sequence[str]) -> Floats:
    """A member's probabilities over other words than its own: those that are not among them are folded or taken out.

    Args:
        probabilities: [shape=(n, len(known))].
        known: The member's words.
        words: Those of the result, NaN where the member does not know one.

    Example:
        >>> over(np.array([[0.2, 0.3, 0.5]]), ("neutral", "calm", "happy"), ("neutral", "happy", "sad"))
        array([[0.5, 0.5, nan]])
    """
    if not set(known) <= set(words):
        folded = {*known, *(FOLDED.get(word, word) for word in known)}
        kept = tuple(word for word in words if word in folded)
        probabilities, known = project(probabilities, known, kept), kept
    return align(probabilities, known, words)


def evidence(aligned: Floats) -> Floats:
    """Log-probabilities, centred over the words a member knows, 0 at those it does not; NaN where it cannot judge.

    Under a uniform prior this is what the member has seen for each word, in nats over its average.
    """
    logs = np.log(np.clip(aligned, SMALLEST, None))
    known = ~np.isnan(logs)
    count = known.sum(axis=1, keepdims=True)
    centre = np.where(known, logs, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    return np.where(count > 0, np.where(known, logs - centre, 0.0), np.nan)


def log_linear(members: Sequence[Floats], weights: Floats, bias: Floats | None = None) -> Floats:
    """Calibrated log-linear pool: the product of the members' probabilities, each to the power of its weight.

    Where one member alone can judge, its own probabilities stay as they are, since they are calibrated by themselves.

    Args:
        members: Probabilities under a uniform prior, each [shape=(n, k)].
        weights: The power of each member [shape=(m,)], or of each member at each word [shape=(m, k)].
        bias: What is added to each word's log-probability where several judge [shape=(k,)].

    Source: Genest & Zidek, "Combining probability distributions", Statistical Science 1(1), 1986, section 3
    (logarithmic opinion pool); the weights are fitted by maximum likelihood. Powers by word and a bias are our
    extension.
    """
    stack = np.stack(members)
    seen = np.stack([evidence(member) for member in members])
    present = ~np.isnan(seen[..., 0])
    count = np.asarray(present.sum(axis=0))
    if weights.ndim == 1:
        powers = np.where(count == 1, 1.0, weights[:, None]) * present
        total = np.einsum("mn,mnk->nk", powers, np.nan_to_num(seen))
    else:
        by_word = np.where(count[:, None] == 1, 1.0, weights[:, None, :]) * present[..., None]
        total = np.einsum("mnk,mnk->nk", by_word, np.nan_to_num(seen))
    if bias is not None:
        total = total + np.where(count[:, None] > 1, bias, 0.0)
    # A word that nobody present knows has probability 0.
    total = np.where(np.isnan(stack).all(axis=0), -np.inf, total)
    total = np.where(count[:, None] > 0, total, 0.0)
    return np.where(count[:, None] > 0, softmax(total), np.nan)


def product(members: Sequence[Floats], weights: Floats) -> Floats:
    """The product rule: a log-linear pool whose weights are all one.

    Source: Kittler et al., "On combining classifiers", IEEE TPAMI 20(3), 1998, equation 8 with equal priors.
    """
    return log_linear(members, np.ones(len(members)))


def mean(members: Sequence[Floats], weights: Floats) -> Floats:
    """The mean of those present. Source: Kittler et al. 1998, equation 11 with equal priors."""
    return _pooled(members, np.nanmean)


def largest(members: Sequence[Floats], weights: Floats) -> Floats:
    """The largest of those present, made to sum to one. Source: Kittler et al. 1998, equation 14 with equal priors."""
    return _pooled(members, np.nanmax)


def smallest(members: Sequence[Floats], weights: Floats) -> Floats:
    """The smallest of those present, made to sum to one; the mean where each word is ruled out by somebody.

    Source: Kittler et al. 1998, equation 16 with equal priors.
    """
    return _pooled(members, np.nanmin)


def median(members: Sequence[Floats], weights: Floats) -> Floats:
    """The median of those present, made to sum to one; the mean where all medians are 0.

    Source: Kittler et al. 1998, equation 18 with equal priors.
    """
    return _pooled(members, np.nanmedian)


def majority_vote(members: Sequence[Floats], weights: Floats) -> Floats:
    """The part of those present who name each word; the mean decides between words with as many votes.

    Source: Kittler et al. 1998, equation 20.
    """
    return weighted_vote(members, np.ones(len(members)))


def weighted_mean(members: Sequence[Floats], weights: Floats) -> Floats:
    """The mean of those present, each with its weight (a linear opinion pool).

    A word is averaged over those present who know it; where all weights of those present are 0 they count alike.

    Source: Genest & Zidek 1986, section 2.
    """
    stack = np.stack(members)
    there = ~np.isnan(stack)
    part = np.where(there, weights[:, None, None], 0.0)
    part = np.where(part.sum(axis=0) > 0, part, there)
    total = (part * np.nan_to_num(stack)).sum(axis=0) / np.maximum(part.sum(axis=0), 1e-300)
    sums = total.sum(axis=1, keepdims=True)
    return np.where(np.asarray(there.any(axis=(0, 2)))[:, None], total / np.where(sums > 0, sums, 1.0), np.nan)


def weighted_vote(members: Sequence[Floats], weights: Floats) -> Floats:
    """The part of the votes that each word gets: each member present names its likeliest word with its weight.

    A member whose likeliest words are equally likely shares its vote among them. The mean of the probabilities counts
    `TIE` of a vote, so that it decides between words with as many votes.

    Source: Kuncheva, "Combining Pattern Classifiers", 2004, section 4.3.
    """
    stack = np.stack(members)
    there = ~np.isnan(stack).all(axis=2)
    filled = np.nan_to_num(stack, nan=-1.0)
    named = (filled == filled.max(axis=2, keepdims=True)).astype(np.float64)
    votes = named / named.sum(axis=2, keepdims=True)
    part = np.where(there, weights[:, None], 0.0)
    part = np.where(part.sum(axis=0) > 0, part, there)
    part = part / np.maximum(part.sum(axis=0), 1e-300)
    counted = np.einsum("mn,mnk->nk", part, votes)
    return np.asarray((counted + TIE * mean(members, weights)) / (1 + TIE))


def _pooled(members: Sequence[Floats], pool: Callable[..., Floats]) -> Floats:
    stack = np.stack(members)
    judged = ~np.isnan(stack).all(axis=(0, 2))
    result = np.full(stack.shape[1:], np.nan)
    if judged.any():
        some = stack[:, judged]
        # A word that nobody present knows keeps probability 0.
        unknown = np.isnan(some).all(axis=0)
        some = np.where(unknown, 0.0, some)
        pooled = np.where(unknown, 0.0, pool(some, axis=0))
        # Where each word has a 0 from somebody, smallest values and medians say nothing; the mean still does.
        nothing = pooled.sum(axis=1) == 0
        if nothing.any():
            pooled[nothing] = np.nanmean(some[:, nothing], axis=0)
        result[judged] = pooled / pooled.sum(axis=1, keepdims=True)
    return result


RULES: Mapping[str, Rule] = {
    "log-linear": log_linear,
    "product": product,
    "mean": mean,
    "max": largest,
    "min": smallest,
    "median": median,
    "majority-vote": majority_vote,
}
"""The rules that can be used as they are, by name: those that `analyze` takes."""

WEIGHTED: Mapping[str, Rule] = {
    "weighted-mean": weighted_mean,
    "weighted-vote": weighted_vote,
}
"""The rules that are another one, `mean` and `majority-vote`, until weights were fitted or given."""
