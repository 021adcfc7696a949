"""What a card says of how good a model is: scores on a corpus, with chance, people and intervals beside them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import protocols
from visavox.calibration import BINS, change_prior, reliability, risk_coverage, softmax
from visavox.datasets import About, Sample
from visavox.files import written
from visavox.recognizer import Bin, Confidence, Prior, Score, Status

SEXES = (("female", "women"), ("male", "men"))
"""How a corpus says it and how a card does."""

AGES = (("under 30", 0, 30), ("30 to 49", 30, 50), ("50 and over", 50, 200))
"""Ages as a card tells them apart: name, first year, first year of the next."""

COVERAGES = 20
"""Points of a risk-coverage curve in a card: every twentieth of the clips."""


@dataclass(frozen=True, kw_only=True)
class Judging:
    """How a finished model is judged.

    Args:
        prior: of the words, under which it is judged: "corpus" is as trained, "uniform" makes the words equal.
        metrics: by name (`visavox.protocols.METRICS`); what comes first is the model's headline.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """

    prior: Prior = "corpus"
    metrics: tuple[str, ...] = ("accuracy", "uar", "macro-f1")
    draws: int = 2000
    seed: int = 1


class Judge:
    """Scores logits against what the clips were meant to show, and remembers every judgement.

    Args:
        words: of the logits' columns.
        temperature: by which logits are divided.
        priors: of the words, by name; "corpus" is the one that the network learned.
        judging: how.

    Attributes:
        scores: what was measured, in order.
        confusion: counts [k, k] of the first corpus scored, by true (row) and judged (column) word.
        confidence: what the confidence is worth on each part scored, in order.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        temperature: float,
        priors: Mapping[str, NDArray[np.float64]],
        judging: Judging,
    ) -> None:
        self.words = tuple(words)
        self.temperature = temperature
        self.priors = priors
        self.judging = judging
        self.scores: list[Score] = []
        self.confidence: list[Confidence] = []
        self.confusion: NDArray[np.int64] = np.zeros((len(words), len(words)), dtype=np.int64)
        self._rows: list[dict[str, object]] = []

    def probabilities(self, logits: NDArray[np.float64], prior: Prior) -> NDArray[np.float64]:
        """Calibrated probabilities [n, k] of logits [n, k] under a prior."""
        return change_prior(softmax(logits / self.temperature), self.priors["corpus"], self.priors[prior])

    def remember(self, samples: Sequence[Sample], logits: NDArray[np.float64], *, part: str) -> None:
        """Keeps judgements for `write`: calibrated, under the prior of the corpus."""
        for sample, row in zip(samples, self.probabilities(logits, "corpus"), strict=True):
            who = {"name": sample.clip.name, "corpus": sample.corpus, "part": part, "speaker": sample.speaker or ""}
            words = {f"p_{word}": f"{p:.5f}" for word, p in zip(self.words, row, strict=True)}
            self._rows.append({**who, "emotion": sample.emotion, **words})

    def score(
        self,
        corpus: About,
        samples: Sequence[Sample],
        logits: NDArray[np.float64],
        *,
        part: str,
        status: Status,
        command: str = "",
    ) -> None:
        """Scores a corpus among the words that it has: the recipe's metrics, calibration, each word, sexes and ages.

        Sexes and ages are told where the corpus knows more than one; an interval only where there are two people.

        Args:
            corpus: what is known of it.
            samples: judged clips, all of that corpus.
            logits: of them [n, k].
            part: what part of the corpus they are.
            status: whether the model, or its choice, has met their like.
            command: what prints these numbers, where that is not the command that made the model.
        """
        words, prior = self.words, self.judging.prior
        truth = np.array([words.index(s.emotion) for s in samples], dtype=np.int64)
        shown = np.isin(np.arange(len(words)), truth)
        # Among one word there is nothing to judge: where all clips show the same, any word may be the answer.
        has = shown if shown.sum() > 1 else np.ones_like(shown)
        guess = round(1.0 / int(has.sum()), 4)
        share = round(float(np.bincount(truth).max() / len(truth)), 4)
        chance = {"accuracy": share if shown.sum() > 1 else guess, "uar": guess}
        among = "" if has.all() else f"judged among its {int(has.sum())} words"
        everyone = _Part(samples, np.ones(len(samples), dtype=bool))

        def choose(under: Prior) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
            p = self.probabilities(logits, under) * has
            p /= p.sum(axis=1, keepdims=True)
            return p, p.argmax(axis=1)

        def add(
            metric: str,
            value: protocols.Interval,
            of: _Part,
            *notes: str,
            chance: float | None = None,
            people: float | None = None,
        ) -> None:
            # Draws of one person are all the same: they say nothing of others.
            alone = of.groups is not None and of.speakers == 1
            no_interval = alone or np.isnan(value.low)
            self.scores.append(
                Score(
                    corpus=corpus.name,
                    part=part,
                    metric=metric,
                    value=round(value.value, 4),
                    low=None if no_interval else round(value.low, 4),
                    high=None if no_interval else round(value.high, 4),
                    status=status,
                    clips=of.clips,
                    speakers=of.speakers,
                    chance=chance,
                    people=people,
                    note="; ".join(note for note in (*notes, of.told, "one person" if alone else "") if note),
                    command=command,
                )
            )

        p, choice = choose(prior)
        draw = self._bootstrap(truth, choice, everyone)
        if not self.confusion.any():
            self.confusion = draw.counts.astype(np.int64)
        for metric in self.judging.metrics:
            people = corpus.people if metric == self.judging.metrics[0] else None
            told = f"people: {corpus.people_note}" if people is not None and corpus.people_note else ""
            value = draw(protocols.METRICS[metric])
            add(metric, value, everyone, among, f"prior {prior}", told, chance=chance.get(metric), people=people)
        error = protocols.calibration_error(p, truth, everyone.groups, draws=self.judging.draws, seed=self.judging.seed)
        add("ece", error, everyone, among, f"prior {prior}", f"{BINS} bins; smaller is better")
        trust = confidence(
            p, truth, corpus=corpus.name, part=part, status=status, speakers=everyone.speakers, prior=prior
        )
        self.confidence.append(trust)
        other: Prior = "uniform" if prior == "corpus" else "corpus"
        value = self._bootstrap(truth, choose(other)[1], everyone)(protocols.uar)
        add("uar", value, everyone, among, f"prior {other}", chance=guess)
        for index, word in enumerate(words):
            if shown[index]:
                add(f"recall {word}", draw(protocols.recall(index)), _Part(samples, truth == index), chance=guess)
        kinds = [(name, [s.sex == sex for s in samples]) for sex, name in SEXES]
        kinds += [(name, [s.age is not None and first <= s.age < end for s in samples]) for name, first, end in AGES]
        for name, inside in kinds:
            here = _Part(samples, np.array(inside))
            if 0 < here.clips < len(samples):
                value = self._bootstrap(truth, choice, here)(protocols.uar)
                add(f"uar {name}", value, here, among, chance=guess)

    def write(self, path: Path) -> None:
        """Writes what was remembered as CSV: name, corpus, part, speaker, emotion, p_<word>."""
        with written(path) as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self._rows[0]) if self._rows else [])
            writer.writeheader()
            writer.writerows(self._rows)

    def _bootstrap(self, truth: NDArray[np.int64], choice: NDArray[np.int64], of: _Part) -> protocols.Bootstrap:
        return protocols.Bootstrap(
            truth[of.inside],
            choice[of.inside],
            of.groups,
            words=len(self.words),
            draws=self.judging.draws,
            seed=self.judging.seed,
        )


def confidence(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    *,
    corpus: str,
    part: str,
    status: Status,
    speakers: int | None = None,
    prior: Prior = "uniform",
) -> Confidence:
    """What the confidence of judgements is worth, rounded as cards hold it.

    Args:
        probabilities: of each clip [n, k].
        truth: index of the true word [n].
        corpus: whose clips they are.
        part: which part of it.
        status: as in `Score`.
        speakers: how many people, where that is known.
        prior: under which they were judged.

    Example:
        >>> told = confidence(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0]),
        ...                  corpus="made", part="test", status="held-out")
        >>> told.area, told.error[0], told.error[-1], told.reliability[-2]
        (0.25, 0.0, 0.5, Bin(clips=1, confidence=0.9, right=1.0))
    """
    risk = risk_coverage(probabilities, truth)
    coverage = np.arange(1, COVERAGES + 1) / COVERAGES
    rows = np.ceil(coverage * len(risk) - 1e-9).astype(np.int64) - 1
    return Confidence(
        corpus=corpus,
        part=part,
        status=status,
        clips=len(risk),
        speakers=speakers,
        prior=prior,
        reliability=tuple(
            Bin(one.clips, *(None if value is None else round(value, 4) for value in one[1:]))
            for one in reliability(probabilities, truth)
        ),
        coverage=tuple(round(float(share), 4) for share in coverage),
        error=tuple(round(float(risk[row]), 4) for row in rows),
        area=round(float(risk.mean()), 4),
    )


class _Part:
    """Some of the samples: how many, whose, and what is drawn together: a person's, or a performance's."""

    def __init__(self, samples: Sequence[Sample], inside: NDArray[np.bool_]) -> None:
        self.inside = inside
        self.clips = int(inside.sum())
        here = [s for s, is_inside in zip(samples, inside, strict=True) if is_inside]
        speakers, takes = [s.speaker for s in here], [s.take for s in here]
        known = [speaker for speaker in speakers if speaker is not None]
        one = [take for take in takes if take is not None]
        self.groups = next((who for who in (known, one) if who and len(who) == len(here)), None)
        performances = len(set(one))
        several = self.groups is one and performances < self.clips
        self.told = f"{performances} performances, drawn as such" if several else ""
        self.speakers = len(set(known)) or None
