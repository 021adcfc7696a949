"""What networks of the body want of a clip: descriptive images of its joints, in numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from visavox.body.gesture import SHARED, UPPER, Weighting, draw, relative, seen, weights, with_head
from visavox.clip import Clip
from visavox.errors import OptionError
from visavox.inputs import Wanted

Joints = Literal["all", "shared", "upper"]

LEAST = 5
"""Joints that a body must show at once to be judged by: head, neck and shoulders, and an elbow or a hip."""

SHOWN = 0.5
"""Part of the looks at a body that must show a knee or an ankle for its legs to be seen."""

_KNEES_AND_ANKLES = (10, 11, 13, 14)

_EXTENTS: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "all": ((-2.25, -1.5), (2.25, 3.0)),
    "shared": ((-2.25, -1.5), (2.25, 3.0)),
    "upper": ((-1.6, -1.5), (1.6, 1.7)),
}
"""Corners of the picture around the neck, in lengths of the torso: raised hands and feet are inside."""


@dataclass(frozen=True, kw_only=True)
class DescriptiveImages:
    """The path of each joint as a picture in which later is brighter (`visavox.body.gesture`).

    A clip with times is cut into windows of one length, each an example; one without is one example, as it is.

    Args:
        joints: "all" 25 of BODY_25; "shared": the same 25 pictures, drawn of those alone that recorded motion knows as
            well, the head in the nose's place; "upper": nine pictures, of head, neck, arms and middle of the hips.
        size: height and width of a picture, in pixels.
        weighting: of time, "linear" or "quadratic".
        blur: deviation of the spot that a joint is drawn as, in pixels.
        seconds: longest window; 0: the whole clip is one.
        rate: moments a second that are looked at, at most; 0: all. Cameras and poses come at many rates.
        upper: name of the model that judges windows in which legs are not seen (`legs_seen`), a file beside the model
            or one that ships; "": none, all are judged alike.

    Raises:
        OptionError: there are no such joints, or there is no such weighting.
    """

    wants: ClassVar[Wanted] = "joints"
    joints: Joints = "shared"
    size: int = 48
    weighting: Weighting = "linear"
    blur: float = 1.0
    seconds: float = 3.0
    rate: float = 12.5
    upper: str = ""

    def __post_init__(self) -> None:
        if self.joints not in _EXTENTS:
            raise OptionError.one_of("input.joints", self.joints, _EXTENTS)
        weights(1, self.weighting)

    @property
    def shape(self) -> tuple[int, ...]:
        """[size, size, joints]."""
        return (self.size, self.size, len(UPPER) if self.joints == "upper" else 25)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """uint8 [windows, size, size, joints]; none of a clip in which too little of a body is seen."""
        found = [self.one(part) for part in self.parts(clip)]
        pictures = [picture for picture in found if picture is not None]
        return np.stack(pictures) if pictures else np.zeros((0, *self.shape), dtype=np.uint8)

    def parts(self, clip: Clip) -> list[Clip]:
        """The windows of a clip that holds joints, each a clip; those of no look at all are left out."""
        if clip.joints is None or not len(clip.joints):
            return []
        times = _times(clip)
        if times is None:
            return [Clip(name=clip.name, joints=clip.joints)]
        cut = windows(times, self.seconds, self.rate)
        return [Clip(name=clip.name, joints=clip.joints[rows], times=times[rows]) for rows in cut if len(rows)]

    def one(self, window: Clip) -> NDArray[np.uint8] | None:
        """The example that a window is, all of its looks; None where too little of a body is seen at once."""
        assert window.joints is not None
        path = relative(self._places(window.joints))
        at_once = (~np.isnan(path[:, self._drawn()]).any(axis=2)).sum(axis=1)
        return self._picture(path) if at_once.max(initial=0) >= LEAST else None

    def _places(self, joints: NDArray[np.floating]) -> NDArray[np.float64]:
        places = seen(joints)
        return places if self.joints == "all" else with_head(places)

    def _drawn(self) -> list[int]:
        return list({"all": range(25), "shared": SHARED, "upper": UPPER}[self.joints])

    def _picture(self, path: NDArray[np.float64]) -> NDArray[np.uint8]:
        if self.joints == "shared":
            hidden = np.setdiff1d(np.arange(25), SHARED)
            path = path.copy()
            path[:, hidden] = np.nan
        elif self.joints == "upper":
            path = path[:, list(UPPER)]
        low, high = _EXTENTS[self.joints]
        picture = draw(path, size=self.size, low=low, high=high, weighting=self.weighting, blur=self.blur)
        return np.round(picture * 255).astype(np.uint8)


def windows(times: NDArray[np.floating], seconds: float, rate: float) -> list[NDArray[np.int64]]:
    """Which pictures are looked at, for each window of a clip: equal windows, as few as hold no more than `seconds`.

    Args:
        times: of the pictures, in seconds [t], rising.
        seconds: longest window; 0: all is one.
        rate: pictures a second that are looked at, at most; 0: all.

    Example:
        >>> [rows.tolist() for rows in windows(np.arange(9) / 4, seconds=1.2, rate=2)]
        [[0, 2, 4], [5, 7]]
    """
    moments = np.asarray(times, dtype=np.float64)
    step = float(np.median(np.diff(moments))) if len(moments) > 1 else 0.0
    whole = moments[-1] - moments[0] + step
    count = max(1, int(np.ceil(round((moments[-1] - moments[0]) / seconds, 6)))) if seconds else 1
    parts = np.minimum(((moments - moments[0]) / max(whole, 1e-9) * count + 1e-9).astype(np.int64), count - 1)
    found = []
    for part in range(count):
        rows = np.flatnonzero(parts == part)
        if rate and len(rows):
            since = moments[rows] - moments[rows[0]]
            rows = rows[np.unique(np.floor(since * rate + 1e-6), return_index=True)[1]]
        found.append(rows.astype(np.int64))
    return found


def legs_seen(joints: NDArray[np.floating]) -> bool:
    """Whether a body in a window [t, 25, 3] has legs: at least half of the looks at it show a knee or an ankle."""
    known = np.isfinite(seen(joints)[:, :, 0])
    there = known.sum(axis=1) > 0
    legs = known[there][:, list(_KNEES_AND_ANKLES)].sum(axis=1) > 0
    return len(legs) > 0 and float(legs.mean()) >= SHOWN


def _times(clip: Clip) -> NDArray[np.floating] | None:
    times = clip.times.get("joints") if isinstance(clip.times, Mapping) else clip.times
    return None if times is None or len(times) != len(clip.joints if clip.joints is not None else ()) else times
