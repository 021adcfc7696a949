"""CREMA-D by its five folds, beside the crowd that only heard the voices.

Who is right, and whether a network and the crowd hear the same word where neither hears the one that the actor meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox import datasets
from visavox.datasets import Data, Sample
from visavox.errors import DataError
from visavox.protocols import Bootstrap, Interval, paired
from visavox.reproduce.rows import HELD_OUT, Row, choice, row_of
from visavox.reproduce.voices.heard import Cepstra, Network
from visavox.reproduce.voices.judges import Linear, Part, learned_words, said, without_usual

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TABLE = "6. crema-d-actor5, beside its crowd"

CORPUS, PROTOCOL = "crema-d", "crema-d-actor5"

FOLDS = 5
"""Of the protocol: actor's number modulo 5."""

REPORTED = 0.416
"""Clips whose acted word the crowd's majority names by voice alone."""

LEARNED = "training speakers"

BOTH_WRONG = "name the same where neither names the acted word"
ANY = "name the same"
"""What is counted of a judge and the crowd."""


def actors(fold: int) -> list[str]:
    """Speakers whom a fold judges."""
    return [f"{CORPUS}-{number}" for number in range(1001, 1092) if number % FOLDS == fold]


def missing(why: str, row: str = "network") -> Row:
    """The row that says why there are none."""
    return Row(table=TABLE, row=row, folds=0, mean=float("nan"), note=f"absent: {why}")


def rows(folds: Sequence[tuple[Network, Part, Part]], cepstra: Cepstra, kept: Path, data: Data) -> list[Row]:
    """Networks and linear judges by fold, without and with `self`; the crowd; and where they agree.

    Args:
        folds: Of each, the network, what it learned from, and what is judged.
        cepstra: What the linear judges hear.
        kept: Where what was heard is kept.
        data: Where CREMA-D and its votes are.
    """
    everything = datasets.load(CORPUS, data)
    whole = Part([sample for _, _, test in folds for sample in test.samples])
    number = np.concatenate([np.full(len(test.samples), fold) for fold, (_, _, test) in enumerate(folds)])
    words = learned_words(folds[0][0])
    people, truth = whole.people, whole.truth(words)
    judged = {
        **{("network", kind): scores for kind, scores in _networks(folds, words, kept).items()},
        **{("linear on cepstra", kind): scores for kind, scores in _linear(folds, words, cepstra, kept).items()},
    }
    left = len(everything) - len(whole.samples)
    made_rows = []
    for (judge, kind), scores in judged.items():
        note = (
            f"{len(truth)} clips ({left} that are blank or stand under two words left out), {len(set(people))} speakers"
        )
        if kind == "self":
            note += f"; usual: {HELD_OUT if judge == 'network' else 'of the cepstra of training speakers'}"
        for metric in ("accuracy", "uar"):
            made_rows.append(
                row_of(truth, choice(scores), number, people, words=len(words), metric=metric, table=TABLE, row=judge,
                       baseline=kind, fitted_on=LEARNED, chance=_chance(truth, metric), note=note)
            )  # fmt: skip
    if any(sample.votes is None for sample in everything):
        return [*made_rows, missing("the crowd's votes (tabulatedVotes.csv) are not there", "the crowd's majority")]
    made_rows += _crowd(everything, words)
    heard_by_most = named(whole.samples, words)
    for (judge, kind), scores in judged.items():
        made_rows += beside(judge, kind, choice(scores), heard_by_most, truth, people, len(words))
    return made_rows


def beside(
    judge: str, kind: str, chosen: Integers, crowd: Integers, truth: Integers, people: Sequence[str], words: int
) -> list[Row]:
    """A judge beside the crowd: how much more often it is right, and how often they name the same word.

    Args:
        judge: What it is called.
        kind: Its baseline.
        chosen: Index of the word that it names [n].
        crowd: That of the crowd; -1 for a tie [n].
        truth: That of the actor [n].
        people: Who acts [n].
        words: How many words there are.
    """

    def row(name: str, value: Interval, metric: str, note: str, chance: float | None = None) -> Row:
        return Row(table=TABLE, row=name, baseline=kind, fitted_on=LEARNED, folds=FOLDS, mean=value.value,
                   interval=(value.low, value.high), metric=metric, chance=chance, note=note)  # fmt: skip

    better = paired(truth, chosen, crowd, people, words=words, metric="accuracy")
    note = f"{len(truth)} clips at once; the crowd's ties count as wrong; paired bootstrap over speakers"
    made_rows = [row(f"{judge} minus the crowd", better, "accuracy difference", note)]
    for what, both_wrong in ((BOTH_WRONG, True), (ANY, False)):
        found = agreement(truth, chosen, crowd, people, words=words, both_wrong=both_wrong)
        name = f"{judge} and the crowd {what}"
        note = f"{found.clips} clips; the crowd's ties left out"
        drawn = "chance: each draws by himself, as often as he names a word where that one was acted"
        made_rows.append(row(name, found.share, "agreement", f"{note}; {drawn}", found.chance.value))
        made_rows.append(row(f"{name}, above chance", found.gain, "agreement difference", note))
    return made_rows


def named(samples: Sequence[Sample], words: Sequence[str]) -> Integers:
    """Index of the word that the crowd's majority named [n]; -1 for ties, and where nobody voted."""
    found = [majority(sample.votes or {}) for sample in samples]
    return np.array([-1 if word is None else words.index(word) for word in found], dtype=np.int64)


