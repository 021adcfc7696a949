"""Faces are found where they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox.errors import OptionError
from visavox.face import detector
from visavox.face.detector import KEYPOINTS, RANGES, FaceDetector, overlap

pytestmark = pytest.mark.usefixtures("weights")


@pytest.mark.parametrize("reach", ["short", "full"])
def test_the_face_of_a_portrait(portrait, reach):
    (face,) = FaceDetector(reach)(portrait)
    left, top, width, height = face.box
    assert face.score > 0.8
    assert 90 < width < 150
    assert width == pytest.approx(height, rel=0.15)
    places = dict(zip(KEYPOINTS, face.keypoints, strict=True))
    # Her own right is on the picture's left; eyes, nose and mouth follow each other downwards, inside of the box.
    assert places["right ear"][0] < places["right eye"][0] < places["nose tip"][0] < places["left eye"][0]
    assert places["right eye"][1] < places["nose tip"][1] < places["mouth"][1]
    for name in ("right eye", "left eye", "nose tip", "mouth"):
        assert left < places[name][0] < left + width
        assert top < places[name][1] < top + height


def test_a_face_moves_with_its_picture(portrait):
    """Whatever the shape of the picture, and wherever in it the face is."""
    detect = FaceDetector()
    (face,) = detect(portrait)
    wide = np.zeros((512, 640, 3), dtype=np.uint8)
    wide[:, 90:602] = portrait
    tall = np.zeros((640, 512, 3), dtype=np.uint8)
    tall[60:572] = portrait
    for picture, shift in ((wide, (90, 0)), (tall, (0, 60))):
        (moved,) = detect(picture)
        assert moved.keypoints == pytest.approx(face.keypoints + shift, abs=10)


def test_two_faces_are_two(portrait):
    found = FaceDetector()(np.concatenate([portrait[:, 100:400], portrait[:, 100:400]], axis=1))
    assert sorted(round(float(face.box[0]) / 100) for face in found) == [1, 4]


@pytest.mark.parametrize("shape", [(240, 320), (1, 1), (3, 900), (64, 2)])
def test_no_face_in_pictures_without_one(shape):
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for picture in (noise, np.zeros_like(noise)):
        assert FaceDetector()(picture) == []
        assert FaceDetector("full")(picture) == []


def test_an_unknown_reach_is_an_error():
    with pytest.raises(OptionError, match=r"Bad value 'far' for reach: expected one of short, full\."):
        FaceDetector("far")


def test_anchors_lie_in_the_middle_of_cells():
    """Two grids, rows first: 16 x 16 cells with two anchors each, then 8 x 8 with six; the far detector has 48 x 48."""
    short = detector._anchors(RANGES["short"].cells)
    assert short.shape == (16 * 16 * 2 + 8 * 8 * 6, 2)
    assert short[:3].tolist() == [[1 / 32, 1 / 32], [1 / 32, 1 / 32], [3 / 32, 1 / 32]]
    assert short[512].tolist() == [1 / 16, 1 / 16]
    assert short[-1].tolist() == [15 / 16, 15 / 16]
    assert detector._anchors(RANGES["full"].cells).shape == (48 * 48, 2)


def test_what_overlaps_is_averaged_by_score():
    """Two boxes of side 1 a tenth apart, scores 0.9 and 0.6, weigh 3 to 2; a third one far away stays as it is."""
    corners = np.array([[[0, 0], [1, 1]], [[0.1, 0], [1.1, 1]], [[5, 5], [6, 6]]], dtype=np.float32)
    candidates = np.concatenate([corners, np.zeros((3, 6, 2), dtype=np.float32)], axis=1)
    first, second = detector._merged(candidates, np.array([0.6, 0.9, 0.7]))
    assert first[0][:2] == pytest.approx(np.array([[0.06, 0], [1.06, 1]]))
    assert second[0][:2] == pytest.approx(np.array([[5, 5], [6, 6]]))
    assert (first[1], second[1]) == (0.9, 0.7)


boxes = st.tuples(*[st.floats(-50, 50)] * 2, *[st.floats(1, 50)] * 2).map(np.array)


@given(boxes, boxes)
def test_overlap_is_a_share_and_the_same_both_ways(one, other):
    assert 0 <= overlap(one, other) <= 1 + 1e-12
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert overlap(one, one) == pytest.approx(1)
