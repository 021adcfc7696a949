"""The page and the tables: whole, small, without anything from elsewhere."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from visavox.evaluation import Evaluation, compare, page, plots, table

WORDS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "<b>odd</b>")


def made(people: int = 91, clips: int = 40, **changes: object) -> Evaluation:
    """An evaluation of a corpus as large as CREMA-D, some clips not judged."""
    rng = np.random.default_rng(1)
    number = people * clips
    truth = rng.integers(0, len(WORDS), number)
    scores = rng.dirichlet(np.ones(len(WORDS)), number) + 0.4 * np.eye(len(WORDS))[truth]
    scores /= scores.sum(axis=1, keepdims=True)
    scores[:5] = np.nan
    rows: dict[str, object] = {
        "system": "voice & face",
        "protocol": "crema-d-actor5",
        "baseline": "self",
        "status": "held-out",
        "words": WORDS,
        "names": tuple(f"clip-{row}" for row in range(number)),
        "folds": tuple(str(row // clips % 5) for row in range(number)),
        "speakers": tuple(f"crema-d-{1001 + row // clips}" for row in range(number)),
        "sexes": tuple("female" if row // clips % 2 else "male" for row in range(number)),
        "takes": (None,) * number,
        "truth": truth,
        "probabilities": scores,
        "reasons": tuple("silence" if row < 5 else "" for row in range(number)),
        "histories": {
            str(fold): [{"epoch": e + 1.0, "loss": 2.0 / (e + 1), "score": e / 40} for e in range(40)]
            for fold in range(5)
        },
        "features": rng.normal(size=(number, 4)) + truth[:, None],
        "people": 0.41,
        "people_note": "the crowd's majority",
        "notes": ("a remark",),
        "made": {"date": "2026-11-21"},
    }
    return Evaluation(**{**rows, **changes})


def test_the_page_is_small_and_asks_nothing_of_anybody(tmp_path: Path) -> None:
    result = made()
    better = dataclasses.replace(result, probabilities=np.roll(result.probabilities, 1, axis=0), system="other")
    path = page.write(result, tmp_path / "deep" / "page.html", comparison=compare(result, better))
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 300_000
    assert "default-src 'none'" in text and "<script" not in text
    assert not re.search(r'(src|href)="', text) and "http" not in text.replace("http-equiv", "")
    assert text.count("<svg") == 6, "confusion, speakers, reliability, loss, score, features"
    for told in ("voice &amp; face", "crema-d-actor5, self", "baseline: self", "5 of 3640 could not be judged"):
        assert told in text
    assert "<b>odd" not in text and "a remark" in text and "points more accuracy" in text


def test_every_plot_is_xml() -> None:
    result = made()
    assert result.features is not None
    drawn = [
        plots.confusion(result),
        plots.reliability(result.reliability()),
        plots.speakers(result.per_speaker(), 0.2, 0.5),
        plots.curves({"loss": [1.0], "other": [1.0]}, "one epoch"),
        plots.curves(result.curves(), "two lines"),
        plots.scatter(result.features, result.truth, result.words),
    ]
    for svg in drawn:
        xml.etree.ElementTree.fromstring(svg)
    assert drawn[0].count("<title>") == len(WORDS) * (len(WORDS) + 1)
    assert "not judged" in drawn[0]


def test_a_page_without_people_histories_and_features() -> None:
    result = made(2, 30, speakers=(None,) * 60, sexes=(None,) * 60, histories={}, features=None)
    text = page.text(result)
    assert text.count("<svg") == 2 and "people not known" in text


def test_features_that_are_not_there_are_left_out() -> None:
    assert plots.scatter(np.full((3, 2), np.nan), np.zeros(3, dtype=int), WORDS) == ""
    assert "<path" in plots.scatter(np.zeros((3, 2)), np.zeros(3, dtype=int), WORDS)


@pytest.mark.parametrize("people", [3, 91])
def test_the_tables_tell_what_a_reader_needs(people: int) -> None:
    out = StringIO()
    terminal = Console(file=out, width=140, highlight=False, markup=False)
    result = made(people)
    table.show(result, terminal)
    told = out.getvalue()
    assert f"voice & face: crema-d-actor5, self (held-out; {40 * people} clips, {people} people)" in told
    for part in ("accuracy (WAR)", "mean of folds", "chance", "women", "not judged", "ECE", "a remark", "41.0"):
        assert part in told
    assert ("worst and best speakers" in told) == (people > 6)
    table.show_comparison(compare(result, result), terminal)
    assert "Both say the same word of 100.0 % of the" in out.getvalue()
