"""Squares are sampled as MediaPipe samples them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavox.blaze.square import Sampler, Square

NOISE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def sampled_one_by_one(pixels, square, size, border):
    """Bilinear samples at multiples of side / size from the square's corner, their places rounded to 1/32 pixel."""
    height, width = pixels.shape[:2]

    def pixel(x, y):
        if border == "black" and not (0 <= x < width and 0 <= y < height):
            return np.zeros(3)
        return pixels[min(max(y, 0), height - 1), min(max(x, 0), width - 1)].astype(float)

    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1) / size
    places = np.floor(square.place(grid) * 32 + 0.5) / 32
    result = np.empty((size, size, 3))
    for row in range(size):
        for column in range(size):
            x, y = places[row, column]
            left, top = math.floor(x), math.floor(y)
            right, below = x - left, y - top
            upper = pixel(left, top) * (1 - right) + pixel(left + 1, top) * right
            lower = pixel(left, top + 1) * (1 - right) + pixel(left + 1, top + 1) * right
            result[row, column] = upper * (1 - below) + lower * below
    return result


squares = st.builds(Square, st.floats(-40, 120), st.floats(-40, 100), st.floats(2, 200), st.floats(-math.pi, math.pi))


@given(squares, st.sampled_from(["nearest", "black"]))
@settings(max_examples=60, deadline=None)
def test_sampling_a_square(square, border):
    """Any square, inside of the picture, across its edge or outside, against one sample at a time."""
    expected = sampled_one_by_one(NOISE, square, 8, border)
    found = Sampler(8, high=255, border=border)(NOISE, square)[0]
    # Half a grey value for its rounding; a place that lies between two 32nds may be rounded either way (1 in 10 000).
    assert (np.abs(found - expected) > 0.51).mean() <= 3 / 64


def test_a_square_on_the_pixels_gives_the_pixels():
    found = Sampler(20, high=255)(NOISE, Square(40, 30, 20))
    assert np.array_equal(found[0], NOISE[20:40, 30:50])
    found = Sampler(20, low=-1, high=1)(NOISE, Square(40, 30, 20))
    assert found[0] == pytest.approx(NOISE[20:40, 30:50] / 127.5 - 1, abs=1e-6)
