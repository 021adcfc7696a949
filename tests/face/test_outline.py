"""The drawn outline of a face: which points, in which order, and that they lie where they are said to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visavox import media
from visavox.face.crop import LEFT_EYE, RIGHT_EYE
from visavox.face.outline import FEATURES, LINES, OPEN, POINTS, outline
from visavox.face.tracking import FaceTracker


def test_every_point_is_there_once_and_every_line_stays_in_its_feature() -> None:
    assert len(set(POINTS)) == len(POINTS) == 64
    for line, (name, points) in zip(LINES, FEATURES.items(), strict=True):
        assert [POINTS[place] for place in line] == [*points, *(() if name in OPEN else points[:1])]


def test_points_come_in_their_order_without_depth() -> None:
    mesh = np.arange(468 * 3, dtype=np.float32).reshape(468, 3)
    assert outline(mesh) == tuple((3.0 * point, 3.0 * point + 1) for point in POINTS)


@pytest.fixture(scope="module")
def face(weights: Path) -> np.ndarray:
    """The mesh of a real face that looks into the camera."""
    pixels = media.read_pictures(weights / "astronaut.png")[1][0]
    (found,) = FaceTracker().update(0.0, pixels)
    return found.points


def ring(face: np.ndarray, name: str) -> np.ndarray:
    return face[list(FEATURES[name]), :2]


def area(ring: np.ndarray) -> float:
    """Of a polygon, by the shoelace formula."""
    x, y = ring.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def test_on_a_real_face_features_lie_in_their_order(face: np.ndarray) -> None:
    middle = {name: ring(face, name).mean(axis=0) for name in FEATURES}
    for side in ("right", "left"):
        assert middle[f"{side} brow"][1] < middle[f"{side} eye"][1] < middle["lips"][1]
    assert middle["right eye"][0] < middle["mouth"][0] < middle["left eye"][0]  # of whom we face
    left, top, right, bottom = *ring(face, "lips").min(axis=0), *ring(face, "lips").max(axis=0)
    assert ((ring(face, "mouth") >= (left, top)) & (ring(face, "mouth") <= (right, bottom))).all()
    for name, corners in (("right eye", RIGHT_EYE), ("left eye", LEFT_EYE)):
        gap = np.linalg.norm(middle[name] - np.atleast_2d(face[corners])[:, :2].mean(axis=0))
        assert gap < np.ptp(ring(face, name)[:, 0])


def test_rings_go_around_without_crossing_and_hold_the_face(face: np.ndarray) -> None:
    for name in set(FEATURES) - set(OPEN):
        points = ring(face, name)
        turns = np.unwrap(np.arctan2(*(points - points.mean(axis=0)).T[::-1]))
        steps = np.diff(np.append(turns, turns[0] + 2 * np.pi * np.sign(turns[-1] - turns[0])))
        assert (np.sign(steps) == np.sign(steps[0])).all(), name
    whole = np.ptp(face[:, 0]) * np.ptp(face[:, 1])
    assert 0.7 < area(ring(face, "oval")) / whole < 0.9  # an ellipse has 0.785 of its box
