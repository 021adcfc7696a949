"""Facial values: 51 numbers that say what the parts of a face do, from its mesh.

Names are ours: a part and what is measured of it. Everything is measured in a face's own axes (across: from its outer
right to its outer left corner of the eye; down: from forehead to the base of the nose; forward: out of the face) and in
units of the distance of these corners, so that place, size and turn of a head change nothing. Right and left are the
person's own. Values have no zero: everybody's face at rest has values of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visavox.face.crop import LEFT_EYE, RIGHT_EYE

Floats = NDArray[np.float64]

FOREHEAD, NOSE_BASE, CHIN = 10, 2, 152
"""Mesh points: the first two span the downward axis, since they hardly move with an expression."""

ACROSS, DOWN, FORWARD = 0, 1, 2
"""Axes of a face: to the person's left, down, and out of the face."""


class _Side(NamedTuple):
    """Mesh points of one side of a face: pairs of lids from the outer corner on, the brow from its inner end on."""

    outer: int
    inner: int
    lids: tuple[tuple[int, int], ...]
    brow: tuple[int, int, int]
    cheek: int
    nostril: int
    mouth: int
    upper_lip: int
    lower_lip: int


_RIGHT = _Side(33, 133, ((160, 144), (159, 145), (158, 153)), (107, 105, 70), 50, 129, 61, 39, 181)
_LEFT = _Side(263, 362, ((387, 373), (386, 374), (385, 380)), (336, 334, 300), 280, 358, 291, 269, 405)

_UPPER_LIP, _UPPER_INNER, _LOWER_INNER, _LOWER_LIP = 0, 13, 14, 17
_INNER_CORNERS = (78, 308)
_NOSE_TIP = 1

_OF_A_SIDE = (
    "eye_outer_opening", "eye_opening", "eye_inner_opening", "upper_lid_height", "lower_lid_height",
    "brow_inner_height", "brow_middle_height", "brow_outer_height", "brow_arch",
    "cheek_height", "cheek_fullness", "nostril_height",
    "mouth_corner_height", "mouth_corner_reach", "mouth_corner_depth", "upper_lip_side_height", "lower_lip_side_depth",
)  # fmt: skip

_OF_THE_MIDDLE = (
    "brow_gap", "nose_width", "nose_tip_height",
    "mouth_opening", "mouth_height", "mouth_width", "mouth_inner_width", "mouth_shift",
    "upper_lip_height", "upper_lip_thickness", "upper_lip_forward", "lower_lip_thickness", "lower_lip_forward",
    "jaw_opening", "jaw_shift", "jaw_forward", "chin_height",
)  # fmt: skip

NAMES: tuple[str, ...] = (*(f"{n}_{side}" for side in ("right", "left") for n in _OF_A_SIDE), *_OF_THE_MIDDLE)
"""The 51 values in their order.

Of each side (`…_right`, `…_left`): how far the lids are apart (at the outer third, the middle, the inner third) and how
high each lies over the line between the eye's corners; how high the brow lies over that line (inner end, middle, outer
end), and its middle over its ends; how high the cheek lies over the base of the nose, and how far it stands out
over the corners of the eyes; how high the nostril lies over the base of the nose; of the corner
of the mouth, how high it lies over the middle of the lips, how far from the face's own middle line, how far forward;
how high the upper lip and how deep the lower lip lies half-way to that corner, from the middle of the lips on.

Of the middle: the distances of the inner ends of the brows, and of the nostrils; how high the tip of the nose lies over
its base; how far the lips are apart, from outer edge to outer edge, from corner to corner outside and inside, and how
far the mouth lies to the left; how near the upper lip is to the base of the nose (larger: raised), how thick the lips
are and how far they stand out; how far the chin lies below the base of the nose, to the left, and out of the face; and
how near the chin is to the lower lip (larger: raised).
"""


