"""What a network hears: mel spectra of a voice, equal to librosa's, in numpy alone.

One `LogMel` object describes the features in a recipe, in a card and in use: what was trained is what is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visavox.errors import InputError, OptionError

SLANEY_HZ_PER_MEL = 200.0 / 3.0
"""Width of a mel below 1 kHz: Slaney (1998), Auditory Toolbox, the scale librosa calls `htk=False`."""
SLANEY_BREAK_HZ = 1000.0
"""Where Slaney's scale turns from linear to logarithmic."""
SLANEY_LOG_STEP = float(np.log(6.4) / 27.0)
"""Natural logarithm of the ratio of two frequencies one mel apart, above the break."""
DECIBEL = float(np.log(10.0) / 10.0)
"""One decibel of power as a difference of natural logarithms."""

Taper = Literal["hann", "hamming"]
"""Windows that frames are cut with, periodic: what most networks hear through, and what some published systems do."""

STEP = 8
"""Networks are given whole multiples of so many frames, as in training."""

# Multiplications up to which OpenBLAS stays on one thread (its limit is 2^18): with more it wakes others, and waiting
# for them costs ten times the product itself when the other cores are busy.
_ONE_THREAD = 200_000
_BLOCK = 256  # frames transformed at once: keeps the working set in the cache


@dataclass(frozen=True)
class LogMel:
    """How log-mel features are made; librosa's conventions.

    Frames are centred, the ends padded with zeros, the window is a periodic Hann (where functions are not told
    otherwise), the filters are Slaney's.

    Args:
        rate: samples a second.
        window: length of the Hann window in samples (400 = 25 ms).
        n_fft: length of the Fourier transform in samples, at least `window`.
        hop: samples from one frame to the next (160 = 10 ms).
        bands: number of mel bands.
        low: lower edge of the lowest band in Hz.
        high: upper edge of the highest band in Hz; 5000 by default, since corpora differ in what they keep above.
        floor: smallest power, below which the logarithm is cut.

    Raises:
        OptionError: where the numbers contradict each other.

    Example:
        >>> LogMel().frames(16000)
        101
    """

    rate: int = 16000
    window: int = 400
    n_fft: int = 512
    hop: int = 160
    bands: int = 64
    low: float = 50.0
    high: float = 5000.0
    floor: float = 1e-10

    def __post_init__(self) -> None:
        for name in ("rate", "window", "n_fft", "hop", "bands"):
            if getattr(self, name) < 1:
                raise OptionError(f"Bad value {getattr(self, name)} for {name}, expected at least 1.")
        if self.n_fft < self.window:
            raise OptionError(f"Bad value {self.n_fft} for n_fft, expected at least the window, {self.window} samples.")
        if not 0 <= self.low < self.high <= self.rate / 2:
            raise OptionError(
                f"Bad band edges {self.low:g}-{self.high:g} Hz, expected 0 <= low < high <= {self.rate / 2:g} Hz, "
                "half the rate."
            )
        if not self.floor > 0:
            raise OptionError(f"Bad value {self.floor} for floor, expected a power above 0.")

    def frames(self, samples: int) -> int:
        """Number of frames that so many samples give."""
        return 1 + samples // self.hop


def mel_filters(options: LogMel | None = None) -> NDArray[np.float32]:
    """Slaney's triangular mel filters, each of area one.

    Args:
        options: rate, n_fft, bands, low and high are used; `LogMel()` if not given.

    Returns:
        float32 [bands, n_fft // 2 + 1]; read-only.

    Source: `librosa.filters.mel(htk=False, norm="slaney")`.
    """
    options = options or LogMel()
    return _filters(options.rate, options.n_fft, options.bands, options.low, options.high)


