"""How well a face can be seen: its size, its sharpness, and where it looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.face.crop import LEFT_EYE, RIGHT_EYE, grey, shrink

FOREHEAD, CHIN = 10, 152
"""Mesh points at the ends of the face's own vertical line."""

UPRIGHT_PITCH = -5.0
"""Pitch of that line in faces that look straight ahead, in degrees: the median of ten speakers who look at their
camera."""

BLUR_SIZE = 96
"""Height and width, in pixels, at which blur is measured: twice what expression networks see."""

BLUR_WINDOW = 9
"""Pixels over which the picture is blurred once more, to see what that changes."""

SMALLEST_FACE = 24.0
"""Pixels between the outer corners of the eyes, under which a face is too small to be judged."""

MOST_BLUR = 0.8
"""Blur above which a face cannot be judged. Faces in ordinary recordings have 0.3 to 0.6; 0.8 is reached by a
Gaussian of 3 % of the crop's side, which leaves eyes and mouth as spots."""

LARGEST_YAW = 60.0
"""Degrees to either side, beyond which half of the face is hidden."""

LARGEST_PITCH = 50.0
"""Degrees up or down, beyond which brows or mouth are hidden."""


@dataclass(frozen=True)
class Quality:
    """How well a face can be seen.

    Args:
        size: Distance of the outer corners of the eyes in pixels, as if the face looked straight ahead.
        blur: 0 (as sharp as can be) to 1 (without any detail).
        yaw: Degrees by which it is turned; positive towards the picture's right edge.
        pitch: Degrees by which it is raised; negative when it looks down.
        roll: Degrees by which it is tilted, clockwise on the picture.
    """

    size: float
    blur: float
    yaw: float
    pitch: float
    roll: float


def assess(crop: NDArray[np.uint8], points: NDArray[np.floating]) -> Quality:
    """Measures a face.

    The turn is read from the mesh's own depth: two lines of the face, from eye to eye and from forehead to chin, and
    how far each points out of the picture. Faces near the camera are seen in perspective, which this leaves out: a
    few degrees.

    Args:
        crop: The face, cut by `crop.cut` [shape=(h, w, 3)].
        points: Its mesh in pixels of the picture it was cut from [shape=(468, 3)].

    Source: blur as in Crété et al., "The blur effect: perception and estimation with a new no-reference perceptual blur
        metric", SPIE 6492, 2007.
    """
    across = np.asarray(points[LEFT_EYE] - points[RIGHT_EYE], dtype=np.float64)
    down = np.asarray(points[CHIN] - points[FOREHEAD], dtype=np.float64)
    flat_across, flat_down = math.hypot(across[0], across[1]), math.hypot(down[0], down[1])
    return Quality(
        size=float(np.linalg.norm(across)),
        blur=blur(grey(shrink(crop, BLUR_SIZE))),
        yaw=math.degrees(math.atan2(across[2], flat_across)),
        pitch=math.degrees(math.atan2(-down[2], flat_down)) - UPRIGHT_PITCH,
        roll=math.degrees(math.atan2(across[1], across[0])),
    )


def gate(
    quality: Quality,
    *,
    smallest: float = SMALLEST_FACE,
    blur: float = MOST_BLUR,
    yaw: float = LARGEST_YAW,
    pitch: float = LARGEST_PITCH,
) -> str:
    """Why a face should not be judged: ``small_face``, ``turned_away``, ``blurred``; ``""`` where it can be.

    Args:
        quality: What `assess` measured.
        smallest: Smallest distance of the eyes in pixels.
        blur: Most blur.
        yaw: Largest turn to a side, in degrees.
        pitch: Largest turn up or down, in degrees.

    Example:
        >>> gate(Quality(size=80, blur=0.3, yaw=-75, pitch=0, roll=0))
        'turned_away'
    """
    if quality.size < smallest:
        return "small_face"
    if abs(quality.yaw) > yaw or abs(quality.pitch) > pitch:
        return "turned_away"
    if quality.blur > blur:
        return "blurred"
    return ""


def blur(picture: NDArray[np.floating], window: int = BLUR_WINDOW) -> float:
    """How blurred a picture is: a sharp one loses much when it is blurred once more, a blurred one hardly anything.

    Args:
        picture: Grey values in any unit [shape=(h, w)].
        window: Pixels of the second blur; odd.

    Returns:
        0..1; 1 for a picture without any change of grey.

    Source: Crété et al. 2007, section 3; the worse of both directions.
    """
    worst = 0.0
    for values in (np.asarray(picture, dtype=np.float64), np.asarray(picture, dtype=np.float64).T):
        padded = np.pad(values, ((window // 2 + 1, window // 2), (0, 0)), mode="edge").cumsum(axis=0)
        smooth = (padded[window:] - padded[:-window]) / window
        change = np.abs(np.diff(values, axis=0))
        lost = np.maximum(change - np.abs(np.diff(smooth, axis=0)), 0)
        total = float(change.sum())
        worst = max(worst, 1.0 - float(lost.sum()) / total if total > 0 else 1.0)
    return worst
