"""Squares cut out of pictures: for the networks that find faces, and for the one that reads them."""

from __future__ import annotations

import math
import threading

import numpy as np
from numpy.typing import NDArray

from visavox.blaze.square import Sampler, Square

FACE_SIZE = 0.93
"""Longer side of the mesh, over the side of the crop: the median of FER2013's training images (levelled)."""

FACE_MIDDLE = 0.574
"""How far below the crop's upper edge the mean of all mesh points lies, over its side: measured as FACE_SIZE."""

RIGHT_EYE, LEFT_EYE = 33, 263
"""Mesh points at the outer corners of the eyes, the person's own right and left."""


LUMA = (0.299, 0.587, 0.114)
"""What red, green and blue give to grey: ITU-R BT.601."""


def framing(points: NDArray[np.floating]) -> Square:
    """The square around a face in which FER2013's pictures show faces: eyes level, forehead to chin.

    Size and place come from all points together: the distance of the eyes shrinks when a head turns, and a corner of
    the mouth moves when it smiles.

    Args:
        points: Its mesh in pixels [shape=(468, 2 or 3)].

    Source: our own meshes of 768 of FER2013's training images. Those pictures vary themselves: a sixth of them show
        the face more than 12 % larger than the median, a sixth more than 12 % smaller.
    """
    along = points[LEFT_EYE, :2] - points[RIGHT_EYE, :2]
    angle = math.atan2(float(along[1]), float(along[0]))
    cos, sin = math.cos(angle), math.sin(angle)
    levelled = points[:, :2].astype(np.float64) @ np.array([[cos, -sin], [sin, cos]])
    side = float(np.max(levelled.max(axis=0) - levelled.min(axis=0))) / FACE_SIZE
    across, down = levelled.mean(axis=0) - (0.0, (FACE_MIDDLE - 0.5) * side)
    return Square(float(cos * across - sin * down), float(sin * across + cos * down), side, angle)


def cut(pixels: NDArray[np.uint8], points: NDArray[np.floating], size: int = 224) -> NDArray[np.uint8]:
    """A face, upright and framed as FER2013 frames faces.

    Large faces are averaged over areas, so that no detail turns into a false one; small ones are interpolated. What
    lies outside of the picture repeats its edge.

    Args:
        pixels: The picture [shape=(h, w, 3), RGB].
        points: The face's mesh in pixels of it [shape=(468, 2 or 3)].
        size: Height and width of the result.

    Returns:
        The crop [shape=(size, size, 3)].
    """
    square = framing(points)
    factor = min(int(square.side // size), _LARGEST_FACTOR)
    if factor > 1:
        pixels, square = _reduced(pixels, square, factor)
    # From corners to centres: a pixel's grey value stands for its middle, here and there.
    half = square.side / size / 2
    cos, sin = math.cos(square.angle), math.sin(square.angle)
    centred = Square(
        square.x + (cos - sin) * half - 0.5, square.y + (sin + cos) * half - 0.5, square.side, square.angle
    )
    result: NDArray[np.uint8] = _sampler(size)(pixels, centred)[0].astype(np.uint8)
    return result


def shrink(pictures: NDArray[np.uint8], size: int | tuple[int, int]) -> NDArray[np.float32]:
    """Pictures at another size, averaged over areas; where they are smaller than that, interpolated.

    Args:
        pictures: [shape=(..., h, w, 3)].
        size: Height and width of the result, or both where they differ.

    Returns:
        Grey values 0..255 [shape=(..., height, width, 3)].

    Example:
        >>> shrink(np.array([[[0], [4]], [[8], [4]]], dtype=np.uint8), 1).item()
        4.0
    """
    *first, height, width, colours = pictures.shape
    tall, wide = (size, size) if isinstance(size, int) else size
    flat = pictures.reshape(-1, height, width * colours)
    rows = _resized(flat, tall).reshape(-1, width, colours)
    return _resized(rows, wide).astype(np.float32).reshape(*first, tall, wide, colours)


def grey(pictures: NDArray[np.generic]) -> NDArray[np.float32]:
    """Grey values of pictures [shape=(..., 3) to (...)], in the same unit, weighted by :data:`LUMA`.

    Example:
        >>> grey(np.array([[255.0, 0.0, 0.0]])).round(1)
        array([76.2], dtype=float32)
    """
    red, green, blue = (pictures[..., colour].astype(np.float32) for colour in range(3))
    result: NDArray[np.float32] = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return result


_LARGEST_FACTOR = 16  # its square times 255 still fits into 16 bits


class _Samplers(threading.local):
    """This thread's samplers, by the size of their crops."""

    def __init__(self) -> None:
        self.by_size: dict[int, Sampler] = {}


_samplers = _Samplers()


def _sampler(size: int) -> Sampler:
    kept = _samplers.by_size
    if size not in kept:
        kept[size] = Sampler(size, high=255.0)
    return kept[size]


def _reduced(pixels: NDArray[np.uint8], square: Square, factor: int) -> tuple[NDArray[np.uint8], Square]:
    """The part of a picture around a square, averaged over blocks of factor x factor pixels, and the square in it."""
    corners = square.place(np.array([(0, 0), (0, 1), (1, 0), (1, 1)]))
    limits = np.array(pixels.shape[1::-1])
    low = np.clip(np.floor(corners.min(axis=0)) - factor, 0, limits - factor).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + factor, low + factor, limits).astype(int)
    columns, rows = ((high - low) // factor).tolist()
    part = pixels[low[1] : low[1] + rows * factor, low[0] : low[0] + columns * factor]
    summed = part[::factor].astype(np.uint16)
    for row in range(1, factor):
        summed += part[row::factor]
    result = np.empty((rows, columns, 3), dtype=np.uint8)
    area = np.uint16(factor * factor)
    for colour in range(3):
        block = summed[:, ::factor, colour].copy()
        for column in range(1, factor):
            block += summed[:, column::factor, colour]
        result[..., colour] = (block + area // 2) // area
    return result, Square(
        (square.x - low[0]) / factor, (square.y - low[1]) / factor, square.side / factor, square.angle
    )


def _resized(values: NDArray[np.generic], size: int) -> NDArray[np.float64]:
    """Values along the middle axis at another number of places [shape=(n, length, m) to (n, size, m)].

    Averages come from differences of running sums; a product with a matrix of weights would be the same, but BLAS gives
    it to all processors, and waiting for busy ones costs more than the sum.
    """
    length = values.shape[1]
    if size >= length:
        place = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        whole = place.astype(int)
        share = (place - whole)[:, None]
        enlarged: NDArray[np.float64] = (
            values[:, whole] * (1 - share) + values[:, np.minimum(whole + 1, length - 1)] * share
        )
        return enlarged
    sums = np.zeros((len(values), length + 1, values.shape[2]))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    edges = np.arange(size + 1) * length / size
    whole = edges.astype(int)
    share = (edges - whole)[:, None]
    at_edges = sums[:, whole] * (1 - share) + sums[:, np.minimum(whole + 1, length)] * share
    result: NDArray[np.float64] = np.diff(at_edges, axis=1) * (size / length)
    return result
