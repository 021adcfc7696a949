"""What networks of published systems hear, against librosa and by hand: cepstra, mel pictures, segments."""

import warnings

import numpy as np
import pytest
import soxr

from visavox.clip import Clip
from visavox.errors import OptionError
from visavox.inputs import Input
from visavox.voice.inputs import MeanMfcc, MelPicture, Mfcc, MfccVector, cut
from visavox.voice.kinds import INPUTS, KINDS
from visavox.voice.segments import MelSegments, just

librosa = pytest.importorskip("librosa", reason="the oracle of spectra and cepstra")


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    """A voice of 3.6 s at 16 kHz: a hum that moves, in noise that rises."""
    rng = np.random.default_rng(7)
    seconds = np.arange(round(3.6 * 16_000)) / 16_000
    hum = sum(np.sin(2 * np.pi * 140 * n * seconds + n * np.sin(2 * np.pi * 3 * seconds)) / n for n in range(1, 20))
    return (0.1 * hum + 0.02 * rng.standard_normal(len(seconds)) * seconds).astype(np.float32)


def mel(sound: np.ndarray, rate: int, **options: object) -> np.ndarray:
    """librosa's mel spectrum in decibels; it warns of bands too narrow to hear anything, which are the report's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters")
        power = librosa.feature.melspectrogram(y=sound, sr=rate, **options)
    return librosa.power_to_db(power, top_db=80)


def lrcn_cut(voice: np.ndarray) -> np.ndarray:
    """3 s from 0.5 s on at 48 kHz."""
    return soxr.resample(voice[8_000:], 16_000, 48_000)[: 3 * 48_000]


LRCN = {"n_fft": 1024, "win_length": 512, "hop_length": 512, "window": "hamming", "n_mels": 128}


def test_the_40_cepstra_of_282_frames_are_librosas(voice: np.ndarray) -> None:
    expected = librosa.feature.mfcc(S=mel(lrcn_cut(voice), 48_000, **LRCN), n_mfcc=40)
    found = Mfcc().of(Clip(voice=voice))
    assert found.shape == (1, *Mfcc().shape) == (1, 40, 282, 1)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0, :, :, 0], expected, atol=2e-3)


def test_their_mean_over_time_is_what_the_1d_cnn_hears(voice: np.ndarray) -> None:
    clip = Clip(voice=voice)
    found = MeanMfcc().of(clip)
    assert found.shape == (1, *MeanMfcc().shape) == (1, 40)
    np.testing.assert_allclose(found[0], Mfcc().of(clip)[0, :, :, 0].mean(axis=1), rtol=1e-5, atol=1e-5)


def test_the_window_is_hammings(voice: np.ndarray) -> None:
    hann, hamming = (Mfcc(taper=taper).of(Clip(voice=voice)) for taper in ("hann", "hamming"))
    assert np.abs(hann - hamming).max() > 1


def test_2520_cepstra_of_4_seconds_are_librosas(voice: np.ndarray) -> None:
    heard = np.zeros(32_000, np.float32)
    heard[:28_800] = soxr.resample(voice, 16_000, 8_000)
    expected = librosa.feature.mfcc(S=mel(heard, 8_000, n_fft=2048, hop_length=512, n_mels=128), n_mfcc=40)
    found = MfccVector().of(Clip(voice=voice))
    assert found.shape == (1, *MfccVector().shape) == (1, 2520)
    np.testing.assert_allclose(found[0], expected.ravel(), atol=2e-3)


def test_a_mel_picture_shows_80_decibels(voice: np.ndarray) -> None:
    level = mel(lrcn_cut(voice), 48_000, **LRCN)
    expected = 255 * (level - level.max() + 80) / 80
    found = MelPicture(channels=3).of(Clip(voice=voice))
    assert found.shape == (1, *MelPicture(channels=3).shape) == (1, 128, 282, 3)
    assert found.dtype == np.uint8
    assert found.max() == 255
    np.testing.assert_allclose(found[0, :, :, 0], expected, atol=0.51)
    assert (found[..., 0] == found[..., 1]).all() and (found[..., 0] == found[..., 2]).all()


def test_above_8_khz_next_to_nothing_is_heard(voice: np.ndarray) -> None:
    """Voices have 16 kHz here: what was made for 48 kHz hears no more in its upper bands."""
    level = MelPicture().of(Clip(voice=voice))[0, :, 2:-2, 0] * (80 / 255)  # the cut's ends click
    high = librosa.mel_frequencies(n_mels=130, fmax=24_000)[1:-1] > 8_500
    assert np.count_nonzero(high) == 31
    assert level[high].max() < 25 < 40 < level[~high].mean()


def published_segment(voice: np.ndarray, start: int) -> np.ndarray:
    """A segment as the code of system `mobel` makes it: reflected to 5 s, dB, standardised, 0..255."""
    segment = soxr.resample(voice, 16_000, 22_050)[start : start + 22_050]
    padded = np.pad(segment, 44_100, mode="reflect")
    level = mel(padded, 22_050, n_fft=2048, hop_length=512, n_mels=96, fmin=20, fmax=8000)
    standard = (level - level.mean()) / (level.std() + 1e-6)
    return 255 * (standard - standard.min()) / (standard.max() - standard.min())


def test_twelve_segments_are_the_reports(voice: np.ndarray) -> None:
    """3.6 s hold nine windows of 1 s, one every 0.3 s; the last one is repeated."""
    found = MelSegments().of(Clip(voice=voice))
    assert found.shape == (1, *MelSegments().shape) == (1, 12, 96, 216, 3)
    assert found.dtype == np.uint8
    for number in (0, 1, 8):
        expected = published_segment(voice, number * 6615)
        difference = expected - found[0, number, :, :, 0]
        assert difference.min() > -0.01 and difference.max() < 1.01  # cut off, not rounded
    assert (found[0, 9:] == found[0, 8]).all()
    assert (found[0, 7] != found[0, 8]).any()


def test_the_texts_segments_are_32_frames_of_the_middle(voice: np.ndarray) -> None:
    """A second has 44 frames; 0.5 s from one segment to the next gives six of 3.6 s."""
    wanted = MelSegments(overlap=500, padded=1.0, frames=32, channels=1)
    found = wanted.of(Clip(voice=voice))
    assert found.shape == (1, *wanted.shape) == (1, 12, 96, 32, 1)
    second = soxr.resample(voice, 16_000, 22_050)[11_025 : 11_025 + 22_050]
    level = mel(second, 22_050, n_fft=2048, hop_length=512, n_mels=96, fmin=20, fmax=8000)[:, 6:38]
    expected = 255 * (level - level.min()) / (level.max() - level.min())
    np.testing.assert_allclose(found[0, 1, :, :, 0], expected, atol=1.01)
    assert (found[0, 6:] == found[0, 5]).all()


@pytest.mark.parametrize(
    ("have", "kept"),
    [
        (12, list(range(12))),
        (13, list(range(12))),  # odd: the last one goes
        (14, list(range(1, 13))),  # even: the first one goes, then, of thirteen, the last one
        (17, list(range(2, 14))),
        (10, [*range(10), 9, 9]),
        (1, [0] * 12),
    ],
)
def test_segments_are_trimmed_to_twelve(have: int, kept: list[int]) -> None:
    assert just(range(have), 12) == kept


@pytest.mark.parametrize("kind", sorted(INPUTS))
@pytest.mark.parametrize("samples", [1, 2, 4_800, 16_000, 160_000])
def test_a_voice_of_any_length_is_heard(kind: str, samples: int) -> None:
    wanted: Input = KINDS.input({"kind": kind})
    found = wanted.of(Clip(voice=np.random.default_rng(1).standard_normal(samples).astype(np.float32) / 10))
    assert found.shape == (1, *wanted.shape)
    assert np.isfinite(found).all()
    assert KINDS.input(KINDS.describe(wanted)) == wanted


@pytest.mark.parametrize("kind", sorted(INPUTS))
def test_nothing_is_heard_where_nothing_is(kind: str) -> None:
    wanted = KINDS.input({"kind": kind})
    for clip in (Clip(name="mute"), Clip(voice=np.zeros(0, np.float32))):
        assert wanted.of(clip).shape == (0, *wanted.shape)
    assert np.isfinite(wanted.of(Clip(voice=np.zeros(16_000, np.float32)))).all()


def test_a_cut_begins_later_only_where_enough_is_left() -> None:
    clock = np.arange(64_000, dtype=np.float32)
    assert cut(clock, 16_000, 0.5, 3.0)[[0, -1]].tolist() == [8_000, 55_999]
    assert cut(clock[:50_000], 16_000, 0.5, 3.0)[[0, -1]].tolist() == [2_000, 49_999]
    assert cut(clock[1:40_001], 16_000, 0.5, 3.0)[[0, 39_999, 40_000]].tolist() == [1, 40_000, 0]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": "mel-segments", "overlap": 1000}, "overlap"),
        ({"kind": "mel-segments", "padded": 1.0}, "expected 1 to 44"),
        ({"kind": "mfcc", "n_fft": 256}, "at least the window"),
        ({"kind": "mfcc", "taper": "square"}, "taper"),
    ],
)
def test_wrong_options_are_named(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        KINDS.input(wrong)
