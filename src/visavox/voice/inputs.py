"""What published systems make of a voice: numbers of one shape, in numpy alone.

They were made for recordings of 22 or 48 kHz; voices have 16 kHz here and are resampled, in training and in use alike,
so that bands above 8 kHz are empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import soxr
from numpy.typing import NDArray

from visavox.clip import VOICE_RATE, Clip
from visavox.inputs import Wanted
from visavox.voice.features import LogMel, mfcc


@dataclass(frozen=True, kw_only=True)
class MeanMfcc:
    """Mel cepstral coefficients averaged over time.

    Args:
        rate: samples a second that the voice is resampled to.
        start: seconds left out at the beginning of a clip that is long enough.
        seconds: that are heard; a shorter clip is followed by silence.
        coefficients: how many.
        window: of the transform, in samples.
        n_fft: length of the transform, in samples.
        hop: samples from one frame to the next.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022: 40 coefficients at 48 kHz, 3 s from 0.5 s
        on (in words it says 0.5 to 3 s, which is 2.5 s; the 282 frames say 3 s).
    """

    wants: ClassVar[Wanted] = "voice"
    rate: int = 48_000
    start: float = 0.5
    seconds: float = 3.0
    coefficients: int = 40
    window: int = 512
    n_fft: int = 1024
    hop: int = 512

    @property
    def shape(self) -> tuple[int, ...]:
        """[coefficients]."""
        return (self.coefficients,)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The mean coefficients of a clip [1, coefficients]; none of a clip without a sample."""
        if clip.voice is None or not len(clip.voice):
            return np.zeros((0, *self.shape), dtype=np.float32)
        voice = stretch(clip.voice.astype(np.float32), self.rate, self.start, self.seconds)
        how = LogMel(
            rate=self.rate, window=self.window, n_fft=self.n_fft, hop=self.hop, bands=128, low=0, high=self.rate / 2
        )
        mean: NDArray[np.float32] = mfcc(voice, how, n_mfcc=self.coefficients).mean(axis=0, dtype=np.float32)
        return mean[None]


def stretch(voice: NDArray[np.float32], rate: int, start: float, seconds: float) -> NDArray[np.float32]:
    """A stretch of a voice at another rate, of just so many seconds.

    Args:
        voice: at 16 kHz [n].
        rate: samples a second of the result.
        start: seconds left out at the beginning, as far as so many are left: what is cut to its speech already, as in
            use, is heard from its beginning.
        seconds: of the result; zeros follow what is shorter.

    Returns:
        float32 [rate * seconds].
    """
    length = round(rate * seconds)
    first = max(0, min(round(start * VOICE_RATE), len(voice) - round(seconds * VOICE_RATE)))
    resampled = soxr.resample(voice[first:], VOICE_RATE, rate)[:length]
    result = np.zeros(length, dtype=np.float32)
    result[: len(resampled)] = resampled
    return result
