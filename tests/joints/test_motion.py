"""What a camera sees of recorded motion: it follows a way, not a jump, and nothing that is not known."""

import numpy as np

from visavox.joints import Camera, moving


def walker(moments: int = 50) -> np.ndarray:
    """Neck and middle of the hips of somebody who walks at 2 m/s, sampled ten times a second, and jumps once."""
    motion = np.full((moments, 25, 3), np.nan, dtype=np.float32)
    motion[:, 1], motion[:, 8] = (0, 1.5, 0), (0, 1.0, 0)
    motion[:, [1, 8], 0] += np.arange(moments)[:, None] * 0.2
    motion[20, [1, 8], 1] += 0.4
    return motion


def test_a_jump_is_seen_and_a_way_is_followed() -> None:
    seen = Camera(tilt=0).see(walker(), np.arange(50) / 10)
    assert np.abs(seen[10:40, 8, 0]).max() < 1, "in the middle of the picture all the way"
    assert abs((seen[9, 8, 1] - seen[20, 8, 1]) - 0.4 * 250) < 1, "0.4 m, 4 m away at a focal length of 1000"


def test_moments_of_which_nothing_is_known_leave_all_others_as_they_are() -> None:
    motion, times = walker(), np.arange(50) / 10
    kept = np.r_[0:25, 30:50]
    part = Camera().see(motion[kept], times[kept])
    motion[25:30] = np.nan
    whole = Camera().see(motion, times)
    np.testing.assert_array_equal(whole[kept], part)
    assert (whole[25:30, :, 2] == 0).all() and np.isnan(whole[25:30, :, :2]).all()
    nothing = moving(np.full((3, 25, 3), np.nan, np.float32), times[:3], "nobody")
    assert nothing.joints is not None and (nothing.joints[..., 2] == 0).all()
