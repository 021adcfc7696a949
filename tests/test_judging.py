"""What a card says of how good a model is: by word, sex and age, and what its confidence is worth."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.recipes import Judge, Judging
from visavox.recipes.judging import confidence
from visavox.recognizer import Bin, Card, Score

WORDS = ("neutral", "happy", "sad")
CORPUS = About(name="made", title="made", modality="voice", licence="MIT", credit="nobody", people=0.9)

PEOPLE = {
    "anna": ("female", 23),
    "bert": ("male", 29),
    "carla": ("female", 30),
    "dora": ("female", 49),
    "emil": ("male", 50),
    "fritz": (None, None),
}
"""Sex and age; of one nobody knows."""


def clips(people: tuple[str, ...] = tuple(PEOPLE), words: tuple[str, ...] = WORDS, each: int = 4) -> list[Sample]:
    """As many clips of each person and word."""
    return [
        Sample(
            clip=Clip(name=f"{person}-{word}-{number}"),
            emotion=word,
            corpus="made",
            speaker=f"made-{person}",
            sex=PEOPLE[person][0],
            age=PEOPLE[person][1],
        )
        for person in people
        for word in words
        for number in range(each)
    ]


def logits(samples: list[Sample], wrong: tuple[str, ...] = (), strength: float = 2.0) -> NDArray[np.float64]:
    """Logits that are right about everybody but some, who are always taken for the next word."""
    rows = np.zeros((len(samples), len(WORDS)))
    for row, sample in zip(rows, samples, strict=True):
        step = 1 if str(sample.speaker).removeprefix("made-") in wrong else 0
        row[(WORDS.index(sample.emotion) + step) % len(WORDS)] = strength
    return rows


def judged(samples: list[Sample], scores: NDArray[np.float64], **more: str) -> Judge:
    """A judge that has seen them."""
    uniform = np.full(3, 1 / 3)
    judge = Judge(
        WORDS,
        temperature=1.0,
        priors={"corpus": uniform, "uniform": uniform},
        judging=Judging(prior="uniform", metrics=("uar",), draws=200),
    )
    judge.score(CORPUS, samples, scores, part="test", status="held-out", **more)
    return judge


def by_metric(judge: Judge) -> dict[str, Score]:
    return {score.metric: score for score in reversed(judge.scores)}


def test_ages_are_told_apart_at_thirty_and_fifty() -> None:
    samples = clips()
    found = by_metric(judged(samples, logits(samples, wrong=("anna", "emil"))))
    assert [name for name in found if name.startswith("uar ")][::-1] == [
        "uar women", "uar men", "uar under 30", "uar 30 to 49", "uar 50 and over",
    ]  # fmt: skip
    young, middle, old = found["uar under 30"], found["uar 30 to 49"], found["uar 50 and over"]
    assert (young.value, young.speakers, young.clips) == (0.5, 2, 24), "anna (23) never, bert (29) always"
    assert (middle.value, middle.speakers, middle.clips) == (1.0, 2, 24), "carla (30), dora (49)"
    assert (old.value, old.speakers, old.clips) == (0.0, 1, 12), "emil (50); of fritz nobody knows"
    assert (young.low, young.high) == (0.0, 1.0), "whoever is drawn twice"
    assert young.chance == pytest.approx(1 / 3, abs=1e-4)


def test_one_person_alone_has_no_interval() -> None:
    samples = clips()
    old = by_metric(judged(samples, logits(samples)))["uar 50 and over"]
    assert (old.low, old.high) == (None, None)
    assert "one person" in old.note
    alone = judged(clips(("anna",)), logits(clips(("anna",))))
    assert all(score.low is None for score in alone.scores)


def test_a_corpus_of_one_age_says_nothing_by_age() -> None:
    samples = clips(("anna", "bert"))
    assert not [name for name in by_metric(judged(samples, logits(samples))) if "30" in name or "50" in name]


def test_who_is_not_known_is_drawn_by_the_clip() -> None:
    samples = [dataclasses.replace(sample, speaker=None) for sample in clips()]
    uar = by_metric(judged(samples, logits(clips(), wrong=("anna",))))["uar"]
    assert uar.speakers is None and uar.low is not None and 0.7 < uar.low < uar.value < uar.high < 0.95


def test_views_of_one_performance_are_drawn_together() -> None:
    """Four views of each performance, all right or all wrong: no more is known than from one of each."""
    alone = [dataclasses.replace(sample, speaker=None) for sample in clips(each=1)]
    takes = [dataclasses.replace(sample, take=str(sample.clip.name)) for sample in alone]
    right = 2 * np.eye(len(WORDS))[[WORDS.index(one.emotion) for one in alone]]
    right[::4] = right[::4, [1, 2, 0]]
    one, each, views = (
        by_metric(judged(rows, scores))["uar"]
        for rows, scores in ((alone, right), (takes, right), (takes * 4, np.tile(right, (4, 1))))
    )
    assert (each.low, each.high) == pytest.approx((one.low, one.high), abs=0.05), "draws of their own"
    assert (views.clips, views.low, views.high) == (4 * each.clips, each.low, each.high)
    assert "18 performances" in views.note and "performances" not in each.note


def test_calibration_has_an_interval_over_people() -> None:
    samples = clips()
    # Right about five of six people: 10 of 12 clips at a confidence of .787, so about 5 points apart.
    ece = by_metric(judged(samples, logits(samples, wrong=("anna",))))["ece"]
    sure = float(np.exp(2) / (np.exp(2) + 2))
    assert ece.value == pytest.approx(abs(5 / 6 - sure), abs=1e-4)
    assert ece.low is not None and ece.high is not None
    assert 0 <= ece.low < ece.value < ece.high, "without anna 21 points, with two of her 12 the other way"
    assert "smaller is better" in ece.note


def test_what_its_confidence_is_worth_goes_into_the_card(tmp_path: Path) -> None:
    samples = clips()
    scores = logits(samples)
    scores[:12] = logits(samples[:12], wrong=("anna",), strength=0.5)  # of anna it is unsure, and always wrong
    judge = judged(samples, scores)
    (told,) = judge.confidence
    assert (told.corpus, told.part, told.status, told.clips, told.speakers) == ("made", "test", "held-out", 72, 6)
    assert [one.clips for one in told.reliability if one.clips] == [12, 60]
    unsure, sure = (one for one in told.reliability if one.clips)
    assert (unsure.right, sure.right) == (0.0, 1.0)
    assert unsure.confidence == pytest.approx(np.exp(0.5) / (np.exp(0.5) + 2), abs=1e-4)
    assert told.coverage[0] == 0.05 and told.coverage[-1] == 1 and len(told.coverage) == 20
    assert told.error[15] == 0 and told.error[-1] == pytest.approx(1 / 6, abs=1e-4), "the unsure sixth is the wrong one"
    # The mean over the last twelve clips of 1/61, 2/62 … 12/72, and of 60 zeros.
    assert told.area == pytest.approx(sum(k / (60 + k) for k in range(1, 13)) / 72, abs=1e-4)

    card = Card("made", "voice", WORDS, scores=tuple(judge.scores), confidence=tuple(judge.confidence))
    (tmp_path / "made.json").write_text(card.to_json(), encoding="utf-8")
    assert Card.read(tmp_path / "made.json") == card
    assert len(card.to_json()) < 12_000


def test_cards_from_before_and_from_later_are_read(tmp_path: Path) -> None:
    samples = clips()
    judge = judged(samples, logits(samples))
    card = Card("made", "voice", WORDS, scores=tuple(judge.scores), confidence=tuple(judge.confidence))
    old = json.loads(card.to_json())
    del old["confidence"]
    for score in old["scores"]:
        del score["command"]
    (tmp_path / "old.json").write_text(json.dumps(old), encoding="utf-8")
    read = Card.read(tmp_path / "old.json")
    assert read.scores == card.scores and read.confidence == ()

    later = json.loads(card.to_json())
    for item in (later, later["scores"][0], later["confidence"][0]):
        item["something"] = 1
    (tmp_path / "later.json").write_text(json.dumps(later), encoding="utf-8")
    assert Card.read(tmp_path / "later.json") == card


def test_the_command_that_printed_a_number_stays_with_it() -> None:
    samples = clips()
    judge = judged(samples, logits(samples), command="visavox evaluate made")
    assert {score.command for score in judge.scores} == {"visavox evaluate made"}


def test_where_all_show_one_word_any_may_be_the_answer() -> None:
    samples = clips(words=("neutral",))
    found = by_metric(judged(samples, logits(samples, wrong=("anna", "bert", "carla"))))
    assert found["uar"].value == found["recall neutral"].value == 0.5
    assert found["uar"].chance == pytest.approx(1 / 3, abs=1e-4)
    assert "recall happy" not in found


def test_a_test_of_few_clips_has_a_whole_curve_too() -> None:
    p = np.array([[0.7, 0.3], [0.4, 0.6], [0.9, 0.1]])
    told = confidence(p, np.array([0, 0, 0]), corpus="made", part="all", status="out-of-sample", prior="corpus")
    assert told.error[:13] == (0.0,) * 13, "of three clips, the two surest are right up to two thirds"
    assert told.error[13:] == (0.3333,) * 7
    assert told.reliability[5:9] == (Bin(0, None, None), Bin(0, None, None), Bin(0, None, None), Bin(1, 0.6, 0.0))
    assert (told.clips, told.speakers, told.prior) == (3, None, "corpus")
