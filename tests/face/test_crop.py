"""Faces are cut out framed as FER2013 frames them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox.blaze.square import Square
from visavox.face.crop import FACE_MIDDLE, FACE_SIZE, LEFT_EYE, RIGHT_EYE, cut, framing, grey, shrink
from visavox.face.detector import FaceDetector
from visavox.face.mesh import FaceMesh, around_detection, around_mesh

NOISE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def test_large_faces_are_averaged_not_picked_from():
    """A pattern of single black and white pixels has no place in a crop a fifth its size: it is grey there."""
    picture = np.indices((1200, 1200)).sum(axis=0) % 2 * 255
    picture = np.repeat(picture[..., None], 3, axis=2).astype(np.uint8)
    points = np.zeros((468, 3), dtype=np.float32)
    points[:, :2] = np.random.default_rng(0).uniform(150, 1050, (468, 2))
    points[[RIGHT_EYE, LEFT_EYE], :2] = (400, 500), (800, 540)
    crop = cut(picture, points, size=96)
    assert crop.shape == (96, 96, 3)
    assert np.abs(crop.astype(int) - 127).max() <= 30


def test_framing_puts_a_face_where_fer2013_has_it(portrait, mesh):
    """Whatever the tilt of the head: eyes level, the face filling the height, its middle a bit below the crop's."""
    for turns in range(4):
        points = mesh.points.copy()
        picture = np.rot90(portrait, -turns)
        for _ in range(turns):
            points[:, :2] = np.stack([511 - points[:, 1], points[:, 0]], axis=1)
        crop = cut(picture, points, size=240)
        fit = FaceMesh()
        seen = fit(crop, around_mesh(fit(crop, Square(120, 125, 340)))).points[:, :2]
        along = seen[LEFT_EYE] - seen[RIGHT_EYE]
        assert abs(math.degrees(math.atan2(along[1], along[0]))) < 2.5
        assert np.ptp(seen, axis=0).max() / 240 == pytest.approx(FACE_SIZE, abs=0.03)
        assert seen.mean(axis=0) / 240 == pytest.approx((0.5, FACE_MIDDLE), abs=0.02)


def test_a_face_at_the_edge_of_the_picture_is_still_cut(portrait, mesh):
    left = mesh.points - np.array([180, 0, 0], dtype=np.float32)
    assert cut(portrait[:, 180:], left).shape == (224, 224, 3)
    far_away = mesh.points + np.array([5000, 0, 0], dtype=np.float32)
    assert cut(portrait, far_away).shape == (224, 224, 3)
    huge = mesh.points * 20
    assert cut(portrait, huge).shape == (224, 224, 3)


@pytest.mark.slow
def test_fer2013_frames_faces_like_this(data, weights):
    """Where our own meshes lie in its training images: the two constants of `framing`, measured again."""
    image = pytest.importorskip("PIL.Image")
    mosaic = np.asarray(image.open(data / "fer2013/train_00.webp").convert("L"))
    faces = mosaic.reshape(40, 48, 40, 48).swapaxes(1, 2).reshape(-1, 48, 48)[::16]
    detect, fit = FaceDetector(), FaceMesh()
    sizes, middles = [], []
    for face in faces:
        # Eight times as large, with a border, so that the detector sees a whole head in front of something.
        enlarged = shrink(np.repeat(face[..., None], 3, axis=2), 384).astype(np.uint8)
        large = np.pad(enlarged, ((192, 192), (192, 192), (0, 0)), "edge")
        found = detect(large)
        if not found:
            continue
        mesh = fit(large, around_mesh(fit(large, around_detection(found[0]))))
        if mesh.score < 0.9:
            continue
        square = framing(mesh.points)
        sizes.append(square.side * FACE_SIZE / 384)
        levelled = mesh.points[:, :2].mean(axis=0) - 384
        middles.append((math.cos(square.angle) * levelled[1] - math.sin(square.angle) * levelled[0]) / 384 + 0.5)
    assert len(sizes) > 0.9 * len(faces)
    assert np.median(sizes) == pytest.approx(FACE_SIZE, abs=0.02)
    assert np.median(middles) == pytest.approx(FACE_MIDDLE, abs=0.015)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 40), st.integers(0, 255))
def test_a_plain_picture_stays_plain_at_any_size(height, width, size, value):
    found = shrink(np.full((height, width, 3), value, dtype=np.uint8), size)
    assert found.shape == (size, size, 3)
    assert found == pytest.approx(value, abs=1e-3)


def test_shrinking_averages_areas():
    blocks = NOISE[:60, :60].reshape(12, 5, 12, 5, 3).mean(axis=(1, 3))
    assert shrink(NOISE[:60, :60], 12) == pytest.approx(blocks, abs=1e-3)
    # Three pixels to two: each result is a pixel and half of the middle one.
    row = np.array([0, 90, 240], dtype=np.uint8)
    assert shrink(np.tile(row[None, :, None], (3, 1, 3)), 2)[0, :, 0] == pytest.approx([30, 190])
    assert shrink(NOISE[None, None], 7).shape == (1, 1, 7, 7, 3)


def test_grey_is_weighted_as_eyes_do():
    assert grey(np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], dtype=np.uint8)) == pytest.approx(
        [76.245, 149.685, 29.07, 255]
    )
