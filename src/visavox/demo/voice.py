"""The talker's voice: nonsense syllables from a formant synthesiser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.clip import VOICE_RATE

Floats = NDArray[np.float64]

PICTURE_RATE = 25
"""Pictures a second for which the mouth's movements are given."""

STEP = 0.005
"""Seconds between two values of the tracks that drive voice and mouth."""

VOWELS = {
    "a": ((850, 1220, 2810), 1.00, 0.0),
    "e": ((610, 2330, 2990), 0.60, 0.0),
    "i": ((310, 2790, 3310), 0.25, 0.0),
    "o": ((590, 920, 2710), 0.75, 0.9),
    "u": ((370, 950, 2670), 0.30, 1.0),
}
"""Formants in Hz, how far the jaw opens and how round the lips are (0..1).

Source: Peterson & Barney, "Control methods used in a study of the vowels", JASA 24, 1952, table II (women)."""

CONSONANTS = {
    "t": (0.06, 3500, 7500, 0.5),
    "k": (0.06, 1500, 4000, 0.5),
    "p": (0.06, 500, 2500, 0.4),
    "s": (0.11, 4500, 7800, 0.25),
    "f": (0.09, 2500, 7500, 0.12),
    "m": (0.07, 0, 0, 0.0),
}
"""Seconds, band of the noise in Hz, its level; ``m`` has none and closes the lips while the voice goes on."""

PHRASES = (
    (0.5, 190.0, "ta ma ki so fe ma te mu"),
    (3.4, 235.0, "ka fi ma to mi sa me"),
    (6.1, 300.0, "o"),
)
"""Start in seconds, mean pitch in Hz, and syllables of each phrase."""

SECONDS = 8.0
"""Length of the clip."""


@dataclass(frozen=True)
class Speech:
    """A synthesised voice and what the mouth does with it.

    Args:
        sound: [shape=(n,), float32 in -1..1] at 16 kHz.
        jaw: How far the mouth is open at each picture, 0..1 [shape=(pictures,)].
        rounding: How round the lips are at each picture, 0..1.
    """

    sound: NDArray[np.float32]
    jaw: Floats
    rounding: Floats


def speak(seed: int = 7) -> Speech:
    """Speaks nonsense in three phrases: calm, lively, and one astonished ``oh``.

    A source-filter voice: each beat of the glottis starts damped oscillations at the vowel's formants, added up at the
    pace of the pitch; consonants are bursts of band-limited noise or closed lips.

    Args:
        seed: Of the noise and of the small irregularities of the pitch.

    Source: Rodet, "Time-domain formant-wave-function synthesis", Computer Music Journal 8(3), 1984.
    """
    rng = np.random.default_rng(seed)
    ticks = round(SECONDS / STEP)
    pitch, level, jaw, rounding = (np.zeros(ticks) for _ in range(4))
    formants = np.tile(np.array([500.0, 1500.0, 2700.0]), (ticks, 1))
    noise = np.zeros(round(SECONDS * VOICE_RATE))
    for start, mean_pitch, text in PHRASES:
        syllables = text.split()
        now = start
        for index, syllable in enumerate(syllables):
            position = index / max(len(syllables) - 1, 1)
            consonant, vowel = syllable[:-1], syllable[-1]
            last = index == len(syllables) - 1
            length = 0.75 if len(syllables) == 1 else (0.30 if last else 0.17) * rng.uniform(0.9, 1.1)
            if consonant:
                seconds, low, high, loud = CONSONANTS[consonant]
                _fill(level, now, now + seconds, 0.25 if consonant == "m" else 0.0)
                _fill(pitch, now, now + seconds, mean_pitch)
                if loud:
                    _burst(noise, now + seconds * 0.4, seconds * 0.7, low, high, loud, rng)
                now += seconds
            frequencies, opening, roundness = VOWELS[vowel]
            _fill(level, now, now + length, 0.7 if last else 1.0)
            # Pitch falls through a phrase and rises on every other syllable, as stress does.
            stress = 1.12 if index % 2 == 0 else 0.96
            _fill(pitch, now, now + length, mean_pitch * stress * (1.1 - 0.25 * position))
            _fill(jaw, now, now + length, opening)
            _fill(rounding, now, now + length, roundness)
            formants[round(now / STEP) - 8 : round((now + length) / STEP)] = frequencies
            now += length
    pitch = np.where(pitch > 0, pitch, 200.0)
    if len(syllables) == 1:
        glide = slice(round(start / STEP), round(now / STEP))
        pitch[glide] *= np.linspace(1.15, 0.75, glide.stop - glide.start)
    level, pitch, jaw, rounding = (_smooth(track, 0.05) for track in (level, pitch, jaw, rounding))
    formants = np.stack([_smooth(column, 0.05) for column in formants.T], axis=1)

    sound = noise + _voiced(level, pitch, formants, rng)
    sound *= 0.5 / np.abs(sound).max()
    sound += 1e-4 * rng.standard_normal(len(sound))
    moments = np.arange(round(SECONDS * PICTURE_RATE)) / PICTURE_RATE
    clock = np.arange(ticks) * STEP
    return Speech(
        sound.astype(np.float32),
        np.interp(moments, clock, _smooth(jaw * level, 0.04)),
        np.interp(moments, clock, _smooth(rounding * level, 0.08)),
    )


def _fill(track: Floats, start: float, end: float, value: float) -> None:
    track[round(start / STEP) : round(end / STEP)] = value


def _smooth(track: Floats, seconds: float) -> Floats:
    width = 2 * round(seconds / STEP) + 1
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(track, width // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def _burst(
    noise: Floats, start: float, seconds: float, low: float, high: float, loud: float, rng: np.random.Generator
) -> None:
    """Adds a burst of noise between two frequencies (Hz)."""
    length = round(seconds * VOICE_RATE)
    spectrum = np.fft.rfft(rng.standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / VOICE_RATE)
    spectrum[(frequency < low) | (frequency > high)] = 0
    burst = np.fft.irfft(spectrum, length) * np.hanning(length)
    begin = round(start * VOICE_RATE)
    noise[begin : begin + length] += loud * burst / np.abs(burst).max()


def _voiced(level: Floats, pitch: Floats, formants: Floats, rng: np.random.Generator) -> Floats:
    """Damped oscillations at the formants, started at every beat of the pitch."""
    sound = np.zeros(round(SECONDS * VOICE_RATE))
    time = np.arange(round(0.03 * VOICE_RATE)) / VOICE_RATE
    attack = 0.5 - 0.5 * np.cos(np.pi * np.minimum(time / 0.0015, 1.0))
    damping = np.exp(-np.pi * np.array([[70.0], [100.0], [150.0], [220.0]]) * time)
    strength = np.array([[1.0], [0.55], [0.25], [0.10]])
    now = 0.0
    while now < SECONDS - 0.04:
        tick = int(now / STEP)
        if level[tick] > 0.01:
            frequencies = np.append(formants[tick], 3900.0)[:, None]
            beat = (strength * damping * np.sin(2 * np.pi * frequencies * time)).sum(axis=0) * attack
            begin = round(now * VOICE_RATE)
            sound[begin : begin + len(beat)] += level[tick] * rng.normal(1.0, 0.04) * beat
        now += rng.normal(1.0, 0.008) / pitch[tick]
    return sound
