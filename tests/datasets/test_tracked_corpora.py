"""Corpora of joints and points: BRED, and the landmarks that OpenFace or dlib found."""

import json
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets
from visavox.clip import Clip
from visavox.datasets import Sample
from visavox.datasets.landmarks import landmarks
from visavox.errors import DataError


def person(x: float, confidence: float) -> dict[str, list[float]]:
    """Somebody whose joints all lie at one place, as OpenPose writes it."""
    return {"pose_keypoints_2d": [x, 2.0, confidence] * 25}


@pytest.fixture
def bred(tmp_path: Path) -> Path:
    """Two clips of two children; in the first, nobody, then two people."""
    folder = tmp_path / "bred"
    folder.mkdir()
    (folder / "annotations.csv").write_text(
        "path,emotion,a1 body,a1 face,a2 body,a2 face,a3 body,a3 face\n"
        "BRED_dataset/data/child1/Happiness_1.avi,Happiness,yes,yes,no,yes,yes,yes\n"
        "BRED_dataset/data/child2/Fear_1.avi,Fear,no,yes,no,yes,no,no\n"
    )
    for name, pictures in (
        ("child1/Happiness_1", [[], [person(1, 0.5), person(3, 0.9)]]),
        ("child2/Fear_1", [[person(5, 1)]]),
    ):
        poses = folder / "data" / name / "openpose_output" / "json"
        poses.mkdir(parents=True)
        for number, people in enumerate(pictures):
            (poses / f"{number:012d}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": people}))
    (folder / "data/child1/Happiness_1/openface_output.csv").touch()
    return tmp_path


def test_bred(bred: Path) -> None:
    happy, fearful = datasets.load("bred", bred)
    assert (happy.emotion, happy.speaker, happy.modality) == ("happy", "bred-child1", "body")
    assert (fearful.emotion, fearful.table) == ("fearful", None)
    assert happy.table == bred / "bred/data/child1/Happiness_1/openface_output.csv"
    joints = happy.clip.joints
    assert joints is not None and joints.shape == (2, 25, 3)
    assert np.isnan(joints[0]).all(), "nobody is not somebody at 0, 0"
    assert joints[1, 0].tolist() == pytest.approx([3, 2, 0.9]), "the one whose joints are surest"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("BRED_dataset/data/child1/Happiness_1.avi,Wistful,,,,,,", "row 2: Bad value 'Wistful' for emotion"),
        ("BRED_dataset/data/child9/Fear_1.avi,Fear,,,,,,", r"row 2: .*openpose_output.json is not there"),
        ("Fear_1.avi,Fear", "row 2: expected a path of at least four parts and a word, got 'Fear_1.avi,Fear'"),
    ],
)
def test_a_row_of_bred_that_leads_nowhere_is_said(bred: Path, row: str, message: str) -> None:
    (bred / "bred/annotations.csv").write_text(f"path,emotion\n{row}\n")
    with pytest.raises(DataError, match=message):
        datasets.load("bred", bred)


def test_broken_joints_are_said(bred: Path) -> None:
    happy, _ = datasets.load("bred", bred)
    path = bred / "bred/data/child1/Happiness_1/openpose_output/json/000000000000_keypoints.json"
    path.write_text('{"people": [{"pose_keypoints_2d": [1, 2]}]}')
    with pytest.raises(DataError, match=r"000000000000_keypoints.json: person 1 has 2 numbers, expected 75"):
        _ = happy.clip.joints
    (bred / "bred/annotations.csv").unlink()
    with pytest.raises(DataError, match=r"no recording of BRED in it \(annotations.csv\)"):
        datasets.load("bred", bred)


HEADER = ["frame", " timestamp", " success", *(f" {axis}_{point}" for axis in "xy" for point in range(68))]
"""Columns as OpenFace writes them: all x, then all y, with spaces before the names."""


def openface(path: Path, rows: list[list[object]], header: list[str] = HEADER) -> Sample:
    path.write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]))
    return Sample(clip=Clip(name="a"), emotion="sad", corpus="mine", table=path)


def test_points_of_openface_are_read_by_name(tmp_path: Path) -> None:
    found = [1, 0.0, 1, *range(68), *range(100, 168)]
    lost = [2, 0.03, 0, *[0.0] * 136]
    points = landmarks(openface(tmp_path / "a.csv", [found, lost]))
    assert points.shape == (2, 68, 2)
    assert points[0, 5].tolist() == [5, 105]
    assert np.isnan(points[1]).all(), "where the face was lost"


def test_broken_points_are_said_with_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    whole = [1, 0.0, 1, *[1.0] * 136]
    with pytest.raises(DataError, match="no column y_67; expected a table of OpenFace"):
        landmarks(openface(path, [whole], HEADER[:-1]))
    with pytest.raises(DataError, match=r"a.csv, row 3: could not convert string to float: 'x'"):
        landmarks(openface(path, [whole, [2, 0.03, 1, "x", *[1.0] * 135]]))
    with pytest.raises(DataError, match="a point of picture 1 is no number"):
        landmarks(openface(path, [whole, [2, 0.03, 1, "nan", *[1.0] * 135]]))
    with pytest.raises(DataError, match="no picture in it"):
        landmarks(openface(path, []))
    sample = openface(path, [whole])
    path.unlink()
    with pytest.raises(DataError, match=r"a.csv: missing"):
        landmarks(sample)
    with pytest.raises(DataError, match="a: mine brings no table of points for it"):
        landmarks(Sample(clip=Clip(name="a"), emotion="sad", corpus="mine"))


def test_points_in_one_file_for_all_are_found_by_clip(tmp_path: Path) -> None:
    folder = tmp_path / "enterface_landmarks"
    folder.mkdir()
    arrays = {
        "subject1__anger__s1_an_1": np.full((2, 68, 2), 1, np.int16),
        "subject12__anger__s1_an_1": np.full((3, 68, 2), 12, np.int16),
        "subject2__fear__s2_fe_1": np.full((2, 60, 2), 2, np.int16),
    }
    np.savez(folder / "landmarks68.npz", **arrays)
    by_speaker = {sample.speaker: sample for sample in datasets.load("enterface-landmarks", tmp_path)}
    assert landmarks(by_speaker["enterface-01"]).shape == (2, 68, 2)
    assert landmarks(by_speaker["enterface-12"])[0, 0].tolist() == [12, 12]
    with pytest.raises(DataError, match=r"subject2__fear__s2_fe_1: points \[t, 68, 2\] expected, got \[2, 60, 2\]"):
        landmarks(by_speaker["enterface-02"])


@pytest.mark.data
def test_the_real_points_of_enterface(data: Path) -> None:
    found = datasets.load("enterface-landmarks", data)
    assert len(found) == 146
    assert len({s.speaker for s in found}) == 5
    assert len({s.take for s in found}) == 146
    points = [landmarks(sample) for sample in found]
    assert sum(map(len, points)) == 11231
    # In pictures, y points down: chins (8) lie below the bridges of noses (27).
    assert all((p[:, 8, 1] > p[:, 27, 1]).all() for p in points)


@pytest.mark.data
def test_joints_that_openpose_itself_wrote(data: Path) -> None:
    from visavox.datasets.bred import _joints

    joints = _joints(data / "body" / "openpose_raw")
    assert joints.shape == (18, 25, 3)
    assert np.isnan(joints).all(axis=(1, 2)).sum() == 1, "one picture of them shows nobody"