def facial_values(mesh: NDArray[np.floating]) -> NDArray[np.float32]:
    """The 51 values of meshes.

    Args:
        mesh: points of faces, x and y in pixels, z in the same unit, smaller towards the camera
            [shape=(..., 468, 3)].

    Returns:
        Values in distances of the outer corners of the eyes [shape=(..., 51)], in the order of `NAMES`; NaN where a
        point that they need is NaN.

    Source: the names and measures are ours; what they follow are the actions of the face that FACS describes (Ekman
        and Friesen, 1978). The 51 values of the report "Emotion Recognition by Audio and Video" (AI Lab, 2024) come of
        a network that is in no package; ours take their place.

    Example:
        >>> facial_values(np.random.default_rng(0).normal(size=(2, 468, 3))).shape
        (2, 51)
    """
    points = in_own_axes(mesh)

    def place(index: int, axis: int) -> Floats:
        return np.asarray(points[..., index, axis])

    def apart(one: int, other: int) -> Floats:
        return np.asarray(np.linalg.norm(points[..., one, :] - points[..., other, :], axis=-1))

    base, forward = place(NOSE_BASE, DOWN), (place(RIGHT_EYE, FORWARD) + place(LEFT_EYE, FORWARD)) / 2
    lips = (place(_UPPER_INNER, DOWN) + place(_LOWER_INNER, DOWN)) / 2
    columns: list[Floats] = []
    for side, sign in ((_RIGHT, -1.0), (_LEFT, 1.0)):
        eye = (place(side.outer, DOWN) + place(side.inner, DOWN)) / 2
        inner, middle, outer = (eye - place(point, DOWN) for point in side.brow)
        columns += [apart(upper, lower) for upper, lower in side.lids]
        columns += [eye - place(point, DOWN) for point in side.lids[1]]
        columns += [inner, middle, outer, middle - (inner + outer) / 2]
        columns += [base - place(side.cheek, DOWN), place(side.cheek, FORWARD) - forward]
        columns += [base - place(side.nostril, DOWN)]
        columns += [lips - place(side.mouth, DOWN), sign * place(side.mouth, ACROSS)]
        columns += [place(side.mouth, FORWARD) - forward]
        columns += [lips - place(side.upper_lip, DOWN), place(side.lower_lip, DOWN) - lips]
    columns += [
        apart(_RIGHT.brow[0], _LEFT.brow[0]),
        apart(_RIGHT.nostril, _LEFT.nostril),
        base - place(_NOSE_TIP, DOWN),
        apart(_UPPER_INNER, _LOWER_INNER),
        apart(_UPPER_LIP, _LOWER_LIP),
        apart(_RIGHT.mouth, _LEFT.mouth),
        apart(*_INNER_CORNERS),
        (place(_UPPER_INNER, ACROSS) + place(_LOWER_INNER, ACROSS)) / 2,
        base - place(_UPPER_LIP, DOWN),
        apart(_UPPER_LIP, _UPPER_INNER),
        place(_UPPER_LIP, FORWARD) - forward,
        apart(_LOWER_INNER, _LOWER_LIP),
        place(_LOWER_LIP, FORWARD) - forward,
        place(CHIN, DOWN) - base,
        place(CHIN, ACROSS),
        place(CHIN, FORWARD) - forward,
        place(_LOWER_LIP, DOWN) - place(CHIN, DOWN),
    ]
    return np.stack(columns, axis=-1).astype(np.float32)


def in_own_axes(mesh: NDArray[np.floating]) -> Floats:
    """Points of faces in each face's own axes, its middle (between the outer corners of the eyes) at 0.

    Args:
        mesh: as for `facial_values`.

    Returns:
        Across, down and forward in distances of the outer corners of the eyes [shape=(..., 468, 3)].
    """
    points = np.asarray(mesh, dtype=np.float64)
    right, left = points[..., RIGHT_EYE, :], points[..., LEFT_EYE, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        across, unit = _unit(left - right)
        down = points[..., NOSE_BASE, :] - points[..., FOREHEAD, :]
        down, _ = _unit(down - (down * across).sum(axis=-1, keepdims=True) * across)
        # Depth grows away from the camera; out of the face is towards it.
        axes = np.stack([across, down, np.cross(down, across)], axis=-1)
        return np.asarray((points - ((right + left) / 2)[..., None, :]) @ axes / unit[..., None])


def _unit(vectors: Floats) -> tuple[Floats, Floats]:
    """Vectors of length 1, and the lengths they had [shape=(..., 1)]."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / length, length
