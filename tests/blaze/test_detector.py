"""What detecting networks say is decoded as it is meant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox.blaze import detector
from visavox.blaze.detector import overlap
from visavox.face.detector import RANGES


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
