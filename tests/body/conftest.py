"""A body that the tests of this folder share."""

from collections.abc import Callable

import numpy as np
import pytest

Standing = Callable[..., np.ndarray]


@pytest.fixture
def standing() -> Standing:
    """Makes somebody seen from the front [t, 25, 3]: a torso of 80 pixels; what is not named here is not seen."""
    places = {0: (100, 60), 2: (72, 100), 5: (128, 100), 3: (60, 140), 6: (140, 140), 4: (55, 175), 7: (145, 175),
              9: (85, 180), 12: (115, 180), 10: (85, 250), 13: (115, 250), 11: (85, 320), 14: (115, 320)}  # fmt: skip

    def make(rng: np.random.Generator | None = None, *, moments: int = 5) -> np.ndarray:
        body = np.full((moments, 25, 3), np.nan, dtype=np.float32)
        for joint, (x, y) in places.items():
            body[:, joint] = (x, y, 0.9)
        if rng is not None:  # the hands move
            body[:, [4, 7], :2] += rng.normal(0, 20, (moments, 2, 2)).astype(np.float32)
        return body

    return make


@pytest.fixture
def waving(standing: Standing) -> Callable[..., np.ndarray]:
    """Makes somebody who waves with the right hand [t, 25, 3]."""

    def make(*, moments: int = 60, rate: float = 20.0) -> np.ndarray:
        body = standing(moments=moments)
        body[:, 4, 1] -= 100 * np.abs(np.sin(np.arange(moments) / rate * 3)).astype(np.float32)
        return body

    return make
