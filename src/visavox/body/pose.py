"""Finds bodies in a picture and where their joints are: BlazePose, MediaPipe's networks, run by LiteRT on numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox import weights
from visavox.blaze.detector import Anchored, BlazeDetector, Detection
from visavox.blaze.lite import LiteSession
from visavox.blaze.square import Sampler, Square
from visavox.joints.body25 import ORDERS, arranged

POINTS = 33
"""Points of a pose. After them the network gives six more, of which the first two say where to look next."""

SIZE = 256
"""Height and width of the network's input in pixels."""

SCORE = 0.5
"""Smallest score of a pose that lies on a body."""

VISIBLE = 0.5
"""Smallest visibility of a joint that is seen. The network places the others, too: behind a desk, outside of the
picture."""

MARGIN = 1.25
"""How much larger than the circle around a body the square is that the network sees."""

DETECTOR = Anchored("pose_detection.tflite", 224, (28, 28, 14, 14, 7, 7, 7, 7, 7, 7), 4, 0.5)
"""Finds people, near and far; its first keypoint is the middle of the hips, its second lies on the circle around the
whole body, above the head. Source: the graph inside the wheel of MediaPipe 0.10.21."""

_GIVEN, _MAP, _REACH, _REFINING = 39, 64, 4, 0.5
"""Points that the network gives; cells along a side of its map of each; cells around a point in which it is looked for
again, and the smallest value there by which that is done. The graph of the repository names a reach of 3 cells; the
wheel's has 4 (see the tests)."""

_CENTRE, _EDGE = 33, 34
"""Points of the middle of the hips and of the circle around the body."""


@dataclass(frozen=True, eq=False)
class Pose:
    """A body's points.

    Args:
        points: x and y in pixels of the picture, z in the same unit, from the middle of the hips, smaller towards the
            camera; in BlazePose's order [shape=(33, 3), float32]. Points outside of the picture are guesses.
        visibility: How likely it is that a point is in the picture and not behind anything, 0..1 [shape=(33,)].
        score: How sure the network is that it looks at a body, 0..1.
        square: Where the body is to be looked for in the next picture.
    """

    points: NDArray[np.float32]
    visibility: NDArray[np.float32]
    score: float
    square: Square

    def joints(self, width: int, height: int) -> NDArray[np.float32]:
        """The body as `Clip.joints` has it: BODY_25, x, y and visibility [shape=(25, 3)].

        A joint that is less visible than :data:`VISIBLE`, or lies outside of the picture, is 0 in all three.

        Args:
            width: Of the picture, in pixels.
            height: Of the picture.
        """
        given = np.column_stack([self.points[:, :2], self.visibility])
        result: NDArray[np.float32] = arranged(given[None], ORDERS[POINTS])[0]
        x, y, seen = result.T
        result[(seen < VISIBLE) | (x < 0) | (y < 0) | (x >= width) | (y >= height)] = 0.0
        return result


class PoseDetector(BlazeDetector):
    """Finds the bodies in a picture, surest first; belongs to one thread. 3 to 5 ms.

    Raises:
        WeightsError: If the network was not fetched.

    Source: Bazarevsky et al., "BlazePose: on-device real-time body pose tracking", 2020.
    """

    def __init__(self) -> None:
        super().__init__(DETECTOR)


class PoseNetwork:
    """Fits the points of a body in a square; belongs to one thread. 5 to 10 ms.

    Raises:
        WeightsError: If the network was not fetched.

    Source: as `PoseDetector`; squares, score and the second look at each point's map as in MediaPipe 0.10.21, whose
        points the tests compare with.
    """

    def __init__(self) -> None:
        self._session = LiteSession(weights.path("pose_landmark_full.tflite"))
        self._sample = Sampler(SIZE)

    def __call__(self, pixels: NDArray[np.uint8], square: Square) -> Pose:
        """Fits the points.

        Args:
            pixels: The picture [shape=(h, w, 3), RGB].
            square: Where the body is: `around_detection` of what the detector found, or the `Pose.square` of the
                picture before.

        Returns:
            The pose; below a score of :data:`SCORE` its points lie on no body.
        """
        outputs = {item.size: item for item in self._session(self._sample(pixels, square))}
        raw = outputs[_GIVEN * 5].reshape(_GIVEN, 5)
        maps = outputs[_GIVEN * _MAP * _MAP].reshape(_MAP, _MAP, _GIVEN)
        places = _refined(raw[:, :2].astype(np.float64) / SIZE, maps)
        points = np.empty((_GIVEN, 3), dtype=np.float32)
        points[:, :2] = square.place(places)
        points[:, 2] = raw[:, 2] * (square.side / SIZE)
        visibility = (1 / (1 + np.exp(-np.clip(raw[:POINTS, 3], -50, 50)))).astype(np.float32)
        return Pose(points[:POINTS], visibility, float(outputs[1].item()), _around(points[_CENTRE], points[_EDGE]))


def around_detection(detection: Detection) -> Square:
    """The square in which the pose of a detected body is looked for."""
    return _around(detection.keypoints[0], detection.keypoints[1])


def _around(centre: NDArray[np.float32], edge: NDArray[np.float32]) -> Square:
    """The square around a body, its side towards the head up."""
    across, down = float(edge[0] - centre[0]), float(edge[1] - centre[1])
    side = 2 * MARGIN * math.hypot(across, down)
    return Square(float(centre[0]), float(centre[1]), side, math.atan2(across, -down))


def _refined(places: NDArray[np.floating], maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Places [p, 2] in 0..1 of the square, each moved to the centre of gravity of its map [64, 64, p] around it.

    What lies outside of the square stays where it is, and so does what its map does not see.
    """
    result = places.astype(np.float64)
    for point, (column, row) in enumerate(np.floor(result * _MAP).astype(int)):
        if not (0 <= column < _MAP and 0 <= row < _MAP):
            continue
        left, top = max(0, column - _REACH), max(0, row - _REACH)
        near = maps[top : row + _REACH + 1, left : column + _REACH + 1, point]
        if near.max() < _LOGIT:
            continue
        weight = 1 / (1 + np.exp(-np.clip(near, -50, 50).astype(np.float64)))
        across = weight.sum(axis=0) @ np.arange(left, left + near.shape[1])
        down = weight.sum(axis=1) @ np.arange(top, top + near.shape[0])
        result[point] = np.array([across, down]) / weight.sum() / _MAP
    return result


_LOGIT = math.log(_REFINING / (1 - _REFINING))
