"""Squares cut out of pictures: for the networks that find faces, and for the one that reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

STEPS = 32
"""Parts of a pixel to which positions are rounded: OpenCV's convention, which MediaPipe's networks are used with."""


@dataclass(frozen=True)
class Square:
    """A turned square in a picture.

    Args:
        x: Centre from the left edge, in pixels.
        y: Centre from the upper edge.
        side: Length of a side in pixels.
        angle: By how much it is turned, in radians, clockwise as seen on the picture.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def place(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points of the square as points of the picture.

        Args:
            points: x and y from the square's upper left corner, 0..1 along its sides [shape=(..., 2)].

        Returns:
            x and y in pixels of the picture [shape=(..., 2)].
        """
        along = (np.asarray(points, dtype=np.float64) - 0.5) * self.side
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return np.stack(
            [self.x + cos * along[..., 0] - sin * along[..., 1], self.y + sin * along[..., 0] + cos * along[..., 1]], -1
        )


class Sampler:
    """Bilinear samples of a turned square, as MediaPipe takes them: the square's corner is the first sample.

    Positions are rounded to 1/32 pixel and grey values to integers, as OpenCV does it for MediaPipe. All of it is whole-array
    arithmetic on 16-bit integers in buffers that are kept, so a sampler belongs to one thread.

    Args:
        size: Samples along a side.
        low: What a grey value of 0 becomes.
        high: What a grey value of 255 becomes.
        border: What lies outside of the picture: its nearest pixel, or black.

    Source: conventions read from MediaPipe 0.10.21 and compared with its landmarks (see the tests). No half-pixel shift:
        sample i lies at side * i / size, not at side * (i + 1/2) / size.
    """

    def __init__(
        self, size: int, *, low: float = 0.0, high: float = 1.0, border: Literal["nearest", "black"] = "nearest"
    ) -> None:
        self.size, self.low, self.high, self.border = size, low, high, border
        count = size * size
        self._bytes = np.empty((4, 3, count), dtype=np.uint8)
        self._corners = np.empty((4, 3, count), dtype=np.int16)
        self._values = np.empty((3, count), dtype=np.float32)
        self._upper = np.empty((3, count), dtype=np.float32)
        self._result = np.empty((1, size, size, 3), dtype=np.float32)

    def __call__(self, pixels: NDArray[np.uint8], square: Square) -> NDArray[np.float32]:
        """Samples a picture.

        Args:
            pixels: The picture [shape=(h, w, 3)].
            square: Where.

        Returns:
            Values in low..high [shape=(1, size, size, 3)]; the array is overwritten by the next call.
        """
        height, width = pixels.shape[:2]
        across, down = self._positions(square, width, height)
        cover = self._cover(across, down, width, height) if self.border == "black" else None
        np.clip(across, 0, (width - 1) * STEPS, out=across)
        np.clip(down, 0, (height - 1) * STEPS, out=down)
        right = (across & (STEPS - 1)).astype(np.int16)
        below = (down & (STEPS - 1)).astype(np.float32)
        across //= STEPS
        down //= STEPS
        index = (down.astype(np.intp) * width + across) * 3
        # One gather for each corner and colour: shifted views of the picture stand in for shifted indices. A corner
        # beyond the last pixel has weight 0, so it may be any pixel ("clip").
        flat = np.ascontiguousarray(pixels).reshape(-1)
        for corner, offset in enumerate((0, 3, 3 * width, 3 * width + 3)):
            for colour in range(3):
                start = min(offset + colour, flat.size - 1)
                flat[start:].take(index, mode="clip", out=self._bytes[corner, colour])
        np.copyto(self._corners, self._bytes)
        upper, upper_right, lower, lower_right = self._corners
        for left_side, right_side in ((upper, upper_right), (lower, lower_right)):
            right_side -= left_side
            right_side *= right
            left_side *= STEPS
            left_side += right_side
        lower -= upper
        values = self._values
        np.copyto(values, lower)
        values *= below
        np.copyto(self._upper, upper)
        self._upper *= STEPS
        values += self._upper
        values *= 1 / (STEPS * STEPS)
        if cover is not None:
            values *= cover
        np.rint(values, out=values)
        planes = self._result.reshape(-1, 3)
        for colour in range(3):
            np.multiply(values[colour], (self.high - self.low) / 255.0, out=planes[:, colour])
        if self.low:
            self._result += self.low
        return self._result

    def _positions(self, square: Square, width: int, height: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Column and row of each sample in 1/32 pixel [shape=(size * size,) each]."""
        step = square.side / self.size
        cos, sin = math.cos(square.angle), math.sin(square.angle)
        corner = square.place(np.zeros(2))
        grid = np.arange(self.size)
        # Fixed-point numbers with as many bits after the point as 32 bits leave room for: sums of a row's and a
        # column's share, no conversion of every sample.
        bits = max(0, 29 - math.ceil(math.log2(STEPS * (max(width, height) + 2 * square.side))))
        unit = STEPS * 2.0**bits
        half = (1 << bits) >> 1
        places = []
        for start, by_column, by_row in ((corner[0], cos * step, -sin * step), (corner[1], sin * step, cos * step)):
            row = np.rint((start + by_column * grid) * unit).astype(np.int32) + half
            column = np.rint(by_row * grid * unit).astype(np.int32)
            place = row[None, :] + column[:, None]
            place >>= bits
            places.append(place.reshape(-1))
        return places[0], places[1]

    @staticmethod
    def _cover(across: NDArray[np.int32], down: NDArray[np.int32], width: int, height: int) -> NDArray[np.float32]:
        """How much of a sample lies on the picture, 0..1: outside of it is black."""
        share = np.ones(len(across), dtype=np.float32)
        for place, length in ((across, width), (down, height)):
            inside = np.minimum(place + STEPS, length * STEPS - place)
            share *= np.clip(inside, 0, STEPS).astype(np.float32) / STEPS
        return share
