"""How well a face can be seen, in numbers that can be checked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from visavox.face import quality
from visavox.face.crop import LEFT_EYE, RIGHT_EYE, cut
from visavox.face.quality import CHIN, FOREHEAD, UPRIGHT_PITCH, Quality, assess, blur, gate
from visavox.face.tracking import FaceTracker
from visavox.media import read_pictures

GREY = np.full((96, 96, 3), 128, dtype=np.uint8)


def head(yaw=0.0, pitch=0.0, roll=0.0, size=100.0):
    """Four points of a head that looks somewhere: degrees to the picture's right, up, and tilted clockwise."""
    points = np.zeros((468, 3))
    points[RIGHT_EYE], points[LEFT_EYE] = (-size / 2, 0, 0), (size / 2, 0, 0)
    points[FOREHEAD], points[CHIN] = (0, -size * 0.6, 0), (0, size * 0.9, 0)
    (c, s), (cy, sy), (cp, sp) = ((math.cos(math.radians(a)), math.sin(math.radians(a))) for a in (roll, yaw, pitch))
    # z points away from the camera: who turns to the right moves the left eye away, who looks up, the forehead.
    points = points @ np.array([(1, 0, 0), (0, cp, -sp), (0, sp, cp)])
    points = points @ np.array([(cy, 0, sy), (0, 1, 0), (-sy, 0, cy)])
    return (points @ np.array([(c, s, 0), (-s, c, 0), (0, 0, 1)]) + 300).astype(np.float32)


@pytest.mark.parametrize("angles", [(0, 0, 0), (30, 0, 0), (-55, 0, 10), (0, 20, 0), (0, -25, -15), (70, 0, 0)])
def test_where_a_head_looks(angles):
    yaw, pitch, roll = angles
    found = assess(GREY, head(yaw, pitch, roll))
    assert (found.yaw, found.pitch + UPRIGHT_PITCH, found.roll) == pytest.approx(angles, abs=0.01)
    assert found.size == pytest.approx(100, abs=0.01)  # turned away or not


def test_a_blurred_picture_has_more_blur():
    rng = np.random.default_rng(0)
    picture = rng.normal(size=(96, 96))
    values = []
    for _ in range(6):
        values.append(blur(picture))
        for axis in (0, 1):
            picture = np.apply_along_axis(np.convolve, axis, picture, np.hanning(9) / 4, "valid")
    assert values == sorted(values)
    assert values[0] < 0.2
    assert values[-1] > 0.6
    assert blur(np.zeros((20, 20))) == 1.0


def test_blur_knows_no_brightness_and_counts_the_worse_direction():
    picture = np.random.default_rng(0).normal(size=(96, 96))
    assert blur(3 * picture + 50) == pytest.approx(blur(picture))
    streaked = np.apply_along_axis(np.convolve, 1, picture, np.hanning(25) / 12, "valid")
    assert blur(streaked) == pytest.approx(blur(streaked.T))
    assert blur(streaked) > 0.7 > blur(picture)


def test_gates_give_their_reason():
    good = Quality(size=80, blur=0.4, yaw=10, pitch=-5, roll=30)
    assert gate(good) == ""
    assert gate(Quality(23.9, 0.4, 0, 0, 0)) == "small_face"
    assert gate(Quality(80, 0.81, 0, 0, 0)) == "blurred"
    assert gate(Quality(80, 0.4, 61, 0, 0)) == gate(Quality(80, 0.4, 0, -51, 0)) == "turned_away"
    assert gate(Quality(80, 0.4, 0, 0, 180)) == ""  # lying down: the crop is upright all the same
    assert gate(good, smallest=100) == "small_face"
    assert gate(good, yaw=5) == "turned_away"
    assert gate(good, blur=0.3) == "blurred"


def test_the_portrait_can_be_judged_and_its_blurred_copy_cannot(portrait, mesh):
    sharp = cut(portrait, mesh.points)
    assert gate(assess(sharp, mesh.points)) == ""
    kernel = np.ones(31) / 31
    soft = sharp.astype(float)
    for _ in range(2):
        for axis in (0, 1):
            soft = np.apply_along_axis(np.convolve, axis, soft, kernel, "same")
    assert gate(assess(soft.astype(np.uint8), mesh.points)) == "blurred"


@pytest.mark.parametrize(
    ("name", "judged"),
    [
        ("expressions_woman.mp4", 1.0),
        ("grid_swiz3n.mpg", 1.0),
        ("webcam_faces_silent.webm", 1.0),
        ("walk_treadmill.mp4", 0.5),
    ],
)
def test_what_can_be_judged_in_real_recordings(data, weights, name, judged):
    """At least so many of the faces that are followed pass the gates."""
    tracker = FaceTracker()
    reasons = []
    for time, pixels in zip(*read_pictures(data / "media" / name, 0, 4, 0.2), strict=True):
        for face in tracker.update(float(time), pixels):
            reasons.append(gate(assess(cut(pixels, face.points), face.points)))
    assert reasons
    assert reasons.count("") >= judged * len(reasons)


def test_thresholds_are_named():
    assert (quality.SMALLEST_FACE, quality.MOST_BLUR, quality.LARGEST_YAW, quality.LARGEST_PITCH) == (24, 0.8, 60, 50)