def majority(votes: Mapping[str, int]) -> str | None:
    """The word that most of a crowd heard; None where two have as many votes, or nobody voted.

    Example:
        >>> majority({"sad": 4, "neutral": 5}), majority({"sad": 4, "neutral": 4})
        ('neutral', None)
    """
    most = max(votes.values(), default=0)
    named = [word for word, count in votes.items() if count == most]
    return named[0] if most > 0 and len(named) == 1 else None


class Agreement(NamedTuple):
    """How often two judges name the same word, in clips that both judge.

    Args:
        clips: how many clips that is out of.
        share: of these, in how many they name the same word.
        chance: in how many they would if each, knowing only the acted word, drew his word by himself, as often as he
            names it in these clips.
        gain: share minus chance.
    """

    clips: int
    share: Interval
    chance: Interval
    gain: Interval


def agreement(
    acted: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    people: Sequence[str],
    *,
    words: int,
    both_wrong: bool,
    draws: int = 2000,
    seed: int = 1,
) -> Agreement:
    """How often two judges agree, and how often they would by chance.

    Chance: with n(w) clips of the acted word w in which the first names a in n(w, a) and the second in m(w, a), it is
    the sum over w and a of n(w, a) m(w, a) / n(w), over all clips. Judges who share nothing but what an acted word
    tends to be taken for agree so often.

    Args:
        acted: index of the acted word [n].
        first: index of the word that one judge names [n]; -1 where he names none, and the clip is left out.
        second: that of the other [n].
        people: who acts [n]; the bootstrap draws people.
        words: how many words there are.
        both_wrong: only clips in which neither names the acted word.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        DataError: there is no such clip.

    Source: expected agreement as in Cohen, "A coefficient of agreement for nominal scales", Educational and
        Psychological Measurement 20, 1960, here within each acted word.

    Example:
        >>> found = agreement([0] * 4, [1, 1, 2, 2], [1, 1, 2, 1], ["a"] * 4, words=3, both_wrong=True)
        >>> found.clips, float(found.share.value), float(found.chance.value)
        (4, 0.75, 0.5)
    """
    acted, first, second = (np.asarray(values, dtype=np.int64) for values in (acted, first, second))
    inside = (first >= 0) & (second >= 0)
    if both_wrong:
        inside &= (first != acted) & (second != acted)
    rows = np.flatnonzero(inside).tolist()
    if not rows:
        raise DataError("There is no clip in which both judges name a word that is not the acted one.")

    def cube(counts: Floats) -> Floats:
        # The acted word and that of the first judge are one index, so that the bootstrap counts all three.
        return counts[..., :words].reshape(*counts.shape[:-2], words, words, words)

    def share(counts: Floats) -> Floats:
        same: Floats = np.einsum("...waa->...", cube(counts)) / counts.sum(axis=(-2, -1))
        return same

    def chance(counts: Floats) -> Floats:
        one, other, each = cube(counts).sum(axis=-1), cube(counts).sum(axis=-2), cube(counts).sum(axis=(-2, -1))
        expected: Floats = ((one * other).sum(axis=-1) / np.maximum(each, 1)).sum(axis=-1) / each.sum(axis=-1)
        return expected

    drawn = Bootstrap(
        acted[rows] * words + first[rows],
        second[rows],
        [people[row] for row in rows],
        words=words * words,
        draws=draws,
        seed=seed,
    )
    return Agreement(len(rows), drawn(share), drawn(chance), drawn(lambda counts: share(counts) - chance(counts)))


def _crowd(everything: Sequence[Sample], words: Sequence[str]) -> list[Row]:
    """The crowd by itself, on all clips."""
    whole = Part(everything)
    truth, crowd = whole.truth(words), named(everything, words)
    note = f"all {len(everything)} clips; its {int((crowd < 0).sum())} ties count as wrong"
    return [
        row_of(truth, crowd, np.zeros(len(truth)), whole.people, words=len(words), metric=metric, table=TABLE,
               row="the crowd's majority, by voice alone", fitted_on="nothing", chance=_chance(truth, metric),
               reported=REPORTED if metric == "accuracy" else None, note=note)
        for metric in ("accuracy", "uar")
    ]  # fmt: skip


def _chance(truth: Integers, metric: str) -> float:
    """What naming one word always is worth."""
    counts = np.bincount(truth)
    return float(counts.max() / counts.sum()) if metric == "accuracy" else 1 / int((counts > 0).sum())


def _networks(folds: Sequence[tuple[Network, Part, Part]], words: Sequence[str], kept: Path) -> dict[str, Floats]:
    """Scores of each fold's network on its own test speakers, by baseline."""
    each = [said(network, test, words, kept) for network, _, test in folds]
    people = [test.people for _, _, test in folds]
    moved = []
    for fold, scores in enumerate(each):
        others = [other for other in range(len(folds)) if other != fold]
        whose = [person for other in others for person in people[other]]
        moved.append(without_usual(scores, people[fold], np.concatenate([each[other] for other in others]), whose)[0])
    return {"none": np.concatenate(each), "self": np.concatenate(moved)}


def _linear(
    folds: Sequence[tuple[Network, Part, Part]], words: Sequence[str], cepstra: Cepstra, kept: Path
) -> dict[str, Floats]:
    """Scores of linear judges on each fold's test speakers, by baseline."""
    none = [Linear(cepstra, kept, "none").fit(learned)(test, words) for _, learned, test in folds]
    own = [Linear(cepstra, kept, "self").fit(learned)(test, words) for _, learned, test in folds]
    return {"none": np.concatenate(none), "self": np.concatenate(own)}
