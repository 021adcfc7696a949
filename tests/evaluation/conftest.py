"""Made corpora and recognizers whose answers can be worked out: voices are points, words are directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from visavox import protocols
from visavox.clip import Clip
from visavox.datasets import Sample
from visavox.recognizer import Recognizer

WORDS = protocols.WORDS_OF["ravdess"]


class Nearest(Recognizer):
    """Judges by the nearest mean; remembers everybody whom it was fitted on and fails when it meets one of them again.

    Args:
        silent: names of clips that it cannot judge.
    """

    modality = "voice"
    card = None
    met_again: list[str] = []  # noqa: RUF012 - shared on purpose: copies report to their maker

    def __init__(self, silent: Sequence[str] = ()) -> None:
        self.silent = silent

    def fit(self, clips: Sequence[Clip], y: Sequence[str], groups: Sequence[str] | None = None) -> Nearest:
        assert not hasattr(self, "met_"), "fitted twice without forgetting"
        assert groups is not None and [clip.person for clip in clips] == list(groups)
        self.met_ = set(groups)
        self.classes_ = tuple(sorted(set(y)))
        points, meant = np.array([clip.voice for clip in clips]), np.array(y)
        self.means_ = np.array([points[meant == word].mean(axis=0) for word in self.classes_])
        return self

    def predict_proba(self, clips: Sequence[Clip]) -> np.ndarray:
        again = {clip.person for clip in clips} & self.met_
        assert not again, f"asked to judge {sorted(map(str, again))}, whom it learned from"
        points = np.array([clip.voice for clip in clips])
        near = np.exp(-((points[:, None] - self.means_) ** 2).sum(axis=2))
        near[[clip.name in self.silent for clip in clips]] = np.nan
        return near / near.sum(axis=1, keepdims=True)

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        return ["silence" if clip.name in self.silent else "" for clip in clips]

    def features(self, clips: Sequence[Clip]) -> np.ndarray:
        return np.array([clip.voice for clip in clips], dtype=np.float32)


class Always(Recognizer):
    """Says the same of every clip; cannot be fitted.

    Args:
        words: that it knows.
        said: its probabilities.
        card: what it says of itself.
    """

    modality = "voice"

    def __init__(self, words: Sequence[str], said: Sequence[float], card: object = None) -> None:
        self.classes_ = tuple(words)
        self.said = said
        self.card = card

    def predict_proba(self, clips: Sequence[Clip]) -> np.ndarray:
        return np.tile(np.asarray(self.said, dtype=np.float64), (len(clips), 1))


@pytest.fixture
def nearest() -> type[Nearest]:
    """The recognizer that remembers whom it was fitted on."""
    return Nearest


@pytest.fixture
def always() -> type[Always]:
    """The recognizer that says the same of every clip."""
    return Always


@pytest.fixture
def corpus() -> Callable[..., list[Sample]]:
    """Makes clips of a corpus: a point for each word, moved by who speaks."""

    def make(
        name: str = "ravdess",
        speakers: Sequence[str] = tuple(f"ravdess-{actor:02d}" for actor in range(1, 25)),
        words: Sequence[str] = WORDS,
        clips: int = 2,
        *,
        accent: float = 0.0,
        noise: float = 0.2,
    ) -> list[Sample]:
        directions = np.random.default_rng(5).normal(size=(len(protocols.WORDS_OF["ravdess"]) + 2, 6))
        order = (*protocols.WORDS_OF["ravdess"], "bored", "contemptuous")
        rng = np.random.default_rng(7)
        result = []
        for number, speaker in enumerate(speakers):
            own = accent * rng.normal(size=6)
            for word in words:
                for take in range(clips):
                    point = directions[order.index(word)] + own + noise * rng.normal(size=6)
                    key = f"{speaker}-{word}-{take}"
                    result.append(
                        Sample(
                            clip=Clip(name=key, voice=point.astype(np.float32), person=speaker),
                            emotion=word,
                            corpus=name,
                            speaker=speaker,
                            sex="male" if number % 2 == 0 else "female",
                            take=key,
                            modality="voice",
                        )
                    )
        return result

    return make
