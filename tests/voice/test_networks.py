"""The voice network and what it is trained on: gain, length, crops, noise, learning, ONNX."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytestmark = pytest.mark.torch

from visavox.voice.networks import (  # noqa: E402
    SHORTEST,
    LogMelNetwork,
    Spectra,
    VoiceAugmentation,
    Voices,
    VoiceTask,
    augment,
    judge,
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(words: int = 3) -> LogMelNetwork:
    torch.manual_seed(0)
    return LogMelNetwork(words=words, widths=(8, 8, 16, 16, 16), features=16).eval()


def voices(count: int, rng: np.random.Generator, *, words: int = 3) -> tuple[Spectra, np.ndarray]:
    """Clips of 60-140 frames whose word is where in the spectrum their formant lies, between silences."""
    labels = np.arange(count) % words
    clips = []
    for label in labels:
        frames = int(rng.integers(60, 140))
        band = np.exp(-0.5 * ((np.arange(64) - 12 - 18 * label) / 4) ** 2)
        clip = 8 * band + rng.normal(0, 0.5, (frames, 64)) - 6 + rng.normal(0, 2)
        silence = rng.normal(-14, 0.5, (30, 64))
        clips.append(np.concatenate([silence, clip, silence]).astype(np.float32))
    return Spectra(clips), labels


def test_shapes_and_free_length() -> None:
    network = small()
    for frames in (SHORTEST, 101, 400):
        logits, features = network(torch.randn(2, 64, frames))
        assert logits.shape == (2, 3)
        assert features.shape == (2, 32)
        assert torch.isfinite(logits).all()


def test_gain_changes_nothing() -> None:
    network, mel = small(), torch.randn(2, 64, 120) * 3 - 6
    torch.testing.assert_close(network(mel)[0], network(mel + 7.5)[0], atol=1e-4, rtol=1e-4)


def test_a_clip_alone_is_judged_as_among_others() -> None:
    network, mel = small(), torch.randn(5, 64, 120)
    torch.testing.assert_close(network(mel)[0][2:3], network(mel[2:3])[0], atol=1e-5, rtol=1e-5)


def test_what_lies_far_below_speech_is_not_heard() -> None:
    network, mel = small(), torch.randn(1, 64, 120)
    mel[:, :, 60:90] = -30
    deeper = mel.clone()
    deeper[:, :, 60:90] = -300
    torch.testing.assert_close(network(mel)[0], network(deeper)[0], atol=1e-3, rtol=1e-3)


def test_spectra_lose_their_silent_ends() -> None:
    rng = np.random.default_rng(1)
    clips, _ = voices(4, rng)
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
    clips, _ = voices(3, rng)
    crop = clips.crops(np.array([0]), 600, rng)[0]
    loud = crop.max(1) > clips.loud[0] - 2
    assert loud.sum() <= clips.lengths[0]
    assert crop[~loud].mean() < clips[0].astype(np.float32).mean() - 3


def test_the_floor_hides_how_quiet_the_room_was() -> None:
    rng = np.random.default_rng(1)
    clip = np.full((1, 100, 64), 0.0, np.float32)
    clip[:, 50:] = -20
    options = VoiceAugmentation(
        floor=(20, 20), noisy=1, equaliser=0, tilt=0, reverberant=0, time_masks=0, band_masks=0
    )
    heard = augment(clip.copy(), np.array([0.0], np.float32), np.zeros((1, 64), np.float32), options, rng)
    difference = heard[0, :50].mean() - heard[0, 50:].mean()
    assert difference == pytest.approx(20 * np.log(10) / 10, abs=0.6)


def test_batches_are_drawn_evenly_and_reproducibly() -> None:
    rng = np.random.default_rng(1)
    clips, labels = voices(40, rng, words=2)
    labels = np.where(np.arange(40) < 36, 0, 1)
    data = Voices(clips, labels, np.zeros(40, int))
    task = VoiceTask(data, data, words=2, batch=20, augmentation=VoiceAugmentation())
    share = np.bincount(labels, weights=task.weight)
    assert share[0] / share[1] == pytest.approx(np.sqrt(36 / 4))
    first, again = (list(task.batches(np.random.default_rng(5))) for _ in range(2))
    assert len(first) == task.steps == 2
    for (mel, words), (mel_again, words_again) in zip(first, again, strict=True):
        assert mel.shape[:2] == (20, 64)
        assert torch.isfinite(mel).all()
        torch.testing.assert_close(words.sum(1), torch.ones(20))
        assert torch.equal(mel, mel_again)
        assert torch.equal(words, words_again)


def test_it_learns_and_judges_whole_clips() -> None:
    rng = np.random.default_rng(1)
    (train, words), (valid, valid_words) = voices(90, rng), voices(30, rng)
    gentle = VoiceAugmentation(frames=(64, 64), noisy=0, mixup=0, reverberant=0, band_masks=0)
    data, held_out = Voices(train, words, words % 2), Voices(valid, valid_words, np.zeros(30, int))
    task = VoiceTask(data, held_out, words=3, batch=15, augmentation=gentle)
    network = small().train()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for epoch in range(6):
        for batch in task.batches(np.random.default_rng(epoch)):
            optimizer.zero_grad()
            task.loss(network, batch).backward()
            optimizer.step()
    scores = task.validate(network.eval())
    assert scores["score"] > 0.9
    assert judge(network, valid).shape == (30, 3)


def test_onnx_is_torch(tmp_path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from visavox.session import Session
    from visavox.training import export

    network = small()
    worst = export(network, {"mel": torch.randn(2, 64, 96)}, tmp_path / "v.onnx", dynamic={"mel": {2: "frames"}})
    assert worst < 1e-4
    session = Session(tmp_path / "v.onnx")
    mel = torch.randn(3, 64, 233) * 3 - 5
    logits, features = session(mel.numpy())
    with torch.no_grad():
        expected = network(mel)
    np.testing.assert_allclose(logits, expected[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(features, expected[1].numpy(), atol=1e-4)
