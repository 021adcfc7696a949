"""Poses are MediaPipe's own, to a fraction of a pixel.

`golden/poses.npz` holds what MediaPipe 0.10.21 itself says about stills of real recordings, each for itself; it was
written once by `golden/make.py` in an environment of its own:

    python3.11 -m venv /tmp/mediapipe && /tmp/mediapipe/bin/pip install mediapipe==0.10.21 av
    /tmp/mediapipe/bin/python tests/body/golden/make.py DATA/media
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from visavox.blaze.detector import Detection
from visavox.blaze.square import Square
from visavox.body import pose as poses
from visavox.body.gesture import pairs
from visavox.body.pose import SCORE, Pose, PoseDetector, PoseNetwork, around_detection
from visavox.joints.body25 import ORDERS

GOLDEN = Path(__file__).with_name("golden")
_spec = importlib.util.spec_from_file_location("make_golden_poses", GOLDEN / "make.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)


def test_poses_equal_mediapipe(data, weights):
    """Mean distance of the visible points under 1.5 % of the breadth of the shoulders, in every still."""
    golden = np.load(GOLDEN / "poses.npz")
    detect, fit = PoseDetector(), PoseNetwork()
    errors = {}
    for name, second in make.STILLS:
        pixels = make.still(data / "media" / name, second)
        found = detect(pixels)
        key = f"{name}@{second:g}"
        assert bool(found) == (key in golden), key
        if not found:
            continue
        x, y, visibility = golden[key].T / 100
        theirs = np.stack([x, y], axis=1)
        seen = (visibility >= 0.5) & (x >= 0) & (y >= 0) & (x < pixels.shape[1]) & (y < pixels.shape[0])
        shoulders = np.linalg.norm(theirs[11] - theirs[12])
        fitted = [fit(pixels, around_detection(body)) for body in found]
        away = [np.linalg.norm(one.points[seen, :2] - theirs[seen], axis=1).mean() / shoulders for one in fitted]
        errors[key] = min(away)  # MediaPipe tells one body alone
        best = fitted[int(np.argmin(away))]
        assert best.score >= SCORE
        assert np.abs(best.visibility - visibility).max() < 0.05, key
    assert len(errors) == len(golden.files) == 16
    assert max(errors.values()) < 0.015, max(errors, key=errors.__getitem__)
    assert np.mean(list(errors.values())) < 0.002


def test_the_body_of_a_portrait(portrait, weights):
    """A portrait of an astronaut, waist up: head and shoulders are seen, right is on the picture's left."""
    (found,) = PoseDetector()(portrait)
    body = PoseNetwork()(portrait, around_detection(found)).joints(512, 512)
    nose, neck, right, left = body[[0, 1, 2, 5]]
    assert nose[1] < neck[1] and right[0] < neck[0] < left[0]
    assert neck[:2] == pytest.approx((right[:2] + left[:2]) / 2)
    assert not body[[10, 11, 13, 14], :].any()  # knees and feet are not in the picture
    assert (body[:, 2] >= 0).all() and (body[:, 2] <= 1).all()


@pytest.mark.parametrize("shape", [(240, 320), (1, 1), (3, 900), (64, 2)])
def test_nobody_in_pictures_without_a_body(shape, weights):
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert PoseDetector()(noise) == [] and PoseDetector()(np.zeros_like(noise)) == []


def test_sides_are_not_mixed_up():
    """BlazePose counts left before right, BODY_25 right before left."""
    points = {place: point for point, place in enumerate(ORDERS[33]) if place is not None}
    for right, left in pairs().items():
        if right in points:
            assert points[right] == points[left] + (1 if points[left] > 6 else 3)


def test_joints_of_points():
    """Right shoulder at 10, 20, left at 30, 24: the neck lies between, as sure as the less sure of them."""
    points, visibility = np.zeros((33, 3), np.float32), np.zeros(33, np.float32)
    points[12, :2], points[11, :2], points[16, :2] = (10, 20), (30, 24), (-5, 20)
    visibility[[12, 11, 16]] = 0.9, 0.6, 1.0
    body = Pose(points, visibility, 1.0, Square(0, 0, 1)).joints(40, 40)
    assert body[2].tolist() == pytest.approx([10, 20, 0.9]) and body[5].tolist() == pytest.approx([30, 24, 0.6])
    assert body[1].tolist() == pytest.approx([20, 22, 0.6])
    assert body[4].tolist() == [0, 0, 0]  # the wrist is out of the picture
    assert np.flatnonzero(body[:, 2]).tolist() == [1, 2, 5]


def test_a_square_stands_on_the_hips_and_leans_with_the_body():
    """Hips at (50, 80), the circle reaches 40 further to the right: the head is there, the square lies on its side."""
    square = around_detection(Detection(np.zeros(4), np.array([(50, 80), (90, 80), (0, 0), (0, 0)], np.float32), 1.0))
    assert (square.x, square.y, square.side) == (50, 80, pytest.approx(100))
    assert square.angle == pytest.approx(math.pi / 2)


def test_a_point_moves_to_the_middle_of_what_its_map_sees():
    """Two cells beside each other, alike: between them, counted from the corners of cells. Too far ones do not pull."""
    maps = np.full((64, 64, 2), -50, np.float32)
    maps[32, [30, 31], 0] = 50
    maps[32, 50, 0] = 50
    maps[10, 10, 1] = -0.1  # less sure than one half: what lies there stays
    places = np.array([(32.5 / 64, 32.5 / 64), (10.9 / 64, 10.9 / 64)], np.float32)
    first, second = poses._refined(places, maps)
    assert first == pytest.approx([30.5 / 64, 32 / 64])
    assert second == pytest.approx(places[1])
