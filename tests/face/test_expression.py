"""Facial values: worked by hand on a made face, and free of place, size and turn."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavox.face.expression import NAMES, facial_values, in_own_axes
from visavox.face.mesh import Mesh

EYES, INNER_EYES = (33, 263), (133, 362)
FOREHEAD, NOSE_BASE, CHIN = 10, 2, 152


def face() -> np.ndarray:
    """A flat made face: eyes 100 apart at height 0, the base of the nose 60 below them, the mouth at 90 to 96."""
    points = np.zeros((468, 3))
    places = {
        33: (-50, 0), 133: (-20, 0), 362: (20, 0), 263: (50, 0),
        160: (-40, -4), 144: (-40, 4), 159: (-35, -5), 145: (-35, 5), 158: (-30, -4), 153: (-30, 4),
        387: (40, -4), 373: (40, 4), 386: (35, -5), 374: (35, 5), 385: (30, -4), 380: (30, 4),
        107: (-15, -20), 105: (-35, -30), 70: (-55, -20), 336: (15, -20), 334: (35, -30), 300: (55, -20),
        10: (0, -80), 1: (0, 50), 2: (0, 60), 50: (-45, 40), 280: (45, 40), 129: (-15, 55), 358: (15, 55),
        61: (-25, 95), 291: (25, 95), 78: (-20, 95), 308: (20, 95), 39: (-12, 87), 269: (12, 87),
        181: (-12, 102), 405: (12, 102), 0: (0, 85), 13: (0, 92), 14: (0, 98), 17: (0, 105), 152: (0, 130),
    }  # fmt: skip
    for point, place in places.items():
        points[point, :2] = place
    points[[0, 17], 2] = -10  # the lips stand out, towards the camera
    return points


def values(points: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, facial_values(points).tolist(), strict=True))


def test_there_are_51_of_them_each_with_a_name_of_its_own() -> None:
    assert len(NAMES) == len(set(NAMES)) == 51
    assert facial_values(np.stack([face()] * 3)).shape == (3, 51)


def test_a_made_face_worked_by_hand() -> None:
    found = values(face())
    worked = {
        "eye_opening_right": 0.10, "eye_outer_opening_left": 0.08, "upper_lid_height_left": 0.05,
        "lower_lid_height_right": -0.05, "brow_inner_height_right": 0.20, "brow_middle_height_left": 0.30,
        "brow_outer_height_left": 0.20, "brow_arch_right": 0.10, "cheek_height_left": 0.20, "nostril_height_left": 0.05,
        "brow_gap": 0.30, "nose_width": 0.30, "nose_tip_height": 0.10,
        "mouth_opening": 0.06, "mouth_height": 0.20, "mouth_width": 0.50, "mouth_inner_width": 0.40, "mouth_shift": 0.0,
        "mouth_corner_height_right": 0.0, "mouth_corner_reach_left": 0.25, "upper_lip_side_height_left": 0.08,
        "lower_lip_side_depth_right": 0.07, "upper_lip_height": -0.25, "upper_lip_thickness": np.hypot(0.07, 0.10),
        "upper_lip_forward": 0.10, "lower_lip_forward": 0.10, "jaw_opening": 0.70, "jaw_shift": 0.0,
        "jaw_forward": 0.0, "chin_height": -0.25,
    }  # fmt: skip
    assert {name: found[name] for name in worked} == pytest.approx(worked, abs=1e-6)


@pytest.mark.parametrize(
    ("moved", "by", "changed"),
    [
        ([14, 17, 181, 405, 152], (0, 10), "mouth|jaw_opening|lower_lip|upper_lip_side"),
        ([107, 105, 70], (0, -8), "brow_.*right|brow_gap"),
        ([159, 160, 158], (0, 4), "eye.*right|upper_lid_height_right"),
        ([61], (-8, -4), "mouth_corner.*right|mouth_width"),
        ([50], (0, -6), "cheek_height_right"),
        ([152], (5, 0), "jaw_shift"),
    ],
)
def test_a_part_that_moves_changes_its_own_values_alone(
    moved: list[int], by: tuple[float, float], changed: str
) -> None:
    """Of a mouth that opens, the middle of the lips moves too, over which its corners are measured."""
    points = face()
    points[moved, :2] += by
    before, after = values(face()), values(points)
    told = {name for name in NAMES if abs(after[name] - before[name]) > 1e-6}
    assert told and all(re.match(f"({changed})", name) for name in told), told


def test_what_opens_and_rises_has_the_sign_that_its_name_says() -> None:
    points = face()
    points[[14, 17, 152], 1] += 10
    points[[336, 334, 300], 1] -= 8
    points[[61, 291], 1] -= 3
    before, after = values(face()), values(points)
    for name, by in {"jaw_opening": 0.1, "mouth_opening": 0.1, "brow_middle_height_left": 0.08}.items():
        assert after[name] - before[name] == pytest.approx(by, abs=1e-6)
    smile = after["mouth_corner_height_left"] - before["mouth_corner_height_left"]
    assert smile == pytest.approx(0.08, abs=1e-6), "3 up, and the middle of the lips 5 down"


def test_a_mirrored_face_has_its_sides_exchanged() -> None:
    points = face()
    points[[61, 50, 70], :2] += (-3.0, -7.0)
    other = points.copy()
    for right, left in (
        (33, 263), (133, 362), (160, 387), (144, 373), (159, 386), (145, 374), (158, 385), (153, 380), (107, 336),
        (105, 334), (70, 300), (50, 280), (129, 358), (61, 291), (39, 269), (181, 405), (78, 308),
    ):  # fmt: skip
        other[[right, left]] = points[[left, right]]
    other[:, 0] *= -1
    ours, theirs = values(points), values(other)
    for name in NAMES:
        partner = name.replace("right", "left") if "right" in name else name.replace("left", "right")
        sign = -1 if name in ("mouth_shift", "jaw_shift") else 1
        assert theirs[partner] == pytest.approx(sign * ours[name], abs=1e-6), name


@settings(max_examples=25, deadline=None)
@given(
    turn=st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
    size=st.floats(0.05, 50),
    place=st.tuples(*[st.floats(-1000, 1000)] * 3),
    seed=st.integers(0, 99),
)
def test_place_size_and_turn_change_nothing(
    turn: tuple[float, ...], size: float, place: tuple[float, ...], seed: int
) -> None:
    """The turn is any rotation, from a quaternion."""
    points = face() + np.random.default_rng(seed).normal(0, 2, (468, 3))
    w, x, y, z = np.array(turn) / np.linalg.norm(turn)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    moved = size * points @ rotation.T + place
    np.testing.assert_allclose(facial_values(moved), facial_values(points), atol=1e-5)
    np.testing.assert_allclose(in_own_axes(moved), in_own_axes(points), atol=1e-7)


def test_an_unknown_point_is_no_number() -> None:
    points = face()
    points[50] = np.nan
    found = values(points)
    assert {name for name, value in found.items() if np.isnan(value)} == {"cheek_height_right", "cheek_fullness_right"}


def test_a_smiling_portrait(mesh: Mesh) -> None:
    """An astronaut smiles with an open mouth, both eyes open, looking at the camera."""
    found = values(mesh.points)
    assert 0.02 < found["mouth_opening"] < 0.3
    assert 0.45 < found["mouth_width"] < 0.9
    assert found["mouth_corner_height_right"] > 0 and found["mouth_corner_height_left"] > 0
    for side in ("right", "left"):
        assert 0.05 < found[f"eye_opening_{side}"] < 0.2
        assert 0.05 < found[f"brow_middle_height_{side}"] < 0.5
    assert abs(found["jaw_shift"]) < 0.15
