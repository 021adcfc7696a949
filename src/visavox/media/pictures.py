"""The pictures of a recording: upright, with square pixels, each with the time at which it is shown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from visavox.media.opening import Part, Reached, Track, timed

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

_ROUNDING = 1e-6  # seconds, and parts of a cell: what floating point may be off


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and when it is shown.

    Args:
        time: Seconds of presentation time.
        pixels: Upright, with square pixels [shape=(h, w, 3), dtype=uint8, RGB].
    """

    time: float
    pixels: NDArray[np.uint8]


def pictures(part: Part, track: Track, every: float, reached: Reached) -> Iterator[Picture]:
    """The pictures of a part: the first one at or after each multiple of `every` seconds; 0 gives all of them.

    Pictures whose time stamp goes back are left out.
    """
    from av.video.reformatter import VideoReformatter

    # One for all pictures: a frame's own conversion would set up its tables anew each time.
    reformatter = VideoReformatter()
    period, last, cell = track.period, -math.inf, -1
    for frame, stamp in timed(part, track, reached):
        picture = cast("VideoFrame", frame)
        time = stamp if stamp is not None else last + period if last > -math.inf else 0.0
        if time <= last:
            continue
        period = time - last if last > -math.inf else period
        last = time
        if part.end is not None and time >= part.end - _ROUNDING:
            reached.broken = False  # what comes after the part is not our business
            break
        shown = float(picture.duration * picture.time_base) if picture.duration and picture.time_base else period
        if time < part.start - _ROUNDING:
            continue
        reached.until = min(time + shown, math.inf if part.end is None else part.end)
        here = math.floor(time / every + _ROUNDING) if every > 0 else cell + 1
        if here > cell:
            cell = here
            yield Picture(time, pixels(picture, reformatter, track.pixel_shape))


def pixels(frame: VideoFrame, reformatter: VideoReformatter, pixel_shape: Fraction = Fraction(1)) -> NDArray[np.uint8]:
    """A frame as it is meant to be seen [shape=(h, w, 3), RGB]: upright, with square pixels.

    Args:
        frame: As decoded.
        reformatter: Used for all frames of a stream.
        pixel_shape: Width over height of a pixel.
    """
    width = frame.width if abs(pixel_shape - 1) < 0.02 else max(1, round(frame.width * pixel_shape))
    converted = reformatter.reformat(frame, format="rgb24", width=width).to_ndarray()
    quarters = round(frame.rotation / 90)  # counterclockwise, as the display matrix or a photograph's EXIF says
    return np.ascontiguousarray(np.rot90(converted, quarters), dtype=np.uint8)
