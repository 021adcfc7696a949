"""`Clip`: one person, one stretch of time, and whichever of face, voice and body there is of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.errors import InputError

VOICE_RATE = 16_000
"""Samples a second of every `Clip.voice`."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One person, one stretch of time; what a Recognizer judges.

    Arrays or a path, or both. A path is opened only when a recognizer looks for something that is not given as an
    array: then the sound is read, or the largest face is followed and cut out, by the wing that wants it. An absent
    modality is ``None``, never zeros.

    Args:
        source: A recording that FFmpeg reads, or None.
        name: The key under which tables of precomputed features know this clip; the file's stem by default.
        start: Begin of the stretch in the source, in seconds of presentation time.
        end: End of the stretch (exclusive), or None for the source's end.
        faces: Upright face crops [shape=(t, h, w, 3), dtype=uint8, RGB].
        times: Seconds of each picture [shape=(t,)], one array for all modalities or one by modality's name.
        pictures: Whole frames, laid out as `faces`.
        mesh: Face mesh points [shape=(t, 468, 3), float32], in pixels of the picture.
        voice: Sound at 16 kHz [shape=(n,), float32 in -1..1].
        joints: Body joints in BODY_25 order [shape=(t, 25, 3), float32: x, y in pixels, confidence 0..1].
        person: Whose clip it is: a speaker's name, used for baselines and to keep speakers apart.

    Raises:
        InputError: If an array has another shape or type than the above, or the stretch is empty.

    Example:
        >>> Clip("talk.wav", start=1.0, end=3.5).name
        'talk'
    """

    source: str | Path | None = None
    name: str | None = None
    start: float = 0.0
    end: float | None = None
    faces: NDArray[np.uint8] | None = None
    times: NDArray[np.floating] | Mapping[str, NDArray[np.floating]] | None = None
    pictures: NDArray[np.uint8] | None = None
    mesh: NDArray[np.floating] | None = None
    voice: NDArray[np.floating] | None = None
    joints: NDArray[np.floating] | None = None
    person: str | None = None

    def __post_init__(self) -> None:
        if self.name is None and self.source is not None:
            object.__setattr__(self, "name", Path(self.source).stem)
        if self.end is not None and not self.end > self.start:
            raise InputError(f"{self._where()}: the clip ends at {self.end} s, before it starts at {self.start} s.")
        for field in ("faces", "pictures"):
            value = getattr(self, field)
            if value is not None and (value.ndim != 4 or value.shape[-1] != 3 or value.dtype != np.uint8):
                raise InputError(
                    f"{self._where()}: {field} must be uint8 [t, h, w, 3], got {value.dtype} {list(value.shape)}."
                )
        if self.voice is not None:
            if self.voice.ndim != 1 or not np.issubdtype(self.voice.dtype, np.floating):
                raise InputError(
                    f"{self._where()}: voice must be float [n] in -1..1 at {VOICE_RATE} Hz, "
                    f"got {self.voice.dtype} {list(self.voice.shape)}; divide integers by 32768 first."
                )
            if self.voice.dtype != np.float32:
                object.__setattr__(self, "voice", self.voice.astype(np.float32))
        for field, points in (("mesh", 468), ("joints", 25)):
            value = getattr(self, field)
            if value is not None and value.shape[1:] != (points, 3):
                raise InputError(f"{self._where()}: {field} must be float [t, {points}, 3], got {list(value.shape)}.")

    def _where(self) -> str:
        return str(self.source or self.name or "clip")
