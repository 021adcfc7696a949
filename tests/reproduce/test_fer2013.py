"""The table of FER2013's copies: who is judged on what, what the copies are worth, and what is not at hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets
from visavox.clip import Clip
from visavox.datasets import Sample
from visavox.emotions import WORDS
from visavox.errors import DataError
from visavox.reproduce import fer2013


def images(count: int) -> list[Sample]:
    return [Sample(clip=Clip(name=f"i{n}"), emotion=WORDS[n % 7], corpus="fer2013", part="test") for n in range(count)]


def test_what_copies_are_worth_is_seen_on_those_that_have_one() -> None:
    test = images(210)
    truth = np.arange(210) % 7
    has = np.arange(210) < 42
    parts = {"all": np.ones(210, dtype=bool), "test, without a copy in training": ~has, "test, with a copy": has}
    ours = np.where(np.arange(210) % 2 == 0, truth, (truth + 1) % 7)
    remembered = np.where(has, truth, ours)
    rows = {
        row.row: row
        for row in fer2013.table(test, parts, {"ours": (ours, "a"), "ours, copies learned from": (remembered, "b")})
    }
    assert len(rows) == 6
    assert rows["ours: all test images"].mean == 0.5 and rows["ours: all test images"].fitted_on == "a"
    assert "to ours" not in rows["ours: all test images"].note
    gained = {row: rows[f"ours, copies learned from: {row}"] for row in ("test, with a copy", *list(parts)[1:2])}
    assert gained["test, with a copy"].mean == 1.0 and "+50.0 to ours" in gained["test, with a copy"].note
    assert "+0.0 to ours (95 %: +0.0 to +0.0)" in gained["test, without a copy in training"].note
    assert gained["test, with a copy"].note.startswith("42 images")


def test_what_others_say_has_its_source() -> None:
    rows = list(fer2013.published())
    assert all(row.reported and row.note and math.isnan(row.mean) for row in rows)
    assert {row.row: row.reported for row in rows}["VGGNet: all test images"] == 0.7328


def test_one_in_five_test_images_has_a_copy_in_the_training_part(data: Path) -> None:
    test = [sample for sample in datasets.load("fer2013", data) if sample.part == "test"]
    parts = fer2013.parts_of(test, data)
    assert {part: int(inside.sum()) for part, inside in parts.items()} == {
        "all": 3589, "test, without a copy in training": 2904, "test, with a copy": 685,
    }  # fmt: skip


def test_without_the_list_of_copies_nothing_can_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "load", lambda name, data: images(21))
    with pytest.raises(DataError, match=r"no list of copies \(exclude.csv\)"):
        fer2013.parts_of(images(21), tmp_path)
