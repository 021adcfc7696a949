"""The faces in a clip's pictures: followed from picture to picture, each cut out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import InputError
from visavox.face.crop import cut
from visavox.media import Picture, open_recording

if TYPE_CHECKING:
    from visavox.face.tracking import TrackedFace

LOOK_EVERY = 0.1
"""Seconds between two looks at a recording, when a clip comes as one."""


def followed(clip: Clip) -> Iterator[tuple[TrackedFace, NDArray[np.uint8]]]:
    """The faces that are followed in a clip's pictures, each with its crop.

    Raises:
        InputError: the clip's source cannot be read, or it has neither source nor arrays.
        WeightsError: the networks that find faces were not fetched.
    """
    from visavox.face.tracking import FaceTracker

    tracker: FaceTracker | None = None
    for picture in pictures_of(clip):
        tracker = tracker or FaceTracker()
        for face in tracker.update(picture.time, picture.pixels):
            yield face, cut(picture.pixels, face.points)


def pictures_of(clip: Clip) -> Iterator[Picture]:
    """The pictures of a clip, from its array or its source; none where it has other modalities alone.

    Raises:
        InputError: its source cannot be read, or it has neither source nor arrays.
    """
    if clip.pictures is not None:
        times = clip.times.get("pictures") if isinstance(clip.times, Mapping) else clip.times
        for index, pixels in enumerate(clip.pictures):
            yield Picture(index * LOOK_EVERY if times is None else float(times[index]), pixels)
    elif clip.source is not None:
        with open_recording(clip.source, clip.start, clip.end) as recording:
            if recording.has_pictures:
                for item in recording.read(LOOK_EVERY, sound=False):
                    if isinstance(item, Picture):
                        yield item
    elif all(array is None for array in (clip.voice, clip.mesh, clip.joints)):
        raise InputError(f"{clip.name or 'clip'}: it has neither faces nor a source to read them from.")
