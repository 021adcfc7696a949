"""Judges of voices for the tables across corpora: networks, found or trained, and linear ones on cepstra.

What they learn from, and whom they are judged on, is said by the recipe `voices`.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, recipes
from visavox.baseline import Baseline, log_probabilities
from visavox.baseline.by_person import Kind
from visavox.calibration import calibrated
from visavox.datasets import Data, Sample
from visavox.errors import LeakError
from visavox.reproduce.voices.heard import Cepstra, Hearing, Network, heard
from visavox.voice.features import LogMel

Floats = NDArray[np.float64]
Say = Callable[[str], None]
Use = Mapping[str, Any]
"""A corpus as the recipe has it: its name, whom it leaves out, who is a test."""

RECIPE = "voices"

LEAST_LEARNED = 1e-3
"""Share of a word in training below which it was not learned: cards give words that never were shown 0.0001."""

FEWEST_PEOPLE = 2
"""From so many it can be told what is usual: one alone only tells what is usual for him."""

NO_WORD = "that no word is favoured"
"""What is known to be usual where nobody tells."""


@dataclass(frozen=True, eq=False)
class Part:
    """Clips that are learned from, or judged.

    Args:
        samples: the clips; calm counts as neutral.
        unknown: how many clips were left out because the recipe does not know their word.
    """

    samples: Sequence[Sample]
    unknown: int = 0

    def among(self, words: Sequence[str]) -> Part:
        """Without the clips of other words."""
        inside = [sample for sample in self.samples if sample.emotion in words]
        return Part(inside, self.unknown + len(self.samples) - len(inside))

    @property
    def words(self) -> list[str]:
        """The acted words."""
        return [sample.emotion for sample in self.samples]

    @property
    def people(self) -> list[str]:
        """Who acts."""
        return [str(sample.speaker) for sample in self.samples]

    def truth(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Index of each acted word."""
        return np.array([words.index(word) for word in self.words], dtype=np.int64)


def uses() -> dict[str, Use]:
    """The recipe's corpora by name."""
    return {use.name: dataclasses.asdict(use) for use in recipes.read(_text()).corpora}


def with_test(use: Use, speakers: Sequence[str]) -> Use:
    """A corpus with other speakers for a test."""
    return {**use, "test": {"speaker": list(speakers)}}


def sides(use: Sequence[Use], data: Data) -> tuple[Part, Part]:
    """What is learned from, and what is judged, of some corpora.

    Raises:
        DataError: A corpus is missing.
    """
    split = recipes.split(recipes.read(_text(), {"corpora": list(use)}), data)
    return Part(split["train"]), Part(split["test"])


def unseen(name: str, data: Data) -> Part:
    """All of a corpus that nothing learns from.

    Raises:
        DataError: It is missing.
    """
    return Part(datasets.load(name, data)).among(recipes.read(_text()).words)


def made(
    name: str, use: Sequence[Use], place: Path, data: Data, progress: Say, *, epochs: int, minutes: int
) -> Network:
    """A network that learned from some corpora: the one that is there, or a new one.

    Args:
        name: What it learns from, for people.
        use: Its corpora.
        place: Its folder.
        data: Where the corpora are.
        progress: Told that it is trained.
        epochs: Of the training.
        minutes: About how long it takes.

    Raises:
        DataError: It is not there, and a corpus that it would learn from is missing too.
        LeakError: The one that is there was trained with other test speakers, or does not say with which.
    """
    path = place / f"{RECIPE}.onnx"
    if not path.with_suffix(".json").is_file():
        for corpus in use:
            datasets.place(corpus["name"], data)
        told = f"{epochs} epochs, about {minutes} minutes on half a core; once stopped, it goes on where it was"
        progress(f"training a network on {name}, in {place}: {told}\n")
        recipes.run(RECIPE, data=data, folder=place, overrides={"corpora": list(use), "training.epochs": epochs})
    network = Network(path)
    learned = {corpus.name for corpus in network.card.corpora}
    expected = {speaker for corpus in use for speaker in corpus["test"]["speaker"]}
    if learned != {corpus["name"] for corpus in use} or _tested(place / "predictions.csv") != expected:
        raise LeakError(
            f"{place}: nothing shows that this network was trained on {name} without the speakers who are judged here "
            f"(its card and predictions.csv say others); move it away, and the right one is trained"
        )
    return network


