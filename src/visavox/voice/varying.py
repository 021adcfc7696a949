"""Mel pictures varied in training, a batch at a time: moved along time, and parts of them hidden."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavox.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class PictureVariation:
    """How mel pictures are varied, as a recipe's [augmentation] says; each picture draws its own.

    Args:
        shift: most that a picture is moved along time, earlier or later, as a part of its width (0..1); what is left
            free is black.
        masks: how many stripes of time, and how many of bands, are hidden (black).
        mask: widest stripe, as a part of the picture's width or height (0..1).

    Raises:
        OptionError: a value is out of its range.

    Source: the report of `lrcn/vgg16-mel` says that pictures were augmented, not how. Moving up and down, turning or
        mirroring would make another voice of it, or none; moving along time and hiding stripes (Park et al.,
        "SpecAugment", 2019, sections 2 and 3) leave what is said.
    """

    shift: float = 0.0
    masks: int = 0
    mask: float = 0.1

    def __post_init__(self) -> None:
        for name in ("shift", "mask"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"Bad value {getattr(self, name)} for {name}, expected a part, 0 to 1.")
        if self.masks < 0:
            raise OptionError(f"Bad value {self.masks} for masks, expected 0 or more.")

    @classmethod
    def taken(cls, augmentation: dict[str, Any]) -> PictureVariation | None:
        """What a recipe's [augmentation] says of pictures, whose keys are taken out of it; None: nothing."""
        names = [item.name for item in dataclasses.fields(cls) if item.name in augmentation]
        return cls(**{name: augmentation.pop(name) for name in names}) if names else None

    def __call__(self, batch: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.generic]:
        """The pictures [n, bands, frames, channels] varied.

        Raises:
            OptionError: they are no pictures.
        """
        if batch.ndim != 4:
            raise OptionError("shift and masks of [augmentation] vary pictures: this input is none.")
        height, width = batch.shape[1:3]
        result = np.zeros_like(batch)
        for picture, varied in zip(batch, result, strict=True):
            most = int(self.shift * width)
            by = int(rng.integers(-most, most + 1))
            varied[:, max(0, by) : width + min(0, by)] = picture[:, max(0, -by) : width + min(0, -by)]
            for _ in range(self.masks):
                varied[:, _stripe(width, self.mask, rng)] = 0
                varied[_stripe(height, self.mask, rng)] = 0
        return result


def _stripe(length: int, most: float, rng: np.random.Generator) -> slice:
    width = int(rng.integers(0, int(most * length) + 1))
    first = int(rng.integers(0, length - width + 1))
    return slice(first, first + width)
