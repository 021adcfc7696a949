"""`Fusion`: a Recognizer made of Recognizers, and the rules by which it joins what they say.

Each rule takes the members' calibrated probabilities under a uniform prior and gives one set of probabilities, row by
row. A member that cannot judge a row (NaN) is left out of it; a word that a member does not know is one it says nothing
about. A row that nobody can judge stays NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import change_prior, log_loss, softmax
from visavox.clip import Clip
from visavox.emotions import WORDS, life_prior
from visavox.errors import ModelError, OptionError
from visavox.recognizer import Card, Prior, Recognizer

Floats = NDArray[np.float64]

SMALLEST = 1e-4
"""Probabilities are kept above this before their logarithm is taken: nobody is ever surer than that."""


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


def _evidence(aligned: Floats) -> Floats:
    """Log-probabilities, centred over the words a member knows, 0 at those it does not; NaN where it cannot judge.

    Under a uniform prior this is what the member has seen for each word, in nats over its average.
    """
    logs = np.log(np.clip(aligned, SMALLEST, None))
    known = ~np.isnan(logs)
    count = known.sum(axis=1, keepdims=True)
    centre = np.where(known, logs, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    return np.where(count > 0, np.where(known, logs - centre, 0.0), np.nan)


def _log_linear(members: Sequence[Floats], weights: Floats) -> Floats:
    """Calibrated log-linear pool: the product of the members' probabilities, each to the power of its weight.

    Where one member alone can judge, its own probabilities stay as they are, since they are calibrated by themselves.

    Source: Genest & Zidek, "Combining probability distributions", Statistical Science 1(1), 1986, section 3
    (logarithmic opinion pool); the weights are fitted by maximum likelihood.
    """
    stack = np.stack(members)
    evidence = np.stack([_evidence(member) for member in members])
    present = ~np.isnan(evidence[..., 0])
    count = np.asarray(present.sum(axis=0))
    powers = np.where(count == 1, 1.0, weights[:, None]) * present
    total = np.einsum("mn,mnk->nk", powers, np.nan_to_num(evidence))
    # A word that nobody present knows has probability 0.
    total = np.where(np.isnan(stack).all(axis=0), -np.inf, total)
    total = np.where(count[:, None] > 0, total, 0.0)
    return np.where(count[:, None] > 0, softmax(total), np.nan)


def _product(members: Sequence[Floats], weights: Floats) -> Floats:
    """The product rule: a log-linear pool whose weights are all one.

    Source: Kittler et al., "On combining classifiers", IEEE TPAMI 20(3), 1998, equation 8 with equal priors.
    """
    return _log_linear(members, np.ones(len(members)))


def _mean(members: Sequence[Floats], weights: Floats) -> Floats:
    """The mean of those present. Source: Kittler et al. 1998, equation 11 with equal priors."""
    return _pooled(members, np.nanmean)


def _max(members: Sequence[Floats], weights: Floats) -> Floats:
    """The largest of those present, made to sum to one. Source: Kittler et al. 1998, equation 14 with equal priors."""
    return _pooled(members, np.nanmax)


def _pooled(members: Sequence[Floats], pool: Callable[..., Floats]) -> Floats:
    stack = np.stack(members)
    judged = ~np.isnan(stack).all(axis=(0, 2))
    result = np.full(stack.shape[1:], np.nan)
    if judged.any():
        some = stack[:, judged]
        # A word that nobody present knows keeps probability 0.
        unknown = np.isnan(some).all(axis=0)
        pooled = np.where(unknown, 0.0, pool(np.where(unknown, 0.0, some), axis=0))
        result[judged] = pooled / pooled.sum(axis=1, keepdims=True)
    return result


RULES: Mapping[str, Callable[[Sequence[Floats], Floats], Floats]] = {
    "log-linear": _log_linear,
    "product": _product,
    "mean": _mean,
    "max": _max,
}
"""The rules by name."""


class Fusion(Recognizer):
    """Several recognizers joined into one.

    Args:
        members: What is joined, by source, for example ``{"face": load("face"), "voice": load("voice")}``.
        rule: ``log-linear`` (calibrated product, the default), ``product``, ``mean`` or ``max``.
        weights: Power of each source in the log-linear pool, by source; 1 where it is not given.
        prior: Prior of the result: ``uniform`` or ``life``.
        card: What is known about the fitted weights.

    Attributes:
        weights_: The powers in use, by source.

    Raises:
        OptionError: If the rule or the prior is unknown, or there is no member.

    Example:
        >>> rule = Fusion({}, rule="product", sources=("face", "voice"))
        >>> face, voice = np.full((1, 7), 0.05), np.full((1, 7), 1 / 7)
        >>> face[0, 1] = 0.7
        >>> joined = rule.combine({"face": face, "voice": voice})
        >>> bool(np.allclose(joined, face))
        True
    """

    modality = "fused"

    def __init__(
        self,
        members: Mapping[str, Recognizer],
        *,
        rule: str = "log-linear",
        weights: Mapping[str, float] | None = None,
        prior: Prior = "uniform",
        card: Card | None = None,
        sources: Sequence[str] | None = None,
    ) -> None:
        if rule not in RULES:
            raise OptionError.one_of("fusion", rule, RULES)
        if prior not in ("uniform", "life"):
            raise OptionError.one_of("prior of a fusion", prior, ("uniform", "life"))
        self.members = dict(members)
        self.rule = rule
        self.weights = weights
        self.prior = prior
        self.card = card
        self.sources = tuple(sources or self.members)
        if not self.sources:
            raise OptionError("A fusion needs at least one member.")
        self.classes_ = WORDS
        self.weights_ = {source: float((weights or {}).get(source, 1.0)) for source in self.sources}

    def combine(self, scores: Mapping[str, Floats]) -> Floats:
        """Joins what the members say.

        Args:
            scores: By source, probabilities under a uniform prior over `classes_` [shape=(n, 7)]; a row of NaN where
                the member cannot judge, NaN at single words that it does not know.

        Returns:
            Probabilities under the fusion's prior [shape=(n, 7)]; NaN rows where nobody can judge.
        """
        sources = [source for source in self.sources if source in scores]
        powers = np.array([self.weights_[source] for source in sources])
        with np.errstate(invalid="ignore"):
            joined = RULES[self.rule]([scores[source] for source in sources], powers)
        if self.prior == "life":
            uniform = np.full(len(self.classes_), 1.0 / len(self.classes_))
            joined = change_prior(joined, uniform, life_prior(self.classes_))
        return joined

    def shares(self, scores: Mapping[str, Floats]) -> dict[str, Floats]:
        """How much each source moved the result, whatever the rule.

        A source's share is the total variation distance between the result and the result without that source, over
        the sum of these distances; equal shares where nothing would change, 0 for a source that could not judge.

        Args:
            scores: As for `combine`.

        Returns:
            By source, shares that sum to one in every row that could be judged [shape=(n,)], NaN elsewhere.
        """
        whole = self.combine(scores)
        present = {source: ~np.isnan(values).all(axis=1) for source, values in scores.items()}
        moved = {}
        for source in scores:
            rest = {key: value for key, value in scores.items() if key != source}
            without = self.combine(rest) if rest else np.full_like(whole, np.nan)
            nothing_left = np.isnan(without).all(axis=1)
            distance = 0.5 * np.abs(whole - without).sum(axis=1)
            moved[source] = np.where(present[source], np.where(nothing_left, 1.0, distance), 0.0)
        total = np.sum(list(moved.values()), axis=0)
        count = np.sum(list(present.values()), axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = {
                source: np.where(total > 1e-9, moved[source] / total, np.where(present[source], 1.0 / count, 0.0))
                for source in scores
            }
        return {source: np.where(count > 0, share, np.nan) for source, share in shares.items()}

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        """Joined probabilities of clips [shape=(n, 7)]; members must have been loaded with ``prior="uniform"``."""
        if not self.members:
            raise ModelError("This fusion has rules but no members: give it recognizers to judge clips.")
        return self.combine(
            {
                source: align(member.predict_proba(clips), member.classes_, self.classes_)
                for source, member in self.members.items()
            }
        )

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """``nothing_to_fuse`` where no member can judge."""
        absent = [member.reasons(clips) for member in self.members.values()]
        return ["nothing_to_fuse" if all(row) else "" for row in zip(*absent, strict=True)]


def fit_weights(scores: Mapping[str, Floats], y: Sequence[int]) -> dict[str, float]:
    """The powers of a log-linear pool that make the true words most probable.

    The log-likelihood is concave in the powers, so going through them in turn, each by golden-section search between 0
    and 3, ends at the maximum.

    Args:
        scores: By source, probabilities under a uniform prior [shape=(n, k)], of rows that no member was fitted on.
        y: Index of the true word of each row.

    Returns:
        Power by source.
    """
    evidence = {source: _evidence(values) for source, values in scores.items()}
    powers = dict.fromkeys(scores, 1.0)

    def loss(source: str, value: float) -> float:
        total = sum((value if key == source else powers[key]) * evidence[key] for key in evidence)
        return log_loss(np.asarray(total), np.asarray(y))

    ratio = (5**0.5 - 1) / 2
    for _ in range(30):
        before = dict(powers)
        for source in powers:
            low, high = 0.0, 3.0
            while high - low > 1e-4:
                left, right = high - ratio * (high - low), low + ratio * (high - low)
                if loss(source, left) < loss(source, right):
                    high = right
                else:
                    low = left
            powers[source] = (low + high) / 2
        if max(abs(powers[source] - before[source]) for source in powers) < 1e-3:
            break
    return powers


def weights_of(card: Card) -> dict[str, float]:
    """The powers by source that a fusion's card holds.

    Raises:
        ModelError: If the card has none.
    """
    weights = card.input.get("weights")
    if not isinstance(weights, Mapping):
        raise ModelError(f"The card of {card.name} holds no input.weights: train it again with `visavox train`.")
    return {str(source): float(value) for source, value in weights.items()}
