"""What the clip networks of system `sistcm` want of faces: short rows of pictures, in numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import OptionError
from visavox.face.sampling import RATE, Colour, check, every_so_often, resized, times_of
from visavox.inputs import Wanted


@dataclass(frozen=True, kw_only=True)
class FaceClips:
    """Rows of pictures of a face: each an example of its own, or so many rows together one example.

    Args:
        clips: how many rows are an example, spread evenly over the whole clip; 0: each row is one, and the rows follow
            each other without a gap. What is left over of less than a row then falls out, unless it is all there is.
        frames: pictures of a row.
        every: pictures from one that is taken to the next, at `rate`.
        rate: pictures a second by which `every` is counted.
        size: height and width in pixels, a multiple of 32.
        colour: "rgb", or "grey": three equal colours, whatever a film has.
        seconds: of a film that are judged as one in use.

    Raises:
        OptionError: a number is out of its range, or there is no such colour.

    Source: "Learning facial expression and body gesture visual information for video emotion recognition", 2024: every
        third picture, 224 x 224, a video as C clips of T pictures; C, T and how they are chosen are left open.
    """

    wants: ClassVar[Wanted] = "faces"
    clips: int = 0
    frames: int = 4
    every: int = 3
    rate: float = RATE
    size: int = 224
    colour: Colour = "rgb"
    seconds: float = 4.0

    def __post_init__(self) -> None:
        check(self, "frames", "every", "rate", "size", "seconds")
        if self.clips < 0:
            raise OptionError(f"Bad value {self.clips!r} for input.clips: expected a number from 0 on.")

    @property
    def shape(self) -> tuple[int, ...]:
        """[frames, size, size, 3], or [clips, frames, size, size, 3]."""
        row = (self.frames, self.size, self.size, 3)
        return (self.clips, *row) if self.clips else row

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """uint8 [m, *shape]: all rows (m of them), or one example; none of a clip without a face."""
        times = times_of(clip, "faces", self.rate)
        if clip.faces is None or not len(times):
            return np.zeros((0, *self.shape), dtype=np.uint8)
        taken = every_so_often(times, self.every / self.rate)
        chosen = taken[rows_of(len(taken), self.clips, self.frames).ravel()]
        return resized(clip.faces, chosen, (self.size, self.size), self.colour).reshape(-1, *self.shape)


def rows_of(count: int, clips: int, frames: int) -> NDArray[np.int64]:
    """Which pictures are in which row [clips, frames].

    Rows follow each other; where `clips` is 0 there are as many as fit. A number of rows begins at moments spread from
    the first picture to the last possible. In a row too long for all pictures, these are repeated evenly.

    Args:
        count: pictures there are.
        clips: rows wanted; 0: as many as fit.
        frames: of a row.

    Example:
        >>> rows_of(9, 0, 4).tolist()
        [[0, 1, 2, 3], [4, 5, 6, 7]]
        >>> rows_of(9, 3, 4).tolist()
        [[0, 1, 2, 3], [2, 3, 4, 5], [5, 6, 7, 8]]
        >>> rows_of(2, 0, 4).tolist()
        [[0, 0, 1, 1]]
    """
    row = np.arange(frames) if count >= frames else np.arange(frames) * count // frames
    last = max(count - frames, 0)
    starts = np.rint(np.linspace(0, last, clips)) if clips else np.arange(0, last + 1, frames)
    return (starts.astype(np.int64)[:, None] + row).astype(np.int64)
