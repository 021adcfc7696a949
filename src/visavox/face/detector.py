"""Finds faces in a picture: MediaPipe's two detectors."""

from __future__ import annotations

from typing import Literal

from visavox.blaze.detector import Anchored, BlazeDetector
from visavox.errors import OptionError

KEYPOINTS = ("right eye", "left eye", "nose tip", "mouth", "right ear", "left ear")
"""What the six keypoints of a detection are; right and left are the person's own."""

RANGES: dict[str, Anchored] = {
    "short": Anchored("face_detection_short_range.tflite", 128, (16, 16, 8, 8, 8, 8, 8, 8), len(KEYPOINTS), 0.5),
    "full": Anchored("face_detection_full_range_sparse.tflite", 192, (48,), len(KEYPOINTS), 0.6),
}
"""Both detectors. Source: the graphs inside the wheel of MediaPipe 0.10.21."""


class FaceDetector(BlazeDetector):
    """Finds the faces in a picture, surest first; belongs to one thread.

    Args:
        reach: ``"short"`` (faces of a fifth of the picture and more; 1 ms) or ``"full"`` (smaller ones too; 2 ms).

    Raises:
        OptionError: If there is no such reach.
        WeightsError: If the network was not fetched.
    """

    def __init__(self, reach: Literal["short", "full"] = "short") -> None:
        if reach not in RANGES:
            raise OptionError.one_of("reach", reach, RANGES)
        super().__init__(RANGES[reach])
