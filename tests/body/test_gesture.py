"""Descriptive images: weights of time, bodies relative to their torso, paths drawn by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visavox.body.gesture import draw, mirrored, pairs, relative, seen, weights, with_head
from visavox.errors import OptionError

NOWHERE = np.nan


def test_weights_are_those_of_the_paper() -> None:
    """T/(T-1)·(t-1) and (t²-t)/(T-1), by hand for T = 3; a single moment, for which they do not exist, counts."""
    np.testing.assert_allclose(weights(3, "linear"), [0, 3 / 2 * 1, 3 / 2 * 2])
    np.testing.assert_allclose(weights(3, "quadratic"), [0, (4 - 2) / 2, (9 - 3) / 2])
    assert weights(1).tolist() == weights(1, "quadratic").tolist() == [1.0]
    assert weights(0).tolist() == []
    with pytest.raises(OptionError, match="Bad value 'cubic' for weights of a path: expected one of linear, quadratic"):
        weights(3, "cubic")  # type: ignore[arg-type]


@pytest.mark.parametrize(("weighting", "middle"), [("linear", 1.5 / 3), ("quadratic", 1 / 3)])
def test_a_path_of_three_moments_by_hand(weighting: str, middle: float) -> None:
    """A joint goes from the upper left over the middle to the lower right; a second one is not there."""
    path = np.full((3, 2, 2), NOWHERE)
    path[:, 0] = [[0.5, 0.5], [1.5, 1.5], [2.5, 2.5]]
    picture = draw(path, size=3, low=(0, 0), high=(3, 3), weighting=weighting, blur=0)
    np.testing.assert_allclose(picture[:, :, 0], [[0, 0, 0], [0, middle, 0], [0, 0, 1]])
    assert not picture[:, :, 1].any(), "nothing is drawn of a joint that is not seen"


def test_who_comes_back_is_drawn_brighter() -> None:
    """Sums over time: in one pixel at t = 1, 2, 4 (weights 0, 4/3, 4), in the next at t = 3 (8/3)."""
    path = np.array([[[0.5, 0.5]], [[0.5, 0.5]], [[1.5, 0.5]], [[0.5, 0.5]]])
    picture = draw(path, size=2, low=(0, 0), high=(2, 2), blur=0)
    np.testing.assert_allclose(picture[0, :, 0], [1, (8 / 3) / (4 / 3 + 4)])


def test_a_spot_is_a_gaussian() -> None:
    path = np.array([[[2.5, 2.5]]])
    row = draw(path, size=5, low=(0, 0), high=(5, 5), blur=1.5)[2, :, 0]
    np.testing.assert_allclose(row, np.exp(-(np.arange(-2, 3) ** 2) / (2 * 1.5**2)))


def test_what_leaves_the_picture_is_not_drawn() -> None:
    path = np.array([[[-40.0, 2.0]], [[900.0, 2.0]]])
    for blur in (0.0, 1.0):
        assert not draw(path, size=5, low=(0, 0), high=(5, 5), blur=blur).any()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scale=st.floats(0.2, 5), x=st.floats(-500, 500), y=st.floats(-500, 500), seed=st.integers(0, 99))
def test_size_and_place_in_the_picture_change_nothing(scale: float, x: float, y: float, seed: int, standing) -> None:
    body = seen(standing(np.random.default_rng(seed)))
    np.testing.assert_allclose(relative(body * scale + (x, y)), relative(body), atol=1e-6)


def test_a_back_looks_like_a_front(standing) -> None:
    """From afar, who turns round is seen mirrored, joints keeping their names: only x changes its sign."""
    front = seen(standing(np.random.default_rng(3)))
    back = front * (-1, 1)
    np.testing.assert_allclose(relative(back), relative(front), atol=1e-9)
    assert relative(front)[0, 2, 0] < 0 < relative(front)[0, 5, 0], "the right shoulder at the left"


def test_the_neck_keeps_its_own_path(standing) -> None:
    body = standing(moments=2)
    body[1, :, 1] += 8  # a tenth of the torso down, all of the body
    found = relative(seen(body))
    np.testing.assert_allclose(found[:, 1], [[0, -0.05], [0, 0.05]], atol=1e-6)
    np.testing.assert_allclose(found[0, 4], found[1, 4], atol=1e-6)


def test_without_hips_shoulders_and_head_tell_the_size(standing) -> None:
    body = standing()
    body[:, [8, 9, 12]] = (NOWHERE, NOWHERE, 0)
    found = relative(with_head(seen(body)))
    # 56 pixels of shoulders over 0.7 say 80; 40 from neck to head over 0.35 say 114: the larger counts, since both
    # only ever look shorter than they are.
    assert found[0, 5, 0] - found[0, 2, 0] == pytest.approx(56 / (40 / 0.35))
    assert np.isnan(found[:, 8]).all()


def test_joints_that_are_not_sure_are_not_seen(standing) -> None:
    body = standing()
    body[:, 4, 2] = 0.04
    assert np.isnan(seen(body)[:, 4]).all()
    assert np.isnan(relative(seen(np.zeros((2, 25, 3))))).all(), "no confidence, no body"


def test_neck_hips_and_head_are_found_from_their_neighbours(standing) -> None:
    body = standing(moments=1)
    places = with_head(seen(body))
    assert places[0, 1].tolist() == [100, 100]
    assert places[0, 8].tolist() == [100, 180]
    assert places[0, 0].tolist() == [100, 60], "the nose, where there is nothing better"
    body[0, 17], body[0, 18] = (90, 50, 1), (106, 54, 1)
    assert with_head(seen(body))[0, 0].tolist() == [98, 52], "the middle of the ears"
    body[0, 18, 2] = 0
    assert with_head(seen(body))[0, 0].tolist() == [90, 50], "the ear that is seen"


def test_a_mirror_swaps_sides_and_two_mirrors_nothing() -> None:
    body = np.random.default_rng(1).normal(size=(3, 25, 3)).astype(np.float32)
    np.testing.assert_array_equal(mirrored(mirrored(body)), body)
    for right, left in pairs().items():
        np.testing.assert_array_equal(mirrored(body)[:, left], body[:, right] * np.array([-1, 1, 1], np.float32))
    assert len(pairs()) == 11
    assert mirrored(body)[0, 1, 0] == -body[0, 1, 0], "the neck is its own"
