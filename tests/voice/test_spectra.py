"""Clips in memory, their crops, and what is added to them: all in numpy."""

import numpy as np
import pytest

from visavox.voice.spectra import Spectra, VoiceAugmentation, augment


def voices(count: int, rng: np.random.Generator) -> Spectra:
    """Clips of 60-140 frames with one formant each, between silences."""
    clips = []
    for label in np.arange(count) % 3:
        frames = int(rng.integers(60, 140))
        band = np.exp(-0.5 * ((np.arange(64) - 12 - 18 * label) / 4) ** 2)
        clip = 8 * band + rng.normal(0, 0.5, (frames, 64)) - 6 + rng.normal(0, 2)
        silence = rng.normal(-14, 0.5, (30, 64))
        clips.append(np.concatenate([silence, clip, silence]).astype(np.float32))
    return Spectra(clips)


def test_spectra_lose_their_silent_ends() -> None:
    rng = np.random.default_rng(1)
    clips = voices(4, rng)
    assert (clips.lengths < 60 + 140).all()
    assert (clips.lengths >= 60).all()
    assert clips[2].shape == (clips.lengths[2], 64)


@pytest.mark.parametrize("stretch", [0.0, 0.15])
def test_a_crop_goes_through_the_clip_at_its_tempo(stretch: float) -> None:
    ramp = Spectra([np.repeat(np.arange(300.0)[:, None] / 10, 64, 1).astype(np.float32)] * 20, below=1e9)
    crops = ramp.crops(np.arange(20), 100, np.random.default_rng(1), stretch=stretch)
    steps = np.diff(crops[:, :, 0], axis=1).mean(1) * 10
    assert crops.shape == (20, 100, 64)
    assert (steps > 0.99 / (1 + stretch)).all()
    assert (steps < 1.01 * (1 + stretch)).all()
    assert (steps.std() > 0.02) == bool(stretch)


def test_a_shifted_throat_is_bands_away() -> None:
    ramp = Spectra([np.repeat(np.arange(64.0)[None, :], 50, 0).astype(np.float32)] * 20, below=1e9)
    crops = ramp.crops(np.arange(20), 40, np.random.default_rng(1), shift=3.0)
    moved = crops[:, 20, 32] - 32
    assert np.abs(moved).max() <= 3
    assert moved.std() > 1


def test_a_short_clip_lies_in_its_own_quiet() -> None:
    rng = np.random.default_rng(1)
    clips = voices(3, rng)
    crop = clips.crops(np.array([0]), 600, rng)[0]
    loud = crop.max(1) > clips.loud[0] - 2
    assert loud.sum() <= clips.lengths[0]
    assert crop[~loud].mean() < clips[0].astype(np.float32).mean() - 3


def test_the_floor_hides_how_quiet_the_room_was() -> None:
    rng = np.random.default_rng(1)
    clip = np.full((1, 100, 64), 0.0, np.float32)
    clip[:, 50:] = -20
    options = VoiceAugmentation(floor=(20, 20), noisy=1, equaliser=0, tilt=0, reverberant=0, time_masks=0, band_masks=0)
    heard = augment(clip.copy(), np.array([0.0], np.float32), np.zeros((1, 64), np.float32), options, rng)
    difference = heard[0, :50].mean() - heard[0, 50:].mean()
    assert difference == pytest.approx(20 * np.log(10) / 10, abs=0.6)


def test_augmentation_keeps_shapes_and_is_drawn_anew() -> None:
    clips = voices(8, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    crops = clips.crops(np.arange(8), 64, rng)
    heard = [augment(crops.copy(), clips.loud, clips.quiet, VoiceAugmentation(reverberant=1), rng) for _ in range(2)]
    for mel in heard:
        assert mel.shape == (8, 64, 64)
        assert mel.dtype == np.float32
        assert np.isfinite(mel).all()
    assert (heard[0] != heard[1]).any()


def test_reverberation_lasts_as_long_however_far_frames_are_apart() -> None:
    """A click's tail falls by as many decibels a second in frames of 10 ms as of 20 ms, by 60 in 0.1 to 0.6 s."""
    wet = VoiceAugmentation(noisy=0, equaliser=0, tilt=0, reverberant=1, time_masks=0, band_masks=0)
    loud, noise = np.zeros(1, np.float32), np.zeros((1, 64), np.float32)
    slopes = {}
    for seconds in (0.01, 0.02):
        for seed in range(10):
            click = np.full((1, 120, 64), -40.0, np.float32)
            click[:, 20] = 0
            heard = augment(click, loud, noise, wet, np.random.default_rng(seed), seconds=seconds)[0].mean(axis=1)
            after = round(0.08 / seconds)
            fall = (heard[20 + round(0.02 / seconds)] - heard[20 + after]) / (0.06 * np.log(10) / 10)
            slopes[seconds, seed] = fall
            assert 90 < fall < 640
            end = 20 + round(0.4 / seconds)
            assert heard[end + 1 : end + 10].max() < heard[20] - 19, "and is over after 0.4 s"
    for seed in range(10):
        assert slopes[0.01, seed] == pytest.approx(slopes[0.02, seed], rel=0.1)


def test_reverberation_only_adds() -> None:
    crops = np.full((1, 100, 64), -10.0, np.float32)
    crops[:, 40:45] = 0
    dry = VoiceAugmentation(noisy=0, equaliser=0, tilt=0, reverberant=0, time_masks=0, band_masks=0)
    wet = VoiceAugmentation(noisy=0, equaliser=0, tilt=0, reverberant=1, time_masks=0, band_masks=0)
    loud, noise = np.zeros(1, np.float32), np.zeros((1, 64), np.float32)
    before, after = (augment(crops.copy(), loud, noise, how, np.random.default_rng(1))[0, :, 0] for how in (dry, wet))
    tail = (after - after[:30].mean()) - (before - before[:30].mean())
    assert (tail[45:50] > 1).all()
    assert (np.diff(after[45:60]) < 0.1).all(), "and falls"
