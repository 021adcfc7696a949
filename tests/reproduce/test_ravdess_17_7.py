"""What leaking speakers is worth: the same systems with speakers apart and with clips split at random."""

from pathlib import Path

import numpy as np
import pytest

from visavox.reproduce import NESTED, NOTHING, Row, ravdess_17_7
from visavox.reproduce.ravdess import takes

pytest.importorskip("sklearn")


def test_inner_folds_at_random_judge_each_clip_once() -> None:
    train = np.arange(10, 33)
    folds = ravdess_17_7._at_random(train)
    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == train.tolist()
    assert all(not set(fold.test) & set(fold.train) for fold in folds)


@pytest.fixture(scope="module")
def rows(data: Path, weights: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    return ravdess_17_7.rows(data, tmp_path_factory.mktemp("tables"), lambda text: None)


@pytest.mark.data
@pytest.mark.slow
def test_leaking_speakers_is_worth_several_points(rows: list[Row]) -> None:
    def of(row: str, table: str, baseline: str = "none") -> Row:
        (one,) = [r for r in rows if (r.row, r.table, r.baseline) == (row, ravdess_17_7.TABLE.format(table), baseline)]
        return one

    apart, random = of("log-linear", "ravdess-17-7"), of("log-linear", "ravdess-random")
    assert random.mean > apart.mean + 0.05
    assert of("log-linear", "ravdess-17-7", "self").mean > apart.mean + 0.03
    assert apart.fitted_on == NESTED and of("product", "ravdess-17-7").fitted_on == NOTHING
    assert "both sides" in random.note and not apart.note
    assert of("feature: concatenation, mobel", "ravdess-17-7").reported == 0.817


@pytest.mark.data
def test_the_takes_of_a_fold_are_its_actors(data: Path) -> None:
    those = takes(data)
    assert len(those.names) == 1440
    assert set(those.actors[those.fold == 1].tolist()) == {2, 5, 14, 15, 16}
    assert those.emotions.count("neutral") == 96 and those.emotions.count("calm") == 192
