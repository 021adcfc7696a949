"""How pictures of faces are varied in batches, in numpy: those of one clip all alike."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class Variation:
    """Varies each clip of a batch by its own draw, its pictures alike; ranges are uniform, 0 turns a part off.

    Args:
        mirror: chance of mirror images.
        rotation: largest turn, in degrees.
        shift: largest move to each side and up or down, as a part of width and height.
        scale: largest change of size, as a part (0.1: 0.9 to 1.1).
        brightness: largest change of the light, as a part (0.2: 0.8 to 1.2 times as bright).

    Example:
        >>> batch = np.arange(6, dtype=np.uint8).reshape(1, 1, 1, 6, 1)
        >>> Variation(mirror=1.0)(batch, np.random.default_rng(0)).ravel().tolist()
        [5, 4, 3, 2, 1, 0]
    """

    mirror: float = 0.0
    rotation: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    brightness: float = 0.0

    def __call__(self, batch: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.generic]:
        """A batch varied.

        Args:
            batch: pictures [n, ..., h, w, colours], uint8: single ones or a row of them for each clip.
            rng: source of chance.

        Raises:
            OptionError: these are no pictures.
        """
        if batch.dtype != np.uint8 or batch.ndim < 4:
            raise OptionError(
                f"Bad value {next(key for key in KEYS if getattr(self, key))!r} for a key of augmentation: "
                f"it varies pictures, and this network's input is none."
            )
        result = np.empty_like(batch)
        for place, clip in enumerate(batch):
            pictures = np.asarray(clip, dtype=np.uint8)
            mirrored = rng.random() < self.mirror
            angle = math.radians(self.rotation) * rng.uniform(-1, 1)
            size = 1 + self.scale * rng.uniform(-1, 1)
            moved = self.shift * rng.uniform(-1, 1, 2)
            light = 1 + self.brightness * rng.uniform(-1, 1)
            if self.rotation or self.scale or self.shift:
                pictures = moved_pictures(pictures, angle, size, (moved[0], moved[1]))
            if mirrored:
                pictures = pictures[..., ::-1, :]
            if self.brightness:
                pictures = np.rint(np.clip(pictures * np.float32(light), 0, 255)).astype(np.uint8)
            result[place] = pictures
        return result


KEYS = tuple(item.name for item in dataclasses.fields(Variation))
"""What a recipe's [augmentation] can say of pictures."""


def moved_pictures(
    pictures: NDArray[np.uint8], angle: float, size: float, moved: tuple[float, float]
) -> NDArray[np.uint8]:
    """Pictures turned about their middle, grown and moved, all alike; edges are repeated.

    Args:
        pictures: [shape=(..., h, w, colours)].
        angle: in radians, clockwise as seen.
        size: how many times as large.
        moved: to the right and down, as parts of width and height.

    Returns:
        Of the same shape, by bilinear interpolation.
    """
    height, width, colours = pictures.shape[-3:]
    down, across = np.mgrid[:height, :width].astype(np.float32)
    down -= (height - 1) / 2 + moved[1] * height
    across -= (width - 1) / 2 + moved[0] * width
    cos, sin = math.cos(angle) / size, math.sin(angle) / size
    x = np.clip(cos * across + sin * down + (width - 1) / 2, 0, width - 1)
    y = np.clip(-sin * across + cos * down + (height - 1) / 2, 0, height - 1)
    left, top = np.minimum(x.astype(int), max(width - 2, 0)), np.minimum(y.astype(int), max(height - 2, 0))
    right, low = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    over, under = (x - left).astype(np.float32)[..., None], (y - top).astype(np.float32)[..., None]
    flat = pictures.reshape(-1, height, width, colours)
    result = np.empty_like(flat)
    for place, picture in enumerate(flat):
        upper = picture[top, left] * (1 - over) + picture[top, right] * over
        lower = picture[low, left] * (1 - over) + picture[low, right] * over
        result[place] = np.rint(upper * (1 - under) + lower * under)
    return result.reshape(pictures.shape)
