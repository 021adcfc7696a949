"""Where a recording is cut: what was followed before is not followed after."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CUT = 20.0
"""Mean difference of grey values, picture to picture, from which on the scene has changed (of 255). Cuts between dark
scenes reach 29; a face that comes near or throws itself about stays below 17."""


class Scene:
    """Compares each picture with the one before, by the green of about 800 pixels; belongs to one recording."""

    def __init__(self) -> None:
        self._before: NDArray[np.int16] | None = None

    def is_cut(self, pixels: NDArray[np.uint8]) -> bool:
        """Whether this picture shows another scene than the one before.

        Args:
            pixels: The picture [shape=(h, w, 3), RGB]. Pictures come about a tenth of a second apart.
        """
        height, width = pixels.shape[:2]
        scene = pixels[height // 48 :: max(1, height // 24), width // 64 :: max(1, width // 32), 1].astype(np.int16)
        before, self._before = self._before, scene
        if before is None:
            return False
        return before.shape != scene.shape or float(np.abs(scene - before).mean()) > CUT
