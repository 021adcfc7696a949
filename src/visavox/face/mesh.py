"""The mesh of a face: 468 points, MediaPipe's network run by LiteRT on numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox import weights
from visavox.face.crop import Sampler, Square
from visavox.face.detector import Detection
from visavox.face.lite import LiteSession

POINTS = 468
"""Points of a mesh."""

SIZE = 192
"""Height and width of the network's input in pixels."""

SCORE = 0.5
"""Smallest score of a mesh that lies on a face."""

MARGIN = 1.5
"""Side of the square that the network sees, over the longer side of the face's box."""

RIGHT_EYE, LEFT_EYE = 33, 263
"""Outer corners of the eyes, the person's own right and left: the square is turned until they are level."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A face's points.

    Args:
        points: x and y in pixels of the picture, z in the same unit, smaller towards the camera
            [shape=(468, 3), float32].
        score: How sure the network is that it looks at a face, 0..1.
    """

    points: NDArray[np.float32]
    score: float

    @property
    def box(self) -> NDArray[np.float32]:
        """Left, top, width and height of all points, in pixels [shape=(4,)]."""
        return box_of(self.points)


class FaceMesh:
    """Fits a mesh to the face in a square; belongs to one thread.

    Raises:
        WeightsError: If the network was not fetched.

    Source: Kartynnik et al., "Real-time facial surface geometry from monocular video on mobile GPUs", 2019; the square's
        rules and the score as in MediaPipe 0.10.21, whose landmarks the tests compare with.
    """

    def __init__(self) -> None:
        self._network = LiteSession(weights.path("face_landmark.tflite"))
        self._sample = Sampler(SIZE)

    def __call__(self, pixels: NDArray[np.uint8], square: Square) -> Mesh:
        """Fits the mesh.

        Args:
            pixels: The picture [shape=(h, w, 3), RGB].
            square: Where the face is: `around_detection` of what the detector found, or `around_mesh` of the picture before.

        Returns:
            The mesh; below a score of :data:`SCORE` its points lie on no face.
        """
        outputs = {item.size: item.reshape(-1) for item in self._network(self._sample(pixels, square))}
        raw = outputs[3 * POINTS].reshape(POINTS, 3)
        points = np.empty((POINTS, 3), dtype=np.float32)
        points[:, :2] = square.place(raw[:, :2] / SIZE)
        points[:, 2] = raw[:, 2] * (square.side / SIZE)
        return Mesh(points, 1.0 / (1.0 + math.exp(-float(np.clip(outputs[1][0], -100, 100)))))


def around_detection(detection: Detection) -> Square:
    """The square in which the mesh of a detected face is looked for."""
    left, top, width, height = (float(value) for value in detection.box)
    (x0, y0), (x1, y1) = detection.keypoints[0], detection.keypoints[1]
    angle = math.atan2(float(y1 - y0), float(x1 - x0))
    return Square(left + width / 2, top + height / 2, MARGIN * max(width, height), angle)


def around_mesh(points: NDArray[np.floating]) -> Square:
    """The square in which the mesh of a face is looked for in the next picture.

    Args:
        points: Its mesh in this picture [shape=(468, 2 or 3)].
    """
    left, top, width, height = (float(value) for value in box_of(points))
    along = points[LEFT_EYE] - points[RIGHT_EYE]
    angle = math.atan2(float(along[1]), float(along[0]))
    return Square(left + width / 2, top + height / 2, MARGIN * max(width, height), angle)


def box_of(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Left, top, width and height of points, in their unit [shape=(4,)]."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return np.concatenate([low, high - low]).astype(np.float32)
