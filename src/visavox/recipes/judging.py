"""What a card says of how good a model is: its scores on a corpus, with chance, people and intervals beside them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import protocols
from visavox.calibration import change_prior, expected_calibration_error, softmax
from visavox.datasets import About, Sample
from visavox.recognizer import Prior, Score, Status


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
        self, corpus: About, samples: Sequence[Sample], logits: NDArray[np.float64], *, part: str, status: Status
    ) -> None:
        """Scores a corpus among the words that it has: the recipe's metrics, calibration, each word, women and men.

        Args:
            corpus: what is known of it.
            samples: judged clips, all of that corpus.
            logits: of them [n, k].
            part: what part of the corpus they are.
            status: whether the model, or its choice, has met their like.
        """
        words, prior = self.words, self.judging.prior
        truth = np.array([words.index(s.emotion) for s in samples], dtype=np.int64)
        has = np.isin(np.arange(len(words)), truth)
        guess = round(1.0 / int(has.sum()), 4)
        share = round(float(np.bincount(truth).max() / len(truth)), 4)
        chance = {"accuracy": share, "uar": guess}
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
            self.scores.append(
                Score(
                    corpus=corpus.name,
                    part=part,
                    metric=metric,
                    value=round(value.value, 4),
                    low=None if np.isnan(value.low) else round(value.low, 4),
                    high=None if np.isnan(value.high) else round(value.high, 4),
                    status=status,
                    clips=of.clips,
                    speakers=of.speakers,
                    chance=chance,
                    people=people,
                    note="; ".join(note for note in notes if note),
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
        error = protocols.Interval(expected_calibration_error(p, truth), np.nan, np.nan)
        add("ece", error, everyone, among, f"prior {prior}", "15 bins; smaller is better")
        other: Prior = "uniform" if prior == "corpus" else "corpus"
        value = self._bootstrap(truth, choose(other)[1], everyone)(protocols.uar)
        add("uar", value, everyone, among, f"prior {other}", chance=guess)
        for index, word in enumerate(words):
            if has[index]:
                add(f"recall {word}", draw(protocols.recall(index)), _Part(samples, truth == index), chance=guess)
        for sex, name in (("female", "women"), ("male", "men")):
            here = _Part(samples, np.array([s.sex == sex for s in samples]))
            if 0 < here.clips < len(samples):
                value = self._bootstrap(truth, choice, here)(protocols.uar)
                add(f"uar {name}", value, here, among, chance=guess)

    def write(self, path: Path) -> None:
        """Writes what was remembered as CSV: name, corpus, part, speaker, emotion, p_<word>."""
        temporary = path.with_name(path.name + ".part")
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self._rows[0]) if self._rows else [])
            writer.writeheader()
            writer.writerows(self._rows)
        os.replace(temporary, path)

    def _bootstrap(self, truth: NDArray[np.int64], choice: NDArray[np.int64], of: _Part) -> protocols.Bootstrap:
        return protocols.Bootstrap(
            truth[of.inside],
            choice[of.inside],
            of.groups,
            words=len(self.words),
            draws=self.judging.draws,
            seed=self.judging.seed,
        )


class _Part:
    """Some of the samples: how many, whose, and who is drawn together."""

    def __init__(self, samples: Sequence[Sample], inside: NDArray[np.bool_]) -> None:
        self.inside = inside
        self.clips = int(inside.sum())
        speakers = [s.speaker for s, is_inside in zip(samples, inside, strict=True) if is_inside]
        known = [speaker for speaker in speakers if speaker is not None]
        self.groups = known if known and len(known) == len(speakers) else None
        self.speakers = len(set(known)) or None
