import numpy as np
import pytest

from visavox import reproduce
from visavox.errors import OptionError
from visavox.reproduce import Row, choice, row_of
from visavox.reproduce.ravdess import nested
from visavox.reproduce.writing import cells, markdown, put


def test_a_row_is_the_mean_over_folds_and_its_interval_draws_people() -> None:
    truth = [0, 0, 1, 1, 0, 1]
    judged = [0, 1, 1, 1, 0, 0]
    made = row_of(truth, judged, [1, 1, 1, 1, 2, 2], ["a", "a", "b", "b", "c", "c"], words=2, table="t", row="r")
    assert made.each == (0.75, 0.5)
    assert made.mean == pytest.approx(0.625)
    assert made.folds == 2
    low, high = made.interval or (0.0, 0.0)
    assert 0.5 <= low <= 4 / 6 <= high <= 1.0


def test_who_cannot_be_judged_counts_as_wrong() -> None:
    probabilities = np.array([[0.9, 0.1], [np.nan, np.nan]])
    assert choice(probabilities).tolist() == [0, -1]
    made = row_of([0, 0], choice(probabilities), [1, 1], ["a", "b"], words=2, table="t", row="r")
    assert made.mean == 0.5


def test_a_row_as_json_has_null_where_there_is_no_number() -> None:
    made = Row(table="t", row="absent", folds=0, mean=float("nan"), note="the corpus is not here")
    assert made.to_dict()["mean"] is None
    assert {"table", "row", "baseline", "fitted_on", "folds", "mean", "interval", "reported"} <= set(made.to_dict())


def test_nested_scores_come_from_judges_who_met_neither_fold() -> None:
    fold = np.array([1, 1, 2, 2, 3, 3])
    met: list[tuple[set[int], set[int]]] = []

    def judge(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        met.append((set(fold[train]), set(fold[test])))
        # What it says is which folds it learned from, as a number of two digits.
        code = sum(10**k for k in set(fold[train].tolist()))
        return np.full((int(test.sum()), 1), float(code))

    scores = nested(fold, judge, words=1)
    assert all(not learned & judged for learned, judged in met)
    # Fold 1 is judged by who learned from 2 and 3; for its fuser, fold 2 by who learned from 3 alone.
    assert scores[1][:, 0].tolist() == [1100, 1100, 1000, 1000, 100, 100]
    assert scores[3][:, 0].tolist() == [100, 100, 10, 10, 110, 110]


def test_every_table_has_a_title_and_an_unknown_one_is_told_the_names() -> None:
    for name in reproduce.TABLES:
        assert reproduce.table(name).TITLE
    with pytest.raises(OptionError, match="luna2022"):
        reproduce.table("luna")


def test_a_section_is_replaced_in_its_place(tmp_path) -> None:
    made = Row(
        table="1. a table", row="ours", folds=5, mean=0.867, interval=(0.833, 0.899), reported=0.8670, chance=0.125
    )
    assert cells(made) == ("ours", "none", "", "5", "86.70", "83.3 to 89.9", "86.70", "12.5", "")
    path = tmp_path / "results.md"
    put(path, "first", markdown("first", "The first", [made], seconds=2))
    put(path, "second", markdown("second", "The second", [made], seconds=3))
    put(path, "first", markdown("first", "The first, again", [made], seconds=4))
    text = path.read_text()
    assert text.startswith("# Results\n")
    assert text.index("The first, again") < text.index("The second")
    assert "The first\n" not in text
    assert "| ours | none |  | 5 | 86.70 | 83.3 to 89.9 | 86.70 | 12.5 |  |" in text
