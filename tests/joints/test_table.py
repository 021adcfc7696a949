"""Tables of joints: columns by name in any order and spelling, what is absent, and what is said of bad cells."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from visavox.errors import InputError
from visavox.joints import read_joints
from visavox.joints.body25 import BODY_25, ORDERS, place

Write = Callable[..., Path]


@pytest.fixture
def table(tmp_path: Path) -> Write:
    """Writes rows below headings."""

    def write(headings: list[str], *rows: list[object], name: str = "walk.csv", separator: str = ",") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(separator.join(map(str, row)) for row in (headings, *rows)) + "\n", encoding="utf-8")
        return path

    return write


SPELLINGS: dict[str, Callable[[str, str], str]] = {
    "Nose_x": lambda joint, axis: f"{joint}_{axis}",
    "nose.x": lambda joint, axis: f"{joint.lower()}.{axis}",
    "x_Nose": lambda joint, axis: f"{axis}_{joint}",
    "NoseX": lambda joint, axis: joint + axis.upper(),
    "left_shoulder_x": lambda joint, axis: f"{sided(joint)}_{axis}",
    "pose_LEFT_SHOULDER_x": lambda joint, axis: f"pose_{sided(joint).upper()}_{axis}",
    "shoulder left x": lambda joint, axis: f"{' '.join(reversed(sided(joint).split('_', 1)))} {axis}",
}


def sided(joint: str) -> str:
    """ "LBigToe" as "left_big_toe"."""
    side = {"L": "left_", "R": "right_"}.get(joint[0], "")
    if joint in ("Nose", "Neck", "MidHip"):
        return joint.lower()
    return side + "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in joint[1:]).lstrip("_")


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_columns_are_found_by_name_in_any_order(table: Write, standing, spell: Callable[[str, str], str]) -> None:
    body = standing()
    columns = [
        (spell(joint, axis), body[number, at]) for number, joint in enumerate(BODY_25) for at, axis in enumerate("xyc")
    ]
    order = np.random.default_rng(4).permutation(len(columns))
    headings, cells = (["time"], [0.5])
    for column in order:
        headings.append(columns[column][0])
        cells.append(columns[column][1])
    (clip,) = read_joints(table(headings, cells))
    np.testing.assert_allclose(clip.joints[0], body, rtol=1e-6)
    assert clip.times.tolist() == [0.5] and clip.name == "walk"


@pytest.mark.parametrize("count", [25, 18, 17, 33])
@pytest.mark.parametrize("first", [0, 1])
def test_numbered_joints_are_known_by_their_number(table: Write, standing, count: int, first: int) -> None:
    body = standing()
    headings: list[str] = []
    cells: list[object] = []
    for number, where in enumerate(ORDERS[count]):
        headings += [f"{axis}{number + first}" for axis in "xyc"]
        cells += list(body[where]) if where is not None else [1, 1, 0.3]
    (clip,) = read_joints(table(headings, cells))
    known = [where for where in ORDERS[count] if where is not None]
    np.testing.assert_allclose(clip.joints[0, known], body[known], rtol=1e-6)
    np.testing.assert_allclose(clip.joints[0, [1, 8]], body[[1, 8]], rtol=1e-6, err_msg="neck and middle of the hips")


MEDIAPIPE = [
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb",
    "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel",
    "right_heel", "left_foot_index", "right_foot_index",
]  # fmt: skip
"""Its 33 points, in its order."""


def test_mediapipes_names_and_numbers_say_the_same(table: Write) -> None:
    cells = np.arange(33 * 4, dtype=float).reshape(33, 4)
    named = [f"{name}_{axis}" for name in MEDIAPIPE for axis in ("x", "y", "z", "visibility")]
    numbered = [f"{axis}{number}" for number in range(33) for axis in ("x", "y", "z", "v")]
    (first,) = read_joints(table(named, list(cells.ravel()), name="named.csv"))
    (second,) = read_joints(table(numbered, list(cells.ravel()), name="numbered.csv"))
    np.testing.assert_array_equal(first.joints, second.joints)
    np.testing.assert_array_equal(first.joints[0, 16], cells[2, [0, 1, 3]], err_msg="the left eye")
    np.testing.assert_array_equal(first.joints[0, 1, :2], (cells[11, :2] + cells[12, :2]) / 2, err_msg="the neck")
    assert ORDERS[33] == tuple(place(name) for name in MEDIAPIPE)
    assert first.joints[0, [20, 23], 2].tolist() == [0, 0], "it knows no small toes"


TRUNK = ["Neck_x", "Neck_y", "RShoulder_x", "RShoulder_y", "LShoulder_x", "LShoulder_y", "MidHip_x", "MidHip_y"]


def test_what_is_absent_is_absent(table: Write) -> None:
    """No column, an empty cell, a NaN, no confidence in it, or the corner where there is no confidence."""
    path = table(
        ["frame", *TRUNK, "RWrist_x", "RWrist_y", "RWrist_score"],
        [3, 100, 50, 80, 50, "", "", 100, 130, 60, 90, 0.4],
        [4, 100, 50, "nan", 50, 0, 0, 100, 130, 60, 90, 0],
        [6, 100, 50, 80, 50, 120, 50, 100, 130, "NaN", "", "NaN"],
    )
    (clip,) = read_joints(path, rate=10)
    np.testing.assert_allclose(clip.times, [0.3, 0.4, 0.6])
    np.testing.assert_allclose(clip.joints[:, 4, 2], [0.4, 0, 0])
    np.testing.assert_allclose(clip.joints[:, 5, 2], [0, 0, 1])
    np.testing.assert_allclose(clip.joints[:, 2, 2], [1, 0, 1])
    assert (clip.joints[:, [0, 3, 9, 24], 2] == 0).all() and np.isnan(clip.joints[:, [0, 3, 9, 24], :2]).all()
    assert read_joints(path)[0].times is None, "numbers of pictures are no times"


def test_people_are_told_apart_by_their_column(table: Write) -> None:
    rows = [
        [time, who, x, 50, x - 20, 50, x + 20, 50, x, 130]
        for time in (0, 40)
        for who, x in (("anna", 300), ("ben", 700))
    ]
    anna, ben = read_joints(table(["time_ms", "person", *TRUNK], *rows))
    assert (anna.name, anna.person, ben.person) == ("walk-anna", "anna", "ben")
    np.testing.assert_allclose(ben.times, [0, 0.04])
    assert ben.joints[:, 1, 0].tolist() == [700, 700]
    (first, second) = read_joints(table(["frame", "track_id", *TRUNK], [0, 4, *rows[0][2:]], [0, 9, *rows[1][2:]]))
    assert (first.name, first.person, second.name) == ("walk-person-4", None, "walk-person-9")
    untimed = table(["person", *TRUNK], *(row[1:] for row in rows))
    assert [clip.times for clip in read_joints(untimed)] == [None, None]
    with pytest.raises(InputError, match="no column says which picture a row is of; add one with the heading 'frame'"):
        read_joints(untimed, rate=25)


def test_deeplabcuts_three_lines_of_headings(tmp_path: Path) -> None:
    path = tmp_path / "mouse.csv"
    parts = ["nose", "leftwrist", "rightwrist", "neck"]
    path.write_text(
        f"scorer{',net' * 12}\nbodyparts,{','.join(f'{part},{part},{part}' for part in parts)}\n"
        f"coords{',x,y,likelihood' * 4}\n0,{','.join(f'{at}0,{at}5,0.{at}' for at in range(1, 5))}\n"
    )
    (clip,) = read_joints(path, rate=30)
    np.testing.assert_allclose(
        clip.joints[0, [0, 7, 4, 1]], [[10, 15, 0.1], [20, 25, 0.2], [30, 35, 0.3], [40, 45, 0.4]]
    )
    assert clip.times.tolist() == [0]


def test_other_separators_one_row_and_nobody(table: Write) -> None:
    for separator in ";\t":
        (clip,) = read_joints(table(TRUNK, [10] * 8, separator=separator), rate=25)
        assert clip.joints.shape == (1, 25, 3) and clip.times.tolist() == [0]
    (nobody,) = read_joints(table(TRUNK, [0] * 8, [""] * 8))
    assert nobody.joints.shape == (2, 25, 3) and (nobody.joints[..., 2] == 0).all()


@pytest.mark.parametrize(
    ("headings", "row", "message"),
    [
        (TRUNK, [1] * 7, r"walk.csv, row 2: 7 cells under 8 headings; write the table again"),
        (TRUNK, [10] * 7 + ["x"], r"walk.csv, row 2: MidHip_y is 'x', expected a number with a decimal point"),
        (TRUNK, [0.5] * 8, "parts of the picture, not pixels; multiply x by its width and y by its height"),
        ([*TRUNK[:-1], "other"], [10] * 8, "'MidHip_x' has no other coordinate; every joint needs x and y"),
        ([*TRUNK, "neck.x"], [10] * 9, "columns 'Neck_x' and 'neck.x' are of the same joint; take one of them out"),
        (["a", "b"], [1, 2], "no columns of joints among a, b; expected Nose_x, Nose_y"),
        (["time", *TRUNK], ["", *[10] * 8], "walk.csv, row 2: its time is missing; fill it in"),
        ([f"{axis}_{number}" for axis in "xy" for number in range(19)], [10] * 38, "19 joints are numbered 0 to 18"),
        ([f"{axis}{number}" for axis in "xy" for number in range(2, 27)], [10] * 50, "25 joints are numbered 2 to 26"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(table: Write, headings: list[str], row: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_joints(table(headings, row))


def test_a_table_of_nothing_or_out_of_order_is_said(table: Write) -> None:
    with pytest.raises(InputError, match="no row below its headings"):
        read_joints(table(TRUNK))
    with pytest.raises(
        InputError, match="row 3: its picture does not come after that of row 2; sort the rows, and tell"
    ):
        read_joints(table(["frame", *TRUNK], [1, *[10] * 8], [1, *[10] * 8]))
    path = table(TRUNK)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"not a table that can be read .*save it as CSV in UTF-8"):
        read_joints(path)
