"""Mel spectra and cepstra against librosa, and what is ours: the options and the cut of silent ends."""

import numpy as np
import pytest

from visavox.errors import InputError, OptionError
from visavox.voice.features import STEP, LogMel, log_mel, mel_filters, mel_power, mfcc, network_input, speech_frames

OPTIONS = [
    LogMel(),
    LogMel(window=512, bands=80, low=0, high=8000),
    LogMel(rate=22050, window=2048, n_fft=2048, hop=512, bands=128, low=0, high=11025),
    LogMel(window=401, n_fft=512, bands=40),
]


@pytest.fixture
def sound() -> np.ndarray:
    rng = np.random.default_rng(7)
    seconds = np.arange(16_000 * 2 + 77) / 16_000
    tone = 0.2 * np.sin(2 * np.pi * 180 * seconds + 3 * np.sin(2 * np.pi * 4 * seconds))
    return (tone + 0.05 * rng.standard_normal(len(seconds)) * np.linspace(0, 1, len(seconds))).astype(np.float32)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: f"{o.rate}-{o.window}-{o.bands}")
def test_mel_power_is_librosas(sound: np.ndarray, options: LogMel) -> None:
    librosa = pytest.importorskip("librosa", reason="the oracle of mel spectra")
    expected = librosa.feature.melspectrogram(
        y=sound,
        sr=options.rate,
        n_fft=options.n_fft,
        win_length=options.window,
        hop_length=options.hop,
        n_mels=options.bands,
        fmin=options.low,
        fmax=options.high,
    ).T
    found = mel_power(sound, options)
    assert found.dtype == np.float32
    assert found.shape == expected.shape == (options.frames(len(sound)), options.bands)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * expected.max())


@pytest.mark.parametrize("top_db", [80.0, 35.0, None])
def test_mfcc_is_librosas(sound: np.ndarray, top_db: float | None) -> None:
    librosa = pytest.importorskip("librosa", reason="the oracle of cepstra")
    options = LogMel()
    frame = {"n_fft": 512, "win_length": 400, "hop_length": 160}
    mel = librosa.feature.melspectrogram(y=sound, sr=16_000, n_mels=64, fmin=50, fmax=5000, **frame)
    expected = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=top_db), n_mfcc=20).T
    np.testing.assert_allclose(mfcc(sound, options, top_db=top_db), expected, atol=1e-3)


def test_a_tone_sounds_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    band = int(log_mel(tone)[50].argmax())
    heard = np.flatnonzero(mel_filters()[band]) * 16_000 / 512
    assert heard.min() <= 1000 <= heard.max()


def test_log_mel_is_the_logarithm_cut_at_the_floor(sound: np.ndarray) -> None:
    options = LogMel(floor=1e-6)
    np.testing.assert_allclose(log_mel(sound, options), np.log(np.maximum(mel_power(sound, options), 1e-6)), rtol=1e-6)
    assert (log_mel(np.zeros(800, np.float32), options) == np.float32(np.log(np.float32(1e-6)))).all()


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 161, 400, 100_000])
def test_frames_of_any_length(samples: int) -> None:
    mel = log_mel(np.zeros(samples, np.float32))
    assert mel.shape == (1 + samples // 160, 64)
    assert np.isfinite(mel).all()


def test_long_sound_equals_its_parts(sound: np.ndarray) -> None:
    long = np.tile(sound, 6)
    whole = mel_power(long)
    part = mel_power(long[16_000:48_000])
    np.testing.assert_allclose(whole[105:295], part[5:195], rtol=1e-4, atol=1e-9)


def test_silent_ends_are_cut_and_pauses_stay(sound: np.ndarray) -> None:
    silence = np.zeros(16_000, np.float32)
    kept = speech_frames(log_mel(np.concatenate([silence, sound[:8000], silence, sound[:8000], silence])), margin=0)
    assert kept.start == pytest.approx(100, abs=2)
    assert kept.stop == pytest.approx(301, abs=2)


def test_where_nothing_stands_out_all_is_kept() -> None:
    assert speech_frames(np.full((40, 64), -23.0, np.float32)) == slice(0, 40)
    assert speech_frames(np.empty((0, 64), np.float32)) == slice(0, 0)


@pytest.mark.parametrize("samples", [0, 300, 4000, 16_000, 31_999, 48_123])
def test_networks_get_whole_steps_of_frames(samples: int) -> None:
    mel = network_input(np.random.default_rng(1).standard_normal(samples).astype(np.float32))
    assert mel.shape[:2] == (1, 64)
    assert mel.shape[2] % STEP == 0
    assert mel.shape[2] == max(32, (1 + samples // 160) // STEP * STEP)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"high": 9000.0}, "half the rate"),
        ({"low": 5000.0}, "Bad band edges"),
        ({"n_fft": 256}, "at least the window"),
        ({"hop": 0}, "hop"),
        ({"floor": 0.0}, "floor"),
    ],
)
def test_wrong_options_are_named(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        LogMel(**wrong)


def test_wrong_input_is_named(sound: np.ndarray) -> None:
    with pytest.raises(InputError, match="one channel"):
        log_mel(np.zeros((2, 100), np.float32))
    with pytest.raises(OptionError, match="n_mfcc"):
        mfcc(sound, n_mfcc=65)
