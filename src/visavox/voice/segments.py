"""Mel pictures of overlapping segments of a voice, always as many: what a network of sequences hears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
import soxr
from numpy.typing import NDArray

from visavox.clip import VOICE_RATE, Clip
from visavox.errors import OptionError
from visavox.inputs import Wanted, trimmed
from visavox.voice.features import LogMel
from visavox.voice.inputs import decibels

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class MelSegments:
    """Mel pictures of overlapping segments of a voice.

    voice → `rate` → segments of `length` ms → just `count` of them (`just`) → each: reflected at both ends until it
    lasts `padded` seconds, mel spectrum in dB cut 80 dB below its loudest cell, standardised, stretched to 0..255.

    Args:
        count: of segments.
        length: of a segment in milliseconds.
        overlap: of neighbours in milliseconds.
        padded: seconds of a segment with its reflections; no more than it has itself: none.
        frames: of each picture; where there are more, those in the middle.
        channels: equal ones.
        rate: samples a second that the voice is resampled to.
        n_fft: length of the transform and its Hann window, in samples.
        hop: samples from one frame to the next.
        bands: of the mel spectrum.
        low: lower edge of the lowest band in Hz.
        high: upper edge of the highest band in Hz.

    Raises:
        OptionError: the numbers contradict each other, or a padded segment has too few frames.

    Source: "Fusion of deep learning features with mixture of brain emotional learning for audio-visual emotion
        recognition", report of 2024 after Farhoudi and Setayeshi, Speech Communication 127, 2021. Windows of 1000 ms
        overlap by 500 ms in its text and 700 ms in its code, which made the figures: 700. A last window that would be
        cut short is dropped; of a voice shorter than one window, all of it is one segment (in the report there is none
        so short). Three channels are equal: one says as much, and is an option. Standardising has no effect, since each
        picture is then stretched from its least to its greatest value. The text's other input, 96 x 32 x 1 with a
        context of 32 frames, is `padded=1.0, frames=32, channels=1`: of the 44 frames of a segment as it is, the 32 in
        the middle.

    Example:
        >>> MelSegments().shape, MelSegments(padded=1.0, frames=32, channels=1).shape
        ((12, 96, 216, 3), (12, 96, 32, 1))
    """

    wants: ClassVar[Wanted] = "voice"
    count: int = 12
    length: int = 1000
    overlap: int = 700
    padded: float = 5.0
    frames: int = 216
    channels: int = 3
    rate: int = 22_050
    n_fft: int = 2048
    hop: int = 512
    bands: int = 96
    low: float = 20.0
    high: float = 8000.0

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.length:
            raise OptionError(f"Bad value {self.overlap} for overlap, expected 0 ms to less than {self.length} ms.")
        most = self._mel.frames(max(self._samples, round(self.padded * self.rate)))
        if not 1 <= self.frames <= most:
            raise OptionError(f"Bad value {self.frames} for frames, expected 1 to {most}, as many as a segment has.")

    @property
    def shape(self) -> tuple[int, ...]:
        """[count, bands, frames, channels]."""
        return (self.count, self.bands, self.frames, self.channels)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The pictures of a clip, uint8 [1, *shape]; none of a clip without a sample."""
        if clip.voice is None or not len(clip.voice):
            return np.zeros((0, *self.shape), dtype=np.uint8)
        voice = soxr.resample(clip.voice.astype(np.float32), VOICE_RATE, self.rate)
        step = round((self.length - self.overlap) * self.rate / 1000)
        starts = just(range(0, max(1, len(voice) - self._samples + 1), step), self.count)
        made = {start: self._picture(voice[start : start + self._samples]) for start in set(starts)}
        grey = np.stack([made[start] for start in starts])
        return np.repeat(grey[None, ..., None], self.channels, axis=4)

    @property
    def _mel(self) -> LogMel:
        return LogMel(
            rate=self.rate, window=self.n_fft, n_fft=self.n_fft, hop=self.hop,
            bands=self.bands, low=self.low, high=self.high,
        )  # fmt: skip

    @property
    def _samples(self) -> int:
        return round(self.length * self.rate / 1000)

    def _picture(self, segment: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Of a segment: uint8 [bands, frames]."""
        missing = max(self._samples, round(self.padded * self.rate)) - len(segment)
        # One sample has nothing to be reflected.
        padded = np.pad(segment, -(-missing // 2), mode="reflect" if len(segment) > 1 else "edge")
        level = decibels(padded, self._mel)
        first = (len(level) - self.frames) // 2
        return _stretched(level[first : first + self.frames].T)


def just(items: Sequence[Item], count: int) -> list[Item]:
    """Just so many of a row: of too many the middle, too few are followed by the last one again.

    Source: the rule of `MelSegments`' report (`visavox.inputs.trimmed`).

    Example:
        >>> just(range(5), 3), just(range(2), 4)
        ([1, 2, 3], [0, 1, 1, 1])
    """
    kept = list(items[trimmed(len(items), count)])
    return kept + kept[-1:] * (count - len(kept))


def _stretched(level: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Standardised, then from its least value (0) to its greatest (255); a picture of one value is black."""
    standard = (level - level.mean()) / (level.std() + 1e-6)
    low, high = standard.min(), standard.max()
    if high == low:
        return np.zeros(level.shape, dtype=np.uint8)
    grey: NDArray[np.uint8] = (255 * (standard - low) / (high - low)).astype(np.uint8)
    return grey
