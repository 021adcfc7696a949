"""Pictures of a training and of a sweep: whole SVG files that show what is in the numbers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from visavox.evaluation.curves import Bar, bars, of_history, picture, write

HISTORY = """epoch,loss,score,accuracy,validation_loss,seconds
1,1.5,0.2,0.25,1.6,3
2,1.0,0.6,0.5,1.2,3
3,0.5,0.4,0.5,1.4,3
"""


def texts(picture: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(picture).iter() if node.tag.endswith("text")]


def test_a_history_is_read_without_its_clock(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(HISTORY)
    columns = of_history(tmp_path / "history.csv")
    assert list(columns) == ["loss", "score", "accuracy", "validation_loss"]
    assert columns["score"] == [0.2, 0.6, 0.4]
    assert of_history(tmp_path / "nothing.csv") == {}


def test_loss_and_scores_are_drawn_on_training_and_validation_with_the_epoch_that_was_kept(tmp_path: Path) -> None:
    (tmp_path / "network-2").mkdir()
    for folder in (tmp_path, tmp_path / "network-2"):
        (folder / "history.csv").write_text(HISTORY)
    first, second = write(tmp_path, "trial")
    assert (first, second) == (tmp_path / "curves.svg", tmp_path / "network-2" / "curves.svg")
    drawn = first.read_text()
    told = texts(drawn)
    assert {"trial", "loss", "training 0.5", "validation 1.4", "UAR, validation 0.4"} <= set(told)
    assert drawn.count("epoch 2, kept") == 2, "in both plots"
    assert len(re.findall(r'class="line line-\d"', drawn)) == 4
    assert "trial, network-2" in second.read_text()
    assert "var(" not in drawn and drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg"'), "needs no page"


def test_the_last_epoch_is_marked_where_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss,score,seconds\n1,2,nan,1\n2,1,nan,1\n")
    (path,) = write(tmp_path, "trial", keep="last")
    drawn = path.read_text()
    assert "epoch 2, kept" in drawn and "UAR" not in drawn, "without validation there are no scores"


def test_names_are_text_and_not_markup() -> None:
    told = texts(picture({"loss": [1.0, 0.5]}, 'kernel < 4 & "same"'))
    assert 'kernel < 4 & "same"' in told


def test_bars_are_as_long_as_their_numbers() -> None:
    rows = [Bar("one", 0.25, 0.125, 0.5, 0.75), Bar("two", 0.5), Bar("three", reported=0.5)]
    root = ElementTree.fromstring(bars(rows, "trial", chance=0.1))
    drawn = [node for node in root.iter() if node.tag.endswith("rect")]
    ours, theirs = (
        [float(node.get("width", "")) for node in drawn if node.get("class") == kind] for kind in ("bar", "reported")
    )
    assert ours == pytest.approx([105, 210]) and theirs == pytest.approx([315, 210]), "of 420 pixels"
    told = texts(bars(rows, "trial"))
    assert {"25.0", "50.0", "not trained"} <= set(told)
