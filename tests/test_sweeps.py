"""The variants of a recipe: read from its table, trained each in its folder, told in a table and a chart."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from visavox import recipes
from visavox.cli import main
from visavox.errors import OptionError
from visavox.protocols import Interval
from visavox.recipes import rows, sweeps
from visavox.recipes.sweeps import Outcome, Variant

SWEEP = """
[[sweep]]
name = "rmsprop"
set = { "training.optimizer" = "rmsprop" }
reported = 0.72

[[sweep]]
name = "no norms, kernel 3"
set = { network = { norms = "none", kernel = 3 } }
"""


def test_a_variant_changes_what_it_names_and_nothing_else(tones: Path) -> None:
    text = tones.read_text() + SWEEP
    as_it_is, rmsprop, norms = sweeps.variants(text)
    assert (as_it_is.name, as_it_is.changes, as_it_is.reported) == ("as it is", {}, 0.9)
    assert (rmsprop.reported, norms.reported) == (0.72, None)
    assert norms.told == 'network.norms="none", network.kernel=3'
    base, first, second = (recipes.read(one.text) for one in (as_it_is, rmsprop, norms))
    assert base.sweep == ()
    assert (base.training.optimizer, first.training.optimizer) == ("adam", "rmsprop")
    assert second.network == {**base.network, "norms": "none", "kernel": 3}
    assert first.network == base.network and second.training == base.training


def test_what_is_asked_for_goes_before_what_a_variant_sets(tones: Path) -> None:
    text = tones.read_text() + SWEEP
    found = sweeps.variants(text, {"training.epochs": 1, "training.optimizer": "sgd"})
    assert {recipes.read(one.text).training.optimizer for one in found} == {"sgd"}
    assert {recipes.read(one.text).training.epochs for one in found} == {1}


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("", r"no \[\[sweep\]\]"),
        ('[[sweep]]\nname = "a"\n[[sweep]]\nname = "a"\n', "two variants are called 'a'"),
        ('[[sweep]]\nname = "a"\nset = { "training.speed" = 3 }\n', "variant 'a': .*speed"),
        ("[[sweep]]\nset = {}\n", "needs a value for 'name'"),
        ('[[sweep]]\nname = "a"\nset = 3\n', "Bad value for set or reported in sweep 'a'"),
        ('[[sweep]]\nname = "a"\nreported = "much"\n', "Bad value for set or reported in sweep 'a'"),
    ],
)
def test_a_sweep_that_is_none(table: str, told: str, tones: Path) -> None:
    with pytest.raises(OptionError, match=told):
        sweeps.variants(tones.read_text() + table)


def test_every_variant_of_every_row_is_a_recipe() -> None:
    for row in rows.rows():
        if "[[sweep]]" in row.text:
            found = sweeps.variants(row.text)
            assert len(found) > 1
            assert all(one.reported is None or 0 < one.reported < 1 for one in found), row.id


def test_the_table_has_empty_cells_where_there_is_nothing(tmp_path: Path) -> None:
    fine = Outcome(
        variant=Variant(name="one", text="", reported=0.5),
        scores={"accuracy": Interval(0.25, 0.125, 0.5), "uar": Interval(0.2, float("nan"), float("nan"))},
        clips=40,
        speakers=4,
    )
    failed = Outcome(variant=Variant(name="two", text=""), note="training came apart")
    with sweeps.write([fine, failed], tmp_path / "sweep.csv").open() as file:
        first, second = csv.DictReader(file)
    assert (first["reported"], first["accuracy"], first["accuracy_low"], first["uar_low"]) == (
        "0.5", "0.2500", "0.1250", "",
    )  # fmt: skip
    assert (second["accuracy"], second["clips"], second["note"]) == ("", "", "training came apart")


@pytest.mark.torch
def test_a_sweep_trains_each_variant_once_and_one_that_fails_stops_nobody(
    tones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    apart = '\n[[sweep]]\nname = "far too fast"\nset = { "training.learning_rate" = 1e30, "training.clip" = 1e30 }\n'
    tones.write_text(tones.read_text() + SWEEP.partition('[[sweep]]\nname = "no')[0] + apart)
    words = ["train", str(tones), "--sweep", "--quiet", "--folder", str(tmp_path / "run")]
    words += ["--data", f"tones={tones.parent / 'tones.csv'}"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "tones, its variants on 8 clips of 2 people" in out
    assert "far too fast: training came apart" in out and "reported, %" in out

    with (tmp_path / "run" / "sweep.csv").open() as file:
        found = {row["variant"]: row for row in csv.DictReader(file)}
    assert list(found) == ["as it is", "rmsprop", "far too fast"]
    assert found["rmsprop"]["reported"] == "0.72" and 0 <= float(found["rmsprop"]["accuracy"]) <= 1
    assert found["far too fast"]["accuracy"] == "" and "came apart" in found["far too fast"]["note"]
    chart = (tmp_path / "run" / "sweep.svg").read_text()
    ElementTree.fromstring(chart)
    assert "rmsprop, reported: 72.0 %" in chart and "not trained" in chart

    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").glob("*/tones.onnx")}
    assert len(made) == 2
    assert main(words) == 0
    assert {path: path.stat().st_mtime_ns for path in made} == made, "what is finished is not done again"
    assert main([*words, "--set", "words=['sad','angry']"]) == 1
    assert "begun with another recipe (words differ)" in capsys.readouterr().err
