"""The published table is made again, whole, by the rows that the command prints."""

from pathlib import Path

import pytest

from visavox.errors import DataError
from visavox.reproduce import HELD_OUT, PUBLISHED, Row, luna2022

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def rows(data: Path) -> list[Row]:
    return luna2022.rows(data)


def found(rows: list[Row], row: str, fitted_on: str, baseline: str = "none") -> Row:
    (one,) = [each for each in rows if (each.row, each.fitted_on, each.baseline) == (row, fitted_on, baseline)]
    return one


@pytest.mark.data
@pytest.mark.slow
def test_the_published_fusion_comes_out_exactly(rows: list[Row]) -> None:
    late = found(rows, luna2022.LATE_LR, PUBLISHED)
    assert [round(100 * value, 2) for value in late.each] == [88.67, 88.67, 84.67, 85.67, 85.83]
    assert round(100 * late.mean, 2) == 86.70
    for source, reported in (("voice", 81.82), ("bi-LSTM", 62.13), ("MLP", 60.22)):
        assert round(100 * found(rows, source, "training speakers").mean, 2) == reported


@pytest.mark.data
@pytest.mark.slow
def test_our_facial_units_lift_it_and_a_persons_own_usual_more(rows: list[Row]) -> None:
    with_units = found(rows, "log-linear, with units (ours)", HELD_OUT)
    assert with_units.mean >= 0.880
    chosen = found(rows, "chosen rule, with units (ours)", HELD_OUT, "self")
    assert chosen.mean >= 0.915
    difference = found(rows, f"chosen rule (self) minus {luna2022.LATE_LR}", HELD_OUT, "self")
    assert difference.interval is not None
    assert difference.interval[0] > 0


@pytest.mark.data
@pytest.mark.slow
def test_bel_and_mobel_stay_near_logistic_regression(rows: list[Row]) -> None:
    for fitted_on, baseline, ending in (
        (PUBLISHED, "none", ""),
        (HELD_OUT, "none", ""),
        (HELD_OUT, "self", ", with units (ours)"),
    ):
        line = found(rows, f"logistic-regression{ending}", fitted_on, baseline).mean
        for rule in ("bel", "mobel"):
            assert found(rows, f"{rule}{ending}", fitted_on, baseline).mean >= line - 0.015, (rule, fitted_on)


@pytest.mark.data
@pytest.mark.slow
def test_every_rule_is_there_in_every_table(rows: list[Row]) -> None:
    rules = [name for name, _, _ in luna2022.every_rule()]
    assert len(rules) >= 17
    for name in rules:
        assert any(row.row == name for row in rows)
        assert any(row.row == f"{name}, with units (ours)" and row.baseline == "self" for row in rows)


def test_without_ravdess_it_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ravdess"):
        luna2022.rows(str(tmp_path))
    (tmp_path / "ravdess").mkdir()
    with pytest.raises(DataError, match=r"au\.csv\.gz"):
        luna2022.rows(str(tmp_path))
