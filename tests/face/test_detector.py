"""Faces are found where they are."""

from __future__ import annotations

import numpy as np
import pytest

from visavox.errors import OptionError
from visavox.face.detector import KEYPOINTS, FaceDetector

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
