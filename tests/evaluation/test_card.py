"""A card part by part, and its page: whole, small, without anything from elsewhere."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest

from visavox import zoo
from visavox.evaluation import card_page, plots
from visavox.evaluation.card import Part, headline, metric, parts, protocol
from visavox.recipes.judging import confidence
from visavox.recognizer import Card, Corpus, Score


def trusted(corpus: str, part: str, status: str) -> object:
    rng = np.random.default_rng(1)
    p = rng.dirichlet((3, 1, 1), 300)
    return confidence(p, rng.integers(0, 2, 300), corpus=corpus, part=part, status=status, speakers=6)


CARD = Card(
    name="odd <model>",
    modality="voice",
    words=("neutral", "happy", "sad"),
    purpose="Trying & seeing.",
    not_for="Decisions about <people>.",
    licence="CC BY-NC-SA 4.0",
    sha256="0123abcd" * 8,
    corpora=(Corpus("ravdess", "CC BY-NC-SA 4.0", "without actors 05, 12", 1200, 22, "Livingstone & Russo, 2018"),),
    split="by speaker",
    protocol="The last epoch was kept.",
    scores=(
        Score("ravdess", "train", "uar", 0.97, status="in-sample", clips=900, speakers=18),
        Score("ravdess", "test", "uar", 0.6, 0.5, 0.7, "held-out", 300, 6, 0.3333, 0.8, "prior uniform"),
        Score("ravdess", "test", "ece", 0.05, 0.03, 0.09, "held-out", 300, 6),
        Score("ravdess", "test", "recall happy", 0.7, 0.6, 0.8, "held-out", 100, 6),
        Score("ravdess", "test", "recall sad", 0.2, 0.1, 0.3, "held-out", 100, 6),
        Score("ravdess", "test", "uar women", 0.65, None, None, "held-out", 100, 1, note="one person"),
        Score("ravdess", "test", "uar under 30", 0.55, 0.5, 0.6, "held-out", 200, 4),
        Score("tess", "all", "accuracy", 0.4, 0.3, 0.5, "out-of-sample", 2800, 2, 0.2, command="visavox evaluate <it>"),
        Score("tess", "all", "uar", 0.35, 0.25, 0.5, "out-of-sample", 2800, 2, 0.3333),
        Score(
            "tess", "all, tess-OAF", "uar", 0.3, None, None, "out-of-sample", 1400, 1, 0.3333, command="visavox judge x"
        ),
    ),
    confusion=((50, 30, 20), (20, 70, 10), (60, 20, 20)),
    confidence=(trusted("ravdess", "test", "held-out"), trusted("tess", "all", "out-of-sample")),
    input={"bands": 64, "members": {"face": "face", "voice": "voice"}},
    temperature=1.25,
    priors={"uniform": (0.3333, 0.3333, 0.3334), "life": (0.8, 0.15, 0.05)},
    recipe='name = "odd"  # <b>\n',
    made={"date": "2026-11-21", "command": "visavox train odd", "networks": [{"epochs": 4, "loss": 1.5}]},
)


def part_of(card: Card, title: str) -> Part:
    return next(part for part in parts(card) if part.title == title)


def test_the_headline_is_the_first_number_on_people_it_never_saw() -> None:
    best = headline(CARD)
    assert best is not None and (best.value, best.status) == (0.6, "held-out")
    assert protocol(best) == "ravdess test, 300 clips, 6 people, held-out"
    assert headline(dataclasses.replace(CARD, scores=CARD.scores[:1])) is None


def test_parts_come_in_the_card_s_order_and_training_last() -> None:
    assert [part.title for part in parts(CARD)] == ["ravdess test", "tess", "tess tess-OAF", "ravdess train"]
    assert [part.whole for part in parts(CARD)] == [True, True, False, True]
    test = part_of(CARD, "ravdess test")
    assert (test.main.value, test.people) == (0.6, "6 people, 300 clips")
    assert test.ece is not None and test.ece.value == 0.05
    assert [score.metric for score in test.groups] == ["uar women", "uar under 30"]
    assert test.weakest is not None and (test.weakest.metric, test.weakest.value) == ("recall sad", 0.2)
    assert test.confidence is CARD.confidence[0]
    assert part_of(CARD, "tess tess-OAF").people == "1 person, 1,400 clips"


def test_every_part_is_told_by_the_metric_that_stands_for_the_model() -> None:
    assert part_of(CARD, "tess").main.metric == "uar", "though accuracy comes first there"


def test_without_recalls_the_confusion_names_the_weakest_word() -> None:
    bare = dataclasses.replace(CARD, scores=(CARD.scores[1], CARD.scores[8]))
    weakest = part_of(bare, "ravdess test").weakest
    assert weakest is not None and (weakest.metric, weakest.value, weakest.clips) == ("recall sad", 0.2, 100)
    assert part_of(bare, "tess").weakest is None, "the matrix is not of this corpus"


def test_metrics_are_spelled_for_readers() -> None:
    assert [metric(name) for name in ("uar", "uar 30 to 49", "macro-f1", "ece", "recall sad")] == [
        "UAR", "UAR 30 to 49", "macro F1", "ECE", "recall sad",
    ]  # fmt: skip


def test_the_page_tells_all_and_asks_nothing_of_anybody(tmp_path: Path) -> None:
    path = card_page.write(CARD, tmp_path / "deep" / "card.html", terms="non-commercial", size=3_700_000)
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 100_000
    assert "default-src 'none'" in text and "<script" not in text
    assert not re.search(r'(src|href)="(?!#)', text) and "http" not in text.replace("http-equiv", "")
    for told in (
        "odd &lt;model&gt;", "Trying &amp; seeing.", "Decisions about &lt;people&gt;.", "CC BY-NC-SA 4.0", "3.7 MB",
        "non-commercial", "without actors 05, 12", "Livingstone &amp; Russo", "by speaker", "The last epoch was kept.",
        "50.0–70.0", "5.0 (3.0–9.0)", "sad 20", "women", "under 30", "out-of-sample", "one person",
        "<code>visavox evaluate &lt;it&gt;</code>", "Reliability.", "Risk and coverage.", "in-sample",
        "face face, voice voice", "Printed by <code>visavox judge x</code>", "epochs 4, loss 1.5", "0123abcd", "1.250",
        "# &lt;b&gt;",
    ):  # fmt: skip
        assert told in text, told
    assert text.count('aria-label="Reliability"') == text.count('aria-label="Risk and coverage"') == 2
    assert text.count("are not in this card") == 2, "of one person, and of training"
    assert not re.search(r"\b(nan|None)\b", text)


def test_what_it_never_met_is_marked_beside_what_it_has() -> None:
    text = card_page.text(CARD)
    for part, anchor in (("ravdess test", "#part-1"), ("tess", "#part-2")):
        assert f'<a href="{anchor}">{part}</a>' in text and f'id="{anchor[1:]}"' in text
    assert text.index('status held-out">') < text.index('status out-of-sample">') < text.index('status in-sample">')


def test_a_card_that_says_next_to_nothing_has_a_page() -> None:
    text = card_page.text(Card("bare", "fused", ()))
    assert "Not said." in text and "<svg" not in text


def test_its_plots_are_xml() -> None:
    told = CARD.confidence[0]
    drawn = [
        plots.risk_coverage(told.coverage, told.error),
        plots.whisker(0.5, 0.4, 0.6, 0.2, "UAR <of>"),
        plots.whisker(0.5, None, None, None, "alone"),
        plots.matrix(CARD.words, np.array([[1.0, 0, 0], [0, 0, 0], [0, 1, 1]])),
    ]
    for svg in drawn:
        xml.etree.ElementTree.fromstring(svg)
    assert drawn[0].count("<circle") == len(told.coverage)
    assert "% wrong" in drawn[0]
    assert len(re.findall(r">\d+</text>", drawn[3])) == 6, "a word that nobody showed has no shares"


def test_every_model_that_ships_has_a_page(models: tuple[str, ...]) -> None:
    for name in models:
        text = card_page.text(zoo.card(name), terms=zoo.terms(zoo.card(name)), size=zoo.size(name))
        assert f"<h1>{name} " in text and 'aria-label="Confusion matrix"' in text
        assert not re.search(r">\s*(nan|None)\b", text)


@pytest.mark.parametrize("name", ["face", "voice"])
def test_a_shipped_card_names_its_weakest_word(name: str, models: tuple[str, ...]) -> None:
    first = parts(zoo.card(name))[0]
    assert first.weakest is not None and first.weakest.metric.removeprefix("recall ") in zoo.card(name).words
