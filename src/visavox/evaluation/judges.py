"""What judges the test rows of a fold: a model as it is, a recognizer fitted in the fold, scores made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visavox import emotions
from visavox.datasets import Sample
from visavox.errors import LeakError, ModelError
from visavox.evaluation.met import cards, learned_from, unmet
from visavox.fusion.folds import fresh
from visavox.protocols import Fold, Protocol
from visavox.recognizer import Recognizer, Status

Floats = NDArray[np.float64]
History = Sequence[Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class Judged:
    """What a system said of some rows.

    Args:
        rows: which rows [m].
        words: of the columns.
        probabilities: [m, len(words)]; NaN where a row could not be judged.
        reasons: why not [m].
        history: how it was trained, where it was.
        features: inner values [m, d], where they were asked for and there are some.
    """

    rows: NDArray[np.int64]
    words: tuple[str, ...]
    probabilities: Floats
    reasons: tuple[str, ...]
    history: History = ()
    features: Floats | None = None


@dataclass(eq=False)
class AsItIs:
    """A model that is not fitted again: it judges those whom it never met.

    Where its card names the corpus among those it learned from, only the rows that its card holds out as test are
    judged.

    Args:
        name: as tables call it.
        recognizer: the model, or a table of what some model said.
    """

    name: str
    recognizer: Recognizer
    notes: list[str] = field(default_factory=list)
    status: Status = "out-of-sample"

    @property
    def modality(self) -> str:
        """Of the recognizer."""
        return self.recognizer.modality

    def judge(self, samples: Sequence[Sample], fold: Fold, protocol: Protocol, *, features: bool) -> Judged:
        """What it says of the test rows that it never met.

        Raises:
            LeakError: it met all of them.
        """
        kept = fold.test
        for card in cards(self.recognizer):
            free = unmet(card, [samples[index] for index in kept])
            if any(learned_from(card, samples[index]) for index in kept):
                self.status = "held-out"
            kept = kept[free]
        if not any(card.corpora for card in cards(self.recognizer)):
            self.status = "held-out"
            once(
                self.notes,
                f"{self.name} does not say whom it learned from: that it never met these speakers is for its maker to "
                f"know.",
            )
        return asked(self.recognizer, samples, kept, features=features)

    def refuse(self, samples: Sequence[Sample], protocol: Protocol) -> None:
        """Says that nothing is left to judge.

        Raises:
            LeakError: always.
        """
        names = ", ".join(sorted({item.name for card in cards(self.recognizer) for item in card.corpora}))
        raise LeakError(
            f"{self.name} learned from {names}, and its card holds out none of the speakers that {protocol.name} "
            f"judges; judge it on another corpus, or name a recipe to train it anew in each fold."
        )


@dataclass(eq=False)
class Refitted:
    """A recognizer fitted anew on the training part of each fold.

    Args:
        name: as tables call it.
        recognizer: not fitted; what was learned before is forgotten in each fold.
    """

    name: str
    recognizer: Recognizer
    notes: list[str] = field(default_factory=list)
    status: Status = "held-out"

    @property
    def modality(self) -> str:
        """Of the recognizer."""
        return self.recognizer.modality

    def judge(self, samples: Sequence[Sample], fold: Fold, protocol: Protocol, *, features: bool) -> Judged:
        """What it says of the test rows after it was fitted on the training rows.

        Raises:
            LeakError: it holds a model that has met somebody of the test.
        """
        test = [samples[index] for index in fold.test]
        if not protocol.random:
            for card in cards(self.recognizer):
                free = unmet(card, test)
                if not free.all():
                    met = test[int(np.flatnonzero(~free)[0])]
                    raise LeakError(
                        f"{self.name}: {card.name} inside it learned from {met.corpus} and has met "
                        f"{met.speaker or met.clip.name}, whom fold {fold.name} of {protocol.name} judges; take a "
                        f"model that did not, or fit it in the fold too."
                    )
        return asked(self.fitted(samples, fold.train), samples, fold.test, features=features)

    def fitted(self, samples: Sequence[Sample], train: NDArray[np.int64]) -> Recognizer:
        """A fresh copy, fitted on some rows."""
        learner = fresh(self.recognizer)
        assert isinstance(learner, Recognizer)
        learned = [samples[index] for index in train]
        learner.fit([s.clip for s in learned], [s.emotion for s in learned], groups=groups(learned))
        return learner


@dataclass(eq=False)
class Given:
    """Something that has said what it had to say before: its scores are given.

    Args:
        name: as tables call it.
        baseline: what was taken out of its scores.
        status: whether it had met those whom it judged.
    """

    name: str
    baseline: str = "none"
    status: Status = "held-out"
    modality: str = "fused"
    notes: list[str] = field(default_factory=list)


def groups(samples: Sequence[Sample]) -> list[str]:
    """Who each is; a row that does not say is somebody of its own."""
    return [sample.speaker or sample.take or sample.clip.name or f"row {row}" for row, sample in enumerate(samples)]


def project(probabilities: Floats, known: Sequence[str], words: Sequence[str]) -> Floats:
    """Probabilities over a system's words as ones over a protocol's: words that it lacks have none.

    NaN at single words counts as 0.
    """
    absent = np.asarray(np.isnan(probabilities).all(axis=1))
    filled = np.where(absent[:, None], np.nan, np.nan_to_num(probabilities, nan=0.0))
    return filled if tuple(known) == tuple(words) else emotions.project(filled, known, words)


def asked(recognizer: Recognizer, samples: Sequence[Sample], rows: NDArray[np.int64], *, features: bool) -> Judged:
    """What a recognizer says of some rows, and why not."""
    clips = [samples[index].clip for index in rows]
    words = tuple(recognizer.classes_)
    if not clips:
        return Judged(rows, words, np.zeros((0, len(words))), ())
    probabilities = np.asarray(recognizer.predict_proba(clips), dtype=np.float64)
    if probabilities.shape != (len(clips), len(words)):
        raise ModelError(
            f"{type(recognizer).__name__} gave probabilities {list(probabilities.shape)} for {len(clips)} clips and "
            f"{len(words)} words."
        )
    absent = np.flatnonzero(np.isnan(probabilities).all(axis=1))
    reasons = [""] * len(clips)
    if len(absent):
        for row, reason in zip(absent, recognizer.reasons([clips[row] for row in absent]), strict=True):
            reasons[int(row)] = reason
    inner = features_of(recognizer, [samples[index] for index in rows]) if features else None
    return Judged(rows, words, probabilities, tuple(reasons), features=inner)


def features_of(recognizer: Recognizer, samples: Sequence[Sample]) -> Floats | None:
    """A recognizer's inner values [n, d], where it has some."""
    try:
        return np.asarray(recognizer.features([sample.clip for sample in samples]), dtype=np.float64)
    except ModelError:
        return None


def once(notes: list[str], note: str) -> None:
    """Adds a note that is not there yet."""
    if note not in notes:
        notes.append(note)
