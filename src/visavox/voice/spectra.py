"""Spectra to learn from: many clips in memory, crops of them, and the rooms, microphones and noise they get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.voice.features import DECIBEL, speech_frames

NO_NOISE = 90.0
"""Decibels under a clip at which noise is not heard."""


@dataclass(frozen=True, kw_only=True)
class VoiceAugmentation:
    """What happens to a clip's log-mel spectrum before the network hears it in training.

    Each is drawn anew for each clip and epoch.

    Args:
        frames: length of a crop, drawn for each batch between these two.
        stretch: largest change of tempo, as a part.
        shift: largest shift of the spectrum in bands, up or down: another throat.
        equaliser: deviation of a smooth random response in dB: another microphone.
        tilt: largest difference between the lowest and the highest band in dB.
        floor: decibels under the clip's 90th percentile at which noise is added, drawn between these two: the noise of
            another room, since in some corpora anger alone rises above theirs.
        noisy: share of clips that get such noise.
        reverberant: share of clips that get a reverberation of 0.1-0.6 s.
        coded: share of clips that are heard through a codec (`visavox.voice.coding`).
        time_masks: number of time masks; each up to `time_mask` frames.
        time_mask: longest time mask in frames.
        band_masks: number of band masks; each up to `band_mask` bands.
        band_mask: widest band mask in bands.
        mixup: both parameters of the Beta distribution that mixes pairs; 0 mixes none.
    """

    frames: tuple[int, int] = (160, 224)
    stretch: float = 0.15
    shift: float = 3.0
    equaliser: float = 3.0
    tilt: float = 6.0
    floor: tuple[float, float] = (15.0, 50.0)
    noisy: float = 0.7
    reverberant: float = 0.3
    coded: float = 0.0
    time_masks: int = 2
    time_mask: int = 20
    band_masks: int = 2
    band_mask: int = 8
    mixup: float = 0.3


class Spectra:
    """Log-mel spectra of many clips in one array, silence at their ends left out.

    Args:
        spectra: one float array [frames, bands] a clip.
        below: decibels under a clip's loudest frame at which its ends are cut (`speech_frames`).
    """

    def __init__(self, spectra: Sequence[NDArray[np.floating]], *, below: float = 35.0) -> None:
        cut = [spectrum[speech_frames(spectrum, below=below)] for spectrum in spectra]
        self.lengths = np.array([len(spectrum) for spectrum in cut], dtype=np.int64)
        self.starts: NDArray[np.int64] = np.cumsum(self.lengths) - self.lengths
        nothing = np.zeros((0, 0), dtype=np.float16)
        self.values: NDArray[np.float16] = np.concatenate(cut or [nothing]).astype(np.float16)
        self.loud = np.array([np.quantile(spectrum, 0.9) for spectrum in cut], dtype=np.float32)
        # What is heard when nobody speaks: the quietest tenth of each band, of the whole clip with its ends.
        quiet = [np.quantile(spectrum, 0.1, axis=0) for spectrum in spectra]
        self.quiet = np.stack(quiet or [np.zeros(0)]).astype(np.float32)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> NDArray[np.float16]:
        """Clip `index`, [frames, bands]."""
        return self.values[self.starts[index] : self.starts[index] + self.lengths[index]]

    def crops(
        self,
        clips: NDArray[np.int64],
        frames: int,
        rng: np.random.Generator,
        *,
        stretch: float = 0.0,
        shift: float = 0.0,
    ) -> NDArray[np.float32]:
        """A crop of each clip at a random place, tempo and throat; a shorter clip is set into its own quiet.

        Args:
            clips: numbers of clips [n].
            frames: length of the crops.
            rng: draws.
            stretch: largest change of tempo, as a part.
            shift: largest shift in bands.

        Returns:
            float32 [n, frames, bands].
        """
        count, bands = len(clips), self.values.shape[1]
        tempo = np.exp(rng.uniform(-1, 1, count) * np.log1p(stretch))
        spare = self.lengths[clips] - frames * tempo
        begin = rng.uniform(0, 1, count) * spare  # negative where the clip is shorter: it starts inside the crop
        place = begin[:, None] + np.arange(frames)[None, :] * tempo[:, None]
        inside = (place >= 0) & (place <= self.lengths[clips][:, None] - 1)
        place = np.clip(place, 0, self.lengths[clips][:, None] - 1)
        first = np.minimum(place.astype(np.int64), self.lengths[clips][:, None] - 1)
        second = np.minimum(first + 1, self.lengths[clips][:, None] - 1)
        part = (place - first).astype(np.float32)[:, :, None]
        base = self.starts[clips][:, None]
        result: NDArray[np.float32] = self.values[base + first].astype(np.float32)
        result += (self.values[base + second] - result) * part
        if not inside.all():
            quiet = self.quiet[clips][:, None, :] + rng.normal(0, 0.7, result.shape).astype(np.float32)
            result = np.where(inside[:, :, None], result, np.minimum(quiet, self.loud[clips][:, None, None]))
        if shift:
            moved = np.arange(bands)[None, :] + rng.uniform(-shift, shift, count)[:, None]
            moved = np.clip(moved, 0, bands - 1)
            low = np.minimum(moved.astype(np.int64), bands - 2)
            weight = (moved - low).astype(np.float32)[:, None, :]
            below = np.take_along_axis(result, low[:, None, :], 2)
            result = below + weight * (np.take_along_axis(result, low[:, None, :] + 1, 2) - below)
        return result


def augment(
    crops: NDArray[np.float32],
    loud: NDArray[np.float32],
    noise: NDArray[np.float32],
    options: VoiceAugmentation,
    rng: np.random.Generator,
    *,
    seconds: float = 0.01,
) -> NDArray[np.float32]:
    """Rooms, microphones, noise and masks for crops of log-mel spectra.

    Args:
        crops: float32 [n, frames, bands].
        loud: the 90th percentile of each clip's log power [n].
        noise: shape of a noise for each clip, log power by band [n, bands]; its level does not matter.
        options: what is drawn between which limits.
        rng: draws.
        seconds: from one frame to the next.

    Returns:
        float32 [n, frames, bands], its mean log power by clip 0.
    """
    count, _, bands = crops.shape
    result = crops
    for index in np.flatnonzero(rng.uniform(size=count) < options.reverberant):
        result[index] = _reverberate(result[index], rng, seconds)
    response = _smooth(rng, count, bands, options.equaliser)
    response += np.linspace(-0.5, 0.5, bands) * rng.uniform(-options.tilt, options.tilt, (count, 1))
    result = result + (response * DECIBEL).astype(np.float32)[:, None, :]
    shape = noise - noise.mean(1, keepdims=True)
    shape = shape * rng.uniform(0, 1, (count, 1)) + _smooth(rng, count, bands, 3.0) * DECIBEL
    noisy = rng.uniform(size=count) < options.noisy
    depth = np.where(noisy, rng.uniform(options.floor[0], options.floor[1], count), NO_NOISE) * DECIBEL
    level = (loud - depth)[:, None] + shape
    result = np.logaddexp(
        result, level.astype(np.float32)[:, None, :] + 0.5 * rng.standard_normal(result.shape, dtype=np.float32)
    )
    middle = result.mean((1, 2), keepdims=True)
    result -= middle
    for axis, number, longest in (
        (1, options.time_masks, options.time_mask),
        (2, options.band_masks, options.band_mask),
    ):
        size = result.shape[axis]
        for _ in range(number):
            width = rng.integers(0, longest + 1, count)
            start = (rng.uniform(size=count) * (size - width)).astype(np.int64)
            hidden = (np.arange(size) >= start[:, None]) & (np.arange(size) < (start + width)[:, None])
            result = np.where(hidden[:, :, None] if axis == 1 else hidden[:, None, :], np.float32(0), result)
    return result


def _smooth(rng: np.random.Generator, count: int, bands: int, deviation: float) -> NDArray[np.float64]:
    """Smooth random curves [count, bands] of a deviation, made of five slow cosines."""
    waves = np.cos(np.pi * np.arange(1, 6)[:, None] * (np.arange(bands) + 0.5)[None, :] / bands)
    return rng.normal(0, deviation * np.sqrt(2 / 5), (count, 5)) @ waves


def _reverberate(crop: NDArray[np.float32], rng: np.random.Generator, seconds: float) -> NDArray[np.float32]:
    """A tail that falls by 60 dB in 0.1-0.6 s, 0-12 dB under the direct sound; frames are so many seconds apart."""
    decay = 60.0 * DECIBEL * seconds / rng.uniform(0.1, 0.6)
    power = np.exp(crop)
    kernel = np.exp(-decay * np.arange(1, round(0.4 / seconds) + 1))
    kernel *= 10 ** (-rng.uniform(0, 12) / 10) / kernel.sum()
    tail = np.zeros_like(power)
    for delay, weight in enumerate(kernel, start=1):
        if weight < 1e-4:
            break
        tail[delay:] += np.float32(weight) * power[:-delay]
    result: NDArray[np.float32] = np.log(power + tail)
    return result
