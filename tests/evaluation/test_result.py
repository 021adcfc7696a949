"""Every score of an evaluation: a case worked by hand, scikit-learn, and two systems compared."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from visavox.errors import DataError, OptionError
from visavox.evaluation import Evaluation, compare

WORDS = ("happy", "sad", "angry")


def judged(choices: list[int], **changes: object) -> Evaluation:
    """Nine clips of three people in two folds: each shows each word once; -1 is a clip that could not be judged."""
    sure = {choice: [0.8 if word == choice else 0.1 for word in range(3)] for choice in range(3)}
    rows: dict[str, object] = {
        "system": "made",
        "protocol": "ravdess-luna5",
        "baseline": "none",
        "status": "held-out",
        "words": WORDS,
        "names": tuple(f"clip-{row}" for row in range(9)),
        "folds": ("1",) * 3 + ("2",) * 6,
        "speakers": ("ann",) * 3 + ("bob",) * 3 + ("cy",) * 3,
        "sexes": ("female",) * 3 + ("male",) * 6,
        "takes": tuple(f"take-{row}" for row in range(9)),
        "truth": np.array([0, 1, 2] * 3),
        "probabilities": np.array([[np.nan] * 3 if choice < 0 else sure[choice] for choice in choices]),
        "reasons": tuple("no_face" if choice < 0 else "" for choice in choices),
    }
    return Evaluation(**{**rows, **changes})


HALF = [0, 1, 2, 0, 1, 0, 0, -1, 1]
"""Ann is judged right always, Bob twice, Cy once; one of Cy's could not be judged."""


def test_scores_worked_by_hand() -> None:
    result = judged(HALF)
    assert result.score().value == pytest.approx(6 / 9)
    assert result.mean().value == pytest.approx((1 + 3 / 6) / 2)
    assert [group.accuracy for group in result.per_speaker()] == pytest.approx([1 / 3, 2 / 3, 1])
    assert [group.name for group in result.per_speaker()] == ["cy", "bob", "ann"]
    assert [(group.name, group.clips, group.accuracy) for group in result.by_sex()] == [
        ("women", 3, 1.0),
        ("men", 6, pytest.approx(0.5)),
    ]
    assert result.confusion.astype(int).tolist() == [[3, 0, 0, 0], [0, 2, 0, 1], [1, 1, 1, 0]]
    assert result.chance() == {"accuracy": pytest.approx(1 / 3), "uar": pytest.approx(1 / 3)}
    words = {row["word"]: row for row in result.per_word()}
    assert words["happy"]["precision"] == 0.75 and words["happy"]["recall"] == 1.0
    assert words["sad"]["clips"] == 3 and words["sad"]["judged"] == 3
    assert result.unjudged == {"no_face": 1}
    # Eight clips were judged, each with 0.8, six of them right.
    assert result.ece() == pytest.approx(0.05)
    (bin_,) = [row for row in result.reliability() if row["clips"]]
    assert (bin_["low"], bin_["clips"], bin_["accuracy"], bin_["confidence"]) == (0.7, 8, 0.75, 0.8)


def test_scores_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    result = judged([0, 1, 2, 0, 1, 0, 0, 2, 1])
    report = metrics.classification_report(result.truth, result.judged, output_dict=True, zero_division=0)
    assert result.score("macro-f1").value == pytest.approx(report["macro avg"]["f1-score"])
    assert result.score("weighted-precision").value == pytest.approx(report["weighted avg"]["precision"])
    assert result.score("uar").value == pytest.approx(report["macro avg"]["recall"])
    for index, row in enumerate(result.per_word()):
        assert row["precision"] == pytest.approx(report[str(index)]["precision"], abs=1e-4)
        assert row["f1"] == pytest.approx(report[str(index)]["f1-score"], abs=1e-4)


def test_where_nobody_is_known_clips_are_drawn() -> None:
    result = judged(HALF, speakers=(None,) * 9, sexes=(None,) * 9)
    assert result.people_count is None and result.per_speaker() == () and result.by_sex() == ()
    assert result.score().low < result.score().value < result.score().high