def learned_words(network: Network) -> list[str]:
    """The words that a network was shown in training."""
    shares = network.card.prior("corpus").tolist()
    return [word for word, share in zip(network.card.words, shares, strict=True) if share > LEAST_LEARNED]


def said(network: Network, part: Part, words: Sequence[str], kept: Path) -> Floats:
    """Probabilities of some words under a uniform prior, by what a network was heard to say [n, len(words)]."""
    if not part.samples:
        return np.zeros((0, len(words)))
    uniform = calibrated(heard(network, part.samples, kept), network.card, "uniform")
    return among(uniform, network.card.words, words)


def among(probabilities: Floats, known: Sequence[str], words: Sequence[str]) -> Floats:
    """Probabilities of some of the known words, given that it is one of them [n, len(words)].

    Example:
        >>> among(np.array([[0.2, 0.5, 0.3]]), ["sad", "happy", "angry"], ["angry", "sad"])
        array([[0.6, 0.4]])
    """
    chosen = probabilities[:, [list(known).index(word) for word in words]]
    result: Floats = chosen / chosen.sum(axis=1, keepdims=True)
    return result


def without_usual(
    scores: Floats, people: Sequence[str], others: Floats, whose: Sequence[str]
) -> tuple[Floats, list[str]]:
    """Scores with each person's own usual taken out; what is usual at all is learned from other people.

    Args:
        scores: Probabilities of the clips that are judged [n, k].
        people: Who it is [n].
        others: Probabilities of people whom their judge never met [m, k]; the person judged may be among them, and is
            not looked at then.
        whose: Who these are [m].

    Returns:
        Probabilities [n, k], and in words what is taken to be usual, and from whom.
    """
    result = np.full_like(scores, np.nan)
    fitted: dict[frozenset[str], Baseline] = {}
    for person in sorted(set(people)):
        strangers = frozenset(whose) - {person}
        if strangers not in fitted:
            fitted[strangers] = Baseline.known("self", np.zeros(scores.shape[1]))
            if len(strangers) >= FEWEST_PEOPLE:
                rows = [row for row, one in enumerate(whose) if one != person]
                usual = Baseline("self").fit(log_probabilities(others[rows]), [whose[row] for row in rows])
                fitted[strangers] = usual
        mine = [row for row, one in enumerate(people) if one == person]
        result[mine] = fitted[strangers].transform_probabilities(scores[mine], [person] * len(mine))
    sources = {f"{len(s)} other held-out speakers" if len(s) >= FEWEST_PEOPLE else NO_WORD for s in fitted}
    return result, sorted(sources)


class Linear:
    """Logistic regression on how cepstra are spread over a clip, all words weighing alike.

    Args:
        cepstra: What is heard.
        kept: Where it is kept.
        kind: "self" takes each person's own mean and deviation out of the numbers, in learning and in judging; what is
            usual is learned from those it learns from.
    """

    def __init__(self, cepstra: Cepstra, kept: Path, kind: Kind) -> None:
        self.cepstra = cepstra
        self.kept = kept
        self.usual = Baseline(kind)

    def fit(self, part: Part) -> Linear:
        """Learns from clips."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        values = self.usual.fit_transform(heard(self.cepstra, part.samples, self.kept), part.people)
        judge = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=5000))
        self._judge = judge.fit(values, part.words)
        self.words: list[str] = judge.classes_.tolist()
        return self

    def __call__(self, part: Part, words: Sequence[str]) -> Floats:
        """Probabilities of some of the words it knows [n, len(words)]."""
        values = self.usual.transform(heard(self.cepstra, part.samples, self.kept), part.people)
        return among(self._judge.predict_proba(values), self.words, words)


def hearing() -> Hearing:
    """What the recipe's networks hear."""
    given = dict(recipes.read(_text()).input)
    below = float(given.pop("below", 35.0))
    return Hearing(LogMel(**given), below)


def _text() -> str:
    return recipes.find(RECIPE).read_text(encoding="utf-8")


def _tested(path: Path) -> set[str]:
    """The test speakers in a run's predictions; nobody where there are none."""
    if not path.is_file():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {row["speaker"] for row in csv.DictReader(file) if row["part"] == "test"}
