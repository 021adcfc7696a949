"""Varied copies of training voices: noise as loud as asked, tempo and pitch apart; and varied mel pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox.clip import Clip
from visavox.errors import OptionError
from visavox.voice.copies import VoiceCopies, noisy, shifted, stretched
from visavox.voice.kinds import copies, vary
from visavox.voice.varying import PictureVariation

PUBLISHED = {"noise_copies": 2, "noise_snr": [15, 30], "stretch_copies": [0.5, 1.5], "pitch_copies": [2]}
"""What system `lrcn` learned from beside each clip."""


def tone(hertz: float, seconds: float = 2.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(16_000 * seconds)) / 16_000)).astype(np.float32)


def pitch(voice: np.ndarray) -> float:
    """The loudest frequency in the middle half of a sound, in Hz, finer than a bin by a parabola."""
    middle = voice[len(voice) // 4 : len(voice) * 3 // 4]
    power = np.log(np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) + 1e-9)
    peak = int(power.argmax())
    low, high, next_ = power[peak - 1 : peak + 2]
    return (peak + 0.5 * (low - next_) / (low - 2 * high + next_)) * 16_000 / len(middle)


@given(st.floats(-10, 60), st.integers(0, 5), st.floats(1e-3, 1))
def test_noise_is_as_far_below_the_voice_as_asked(snr: float, seed: int, level: float) -> None:
    voice = tone(200, 0.5) * np.float32(level)
    noise = noisy(voice, snr, np.random.default_rng(seed)) - voice
    found = 10 * np.log10(np.mean(voice.astype(float) ** 2) / np.mean(noise.astype(float) ** 2))
    assert found == pytest.approx(snr, abs=0.1)


def test_the_noise_is_white() -> None:
    noise = noisy(tone(200), 0, np.random.default_rng(3)) - tone(200)
    octaves = [np.mean(np.abs(np.fft.rfft(noise))[low : 2 * low] ** 2) for low in (1000, 2000, 4000, 8000)]
    np.testing.assert_allclose(octaves, np.mean(octaves), rtol=0.15)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.5])
@pytest.mark.parametrize("hertz", [110.0, 440.0, 1234.5])
def test_a_stretched_tone_keeps_its_pitch_and_nearly_its_loudness(speed: float, hertz: float) -> None:
    found = stretched(tone(hertz), speed)
    assert len(found) == round(32_000 / speed)
    assert pitch(found) == pytest.approx(hertz, rel=2e-3)
    middle = found[len(found) // 4 : len(found) // 2]
    decibels = 20 * np.log10(np.sqrt(np.mean(middle**2)) / (0.3 / np.sqrt(2)))
    assert abs(decibels) < 2  # bins of one tone drift apart a little, as in every plain phase vocoder


def test_stretched_at_its_own_speed_it_stays() -> None:
    rng = np.random.default_rng(1)
    voice = (rng.standard_normal(20_000) * np.hanning(20_000)).astype(np.float32)
    np.testing.assert_allclose(stretched(voice, 1.0), voice, atol=1e-4)


def test_what_comes_later_comes_later() -> None:
    """Two bursts a second apart are two seconds apart at half the speed."""
    voice = np.zeros(48_000, np.float32)
    for second in (1, 2):
        voice[16_000 * second : 16_000 * second + 800] = tone(500, 0.05)
    loud = np.abs(stretched(voice, 0.5)).reshape(-1, 1600).max(axis=1)
    assert set(np.flatnonzero(loud > 0.1)) <= {19, 20, 21, 39, 40, 41}
    assert loud[20] > 0.1 and loud[40] > 0.1


@pytest.mark.parametrize("speed", [0.5, 1.5])
def test_stretching_is_librosas(speed: float) -> None:
    librosa = pytest.importorskip("librosa", reason="the oracle of the phase vocoder")
    rng = np.random.default_rng(2)
    voice = tone(300) + rng.standard_normal(32_000).astype(np.float32) * 0.02
    expected = librosa.effects.time_stretch(voice, rate=speed, n_fft=1024, hop_length=256)
    np.testing.assert_allclose(stretched(voice, speed), expected, atol=0.01)  # its phases are kept in 32 bits


@pytest.mark.parametrize("semitones", [-5, 2, 12])
def test_two_semitones_up_are_an_eighth_higher(semitones: int) -> None:
    found = shifted(tone(440), semitones)
    assert len(found) == 32_000
    assert found.dtype == np.float32
    assert pitch(found) == pytest.approx(440 * 2 ** (semitones / 12), rel=2e-3)


def test_a_recipe_asks_for_copies() -> None:
    wanted = {**PUBLISHED, "other": 1}
    made = copies(wanted)
    assert wanted == {"other": 1}  # what is no key of voices is left for somebody to complain about
    assert made is not None
    clip = Clip(name="a", voice=tone(300), person="x", start=1.0, end=3.0)
    found = made(clip, np.random.default_rng(1))
    assert [len(copy.voice) for copy in found if copy.voice is not None] == [32_000, 32_000, 64_000, 21_333, 32_000]
    assert {(copy.name, copy.person, copy.source) for copy in found} == {("a", "x", None)}
    again = made(clip, np.random.default_rng(1))
    for one, other in zip(found, again, strict=True):
        assert np.array_equal(np.asarray(one.voice), np.asarray(other.voice))
    assert not np.array_equal(np.asarray(found[0].voice), np.asarray(found[1].voice))


def test_noise_is_drawn_between_its_limits() -> None:
    voice = tone(300)
    found = VoiceCopies(noise_copies=60, noise_snr=(15, 30))(Clip(voice=voice), np.random.default_rng(1))
    powers = [np.mean((np.asarray(copy.voice) - voice).astype(float) ** 2) for copy in found]
    snr = 10 * np.log10(np.mean(voice.astype(float) ** 2) / powers)
    assert 15 <= snr.min() < 17 and 28 < snr.max() <= 30.01


def test_nothing_asked_is_nothing_done() -> None:
    assert copies({"other": 1}) is None
    assert vary({"other": 1}) is None
    assert VoiceCopies(noise_copies=1)(Clip(name="mute"), np.random.default_rng(1)) == []


def test_silence_stays_silent() -> None:
    made = VoiceCopies(noise_copies=1, stretch_copies=(0.5,), pitch_copies=(2,))
    for samples in (1, 100, 16_000):
        for copy in made(Clip(voice=np.zeros(samples, np.float32)), np.random.default_rng(1)):
            assert copy.voice is not None and not copy.voice.any()


def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 256, (20, 16, 40, 3), dtype=np.uint8)


def test_pictures_move_along_time_and_nowhere_else() -> None:
    varied = vary({"shift": 0.25})
    assert varied is not None
    before = pictures()
    after = varied(before.copy(), np.random.default_rng(1))
    moved = set()
    for picture, found in zip(before, after, strict=True):
        black = (found == 0).all(axis=(0, 2))
        by = int(black.sum()) * (1 if black[0] else -1)
        expected = np.roll(picture, by, axis=1)
        expected[:, black] = 0
        assert np.array_equal(found, expected)
        moved.add(by)
    assert min(moved) >= -10 and max(moved) <= 10 and len(moved) > 8


def test_stripes_are_hidden_no_wider_than_asked() -> None:
    before = pictures()
    after = PictureVariation(masks=1, mask=0.25)(before.copy(), np.random.default_rng(1))
    times, bands = (after == 0).all(axis=(1, 3)).sum(axis=1), (after == 0).all(axis=(2, 3)).sum(axis=1)
    assert 0 < times.max() <= 10 and 0 < bands.max() <= 4
    kept = after != 0
    assert np.array_equal(after[kept], before[kept])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"noise_copies": -1}, "noise_copies"),
        ({"noise_snr": [30, 15]}, "noise_snr"),
        ({"noise_snr": [15]}, "noise_snr"),
        ({"stretch_copies": [0.0]}, "stretch_copies"),
        ({"shift": 2}, "shift"),
        ({"masks": -1}, "masks"),
    ],
)
def test_wrong_options_are_named(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        (copies(wrong), vary(wrong))


def test_only_pictures_are_varied_as_pictures() -> None:
    with pytest.raises(OptionError, match="pictures"):
        PictureVariation(shift=0.1)(np.zeros((2, 40), np.float32), np.random.default_rng(1))
