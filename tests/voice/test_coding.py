"""What codecs leave of a voice: the same voice, as long as before, with less in it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox.clip import VOICE_RATE
from visavox.errors import TrainingError
from visavox.voice.coding import CODINGS, SHORTEST, Coding, code

NAMES = [f"{coding.codec}-{coding.bit_rate}" for coding in CODINGS]


def spoken(seconds: float) -> NDArray[np.float32]:
    """Something like speech: gliding harmonics in syllables, and hissing between them up to 8 kHz."""
    rng = np.random.default_rng(3)
    time = np.arange(round(seconds * VOICE_RATE)) / VOICE_RATE
    phase = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 1.3 * time)) / VOICE_RATE
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2.5 * time), 0, 1)
    hiss = rng.normal(0, 0.25, len(time)) * np.clip(-np.sin(2 * np.pi * 2.5 * time), 0, 1)
    return (0.15 * (tone * syllables + hiss)).astype(np.float32)


def alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The greatest correlation over all delays, by Fourier transforms."""
    size = 2 ** int(np.ceil(np.log2(len(one) + len(other))))
    product = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
    return float(product.max() / np.sqrt((one.astype(float) ** 2).sum() * (other.astype(float) ** 2).sum()))


def power(voice: NDArray[np.float32], low: float, high: float) -> float:
    """Power between two frequencies, in decibels."""
    spectrum = np.abs(np.fft.rfft(voice)) ** 2 / len(voice)
    frequency = np.fft.rfftfreq(len(voice), 1 / VOICE_RATE)
    return float(10 * np.log10(spectrum[(frequency >= low) & (frequency < high)].sum() + 1e-20))


@pytest.mark.parametrize("coding", CODINGS, ids=NAMES)
def test_a_coded_voice_is_the_same_voice(coding: Coding) -> None:
    voice = spoken(1.5)
    coded = code(voice, coding)
    assert coded.dtype == np.float32
    # An encoder's last frame may be filled up, its delay left in front: 0.115 s at most, as AAC has it.
    assert 0 <= len(coded) - len(voice) <= 0.115 * VOICE_RATE
    assert 0.9 < alike(coded, voice) < 0.99999, "the same, but not untouched"
    assert abs(power(coded, 100, 3000) - power(voice, 100, 3000)) < 1.5, "as loud as before"


@pytest.mark.parametrize("coding", CODINGS, ids=NAMES)
def test_a_telephone_has_no_upper_half(coding: Coding) -> None:
    voice = spoken(1.5)
    lost = power(voice, 4300, 6000) - power(code(voice, coding), 4300, 6000)
    assert lost > 30 if coding.codec == "pcm_mulaw" else lost < 10


@pytest.mark.parametrize("coding", CODINGS, ids=NAMES)
def test_silence_stays_silent(coding: Coding) -> None:
    assert np.abs(code(np.zeros(8000, dtype=np.float32), coding)).max() < 1e-3


@pytest.mark.parametrize("coding", CODINGS, ids=NAMES)
def test_what_is_very_short_comes_through(coding: Coding) -> None:
    voice = spoken(0.2)[-1600:]
    for length in (0, 1, SHORTEST - 1, SHORTEST, 3 * SHORTEST):
        coded = code(voice[:length], coding)
        assert np.isfinite(coded).all()
        assert length <= len(coded) <= length + 0.13 * VOICE_RATE
        if length < SHORTEST:
            np.testing.assert_array_equal(coded, voice[:length])


def test_a_codec_that_is_not_there_is_named_with_the_cure() -> None:
    with pytest.raises(TrainingError, match=r"this FFmpeg has no nellymoser9; install PyAV .* augmentation.coded = 0$"):
        code(spoken(0.1), Coding("nellymoser9", "wav", 8000, 0))
