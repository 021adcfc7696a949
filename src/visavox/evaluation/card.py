"""A card's numbers part by part: what tables, terminal and page say of how good a model is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visavox.recognizer import Card, Confidence, Score, Status

GROUPS = ("women", "men", "under 30", "30 to 49", "50 and over")
"""How scores of some of the people are called, behind the name of the metric."""

METRICS = {"uar": "UAR", "ece": "ECE", "aurc": "AURC", "macro-f1": "macro F1"}
"""How metrics are spelled for readers, where it is not their name."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a card says of one part of one corpus.

    Args:
        corpus: Its name.
        part: Which part of it.
        status: Whether the model has met its like.
        scores: All of them, in the card's order; one at least.
        main: The one by the metric that stands for the model; the first where there is none.
        ece: Expected calibration error, where it is known.
        groups: The main metric by sex and age.
        words: Recall of each word.
        weakest: The word that is recognised least, where words are known.
        confidence: Reliability and risk-coverage curve, where they are known.
    """

    corpus: str
    part: str
    status: Status
    scores: tuple[Score, ...]
    main: Score
    ece: Score | None
    groups: tuple[Score, ...]
    words: tuple[Score, ...]
    weakest: Score | None
    confidence: Confidence | None

    @property
    def whole(self) -> bool:
        """Whether it is more than a part of a part, such as one person of it ("all, ravdess-05")."""
        return "," not in self.part

    @property
    def title(self) -> str:
        """Corpus and part; a corpus that was judged whole needs no part."""
        return f"{self.corpus} {self.part.removeprefix('all').removeprefix(', ')}".rstrip()

    @property
    def command(self) -> str:
        """What printed all of its scores; "" where it is the command that made the model, or there are several."""
        commands = {score.command for score in self.scores}
        return commands.pop() if len(commands) == 1 else ""

    @property
    def people(self) -> str:
        """How many people and clips, in words."""
        who = _counted(self.main.speakers)
        return f"{who}{', ' if who else ''}{self.main.clips:,} clips"


def headline(card: Card) -> Score | None:
    """The score that stands for a model: its recipe's first metric on the first test."""
    return next((score for score in card.scores if score.status != "in-sample"), None)


def parts(card: Card) -> tuple[Part, ...]:
    """What a card says of each part of each corpus, in its order; what the model was trained on comes last."""
    main = headline(card)
    groups: dict[tuple[str, str, Status], list[Score]] = {}
    for score in card.scores:
        groups.setdefault((score.corpus, score.part, score.status), []).append(score)
    found = [_part(card, scores, main) for scores in groups.values()]
    return tuple(sorted(found, key=lambda part: part.status == "in-sample"))


def protocol(score: Score) -> str:
    """Where a number comes from, in a line: corpus, part, how many, whether the model has met them."""
    who = _counted(score.speakers)
    return f"{score.corpus} {score.part}, {score.clips:,} clips, {who}{', ' if who else ''}{score.status}"


def metric(name: str) -> str:
    """A metric's name as readers know it.

    Example:
        >>> metric("uar women"), metric("recall sad")
        ('UAR women', 'recall sad')
    """
    first, _, rest = name.partition(" ")
    return " ".join(filter(None, (METRICS.get(first, first), rest)))


def percent(value: float | None, digits: int = 1) -> str:
    """A share as per cent, or a dash."""
    return "–" if value is None else f"{100 * value:.{digits}f}"


def interval(low: float | None, high: float | None) -> str:
    """A 95 % interval in per cent, or nothing."""
    return "" if low is None or high is None else f"{percent(low)}–{percent(high)}"


def told(score: Score | None) -> str:
    """A score in per cent with its interval in brackets, or a dash."""
    if score is None:
        return "–"
    between = interval(score.low, score.high)
    return percent(score.value) + (f" ({between})" if between else "")


def _counted(speakers: int | None) -> str:
    return "" if not speakers else "1 person" if speakers == 1 else f"{speakers:,} people"


def _part(card: Card, scores: Sequence[Score], standing: Score | None) -> Part:
    first = scores[0]
    name = standing.metric if standing is not None else first.metric
    main = next((score for score in scores if score.metric == name), first)
    words = tuple(score for score in scores if score.metric.startswith("recall "))
    where = (first.corpus, first.part, first.status)
    # The confusion matrix in a card is that of the part which the model stands for.
    known = words or (_recalls(card, main) if standing is not None and main is standing else ())
    return Part(
        corpus=first.corpus,
        part=first.part,
        status=first.status,
        scores=tuple(scores),
        main=main,
        ece=next((score for score in scores if score.metric == "ece"), None),
        groups=tuple(score for score in scores if score.metric.partition(" ")[2] in GROUPS),
        words=words,
        weakest=min(known, key=lambda score: score.value, default=None),
        confidence=next((one for one in card.confidence if (one.corpus, one.part, one.status) == where), None),
    )


def _recalls(card: Card, main: Score) -> tuple[Score, ...]:
    """Recall of each word that was shown, by the confusion matrix."""
    counts = np.array(card.confusion, dtype=np.float64)
    if len(counts) != len(card.words):
        return ()
    return tuple(
        Score(main.corpus, main.part, f"recall {word}", float(row[index] / row.sum()), clips=int(row.sum()))
        for index, (word, row) in enumerate(zip(card.words, counts, strict=True))
        if row.sum()
    )
