"""Where somebody speaks: the same answer whatever the size of the blocks in which the sound comes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavox import media
from visavox.voice.activity import CHUNK_SECONDS, SpeechDetector, speech_probabilities, stretches


@pytest.fixture(scope="module")
def sound() -> NDArray[np.float32]:
    """Two seconds of something that changes."""
    noise = np.random.default_rng(5).normal(0, 0.1, 32_000)
    return (noise * np.abs(np.sin(np.arange(32_000) / 3000))).astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 32_000), max_size=12))
def test_blocks_of_any_size_give_the_same(weights: Path, sound: NDArray[np.float32], cuts: list[int]) -> None:
    whole = speech_probabilities(sound)
    detector = SpeechDetector()
    parts = [detector.push(block) for block in np.split(sound, sorted(cuts))]
    assert np.concatenate([*parts, detector.finish()]) == pytest.approx(whole, abs=1e-6)


def test_there_is_one_probability_for_each_32_ms(weights: Path) -> None:
    detector = SpeechDetector()
    assert detector.push(np.zeros(511, np.float32)).shape == (0,)
    assert detector.push(np.zeros(1, np.float32)).shape == (1,)
    assert detector.finish().shape == (0,)
    assert speech_probabilities(np.zeros(1025, np.float32)).shape == (3,)
    assert speech_probabilities(np.zeros(0, np.float32)).shape == (0,)


def test_a_detector_that_forgets_is_a_new_one(weights: Path, sound: NDArray[np.float32]) -> None:
    detector = SpeechDetector()
    first = detector.push(sound)
    detector.reset()
    assert detector.push(sound).tolist() == first.tolist()


def test_neither_silence_nor_noise_nor_a_tone_is_speech(weights: Path) -> None:
    clock = np.arange(48_000)
    for sound in (0 * clock, np.random.default_rng(0).normal(0, 0.1, 48_000), 0.3 * np.sin(clock * 0.2)):
        assert speech_probabilities(sound.astype(np.float32)).max() < 0.3


def test_real_speech_is_found(weights: Path, data: Path) -> None:
    found = stretches(speech_probabilities(media.read_sound(data / "media" / "speech_jfk.flac")))
    seconds = sum(end - start for start, end, _ in found)
    assert 6 < seconds < 10
    assert 0.1 < found[0][0] < 0.6
    assert all(mean > 0.5 for _, _, mean in found)


def chunks(pattern: str) -> NDArray[np.float32]:
    """A probability for each letter: one a tenth of a second, about, speech where it is a #."""
    return np.repeat([0.9 if letter == "#" else 0.1 for letter in pattern], 3).astype(np.float32)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", []),
        ("......", []),
        ("######", [(0, 18)]),
        ("..####..", [(6, 18)]),
        ("..##....####", [(24, 36)]),  # the first is too short
        ("####.####", [(0, 12), (15, 27)]),
    ],
)
def test_stretches(pattern: str, found: list[tuple[int, int]]) -> None:
    got = stretches(chunks(pattern), minimum_silence=0.09)
    assert [(start, end) for start, end, _ in got] == [
        pytest.approx((first * CHUNK_SECONDS, last * CHUNK_SECONDS)) for first, last in found
    ]


def test_short_pauses_are_bridged_and_count_in_the_mean() -> None:
    ((start, end, mean),) = stretches(chunks("####.####"), minimum_silence=0.1)
    assert (start, end) == pytest.approx((0, 27 * CHUNK_SECONDS))
    assert mean == pytest.approx((8 * 0.9 + 0.1) / 9)


@given(st.lists(st.floats(0, 1), max_size=200))
def test_stretches_are_in_order_and_apart(values: list[float]) -> None:
    found = stretches(np.array(values), minimum_speech=0.1, minimum_silence=0.1)
    for start, end, mean in found:
        assert start >= 0
        assert end - start >= 0.1 - 1e-9
        assert end <= len(values) * CHUNK_SECONDS + 1e-9
        assert 0 <= mean <= 1
    for (_, end, _), (start, _, _) in pairwise(found):
        assert start - end >= 0.1 - 1e-9
