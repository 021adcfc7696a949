"""A clip without joints is looked at: the body in its pictures is found."""

from __future__ import annotations

import numpy as np
import pytest

from visavox import Clip, load
from visavox.body.kinds import KINDS


def test_the_largest_body_of_the_pictures(portrait, weights):
    """The portrait, and beside it a smaller copy: its joints, five times a second."""
    small = portrait[::2, ::2]
    picture = np.full((512, 800, 3), 90, dtype=np.uint8)
    picture[:, :512], picture[100:356, 530:786] = portrait, small
    filled = KINDS.fill(Clip(name="two", pictures=np.stack([picture] * 5), times=np.arange(5) / 10), "joints")
    assert filled.times.tolist() == pytest.approx([0.0, 0.2, 0.4])
    assert filled.joints.shape == (3, 25, 3) and filled.joints[0, 0, 0] < 512


def test_nobody_in_the_pictures(weights, models):
    grey = Clip(name="grey", pictures=np.full((3, 64, 64, 3), 90, dtype=np.uint8))
    assert KINDS.fill(grey, "joints").joints.shape == (0, 25, 3)
    assert load("accm").reasons([grey]) == ["no_body"]


def test_a_recording_is_judged_by_its_body(data, weights, models):
    (row,) = load("accm").predict_proba([Clip(data / "media/walk_treadmill.mp4")])
    assert row.sum() == pytest.approx(1)
