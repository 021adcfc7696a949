"""What published systems make of a voice: numbers of one shape, in numpy alone.

They were made for recordings of 22 or 48 kHz; voices have 16 kHz here and are resampled, in training and in use alike,
so that bands above 8 kHz are empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np
import soxr
from numpy.typing import NDArray

from visavox.clip import VOICE_RATE, Clip
from visavox.errors import OptionError
from visavox.inputs import Wanted
from visavox.voice.features import DECIBEL, LogMel, Taper, log_mel, mfcc

RANGE = 80.0
"""Decibels below the loudest cell at which spectra are cut: librosa's default, which the published systems kept."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A stretch of so many seconds of a voice and the frames it is heard in; the inputs below are made of it.

    Args:
        rate: samples a second that the voice is resampled to.
        start: seconds left out at the beginning of a clip that is long enough.
        seconds: that are heard; a shorter clip is followed by silence.
        taper: shape of the window: "hann" or "hamming".
        window: of the transform, in samples.
        n_fft: length of the transform, in samples.
        hop: samples from one frame to the next.
        bands: of the mel spectrum, from 0 Hz to half the rate.

    Raises:
        OptionError: the numbers contradict each other.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022: 48 kHz, 3 s from 0.5 s on (in words it
        says 0.5 to 3 s, which is 2.5 s; the 282 frames say 3 s), Hamming windows of 512 samples in a transform of 1024,
        hop 512. Of the bands it says nothing: 128 are librosa's default.
    """

    wants: ClassVar[Wanted] = "voice"
    rate: int = 48_000
    start: float = 0.5
    seconds: float = 3.0
    taper: Taper = "hamming"
    window: int = 512
    n_fft: int = 1024
    hop: int = 512
    bands: int = 128

    def __post_init__(self) -> None:
        if self.taper not in get_args(Taper):
            raise OptionError.one_of("taper", self.taper, get_args(Taper))
        if not (self.seconds > 0 and self.start >= 0):
            raise OptionError(f"Bad cut from {self.start} s on of {self.seconds} s, expected 0 s or more of above 0 s.")
        _ = self.mel  # says what else is wrong

    @property
    def mel(self) -> LogMel:
        """The mel spectrum that is computed."""
        return LogMel(
            rate=self.rate,
            window=self.window,
            n_fft=self.n_fft,
            hop=self.hop,
            bands=self.bands,
            low=0.0,
            high=self.rate / 2,
        )

    @property
    def frames(self) -> int:
        """How many frames are heard."""
        return self.mel.frames(round(self.rate * self.seconds))

    def heard(self, clip: Clip) -> NDArray[np.float32] | None:
        """The stretch of a clip's voice [rate * seconds]; None of a clip without a sample."""
        if clip.voice is None or not len(clip.voice):
            return None
        return cut(clip.voice.astype(np.float32), self.rate, self.start, self.seconds)


