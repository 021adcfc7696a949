"""Joints that another program found stand where ours would."""

from __future__ import annotations

import numpy as np
import pytest

from visavox import Clip
from visavox.body.given import GivenBodies
from visavox.errors import InputError
from visavox.joints import moving

PICTURE = np.zeros((4, 4, 3), np.uint8)


def somebody(seconds, x):
    """Nose and neck from one moment on, ten a second; the neck is not seen in the second picture."""
    joints = np.zeros((len(seconds), 25, 3), np.float32)
    joints[:, 0] = (x, 10, 0.9)
    joints[:, 1] = (x, 40, 0.7)
    joints[1, 1] = (np.nan, np.nan, 0)
    return Clip(name="somebody", joints=joints, times=np.asarray(seconds))


def test_the_nearest_moment_is_given_five_times_a_second():
    bodies = GivenBodies([somebody([0.02, 0.21, 0.4], 100), somebody([0.4, 0.5], 300)])
    seen = {time: bodies.update(time, PICTURE) for time in (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8)}
    assert seen[0.1] is None and seen[0.3] is None
    assert [[body.track for body in seen[time]] for time in (0.0, 0.2, 0.4, 0.6, 0.8)] == [[1], [1], [1, 2], [2], []]
    assert seen[0.2][0].joints[1].tolist() == [0, 0, 0]
    assert seen[0.0][0].score == pytest.approx(0.8)


def test_joints_must_be_of_the_recording():
    one = somebody([0.0, 0.1], 100)
    other = Clip(name="else-person-2", joints=one.joints, times=one.times)
    with pytest.raises(InputError, match=r"of 2 recordings \(else, somebody\): name one"):
        GivenBodies([one, other])
    with pytest.raises(InputError, match="recorded motion is no part of a recording"):
        GivenBodies([moving(np.zeros((2, 25, 3), np.float32), np.array([0.0, 0.1]), "walk")])


def test_joints_without_times_are_asked_about():
    with pytest.raises(InputError, match="somebody: it has no joints with times; say how many pictures a second"):
        GivenBodies([Clip(name="somebody", joints=np.zeros((2, 25, 3), np.float32))])
