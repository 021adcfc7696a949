"""Varied copies of training voices, as published systems make them: noise, slower and faster, higher; in numpy."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from visavox.clip import VOICE_RATE, Clip
from visavox.errors import OptionError

FRAME = 1024
"""Samples of the phase vocoder's frames: 64 ms of a voice, a few periods of the lowest."""
OVERLAP = 4
"""Frames that hear each sample: squared Hann windows of that overlap sum to a constant."""


@dataclass(frozen=True, kw_only=True)
class VoiceCopies:
    """Which copies of a training clip are learned from beside it, as a recipe's [augmentation] says.

    Args:
        noise_copies: how many with white noise.
        noise_snr: least and most decibels of the voice above that noise; each copy draws its own.
        stretch_copies: speeds of copies that keep their pitch: 0.5 lasts twice as long.
        pitch_copies: semitones up of copies that keep their length.

    Raises:
        OptionError: a value is none that can be done.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022: noise at 15 to 30 dB (two copies), speeds
        0.5 and 1.5, two semitones up.
    """

    noise_copies: int = 0
    noise_snr: tuple[float, float] = (15.0, 30.0)
    stretch_copies: tuple[float, ...] = ()
    pitch_copies: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.noise_copies < 0:
            raise OptionError(f"Bad value {self.noise_copies} for noise_copies, expected 0 or more.")
        if len(self.noise_snr) != 2 or not self.noise_snr[0] <= self.noise_snr[1]:
            raise OptionError(f"Bad value {list(self.noise_snr)} for noise_snr, expected [least, most] decibels.")
        for speed in self.stretch_copies:
            if not speed > 0:
                raise OptionError(f"Bad value {speed} for stretch_copies, expected speeds above 0.")

    @classmethod
    def taken(cls, augmentation: dict[str, Any]) -> VoiceCopies | None:
        """What a recipe's [augmentation] says of copies, whose keys are taken out of it; None where it says nothing."""
        found: dict[str, Any] = {
            item.name: augmentation.pop(item.name) for item in dataclasses.fields(cls) if item.name in augmentation
        }
        for name, value in found.items():
            found[name] = tuple(value) if isinstance(value, list) else value
        return cls(**found) if found else None

    def __call__(self, clip: Clip, rng: np.random.Generator) -> list[Clip]:
        """The copies of a clip with a voice, by draws of `rng`; none of a clip without a sample."""
        if clip.voice is None or not len(clip.voice):
            return []
        voice = clip.voice.astype(np.float32)
        voices = [noisy(voice, float(rng.uniform(*self.noise_snr)), rng) for _ in range(self.noise_copies)]
        voices += [stretched(voice, speed) for speed in self.stretch_copies]
        voices += [shifted(voice, semitones) for semitones in self.pitch_copies]
        return [dataclasses.replace(clip, voice=copy, source=None, start=0.0, end=None) for copy in voices]


def noisy(voice: NDArray[np.float32], snr: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A voice with white noise.

    Args:
        voice: [n].
        snr: decibels of the voice's mean power above the noise's.
        rng: draws the noise.

    Example:
        >>> tone = np.sin(np.arange(16_000)).astype(np.float32)
        >>> noise = noisy(tone, 20, np.random.default_rng(1)) - tone
        >>> round(10 * np.log10(np.mean(tone**2) / np.mean(noise**2)))
        20
    """
    noise = rng.standard_normal(len(voice), dtype=np.float32)
    powers = [float(np.mean(np.square(part, dtype=np.float64))) for part in (voice, noise)]
    return voice + noise * np.float32(np.sqrt(powers[0] / max(powers[1], 1e-12) / 10 ** (snr / 10)))


def stretched(
    voice: NDArray[np.float32], speed: float, *, frame: int = FRAME, overlap: int = OVERLAP
) -> NDArray[np.float32]:
    """A voice said faster or slower at its own pitch, by a phase vocoder.

    Args:
        voice: [n].
        speed: of the result: 0.5 lasts twice as long.
        frame: samples of a frame.
        overlap: frames that hear each sample.

    Returns:
        float32 [n / speed].

    Source: Flanagan and Golden, "Phase Vocoder", 1966, and Dolson, "The Phase Vocoder: A Tutorial", 1986: between two
        frames that are heard, magnitudes are drawn in straight lines, and each phase turns on as fast as it turns
        there. `librosa.effects.time_stretch` is the same.

    Example:
        >>> stretched(np.zeros(1000, np.float32), 0.5).shape
        (2000,)
    """
    hop = frame // overlap
    window = np.hanning(frame + 1)[:-1]
    spectrum = np.fft.rfft(_frames(voice, frame, hop) * window, axis=1)
    places = np.arange(0, len(spectrum), speed)
    before, share = places.astype(int), (places % 1.0)[:, None]
    spectrum = np.concatenate([spectrum, np.zeros((2, spectrum.shape[1]))])
    here, there = spectrum[before], spectrum[before + 1]
    size = (1 - share) * np.abs(here) + share * np.abs(there)
    expected = 2 * np.pi * hop * np.arange(spectrum.shape[1]) / frame
    turn = np.angle(there) - np.angle(here) - expected
    turn = expected + turn - 2 * np.pi * np.round(turn / (2 * np.pi))
    phase = np.angle(spectrum[:1]) + np.concatenate([np.zeros((1, turn.shape[1])), np.cumsum(turn[:-1], axis=0)])
    frames = np.fft.irfft(size * np.exp(1j * phase), n=frame, axis=1) * window
    return _added(frames, window**2, hop, round(len(voice) / speed))


def shifted(voice: NDArray[np.float32], semitones: float) -> NDArray[np.float32]:
    """A voice higher (or lower) by semitones, just as long: stretched, then played as much faster.

    Args:
        voice: [n].
        semitones: up; twelve are an octave.

    Returns:
        float32 [n].

    Source: `librosa.effects.pitch_shift` is the same.
    """
    ratio = 2.0 ** (semitones / 12)
    played = soxr.resample(stretched(voice, 1 / ratio), VOICE_RATE * ratio, VOICE_RATE)[: len(voice)]
    result = np.zeros(len(voice), dtype=np.float32)
    result[: len(played)] = played
    return result


def _frames(voice: NDArray[np.float32], frame: int, hop: int) -> NDArray[np.float32]:
    """Frames [1 + n // hop, frame], frame i centred on sample i * hop; zeros beyond the ends."""
    padded = np.pad(voice, frame // 2 + 1)[1:]
    return np.lib.stride_tricks.sliding_window_view(padded, frame)[::hop][: 1 + len(voice) // hop]


def _added(frames: NDArray[np.float64], weight: NDArray[np.float64], hop: int, samples: int) -> NDArray[np.float32]:
    """So many samples of frames that overlap, each sample divided by the weight with which it was heard."""
    count, frame = frames.shape
    length = max((count - 1) * hop + frame, frame // 2 + samples)
    total, heard = np.zeros((2, length))
    for number, values in enumerate(frames):
        total[number * hop : number * hop + frame] += values
        heard[number * hop : number * hop + frame] += weight
    result: NDArray[np.float32] = (total / np.where(heard > 1e-8, heard, 1.0)).astype(np.float32)
    return result[frame // 2 : frame // 2 + samples]
