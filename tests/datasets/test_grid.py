"""Ten neutral talkers among other recordings."""

from pathlib import Path

import pytest

from visavox import datasets
from visavox.errors import DataError


def test_ten_people_read_a_neutral_sentence(data: Path) -> None:
    found = datasets.load("grid-samples", data)
    assert len(found) == 10 == len({one.speaker for one in found})
    assert {one.emotion for one in found} == {"neutral"}
    assert found[0].clip.name == "grid_bbaf2n" and found[0].speaker == "grid-bbaf2n"


def test_other_recordings_in_the_folder_are_not_theirs(tmp_path: Path) -> None:
    for name in ("grid_lwbsza.mpg", "speech.mp4"):
        (tmp_path / name).touch()
    assert [one.statement for one in datasets.load("grid-samples", f"grid-samples={tmp_path}")] == ["lwbsza"]
    (tmp_path / "grid_lwbsza.mpg").unlink()
    with pytest.raises(DataError, match=r"no recording of GRID's talkers in it \(grid_bbaf2n.mpg\)"):
        datasets.load("grid-samples", f"grid-samples={tmp_path}")
