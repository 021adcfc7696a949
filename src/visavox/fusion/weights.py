"""Weights of the rules that have any, fitted on what members said of people whom they did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import BIAS_SPREAD, SCALE_SPREAD, fit_choice
from visavox.errors import ModelError
from visavox.fusion.rules import Floats, evidence
from visavox.recognizer import Card

POWER_SPREAD = 3.0
"""How far a member's power is expected to lie from 1 (a standard deviation): so wide that a hundred rows outweigh it;
it only keeps powers finite where the members are never wrong."""


def fit_weights(scores: Mapping[str, Floats], y: Sequence[int]) -> dict[str, float]:
    """The powers of a log-linear pool that make the true words most probable.

    Args:
        scores: By source, probabilities under a uniform prior [shape=(n, k)], of rows that no member was fitted on;
            rows of NaN where a source cannot judge. Rows that fewer than two can judge say nothing about powers.
        y: Index of the true word of each row.

    Returns:
        Power by source, from 0 on.

    Example:
        >>> sure = np.array([[0.8, 0.2]] * 9 + [[0.2, 0.8]] * 9)
        >>> powers = fit_weights({"face": sure, "voice": np.full((18, 2), 0.5)}, [0] * 9 + [1] * 9)
        >>> powers["face"] > 2, powers["voice"]
        (True, 1.0)
    """
    powers, _ = fit_pool(list(scores.values()), np.asarray(y, dtype=np.int64))
    return dict(zip(scores, powers.tolist(), strict=True))


def fit_pool(
    members: Sequence[Floats],
    y: NDArray[np.int64],
    *,
    frequencies: Floats | None = None,
    by_word: bool = False,
    bias: bool = False,
) -> tuple[Floats, Floats | None]:
    """The powers, and if asked for the biases, of a log-linear pool that make the true words most probable.

    Powers by word are drawn toward the member's power over all words, and biases toward 0, by the normal priors of
    vector calibration, so that few rows leave them there.

    Args:
        members: Probabilities under a uniform prior, each [shape=(n, k)].
        y: Index of the true word [shape=(n,)].
        frequencies: How frequent each word is where `y` comes from [shape=(k,)]: expected beforehand, so that powers
            need not explain it; all alike if None.
        by_word: A power for each member and word.
        bias: A bias for each word.

    Returns:
        Powers [shape=(m,)] or, by word, [shape=(m, k)]; and biases [shape=(k,)] or None.
    """
    stack = np.stack(members)
    seen = np.stack([evidence(member) for member in members])
    present = ~np.isnan(seen[..., 0])
    known = np.asarray((~np.isnan(stack)).any(axis=0))
    # One member alone keeps its own probabilities whatever the powers; a word that nobody knows teaches nothing.
    told = np.asarray(present.sum(axis=0) > 1) & known[np.arange(len(y)), y]
    many, words = len(members), stack.shape[2]
    if not told.any():
        powers = np.ones((many, words) if by_word else many)
        return powers, np.zeros(words) if bias else None
    values = np.nan_to_num(np.moveaxis(seen[:, told], 0, 2))
    expected = np.zeros(words) if frequencies is None else np.log(np.maximum(frequencies, 1e-9))
    offset = np.where(known[told], expected, -np.inf)
    truth = y[told]
    powers = fit_choice(
        values,
        truth,
        centre=np.ones(many),
        spread=np.full(many, POWER_SPREAD),
        least=np.zeros(many),
        offset=offset,
    )
    if not (by_word or bias):
        return powers, None
    each = np.eye(words)
    parts = [(values[..., None] * each[None, :, None, :]).reshape(len(truth), words, -1)] if by_word else [values]
    centre = np.repeat(powers, words) if by_word else powers
    spread = SCALE_SPREAD * np.maximum(centre, 0.1) if by_word else np.full(many, POWER_SPREAD)
    least = np.zeros(len(centre))
    if bias:
        parts.append(np.broadcast_to(each, (len(truth), words, words)))
        centre = np.r_[centre, np.zeros(words)]
        spread = np.r_[spread, np.full(words, BIAS_SPREAD)]
        least = np.r_[least, np.full(words, -np.inf)]
    fitted = fit_choice(np.concatenate(parts, axis=2), truth, centre=centre, spread=spread, least=least, offset=offset)
    of_words = fitted[len(fitted) - words :] if bias else None
    of_members = fitted[: len(fitted) - words] if bias else fitted
    return of_members.reshape(many, words) if by_word else of_members, of_words


def fit_mean_weights(members: Sequence[Floats], y: NDArray[np.int64]) -> Floats:
    """The weights of a weighted mean that make the true words most probable; they sum to one [shape=(m,)].

    Source: the mixture's likelihood by minorisation and maximisation (Dempster, Laird & Rubin 1977, section 4.3); the
    sum of the weights of those present is bounded as in Hunter, Annals of Statistics 32(1), 2004, section 3.
    """
    given = np.stack([member[np.arange(len(y)), y] for member in members])
    there = ~np.isnan(given)
    told = np.asarray(there.sum(axis=0) > 1)
    weights = np.full(len(members), 1.0 / len(members))
    if not told.any():
        return weights
    chance, there = np.maximum(np.nan_to_num(given[:, told]), 1e-12), there[:, told]
    for _ in range(500):
        parts = weights[:, None] * chance * there
        owed = (parts / parts.sum(axis=0)).sum(axis=1)
        asked = (there / (weights[:, None] * there).sum(axis=0)).sum(axis=1)
        after = owed / np.maximum(asked, 1e-12)
        after = np.maximum(after / after.sum(), 1e-12)
        moved = float(np.abs(after - weights).max())
        weights = after
        if moved < 1e-7:
            break
    return weights


def fit_vote_weights(members: Sequence[Floats], y: NDArray[np.int64]) -> Floats:
    """The weights of a weighted vote: how much a member's vote changes the odds of its word [shape=(m,)].

    With an accuracy of p among k words, log(p (k - 1) / (1 - p)), at least 0; p counts one row more, judged by chance.
    They are divided by their mean.

    Source: Nitzan & Paroush, International Economic Review 23(2), 1982, theorem 1; Kuncheva, "Combining Pattern
    Classifiers", 2004, section 4.3.2, for two words. For k words we take errors to be equally likely.
    """
    weights = np.zeros(len(members))
    for place, member in enumerate(members):
        judged = ~np.isnan(member).all(axis=1)
        words = member.shape[1]
        right = (np.nan_to_num(member[judged], nan=-1.0).argmax(axis=1) == y[judged]).sum()
        accuracy = min((right + 1 / words) / (judged.sum() + 1), 1 - 1e-3)
        weights[place] = max(0.0, np.log(accuracy * (words - 1) / (1 - accuracy)))
    return weights / weights.mean() if weights.any() else np.ones(len(members))


def weights_of(card: Card) -> dict[str, float]:
    """The powers by source that a fusion's card holds.

    Raises:
        ModelError: If the card has none, or has them by word (`Fusion.from_card` reads those).
    """
    weights = card.input.get("weights")
    if not isinstance(weights, Mapping):
        raise ModelError(f"The card of {card.name} holds no input.weights: train it again with `visavox train`.")
    if any(isinstance(value, Mapping) for value in weights.values()):
        raise ModelError(f"The card of {card.name} holds weights by word: open it with Fusion.from_card.")
    return {str(source): float(value) for source, value in weights.items()}
