"""The mesh of a face: 468 points, MediaPipe's network run by LiteRT on numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox import weights
from visavox.blaze.detector import Detection
from visavox.blaze.lite import LiteSession
from visavox.blaze.square import Sampler, Square
from visavox.face.crop import FACE_MIDDLE, FACE_SIZE, LEFT_EYE, RIGHT_EYE

POINTS = 468
"""Points of a mesh."""

SIZE = 192
"""Height and width of the network's input in pixels."""

SCORE = 0.5
"""Smallest score of a mesh that lies on a face."""

MARGIN = 1.5
"""Side of the square that the network sees, over the longer side of the face's box."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A face's points.

    Args:
        points: x and y in pixels of the picture, z in the same unit, smaller towards the camera
            [shape=(468, 3), float32].
        box: Left, top, width and height of all points, in pixels [shape=(4,), float32].
        score: How sure the network is that it looks at a face, 0..1.
    """

    points: NDArray[np.float32]
    box: NDArray[np.float32]
    score: float


class FaceMesh:
    """Fits a mesh to the face in a square; belongs to one thread.

    Raises:
        WeightsError: If the network was not fetched.

    Source: Kartynnik et al., "Real-time facial surface geometry from monocular video on mobile GPUs", 2019; the
    square's
        rules and the score as in MediaPipe 0.10.21, whose landmarks the tests compare with.
    """

    def __init__(self) -> None:
        self._network = LiteSession(weights.path("face_landmark.tflite"))
        self._sample = Sampler(SIZE)

    def __call__(self, pixels: NDArray[np.uint8], square: Square) -> Mesh:
        """Fits the mesh.

        Args:
            pixels: The picture [shape=(h, w, 3), RGB].
            square: Where the face is: `around_detection` of what the detector found, or `around_mesh` of the picture
            before.

        Returns:
            The mesh; below a score of :data:`SCORE` its points lie on no face.
        """
        outputs = {item.size: item.reshape(-1) for item in self._network(self._sample(pixels, square))}
        unit = square.side / SIZE
        cos, sin = unit * math.cos(square.angle), unit * math.sin(square.angle)
        turn = np.array([(cos, sin, 0.0), (-sin, cos, 0.0), (0.0, 0.0, unit)], dtype=np.float32)
        points = outputs[3 * POINTS].reshape(POINTS, 3) @ turn
        points += np.array([*square.corner, 0.0], dtype=np.float32)
        return Mesh(points, box_of(points), 1.0 / (1.0 + math.exp(-max(-100.0, float(outputs[1][0])))))


def around_detection(detection: Detection) -> Square:
    """The square in which the mesh of a detected face is looked for."""
    left, top, width, height = detection.box.tolist()
    (x0, y0), (x1, y1) = detection.keypoints[:2].tolist()
    angle = math.atan2(y1 - y0, x1 - x0)
    return Square(left + width / 2, top + height / 2, MARGIN * max(width, height), angle)


def around_mesh(mesh: Mesh) -> Square:
    """The square in which a face is looked for in the next picture."""
    left, top, width, height = mesh.box.tolist()
    (x0, y0, _), (x1, y1, _) = mesh.points[RIGHT_EYE].tolist(), mesh.points[LEFT_EYE].tolist()
    angle = math.atan2(y1 - y0, x1 - x0)
    return Square(left + width / 2, top + height / 2, MARGIN * max(width, height), angle)


def box_of(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Left, top, width and height of points, in their unit [shape=(4,)]."""
    across, down = points.T[:2].copy()
    left, top = across.min(), down.min()
    return np.array([left, top, across.max() - left, down.max() - top], dtype=np.float32)


def in_crop(network: FaceMesh, crop: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """The points of the face in a crop (`crop.cut`), in pixels of it; None where the network sees none.

    Args:
        network: fits the mesh: twice, the second time where it found the face.
        crop: the face, upright and framed as `crop.cut` frames it [shape=(h, w, 3)].
    """
    height, width = crop.shape[:2]
    side = MARGIN * FACE_SIZE * max(height, width)
    first = network(crop, Square(width / 2, FACE_MIDDLE * height, side))
    found = network(crop, around_mesh(first)) if first.score >= SCORE else first
    return found.points if found.score >= SCORE else None
