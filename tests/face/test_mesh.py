"""Meshes are MediaPipe's own, to a fraction of a pixel.

`golden/landmarks.npz` holds what MediaPipe 0.10.21 itself says about stills of the real recordings, each for itself; it
was written once by `golden/make.py` in an environment of its own:

    python3.11 -m venv /tmp/mediapipe && /tmp/mediapipe/bin/pip install mediapipe==0.10.21 av
    /tmp/mediapipe/bin/python tests/face/golden/make.py DATA/media
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from visavox.blaze.square import Square
from visavox.face.crop import LEFT_EYE, RIGHT_EYE
from visavox.face.detector import FaceDetector
from visavox.face.mesh import SCORE, FaceMesh, around_detection, around_mesh
from visavox.media import read_pictures

pytestmark = pytest.mark.usefixtures("weights")

GOLDEN = Path(__file__).with_name("golden")
_spec = importlib.util.spec_from_file_location("make_golden", GOLDEN / "make.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)


def between_eyes(points):
    return float(np.linalg.norm(points[LEFT_EYE, :2] - points[RIGHT_EYE, :2]))


def test_meshes_equal_mediapipe(data):
    """Mean distance of all points under 0.5 % of the distance of the eyes, in every still."""
    golden = np.load(GOLDEN / "landmarks.npz")
    detect, fit = FaceDetector(), FaceMesh()
    errors = {}
    for name, second in make.STILLS:
        pixels = make.still(data / "media" / name, second)
        fitted = [fit(pixels, around_detection(face)) for face in detect(pixels)]
        faces = [mesh.points[:, :2] for mesh in fitted if mesh.score >= SCORE]
        theirs = [np.cumsum(golden[key], axis=0) / 100 for key in golden if key.startswith(f"{name}@{second:g}#")]
        assert len(faces) == len(theirs), f"{name} at {second} s"
        for points in theirs:
            distances = [np.linalg.norm(face - points, axis=1).mean() / between_eyes(points) for face in faces]
            errors[f"{name} at {second} s, face at {points[:, 0].mean():.0f}"] = min(distances)
    assert len(errors) == 18
    assert max(errors.values()) < 0.005, max(errors, key=errors.__getitem__)
    assert np.mean(list(errors.values())) < 0.001


def test_our_own_decoder_gives_the_same_meshes(data):
    """The same still through `visavox.media`, as `analyze` reads it: times and colours are MediaPipe's too."""
    golden = np.load(GOLDEN / "landmarks.npz")
    (_, (pixels, *_)) = read_pictures(data / "media/expressions_woman.mp4", 3.0, 3.05, 0)
    (face,) = FaceDetector()(pixels)
    points = np.cumsum(golden["expressions_woman.mp4@3#0"], axis=0) / 100
    distance = np.linalg.norm(FaceMesh()(pixels, around_detection(face)).points[:, :2] - points, axis=1)
    assert distance.mean() < 0.01 * between_eyes(points)


def test_a_turned_picture_has_a_turned_mesh(portrait, mesh):
    """The picture a quarter turned clockwise, looked at in a square turned as much."""
    square = around_mesh(mesh)
    straight = FaceMesh()(portrait, square)
    turned = FaceMesh()(
        np.rot90(portrait, -1), Square(511 - square.y, square.x, square.side, square.angle + math.pi / 2)
    )
    expected = np.stack([511 - straight.points[:, 1], straight.points[:, 0]], axis=1)
    assert np.abs(turned.points[:, :2] - expected).mean() < 0.01 * between_eyes(mesh.points)
    assert turned.points[:, 2] == pytest.approx(straight.points[:, 2], abs=0.05 * between_eyes(mesh.points))


def test_the_mesh_says_where_to_look_next(portrait, mesh):
    """Following a face that stands still changes nothing."""
    again = FaceMesh()(portrait, around_mesh(mesh))
    assert again.score > 0.99
    assert np.linalg.norm(again.points - mesh.points, axis=1).mean() < 0.03 * between_eyes(mesh.points)
    assert again.box == pytest.approx(
        [*again.points[:, :2].min(axis=0), *np.ptp(again.points[:, :2], axis=0)], abs=1e-3
    )


def test_where_no_face_is_the_score_is_low(portrait):
    assert FaceMesh()(portrait, Square(400, 420, 150)).score < SCORE
    assert FaceMesh()(portrait, Square(-300, -300, 100)).score < SCORE