def test_json_has_the_documented_keys() -> None:
    content = json.loads(judged(HALF, histories={"1": [{"epoch": 1.0, "loss": 2.0}]}).to_json())
    manual = (Path(__file__).resolve().parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    for key in content:
        assert f"`{key}`" in manual, f"{key} is not in docs/evaluation.md"
    assert content["scores"]["accuracy"]["value"] == pytest.approx(0.6667)
    assert set(content["scores"]["accuracy"]) == {"value", "low", "high", "folds"}
    assert content["curves"] == {"loss": [2.0]}
    assert content["unjudged"] == {"no_face": 1}


def test_curves_are_means_over_folds_of_what_all_have() -> None:
    histories = {
        "1": [{"epoch": 1.0, "loss": 2.0, "score": np.nan, "seconds": 3.0}, {"epoch": 2.0, "loss": 1.0, "score": 0.5}],
        "2": [{"epoch": 1.0, "loss": 4.0, "score": 0.1}, {"epoch": 2.0, "loss": 2.0, "score": 0.7}],
    }
    assert judged(HALF, histories=histories).curves() == {"loss": [3.0, 1.5]}


def test_rows_are_written_for_whoever_wants_to_count_anew(tmp_path: Path) -> None:
    path = judged(HALF).write_rows(tmp_path / "deep" / "rows.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    assert rows[0] == {
        **{"fold": "1", "name": "clip-0", "speaker": "ann", "emotion": "happy", "reason": ""},
        **{"p_happy": "0.80000", "p_sad": "0.10000", "p_angry": "0.10000"},
    }
    assert rows[7]["reason"] == "no_face" and rows[7]["p_happy"] == ""


def test_two_systems_on_the_same_rows() -> None:
    better, worse = judged([0, 1, 2] * 3, system="better"), judged(HALF, system="worse")
    compared = compare(better, worse)
    assert compared.differences["accuracy"].value == pytest.approx(3 / 9)
    assert compared.agree == pytest.approx(6 / 9)
    assert compared.sentence().startswith("better has 33.3 points more accuracy than worse (0.0 to 66.7")
    assert compared.sentence().endswith("it may be chance.")
    back = compare(worse, better)
    assert back.differences["accuracy"].value == pytest.approx(-3 / 9)
    assert back.sentence() == compared.sentence()
    assert json.loads(compared.to_json())["differences"]["uar"]["value"] == pytest.approx(0.3333)


def test_rows_are_matched_by_name_and_other_copies_by_take() -> None:
    first = judged(HALF, system="voice")
    order = [3, 4, 5, 0, 1, 2, 6, 7, 8]
    fields = ("names", "folds", "speakers", "sexes", "takes", "reasons")
    moved = {field: tuple(getattr(first, field)[row] for row in order) for field in fields}
    second = dataclasses.replace(first, **moved, truth=first.truth[order], probabilities=first.probabilities[order])
    assert compare(first, second).agree == 8 / 9 + 1 / 9
    seen = dataclasses.replace(second, system="face", names=tuple(f"01-{name}" for name in second.names))
    assert compare(first, seen).agree == 1.0
    other = dataclasses.replace(seen, takes=(*seen.takes[:-1], "take-99"))
    with pytest.raises(DataError, match=r"voice \(9 rows\) and face \(9 rows\) were not judged on the same rows"):
        compare(first, other)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(OptionError, match="one was judged under ravdess-luna5, the other under ravdess-loso"):
        compare(judged(HALF), judged(HALF, protocol="ravdess-loso"))
    with pytest.raises(OptionError, match="one was judged on happy, sad, angry"):
        compare(judged(HALF), judged(HALF, words=("happy", "sad", "calm")))
    baselines = compare(judged(HALF, baseline="self"), judged(HALF))
    assert (baselines.first, baselines.second) == ("made (self)", "made (none)")
    assert baselines.protocol == "ravdess-luna5, self against none"


def test_columns_that_do_not_belong_together() -> None:
    with pytest.raises(DataError, match="9 rows but 1 takes"):
        judged(HALF, takes=("one",))
    with pytest.raises(DataError, match="no row was judged"):
        judged(HALF, truth=np.zeros(0, dtype=int))
