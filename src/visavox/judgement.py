"""What a lane's logits mean: calibrated, compared with the person's own neutral, under the prior that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.baseline.by_person import Kind
from visavox.baseline.running import adapt
from visavox.calibration import calibrated, change_prior
from visavox.emotions import FOLDED, WORDS, expected_in_life, life_prior, project
from visavox.fusion import Fusion, align, weights_of
from visavox.recognizer import Card, Prior

Floats = NDArray[np.float64]
Span = tuple[float, float]

TRUST = {"face": 1.0, "voice": 0.3}
"""Power of a source in a log-linear fusion, beside the fitted one: how far it is to be believed on people unlike those
of its corpora.

The face network learned from photographs of everywhere. The voice network learned from actors in three studios; one
that knew a single studio is most likely right on people of others with its log-probabilities times 0.27 (RAVDESS's
validation speakers) or 0.10 (nEMO's), as ``visavox reproduce natural`` prints.
"""


@dataclass(frozen=True)
class Expecting:
    """What is expected of a person before, and beside, what one cell shows.

    Args:
        prior: Of the words.
        baseline: What the person is compared with.
        neutral: For ``enrolment``: when the person is neutral, in seconds.
    """

    prior: Prior = "life"
    baseline: Kind = "self"
    neutral: Span | None = None


@dataclass(frozen=True)
class Judged:
    """What one source says of one person, segment by segment.

    Args:
        shown: Probabilities under the prior that was asked for [shape=(n, 7)]; NaN rows where nothing was judged, 0 at
            words that the model does not know.
        plain: The same under a uniform prior, for the fusion; NaN at those words.
        baseline: Seconds of the person's own neutral behind each row [shape=(n,)].
    """

    shown: Floats
    plain: Floats
    baseline: Floats


def judge(logits: Sequence[Floats | None], spans: Sequence[Span], card: Card, expecting: Expecting) -> Judged:
    """Turns a lane's logits into probabilities: calibrated, compared with the person's own neutral, under the prior.

    Args:
        logits: Of each segment, or None where nothing was judged.
        spans: Start and end of each segment in seconds.
        card: Of the network that gave the logits.
        expecting: Prior and baseline.
    """
    empty = np.full(len(card.words), np.nan)
    stack = np.stack([empty if values is None else values for values in logits])
    folded = {FOLDED.get(word, word) for word in card.words}
    known = [word for word in WORDS if word in folded]
    times = [(start + end) / 2 for start, end in spans]
    seconds = [end - start for start, end in spans]
    plain = project(calibrated(stack, card, "uniform"), card.words, known)
    adapted = adapt(plain, times, seconds, known, kind=expecting.baseline, neutral=expecting.neutral)
    corpus = project(card.prior("corpus"), card.words, known)
    shown = project(_under(expecting.prior, adapted.probabilities, known, corpus), known)
    return Judged(shown, align(adapted.probabilities, known), adapted.evidence)


def _under(prior: Prior, probabilities: Floats, words: Sequence[str], corpus: Floats) -> Floats:
    """Probabilities that were under a uniform prior, under the one that an analysis was asked for."""
    uniform = np.ones(len(words))
    wanted = {"uniform": uniform, "corpus": corpus, "life": expected_in_life(life_prior(words))}
    return change_prior(probabilities, uniform, wanted[prior])


def fuse(fusion: Fusion, judged: Mapping[str, Judged], prior: Prior) -> Floats:
    """Joins what the sources say of one person, under the prior [shape=(n, 7)]; ``corpus`` is the fusion's: uniform."""
    joined = fusion.combine({source: found.plain for source, found in judged.items()})
    return _under(prior, joined, WORDS, np.ones(len(WORDS)))


def open_fusion(rule: str) -> Fusion:
    """The fusion of face and voice that an analysis uses, under a uniform prior."""
    from visavox import zoo

    card = zoo.card("fusion")
    weights = {source: power * TRUST[source] for source, power in weights_of(card).items()}
    return Fusion({}, rule=rule, weights=weights, sources=("face", "voice"), card=card)
