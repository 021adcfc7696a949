"""Finds faces in a picture: MediaPipe's detectors, run by LiteRT on numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visavox import weights
from visavox.errors import OptionError
from visavox.face.crop import Sampler, Square
from visavox.face.lite import LiteSession

OVERLAP = 0.3
"""Intersection over union above which two candidates are the same face."""

KEYPOINTS = ("right eye", "left eye", "nose tip", "mouth", "right ear", "left ear")
"""What the six keypoints of a detection are; right and left are the person's own."""


@dataclass(frozen=True)
class Range:
    """How one of the two detectors is used.

    Args:
        file: Its network.
        size: Height and width of its input in pixels.
        cells: Cells along a side of each output grid, one entry for every anchor in a cell.
        score: Smallest score of a face.
    """

    file: str
    size: int
    cells: tuple[int, ...]
    score: float


RANGES: dict[str, Range] = {
    "short": Range("face_detection_short_range.tflite", 128, (16, 16, 8, 8, 8, 8, 8, 8), 0.5),
    "full": Range("face_detection_full_range_sparse.tflite", 192, (48,), 0.6),
}
"""Both detectors. Source: the graphs inside the wheel of MediaPipe 0.10.21."""


@dataclass(frozen=True, eq=False)
class Detection:
    """A face as the detector sees it.

    Args:
        box: Left, top, width and height in pixels [shape=(4,)].
        keypoints: x and y in pixels, in the order of :data:`KEYPOINTS` [shape=(6, 2)].
        score: How sure the detector is, 0..1.
    """

    box: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    score: float


class FaceDetector:
    """Finds the faces in a picture; belongs to one thread.

    Args:
        reach: ``"short"`` (faces of a fifth of the picture and more; 1 ms) or ``"full"`` (smaller ones too; 2 ms).

    Raises:
        OptionError: If there is no such reach.
        WeightsError: If the network was not fetched.

    Source: Bazarevsky et al., "BlazeFace: sub-millisecond neural face detection on mobile GPUs", 2019; anchors,
    decoding
        and weighted suppression as in MediaPipe 0.10.21.
    """

    def __init__(self, reach: Literal["short", "full"] = "short") -> None:
        if reach not in RANGES:
            raise OptionError.one_of("reach", reach, RANGES)
        self.range = RANGES[reach]
        self._network = LiteSession(weights.path(self.range.file))
        self._sample = Sampler(self.range.size, low=-1.0, high=1.0, border="black")

    def __call__(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        """The faces in a picture, surest first.

        Args:
            pixels: The picture [shape=(h, w, 3), RGB].
        """
        height, width = pixels.shape[:2]
        whole = Square(width / 2, height / 2, max(width, height))
        outputs = {item.shape[-1]: item for item in self._network(self._sample(pixels, whole))}
        scores = outputs[1].reshape(-1)
        found = np.flatnonzero(scores >= _logit(self.range.score))
        if not len(found):
            return []
        raw = outputs[16].reshape(-1, 8, 2)[found] / self.range.size
        raw[:, [0, *range(2, 8)]] += _anchors(self.range.cells)[found, None]
        centre, extent, keypoints = raw[:, 0], raw[:, 1], raw[:, 2:]
        candidates = np.concatenate([(centre - extent / 2)[:, None], (centre + extent / 2)[:, None], keypoints], axis=1)
        values = 1.0 / (1.0 + np.exp(-np.clip(scores[found], -100.0, 100.0).astype(np.float64)))
        result = []
        for group, score in _merged(candidates, values):
            points = whole.place(group).astype(np.float32)
            box = np.concatenate([points[0], points[1] - points[0]])
            result.append(Detection(box, points[2:], score))
        return result


def overlap(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Intersection over union of two boxes (left, top, width, height), 0..1.

    Example:
        >>> overlap(np.array([0, 0, 2, 2]), np.array([1, 0, 2, 2])) == 1 / 3
        True
    """
    (left, top, width, height), (x, y, w, h) = one.tolist(), other.tolist()
    shared = max(0.0, min(left + width, x + w) - max(left, x)) * max(0.0, min(top + height, y + h) - max(top, y))
    total = width * height + w * h - shared
    return shared / total if total > 0 else 0.0


def _merged(candidates: NDArray[np.float32], scores: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], float]]:
    """Weighted suppression: what overlaps the best candidate is averaged with it, weighted by score.

    Args:
        candidates: Upper left corner, lower right corner, keypoints [shape=(n, 8, 2)].
        scores: [shape=(n,)].
    """
    left = np.argsort(-scores, kind="stable")
    result = []
    while len(left):
        best = candidates[left[0]]
        others = candidates[left]
        sides = np.minimum(others[:, 1], best[1]) - np.maximum(others[:, 0], best[0])
        shared = np.prod(np.maximum(sides, 0), axis=1)
        total = np.prod(others[:, 1] - others[:, 0], axis=1) + np.prod(best[1] - best[0]) - shared
        same = shared > OVERLAP * total
        same[0] = True
        weight = scores[left[same]]
        mean = (others[same] * weight[:, None, None]).sum(axis=0) / weight.sum()
        result.append((mean, float(scores[left[0]])))
        left = left[~same]
    return result


@cache
def _anchors(cells: tuple[int, ...]) -> NDArray[np.float32]:
    """Centres that positions are counted from, 0..1 [shape=(n, 2)], grid by grid, row by row."""
    grids = []
    for count in sorted(set(cells), reverse=True):
        middle = (np.arange(count, dtype=np.float32) + 0.5) / count
        grid = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
        grids.append(grid.repeat(cells.count(count), axis=0))
    return np.concatenate(grids)


def _logit(probability: float) -> float:
    return math.log(probability / (1.0 - probability))