@dataclass(frozen=True, kw_only=True)
class Mfcc(Cut):
    """Mel cepstral coefficients over time, as a picture of one channel.

    Args:
        coefficients: how many.

    Source: the voice networks of `Cut`'s report see 40 coefficients x 282 frames.

    Example:
        >>> Mfcc().shape
        (40, 282, 1)
    """

    coefficients: int = 40

    @property
    def shape(self) -> tuple[int, ...]:
        """[coefficients, frames, 1]."""
        return (self.coefficients, self.frames, 1)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The coefficients of a clip [1, *shape]; none of a clip without a sample."""
        return _examples(self._cepstra(clip), self.shape)

    def _cepstra(self, clip: Clip) -> NDArray[np.float32] | None:
        voice = self.heard(clip)
        if voice is None:
            return None
        return mfcc(voice, self.mel, n_mfcc=self.coefficients, top_db=RANGE, taper=self.taper).T


@dataclass(frozen=True, kw_only=True)
class MeanMfcc(Mfcc):
    """Mel cepstral coefficients averaged over time.

    Source: the 1D-CNN of `Cut`'s report hears the 40 coefficients averaged over the 3 s.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """[coefficients]."""
        return (self.coefficients,)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The mean coefficients of a clip [1, coefficients]; none of a clip without a sample."""
        cepstra = self._cepstra(clip)
        return _examples(None if cepstra is None else cepstra.mean(axis=1, dtype=np.float32), self.shape)


@dataclass(frozen=True, kw_only=True)
class MfccVector(Mfcc):
    """Mel cepstral coefficients over time as one long vector, all frames of the first coefficient first.

    Source: lecture 27 of "Affective Computing", IIIT Delhi: the first 4 s at 8 kHz, 40 coefficients of librosa's
        default frames (transform 2048, hop 512, Hann) x 63 = 2520 values. In which order they stand it does not say:
        as librosa lays them out.

    Example:
        >>> MfccVector().shape
        (2520,)
    """

    rate: int = 8_000
    start: float = 0.0
    seconds: float = 4.0
    taper: Taper = "hann"
    window: int = 2048
    n_fft: int = 2048

    @property
    def shape(self) -> tuple[int, ...]:
        """[coefficients * frames]."""
        return (self.coefficients * self.frames,)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The coefficients of a clip [1, coefficients * frames]; none of a clip without a sample."""
        return _examples(self._cepstra(clip), self.shape)


@dataclass(frozen=True, kw_only=True)
class MelPicture(Cut):
    """A mel spectrum as a picture: black 80 dB below its loudest cell, white there; low bands at the top.

    Args:
        channels: equal ones; 3 for networks that were made for colours.

    Source: "mel spectrograms of the same cut", `Cut`'s report. It does not say how they become pictures: decibels over
        the 80 dB below the loudest cell, in 256 steps.

    Example:
        >>> MelPicture().shape
        (128, 282, 1)
    """

    channels: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """[bands, frames, channels]."""
        return (self.bands, self.frames, self.channels)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The picture of a clip, uint8 [1, *shape]; none of a clip without a sample."""
        voice = self.heard(clip)
        if voice is None:
            return np.zeros((0, *self.shape), dtype=np.uint8)
        below = decibels(voice, self.mel, taper=self.taper).T
        grey = np.rint((below - below.max() + RANGE) * (255 / RANGE)).astype(np.uint8)
        return np.repeat(grey[None, :, :, None], self.channels, axis=3)


def decibels(voice: NDArray[np.float32], mel: LogMel, *, taper: Taper = "hann") -> NDArray[np.float32]:
    """Power in mel bands over time in decibels [frames, bands], cut 80 dB below the loudest cell.

    Source: `librosa.power_to_db(librosa.feature.melspectrogram(...), top_db=80)`, transposed.
    """
    level: NDArray[np.float32] = log_mel(voice, mel, taper=taper) / np.float32(DECIBEL)
    np.maximum(level, level.max() - np.float32(RANGE), out=level)
    return level


def cut(voice: NDArray[np.float32], rate: int, start: float, seconds: float) -> NDArray[np.float32]:
    """A stretch of a voice at another rate, of just so many seconds.

    Args:
        voice: at 16 kHz [n].
        rate: samples a second of the result.
        start: seconds left out at the beginning, as far as so many are left: what is cut to its speech already, as in
            use, is heard from its beginning.
        seconds: of the result; zeros follow what is shorter.

    Returns:
        float32 [rate * seconds].

    Example:
        >>> cut(np.ones(16_000, np.float32), 16_000, 0.5, 2.0).sum()
        np.float32(16000.0)
    """
    length = round(rate * seconds)
    first = max(0, min(round(start * VOICE_RATE), len(voice) - round(seconds * VOICE_RATE)))
    resampled = soxr.resample(voice[first:], VOICE_RATE, rate)[:length]
    result = np.zeros(length, dtype=np.float32)
    result[: len(resampled)] = resampled
    return result


def _examples(values: NDArray[np.float32] | None, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """One example [1, *shape], or none [0, *shape]."""
    if values is None:
        return np.zeros((0, *shape), dtype=np.float32)
    return np.ascontiguousarray(values.reshape(1, *shape), dtype=np.float32)
