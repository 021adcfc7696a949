"""Descriptive images: the path of each joint as a picture in which later is brighter.

Joints are looked at relative to their torso, so that size, place and distance do not matter, and a back looks like a
front. A joint that is not seen leaves its picture empty: nothing is drawn of what is absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visavox.errors import OptionError
from visavox.joints.body25 import MIDDLES

Floats = NDArray[np.float64]
Weighting = Literal["linear", "quadratic"]

NECK, RIGHT_SHOULDER, LEFT_SHOULDER, MIDDLE_HIP = 1, 2, 5, 8
"""Places in BODY_25."""

HEAD: tuple[tuple[int, ...], ...] = ((17, 18), (15, 16), (0,))
"""What stands for the head, in this order: the ears, the eyes, the nose."""

SHARED: tuple[int, ...] = (0, *range(1, 15), 19, 22)
"""Joints that recorded motion and pictures both know: the head (in the nose's place), trunk, limbs and big toes."""

UPPER: tuple[int, ...] = (0, *range(1, 9))
"""The upper body: head, neck, arms and the middle of the hips."""

LEGS: tuple[int, ...] = (10, 11, 13, 14, 19, 20, 21, 22, 23, 24)
"""Knees and what is below."""

HIPS: tuple[int, ...] = (8, 9, 12)
"""Hips and their middle."""

LIKELY = 0.1
"""Confidence below which a joint is not seen: OpenPose's own viewer draws none that is less sure (0.05 to 0.1)."""

SHOULDERS = 0.7
"""Breadth of the shoulders from the front, in lengths of the torso (neck to middle of the hips)."""

HEAD_HEIGHT = 0.35
"""From the neck to between the ears, in lengths of the torso. Both from the corpora of motion, where they differ by a
third; they matter only where hips are not seen."""

LARGEST = 0.75
"""Quantile of the measured lengths of the torso that counts: it looks shorter whenever it bends towards the camera."""


def weights(count: int, weighting: Weighting = "linear") -> Floats:
    """The weight of each moment of a path [shape=(count,)]; the first has none, unless it is the only one.

    Raises:
        OptionError: If the weighting is none of the two.

    Source: Wei et al., Expert Systems with Applications 237, 2024, as W(t) for t from 1 to T: linear, T / (T - 1) ·
        (t - 1), or quadratic, (t² - t) / (T - 1). A single moment, for which they do not exist, weighs 1.

    Example:
        >>> weights(3).tolist(), weights(3, "quadratic").tolist()
        ([0.0, 1.5, 3.0], [0.0, 1.0, 3.0])
    """
    if weighting not in ("linear", "quadratic"):
        raise OptionError.one_of("weights of a path", weighting, ("linear", "quadratic"))
    t = np.arange(1, count + 1, dtype=np.float64)
    if count < 2:
        return np.ones(count)
    return count / (count - 1) * (t - 1) if weighting == "linear" else (t * t - t) / (count - 1)


def seen(joints: NDArray[np.floating]) -> Floats:
    """Places [t, 25, 2] of joints in BODY_25 order [t, 25, 3]; NaN where a joint is not seen.

    The neck is the middle of the shoulders and the middle of the hips that of both where they are not given themselves.
    """
    body = np.array(joints, dtype=np.float64)
    here = np.isfinite(body).all(axis=2) & (body[:, :, 2] >= LIKELY)
    places: Floats = np.where(here[:, :, None], body[:, :, :2], np.nan)
    for whole, parts in MIDDLES.items():
        middle = places[:, parts].mean(axis=1)  # NaN unless both are seen
        places[:, whole] = np.where(np.isnan(places[:, whole]), middle, places[:, whole])
    return places


def with_head(places: Floats) -> Floats:
    """The same places, in the nose's that of the head: of those seen, the ears' middle, the eyes', or the nose."""
    result = places.copy()
    result[:, 0] = np.nan
    for pair in HEAD:
        both = places[:, pair]
        known = ~np.isnan(both[:, :, :1])
        count = known.sum(axis=1)
        middle = np.where(known, both, 0.0).sum(axis=1) / np.maximum(count, 1)
        result[:, 0] = np.where(np.isnan(result[:, 0]) & (count > 0), middle, result[:, 0])
    return result


def relative(places: Floats) -> Floats:
    """Places in lengths of the torso: of the neck from its own mean, of all others from the neck.

    Who is seen from behind is mirrored, so that the right shoulder is at the left as from the front: seen from afar,
    the two are mirror images. The neck keeps its own path, which shows steps and swaying.

    Args:
        places: Of joints, in pixels, y downwards [shape=(t, 25, 2)].

    Returns:
        float64 [shape=(t, 25, 2)]; NaN where a joint or the neck is not seen, and everywhere if nothing gives the
        length of the torso.

    Example:
        >>> body = np.full((1, 25, 2), np.nan)
        >>> body[0, [1, 8, 4]] = [[100, 100], [100, 180], [60, 140]]  # neck, hips and a hand
        >>> relative(body)[0, [1, 8, 4]].tolist()
        [[0.0, 0.0], [0.0, 1.0], [-0.5, 0.5]]
    """
    unit = torso(places)
    neck = places[:, NECK]
    if not unit > 0 or np.isnan(neck).all():
        return np.full_like(places, np.nan)
    found = (places - neck[:, None]) / unit
    found[:, NECK] = (neck - np.nanmean(neck, axis=0)) / unit
    across = places[:, RIGHT_SHOULDER, 0] - places[:, LEFT_SHOULDER, 0]
    if not np.isnan(across).all() and np.nanmedian(across) > 0:
        found[:, :, 0] *= -1
    return found


def torso(places: Floats) -> float:
    """The length of the torso in pixels, from the hips or, without, from shoulders and head; NaN without those.

    Args:
        places: Of joints, as `seen` gives them [shape=(t, 25, 2)].
    """

    def length(first: Floats, second: Floats) -> float:
        long = np.linalg.norm(first - second, axis=1)
        return float(np.nanquantile(long, LARGEST)) if not np.isnan(long).all() else float("nan")

    trunk = length(places[:, NECK], places[:, MIDDLE_HIP])
    if trunk > 0:
        return trunk
    guesses = (
        length(places[:, RIGHT_SHOULDER], places[:, LEFT_SHOULDER]) / SHOULDERS,
        length(places[:, NECK], with_head(places)[:, 0]) / HEAD_HEIGHT,
    )
    known = [guess for guess in guesses if guess > 0]
    return max(known, default=float("nan"))


def draw(
    path: Floats,
    *,
    size: int,
    low: tuple[float, float],
    high: tuple[float, float],
    weighting: Weighting = "linear",
    blur: float = 1.0,
) -> Floats:
    """The descriptive image of each joint's path: the weighted sum, over time, of pictures of where it is.

    Args:
        path: x and y over time [shape=(t, j, 2)]; NaN where a joint is not seen, and then nothing is drawn.
        size: Height and width of the pictures, in pixels.
        low: x and y of the upper left corner of the picture, in units of the path.
        high: Those of the lower right corner.
        weighting: Of time, see `weights`.
        blur: Deviation of the spot that a joint is drawn as, in pixels; 0: the one pixel in which it lies.

    Returns:
        [shape=(size, size, j)], the brightest pixel of each joint 1; all 0 of a joint that is not there.

    Source: as `weights`; spots and the brightest pixel are those of Choutas, Weinzaepfel, Revaud & Schmid, "PoTion:
        Pose MoTion Representation for Action Recognition", CVPR 2018, sections 3.1 and 3.2, whose pictures the paper
        follows.
    """
    weight = weights(len(path), weighting)
    scale = size / (np.array(high) - np.array(low))
    spots = (path - np.array(low)) * scale - 0.5  # in pixels, from the middle of the first one
    cells = np.arange(size)
    if blur > 0:
        with np.errstate(invalid="ignore"):
            across, down = (np.exp(-((spots[:, :, axis, None] - cells) ** 2) / (2 * blur**2)) for axis in (0, 1))
    else:
        across, down = (np.floor(spots[:, :, axis, None] + 0.5) == cells for axis in (0, 1))
    across, down = np.nan_to_num(across.astype(np.float64)), np.nan_to_num(down.astype(np.float64))
    picture = np.einsum("t,tjy,tjx->yxj", weight, down, across, optimize=True)
    most = picture.max(axis=(0, 1))
    return np.asarray(picture / np.where(most > 1e-6 * weight.max(initial=1.0), most, np.inf))


def mirrored(joints: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same body in a mirror [t, 25, 3]: left is right.

    Example:
        >>> body = np.zeros((1, 25, 3), np.float32)
        >>> body[0, 4] = [5, 7, 1]  # the right hand
        >>> mirrored(body)[0, 7].tolist()  # the left one
        [-5.0, 7.0, 1.0]
    """
    result = joints[:, _MIRROR].copy()
    result[:, :, 0] *= -1
    return result


def pairs() -> Mapping[int, int]:
    """Joints of the right and their left counterparts, in BODY_25."""
    return dict(_PAIRS)


_PAIRS = ((2, 5), (3, 6), (4, 7), (9, 12), (10, 13), (11, 14), (15, 16), (17, 18), (22, 19), (23, 20), (24, 21))


def _mirror() -> Sequence[int]:
    order = list(range(25))
    for right, left in _PAIRS:
        order[right], order[left] = left, right
    return order


_MIRROR = _mirror()
