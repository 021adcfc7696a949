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
from visavox.errors import OptionError
from visavox.fusion import Fusion, align, over, weights_of
from visavox.options import Options, is_place
from visavox.recognizer import Card, Prior

Floats = NDArray[np.float64]
Span = tuple[float, float]

TRUST = {"face": 1.0, "voice": 0.3, "body": 0.3}
"""Power of a source in a log-linear fusion, beside the fitted one: how far it is to be believed on people unlike those
of its corpora.

The face network learned from photographs of everywhere. The voice network learned from actors in three studios; one
that knew a single studio is most likely right on people of others with its log-probabilities times 0.27 (RAVDESS's
validation speakers) or 0.10 (nEMO's), as ``visavox reproduce natural`` prints. The body network knows three actors; on
the walks of others it is next to guessing, and with this power its log loss was no worse than that of guessing. No
fitted power stands behind it: too few bodies were held out.
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
        said: What the model says under a uniform prior, compared with nobody's neutral [shape=(n, k)].
        words: Of the columns of `said`.
    """

    shown: Floats
    plain: Floats
    baseline: Floats
    said: Floats | None = None
    words: tuple[str, ...] = ()


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
    said = calibrated(stack, card, "uniform")
    plain = project(said, card.words, known)
    adapted = adapt(plain, times, seconds, known, kind=expecting.baseline, neutral=expecting.neutral)
    corpus = project(card.prior("corpus"), card.words, known)
    shown = project(_under(expecting.prior, adapted.probabilities, known, corpus), known)
    return Judged(shown, align(adapted.probabilities, known), adapted.evidence, said, card.words)


def _under(prior: Prior, probabilities: Floats, words: Sequence[str], corpus: Floats) -> Floats:
    """Probabilities that were under a uniform prior, under the one that an analysis was asked for."""
    uniform = np.ones(len(words))
    wanted = {"uniform": uniform, "corpus": corpus, "life": expected_in_life(life_prior(words))}
    return change_prior(probabilities, uniform, wanted[prior])


def fuse(fusion: Fusion, judged: Mapping[str, Judged], prior: Prior) -> Floats:
    """Joins what the sources say of one person, under the prior [shape=(n, 7)]; ``corpus`` is that of the fusion.

    A fusion of rules was fitted on words equally frequent: its ``corpus`` is uniform. One that was trained knows how
    frequent they were; words that it does not know are never shown.
    """
    joined = fusion.combine(scores_of(fusion, judged))
    if not fusion.members_:
        return _under(prior, joined, WORDS, np.ones(len(WORDS)))
    folded = {FOLDED.get(word, word) for word in fusion.classes_}
    known = [word for word in WORDS if word in folded]
    frequencies = np.array(list((fusion.frequencies_ or dict.fromkeys(fusion.classes_, 1.0)).values()))
    plain, corpus = (project(values, fusion.classes_, known) for values in (joined, frequencies))
    return project(_under(prior, plain, known, corpus), known)


def scores_of(fusion: Fusion, judged: Mapping[str, Judged]) -> dict[str, Floats]:
    """What the sources say, as a fusion takes it.

    One that was trained is given what its members said when it learned: compared with nobody's neutral, over its words.
    """
    if not fusion.members_:
        return {source: found.plain for source, found in judged.items()}
    return {
        source: over(found.said, found.words, fusion.classes_)
        for source, found in judged.items()
        if source in fusion.sources_ and found.said is not None
    }


def members_of(options: Options) -> dict[str, str]:
    """The models that a trained fusion joins, by source; none of a rule, which joins any.

    Raises:
        OptionError: There is no such fusion, it joins features, it has neither voice nor face, or another voice or face
            was named beside it.
    """
    from visavox import zoo

    if options.fusion is None or not is_place(options.fusion):
        return {}
    where = zoo.place(options.fusion)
    card = zoo.card(where)
    if card.modality != "fused":
        raise OptionError(f"Bad value {options.fusion!r} for fusion: that is a {card.modality} model.")
    if card.input.get("level", "decision") != "decision":
        raise OptionError(
            f"{options.fusion} joins features of whole clips; cells of a recording are joined by what is said of them: "
            f"name a fusion at the decision level."
        )
    own = {source: str(path) for source, path in zoo.members(where).items() if source in ("voice", "face")}
    if not own:
        raise OptionError(
            f"{options.fusion} has no voice and no face that could judge a recording, only what was said."
        )
    usual = {"voice": "voice", "face": "face"}
    for source, path in own.items():
        given = getattr(options, source)
        if given not in (None, usual[source], path):
            raise OptionError(f"{options.fusion} brings its own {source}: leave {source} {given!r} out.")
    return own


def open_fusion(rule: str) -> Fusion:
    """The fusion that an analysis uses, of any of the three sources, under a uniform prior: by a rule, or trained."""
    from visavox import zoo

    if is_place(rule):
        trained = zoo.load(rule)
        assert isinstance(trained, Fusion)  # as `members_of` made sure
        return trained
    card = zoo.card("fusion")
    fitted = weights_of(card)
    weights = {source: fitted.get(source, 1.0) * trust for source, trust in TRUST.items()}
    return Fusion({}, rule=rule, weights=weights, sources=tuple(TRUST), card=card)