def mel_power(
    samples: NDArray[np.float32], options: LogMel | None = None, *, taper: Taper = "hann"
) -> NDArray[np.float32]:
    """Power in mel bands over time.

    Args:
        samples: [n] in -1..1 at `options.rate`, one channel.
        options: `LogMel()` if not given.
        taper: the window, in place of Hann's.

    Returns:
        float32 [frames, bands], frame i centred on sample i * hop; frames = 1 + n // hop.

    Raises:
        InputError: if `samples` is not one-dimensional.

    Source: `librosa.feature.melspectrogram(center=True, pad_mode="constant", power=2)`, transposed.
    """
    options = options or LogMel()
    sound = np.asarray(samples, dtype=np.float32)
    if sound.ndim != 1:
        raise InputError(f"Bad shape {sound.shape} of samples, expected [n]: one channel.")
    # librosa centres the window in the transform; the zeros around it change the phase alone, which power does not see.
    before = options.n_fft // 2 - (options.n_fft - options.window) // 2
    frames = options.frames(len(sound))
    needed = (frames - 1) * options.hop + options.window
    padded = np.zeros(max(needed, before + len(sound)), dtype=np.float32)
    padded[before : before + len(sound)] = sound
    view = np.lib.stride_tricks.sliding_window_view(padded, options.window)[:: options.hop][:frames]
    window, filters, first, last = _window(options.window, taper), *_nonzero_filters(options)
    result = np.empty((frames, options.bands), dtype=np.float32)
    rows = max(1, _ONE_THREAD // filters.size)
    for start in range(0, frames, _BLOCK):
        spectrum = np.fft.rfft(view[start : start + _BLOCK] * window, n=options.n_fft)[:, first:last]
        power = spectrum.real**2 + spectrum.imag**2
        for low in range(0, len(power), rows):
            piece = power[low : low + rows]
            np.matmul(piece, filters, out=result[start + low : start + low + len(piece)])
    return result


def log_mel(
    samples: NDArray[np.float32], options: LogMel | None = None, *, taper: Taper = "hann"
) -> NDArray[np.float32]:
    """Natural logarithm of power in mel bands over time: what the voice networks take.

    Args:
        samples: [n] in -1..1 at `options.rate`, one channel.
        options: `LogMel()` if not given.
        taper: the window, in place of Hann's.

    Returns:
        float32 [frames, bands], frames = 1 + n // hop.

    Raises:
        InputError: if `samples` is not one-dimensional.

    Example:
        >>> log_mel(np.zeros(16000, np.float32)).shape
        (101, 64)
    """
    options = options or LogMel()
    power = mel_power(samples, options, taper=taper)
    return np.log(np.maximum(power, np.float32(options.floor), out=power), out=power)


def mfcc(
    samples: NDArray[np.float32],
    options: LogMel | None = None,
    *,
    n_mfcc: int = 20,
    top_db: float | None = 80.0,
    taper: Taper = "hann",
) -> NDArray[np.float32]:
    """Mel cepstral coefficients over time.

    Args:
        samples: [n] in -1..1 at `options.rate`, one channel.
        options: `LogMel()` if not given; `floor` is the smallest power.
        n_mfcc: coefficients kept, 1 to `options.bands`; the first one is the level.
        top_db: decibels below the loudest cell at which the spectrum is cut; None leaves it whole.
        taper: the window, in place of Hann's.

    Returns:
        float32 [frames, n_mfcc].

    Raises:
        InputError: if `samples` is not one-dimensional.
        OptionError: if `n_mfcc` is out of range.

    Source: `librosa.feature.mfcc(dct_type=2, norm="ortho")`, transposed.
    """
    options = options or LogMel()
    if not 1 <= n_mfcc <= options.bands:
        raise OptionError(f"Bad value {n_mfcc} for n_mfcc, expected 1 to {options.bands}, the number of bands.")
    decibels: NDArray[np.float32] = log_mel(samples, options, taper=taper) / np.float32(DECIBEL)
    if top_db is not None:
        np.maximum(decibels, decibels.max() - np.float32(top_db), out=decibels)
    cepstra: NDArray[np.float32] = np.matmul(decibels, _cosines(options.bands)[:, :n_mfcc])
    return cepstra


def speech_frames(spectrum: NDArray[np.floating], *, below: float = 35.0, above: float = 0.0, margin: int = 5) -> slice:
    """Where a clip's speech begins and ends, by energy alone: the ends that are quiet are left out, pauses inside stay.

    Args:
        spectrum: log-mel [frames, bands].
        below: decibels under the loudest frame at which a frame counts as quiet.
        above: decibels over the clip's quietest tenth below which a frame counts as quiet as well; 0 leaves this out.
        margin: frames kept before and after.

    Returns:
        The frames to keep; all of them where nothing stands out.
    """
    if len(spectrum) == 0:
        return slice(0, 0)
    peak = spectrum.max(axis=1, keepdims=True).astype(np.float32)
    loudness = (peak[:, 0] + np.log(np.exp(spectrum.astype(np.float32) - peak).sum(axis=1))) / DECIBEL
    threshold = loudness.max() - below
    if above > 0:
        threshold = max(threshold, min(float(np.quantile(loudness, 0.1)) + above, float(loudness.max()) - 10.0))
    loud = np.flatnonzero(loudness > threshold)
    if len(loud) == 0:
        return slice(0, len(spectrum))
    return slice(max(0, int(loud[0]) - margin), min(len(spectrum), int(loud[-1]) + 1 + margin))


def network_input(
    samples: NDArray[np.float32], options: LogMel | None = None, *, below: float = 35.0, shortest: int = 32
) -> NDArray[np.float32]:
    """What a voice network takes of a clip, in training's judging and in use alike: log-mel without its silent ends.

    Args:
        samples: [n] in -1..1 at `options.rate`, one channel.
        options: `LogMel()` if not given.
        below: decibels under the loudest frame at which the ends are cut (`speech_frames`).
        shortest: frames that the network needs; a shorter clip is repeated.

    Returns:
        float32 [1, bands, frames], frames a multiple of 8 (`spectrum_input`).

    Raises:
        InputError: if `samples` is not one-dimensional.

    Example:
        >>> network_input(np.ones(16000, np.float32)).shape
        (1, 64, 96)
    """
    spectrum = log_mel(samples, options)
    return spectrum_input(spectrum[speech_frames(spectrum, below=below)], shortest=shortest)


def spectrum_input(spectrum: NDArray[np.floating], *, shortest: int = 32) -> NDArray[np.float32]:
    """A log-mel spectrum as a network takes it.

    A short one is repeated until it is long enough; a long one loses up to seven frames at its ends. Networks learn
    from crops of whole multiples of their strides: at other lengths the padding shows at the end, and they judge worse.

    Args:
        spectrum: [frames, bands].
        shortest: frames that the network needs.

    Returns:
        float32 [1, bands, frames], frames a multiple of `STEP`, or `shortest`.
    """
    length = max(shortest, len(spectrum) // STEP * STEP)
    if len(spectrum) < length:
        spectrum = np.concatenate([spectrum] * -(-length // max(1, len(spectrum))))
    start = (len(spectrum) - length) // 2
    return np.ascontiguousarray(spectrum[start : start + length].T[None], dtype=np.float32)


def _to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    log_part = np.log(np.maximum(hertz, 1e-9) / SLANEY_BREAK_HZ) / SLANEY_LOG_STEP
    return np.where(hertz < SLANEY_BREAK_HZ, hertz / SLANEY_HZ_PER_MEL, SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL + log_part)


def _to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    break_mel = SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL
    above = SLANEY_BREAK_HZ * np.exp(SLANEY_LOG_STEP * (mel - break_mel))
    return np.where(mel < break_mel, mel * SLANEY_HZ_PER_MEL, above)


@lru_cache(maxsize=8)
def _filters(rate: int, n_fft: int, bands: int, low: float, high: float) -> NDArray[np.float32]:
    ends = _to_mel(np.array([low, high]))
    edges = _to_hertz(np.linspace(ends[0], ends[1], bands + 2))
    bins = np.arange(n_fft // 2 + 1) * (rate / n_fft)
    ramps = edges[:, None] - bins[None, :]
    widths = np.diff(edges)[:, None]
    triangles = np.maximum(0.0, np.minimum(-ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]))
    filters: NDArray[np.float32] = (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
    filters.setflags(write=False)
    return filters


def _nonzero_filters(options: LogMel) -> tuple[NDArray[np.float32], int, int]:
    """Filters [bins, bands] for the transform's bins that any of them hears; the first bin, the last (exclusive)."""
    filters = mel_filters(options)
    heard = np.flatnonzero(filters.any(axis=0))
    first, last = (int(heard[0]), int(heard[-1]) + 1) if len(heard) else (0, 1)
    return np.ascontiguousarray(filters[:, first:last].T), first, last


@lru_cache(maxsize=8)
def _window(length: int, taper: Taper) -> NDArray[np.float32]:
    high = 0.5 if taper == "hann" else 0.54
    cosine = np.cos(2.0 * np.pi * np.arange(length) / length)
    window: NDArray[np.float32] = (high - (1.0 - high) * cosine).astype(np.float32)
    window.setflags(write=False)
    return window


@lru_cache(maxsize=8)
def _cosines(bands: int) -> NDArray[np.float32]:
    """Orthonormal DCT-II as a matrix [bands, coefficients]."""
    grid = np.pi / bands * (np.arange(bands)[:, None] + 0.5) * np.arange(bands)[None, :]
    matrix = np.cos(grid) * np.sqrt(2.0 / bands)
    matrix[:, 0] /= np.sqrt(2.0)
    cosines: NDArray[np.float32] = matrix.astype(np.float32)
    cosines.setflags(write=False)
    return cosines
