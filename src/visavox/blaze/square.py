"""Turned squares in pictures and what lies in them, as MediaPipe's networks are given it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

STEPS = 32
"""Parts of a pixel to which positions are rounded: OpenCV's convention, which MediaPipe's networks are used with."""

_STEP_BITS = 5  # STEPS as a power of two


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

    @property
    def corner(self) -> tuple[float, float]:
        """Its upper left corner: x and y in pixels of the picture."""
        across, down = math.cos(self.angle) * self.side / 2, math.sin(self.angle) * self.side / 2
        return self.x - across + down, self.y - down - across

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

    Positions are rounded to 1/32 pixel and grey values to integers, as OpenCV does it for MediaPipe. All of it is
    whole-array arithmetic on 16-bit integers in buffers that are kept, so a sampler belongs to one thread.

    Args:
        size: Samples along a side.
        low: What a grey value of 0 becomes.
        high: What a grey value of 255 becomes.
        border: What lies outside of the picture: its nearest pixel, or black.

    Source: conventions read from MediaPipe 0.10.21 and compared with its landmarks (see the tests). No half-pixel
    shift:
        sample i lies at side * i / size, not at side * (i + 1/2) / size.
    """

    def __init__(
        self, size: int, *, low: float = 0.0, high: float = 1.0, border: Literal["nearest", "black"] = "nearest"
    ) -> None:
        self.size, self.low, self.high, self.border = size, low, high, border
        count = size * size
        self._grid = np.arange(size)
        self._corner_samples = [0, size - 1, count - size, count - 1]
        self._bytes = np.empty((4, count), dtype=np.uint8)
        self._corners = np.empty((4, count), dtype=np.int16)
        self._values = np.empty((2, count), dtype=np.float32)
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
        across, down = self._positions(square)
        cover = self._cover(across, down, width, height) if self.border == "black" else None
        for place, length in ((across, width), (down, height)):
            corners = place[self._corner_samples]
            if corners.min() < 0 or corners.max() > (length - 1) * STEPS:
                np.clip(place, 0, (length - 1) * STEPS, out=place)
        right = (across & (STEPS - 1)).astype(np.int16)
        below = (down & (STEPS - 1)).astype(np.float32)
        across >>= _STEP_BITS
        down >>= _STEP_BITS
        if pixels.size < 2**31:
            down *= 3 * width
            across *= 3
            index = (down + across).astype(np.intp)
        else:
            index = (down.astype(np.intp) * width + across) * 3
        below *= 1 / (STEPS * STEPS)
        flat = np.ascontiguousarray(pixels).reshape(-1)
        planes = self._result.reshape(-1, 3)
        for colour in range(3):  # one by one: what a colour needs stays in the processor's cache
            # Shifted views of the picture stand in for shifted indices. A corner beyond the last pixel has weight 0, so
            # it may be any pixel ("clip").
            for corner, offset in enumerate((0, 3, 3 * width, 3 * width + 3)):
                start = min(offset + colour, flat.size - 1)
                flat[start:].take(index, mode="clip", out=self._bytes[corner])
            np.copyto(self._corners, self._bytes)
            upper, upper_right, lower, lower_right = self._corners
            for left_side, right_side in ((upper, upper_right), (lower, lower_right)):
                right_side -= left_side
                right_side *= right
                left_side <<= _STEP_BITS
                left_side += right_side
            lower -= upper
            # From here on in float32, which holds these integers exactly: (upper * 32 + difference * below) / 1024.
            values, share = self._values
            np.copyto(values, lower)
            values *= below
            np.copyto(share, upper)
            share *= 1 / STEPS
            values += share
            if cover is not None:
                values *= cover
            np.rint(values, out=values)
            np.multiply(values, (self.high - self.low) / 255.0, out=planes[:, colour])
        if self.low:
            self._result += self.low
        return self._result

    def _positions(self, square: Square) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Column and row of each sample in 1/32 pixel [shape=(size * size,) each]."""
        step = square.side / self.size
        cos, sin = math.cos(square.angle), math.sin(square.angle)
        (left, top), grid = square.corner, self._grid
        # Fixed-point numbers with as many bits after the point as 32 bits leave room for: sums of a row's and a
        # column's share, no conversion of every sample.
        reach = abs(square.x) + abs(square.y) + 2 * square.side + 1
        bits = max(0, 30 - math.ceil(math.log2(STEPS * reach)))
        unit = STEPS * 2.0**bits
        half = (1 << bits) >> 1
        places = []
        for start, by_column, by_row in ((left, cos * step, -sin * step), (top, sin * step, cos * step)):
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
