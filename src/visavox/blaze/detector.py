"""Finds what a network was trained to find in a picture: MediaPipe's detectors, by grids of anchors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from visavox import weights
from visavox.blaze.lite import LiteSession
from visavox.blaze.square import Sampler, Square

OVERLAP = 0.3
"""Intersection over union above which two candidates are the same."""


@dataclass(frozen=True)
class Anchored:
    """A detecting network and how it is used.

    Args:
        file: Its network.
        size: Height and width of its input in pixels.
        cells: Cells along a side of each output grid, one entry for every anchor in a cell.
        keypoints: How many it gives with each box.
        score: Smallest score of something found.
    """

    file: str
    size: int
    cells: tuple[int, ...]
    keypoints: int
    score: float


@dataclass(frozen=True, eq=False)
class Detection:
    """Something found.

    Args:
        box: Left, top, width and height in pixels [shape=(4,)].
        keypoints: x and y in pixels [shape=(k, 2)].
        score: How sure the detector is, 0..1.
    """

    box: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    score: float


class BlazeDetector:
    """Runs a detecting network; belongs to one thread.

    Args:
        network: Which.

    Raises:
        WeightsError: If the network was not fetched.

    Source: Bazarevsky et al., "BlazeFace: sub-millisecond neural face detection on mobile GPUs", 2019; anchors,
        decoding and weighted suppression as in MediaPipe 0.10.21.
    """

    def __init__(self, network: Anchored) -> None:
        self.network = network
        self._session = LiteSession(weights.path(network.file))
        self._sample = Sampler(network.size, low=-1.0, high=1.0, border="black")

    def __call__(self, pixels: NDArray[np.uint8], square: Square | None = None) -> list[Detection]:
        """What is in a picture, surest first.

        Args:
            pixels: The picture [shape=(h, w, 3), RGB].
            square: The part that is looked at; by default the whole picture, black around it.
        """
        height, width = pixels.shape[:2]
        if square is None:
            square = Square(width / 2, height / 2, max(width, height))
        outputs = {item.shape[-1]: item for item in self._session(self._sample(pixels, square))}
        scores = outputs[1].reshape(-1)
        found = np.flatnonzero(scores >= _logit(self.network.score))
        if not len(found):
            return []
        pairs = 2 + self.network.keypoints
        raw = outputs[2 * pairs].reshape(-1, pairs, 2)[found] / self.network.size
        raw[:, [0, *range(2, pairs)]] += _anchors(self.network.cells)[found, None]
        centre, extent, keypoints = raw[:, 0], raw[:, 1], raw[:, 2:]
        candidates = np.concatenate([(centre - extent / 2)[:, None], (centre + extent / 2)[:, None], keypoints], axis=1)
        values = 1.0 / (1.0 + np.exp(-np.clip(scores[found], -100.0, 100.0).astype(np.float64)))
        result = []
        for group, score in _merged(candidates, values):
            points = square.place(group).astype(np.float32)
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
        candidates: Upper left corner, lower right corner, keypoints [shape=(n, 2 + keypoints, 2)].
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
