"""How much somebody moves: worked by hand, and what must not count as movement."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visavox.body.movement import movement

RATE = 5.0


def times(moments: int, rate: float = RATE) -> np.ndarray:
    return np.arange(moments) / rate


def test_a_hand_that_moves_by_itself(standing) -> None:
    """A torso of 80 pixels; one wrist of seven parts moves by 16 pixels, a fifth of it, each fifth of a second."""
    body = standing(moments=6)
    body[:, 4, 0] -= 16 * np.arange(6)
    assert movement(body, times(6)) == pytest.approx((16 / 80) / 0.2 / 7, rel=1e-5)


def test_somebody_who_walks_through_the_picture(standing) -> None:
    """All parts move alike: 40 pixels, half a torso, each fifth of a second."""
    body = standing(moments=4)
    body[:, :, 0] += 40 * np.arange(4)[:, None]
    assert movement(body, times(4)) == pytest.approx(0.5 / 0.2, rel=1e-5)


def test_who_stands_still_does_not_move_however_the_network_trembles(standing) -> None:
    body = standing(moments=15)
    assert movement(body, times(15)) == 0.0
    body[:, :, :2] += np.random.default_rng(1).normal(0, 0.3, body[:, :, :2].shape)  # pixels of 80
    assert movement(body, times(15)) < 0.02
    thirty = np.repeat(standing(), 18, axis=0)
    thirty[:, :, :2] += np.random.default_rng(2).normal(0, 0.3, thirty[:, :, :2].shape)
    assert movement(thirty, times(90, 30.0)) < 0.02, "nor at thirty pictures a second, between which joints jump"


def test_a_joint_that_blinks_is_neither_still_nor_moved(standing) -> None:
    body = standing(moments=10)
    body[:, :, 0] += 8 * np.arange(10)[:, None]
    whole = movement(body, times(10))
    body[[2, 5, 6], 4] = (0, 0, 0)
    body[4, 6] = (np.nan, np.nan, 0)
    assert movement(body, times(10)) == pytest.approx(whole)


def test_a_joint_that_is_found_on_somebody_else_for_a_moment_does_not_count(standing) -> None:
    body = standing(moments=10)
    body[5, 4, :2] += 400
    assert movement(body, times(10)) == 0.0


def test_a_gap_hides_how_somebody_came_there(standing) -> None:
    body = standing(moments=6)
    body[3:, :, 0] += 100
    when = times(6)
    when[3:] += 1.0
    assert movement(body, when) == 0.0


def test_who_turns_the_head_keeps_it(standing) -> None:
    """Ears and eyes come and go: the head moves by what is seen at both looks, not from an ear to the nose."""
    body = standing(moments=4)
    body[:2, 17] = (92, 58, 1)
    body[:2, 18] = (108, 58, 1)
    assert movement(body, times(4)) == 0.0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(scale=st.floats(0.2, 5), x=st.floats(-500, 500), y=st.floats(-500, 500), seed=st.integers(0, 99))
def test_size_and_place_in_the_picture_change_nothing(scale: float, x: float, y: float, seed: int, standing) -> None:
    body = standing(np.random.default_rng(seed))
    other = body.copy()
    other[:, :, :2] = body[:, :, :2] * scale + (x, y)
    assert movement(other, times(5)) == pytest.approx(movement(body, times(5)), rel=1e-3)


@pytest.mark.parametrize("hidden", [range(25), range(1, 25), (2, 3, 4, 5, 6, 7)])
def test_it_is_not_known_of_whom_too_little_is_seen(hidden, standing) -> None:
    body = standing()
    body[:, list(hidden)] = (np.nan, np.nan, 0)
    assert np.isnan(movement(body, times(5)))


def test_one_look_or_none_shows_no_movement(standing) -> None:
    assert np.isnan(movement(standing(moments=1), np.zeros(1)))
    assert np.isnan(movement(np.zeros((0, 25, 3), np.float32), np.zeros(0)))
