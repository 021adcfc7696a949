"""The voice network and what it is trained on: gain, length, crops, noise, learning, ONNX."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from visavox.clip import Clip
from visavox.datasets import Sample
from visavox.errors import InputError, OptionError
from visavox.voice.features import LogMel, network_input
from visavox.voice.spectra import Spectra, VoiceAugmentation

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytestmark = pytest.mark.torch

from visavox.voice.networks.log_mel import SHORTEST, LogMelNetwork  # noqa: E402
from visavox.voice.wing import Voices, VoiceTask, VoiceWing, judge  # noqa: E402


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


def test_batches_are_drawn_evenly_and_reproducibly() -> None:
    rng = np.random.default_rng(1)
    clips, labels = voices(40, rng, words=2)
    labels = np.where(np.arange(40) < 36, 0, 1)
    data = Voices(clips, labels, np.zeros(40, int))
    task = VoiceTask(data, data, words=2, batch=20, augmentation=VoiceAugmentation())
    share = np.bincount(labels, weights=task.weight)
    assert share[0] / share[1] == pytest.approx(np.sqrt(36 / 4))
    first, again = (list(task.batches(np.random.default_rng(5), 0.0)) for _ in range(2))
    assert len(first) == task.steps == 2
    for (mel, words), (mel_again, words_again) in zip(first, again, strict=True):
        assert mel.shape[:2] == (20, 64)
        assert torch.isfinite(mel).all()
        torch.testing.assert_close(words.sum(1), torch.ones(20))
        assert torch.equal(mel, mel_again)
        assert torch.equal(words, words_again)


QUIET = VoiceAugmentation(
    frames=(64, 64),
    stretch=0,
    shift=0,
    equaliser=0,
    tilt=0,
    noisy=0,
    reverberant=0,
    time_masks=0,
    band_masks=0,
    mixup=0,
)


@pytest.mark.parametrize("chance", [0.0, 0.25, 1.0])
def test_coded_copies_are_drawn_with_their_chance(chance: float) -> None:
    """The clips have a low band, their coded copies a high one: each crop shows which it is of."""
    rng = np.random.default_rng(1)
    low, high = rng.normal(-9, 0.5, (2, 40, 80, 64)).astype(np.float32)
    low[:, :, :10] += 8
    high[:, :, -10:] += 8
    labels = np.arange(40) % 2
    data = Voices(Spectra(list(low)), labels, np.zeros(40, int), coded=Spectra(list(high)))
    task = VoiceTask(data, data, words=2, batch=20, augmentation=replace(QUIET, coded=chance), label_smoothing=0)
    batches = [batch for epoch in range(20) for batch in task.batches(np.random.default_rng(epoch), 0.0)]
    mel = torch.cat([mel for mel, _ in batches])
    coded = mel[:, -10:].mean(dim=(1, 2)) > mel[:, :10].mean(dim=(1, 2))
    assert len(coded) == 800
    assert float(coded.float().mean()) == pytest.approx(chance, abs=0.06 if 0 < chance < 1 else 0)
    plain = VoiceTask(data._replace(coded=None), data, words=2, batch=20, augmentation=replace(QUIET, coded=chance))
    assert len(list(plain.batches(np.random.default_rng(1), 0.0))) == 2


def test_votes_take_their_part_of_a_label() -> None:
    data = Voices(
        voices(3, np.random.default_rng(1))[0],
        np.array([0, 1, 2]),
        np.zeros(3, int),
        votes=np.array([[1, 3, 0], [0, 0, 0], [0, 0, 5]], dtype=np.float32),
    )
    task = VoiceTask(data, data, words=3, batch=3, augmentation=QUIET, label_smoothing=0.1, vote_weight=0.4)
    # 0.6 (1, 0, 0) + 0.4 (1/4, 3/4, 0), of which a tenth is spread; nobody was asked of the second clip.
    np.testing.assert_allclose(
        (task.targets - 0.1 / 3) / 0.9, [[0.7, 0.3, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], atol=1e-6
    )
    for _, words in task.batches(np.random.default_rng(1), 0.0):
        assert {tuple(row) for row in words.numpy()} <= {tuple(row) for row in task.targets}
    without = VoiceTask(data, data, words=3, batch=3, augmentation=QUIET, label_smoothing=0.1)
    np.testing.assert_allclose((without.targets - 0.1 / 3) / 0.9, np.eye(3), atol=1e-6)


def test_a_wing_reads_votes_and_codes_its_clips(tmp_path: Path) -> None:
    samples = [
        replace(sample, votes={"happy": 2, "sad": 6, "bored": 9}) for sample in spoken(6, np.random.default_rng(1))
    ]
    ours = wing(augmentation={"frames": [48, 64], "coded": 0.5}, loss={"vote_weight": 0.5}, input={"hop": 320})
    task = ours.task(samples, samples[:3], batch=2, folder=tmp_path)
    assert task.train.votes.tolist() == [[0, 2, 6]] * 6
    assert task.seconds == 0.02
    assert task.validation.coded is None
    coded, plain = task.train.coded, task.train.spectra
    assert (tmp_path / "spectra_coded.npz").is_file()
    assert len(coded) == len(plain) == 6
    loud = [
        np.exp(clip.astype(float)).mean(axis=0).argmax()
        for spectra in (coded, plain)
        for clip in map(spectra.__getitem__, range(6))
    ]
    assert loud[:6] == loud[6:], "the same tone"
    assert not np.array_equal(coded.values, plain.values)
    again = ours.task(samples, samples[:3], batch=2, folder=tmp_path)
    np.testing.assert_array_equal(again.train.coded.values, coded.values)


def test_it_learns_and_judges_whole_clips() -> None:
    rng = np.random.default_rng(1)
    (train, words), (valid, valid_words) = voices(90, rng), voices(30, rng)
    gentle = VoiceAugmentation(frames=(64, 64), noisy=0, mixup=0, reverberant=0, band_masks=0)
    data, held_out = Voices(train, words, words % 2), Voices(valid, valid_words, np.zeros(30, int))
    task = VoiceTask(data, held_out, words=3, batch=15, augmentation=gentle)
    network = small().train()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for epoch in range(6):
        for batch in task.batches(np.random.default_rng(epoch), 0.0):
            optimizer.zero_grad()
            task.loss(network, batch).backward()
            optimizer.step()
    scores = task.validate(network.eval())
    assert scores["score"] > 0.9
    assert judge(network, valid).shape == (30, 3)


def test_onnx_is_torch(tmp_path: Path) -> None:
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


def spoken(count: int, rng: np.random.Generator) -> list[Sample]:
    """Clips of a second each, their word told by how high the voice is."""
    words = ("neutral", "happy", "sad")
    seconds = np.arange(16_000) / 16_000
    return [
        Sample(
            clip=Clip(
                name=f"clip-{index}",
                voice=(
                    0.3 * np.sin(2 * np.pi * (200 + 300 * (index % 3)) * seconds) * (seconds > 0.3)
                    + rng.normal(0, 1e-3, 16_000)
                ).astype(np.float32),
            ),
            emotion=words[index % 3],
            corpus="made",
        )
        for index in range(count)
    ]


def wing(**changes: dict[str, object]) -> VoiceWing:
    tables = {
        "network": {"widths": [8, 8, 16, 16, 16], "features": 16},
        "input": {"below": 30},
        "augmentation": {"frames": [48, 64]},
        "loss": {"label_smoothing": 0.05},
    }
    return VoiceWing(words=("neutral", "happy", "sad"), **{**tables, **changes})


def test_a_wing_makes_tasks_and_keeps_its_spectra(tmp_path: Path) -> None:
    samples = spoken(12, np.random.default_rng(1))
    ours = wing()
    first = ours.task(samples, samples[:3], batch=4, folder=tmp_path)
    again = ours.task(samples, samples[:3], batch=4, folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spectra_train.npz", "spectra_validation.npz"]
    np.testing.assert_array_equal(first.train.spectra.values, again.train.spectra.values)
    np.testing.assert_allclose(first.frequencies, 1 / 3, rtol=1e-6)
    assert first.train.labels.tolist() == [0, 1, 2] * 4
    assert next(first.batches(np.random.default_rng(1), 0.0))[0].shape[0] == 4
    louder = wing(input={"floor": 1e-4}).task(samples, samples[:3], batch=4, folder=tmp_path)
    assert louder.train.spectra.values.min() > first.train.spectra.values.min(), "other options, heard anew"


def test_a_wing_judges_what_will_be_used() -> None:
    samples = spoken(3, np.random.default_rng(1))
    ours = wing()
    inputs = list(ours.inputs(samples, folder=Path()))
    described = ours.describe()
    assert described["kind"] == "log-mel"
    options = LogMel(**{item.name: described[item.name] for item in fields(LogMel)})
    for sample, given in zip(samples, inputs, strict=True):
        assert given.shape[:2] == (1, 64)
        assert 65 < given.shape[2] < 85, "the silence before it is cut"
        used = network_input(sample.clip.voice, options, below=described["below"], shortest=described["shortest"])
        np.testing.assert_array_equal(given, used)
    assert ours.judge(ours.network().eval())(torch.from_numpy(inputs[0]))[0].shape == (1, 3)


@pytest.mark.parametrize("table", ["network", "input", "augmentation", "loss"])
def test_a_key_that_a_wing_does_not_know_is_named(table: str) -> None:
    with pytest.raises(OptionError, match="wings"):
        wing(**{table: {"wings": 2}})


def test_there_is_a_stride_for_each_block() -> None:
    with pytest.raises(OptionError, match=r"Bad value \[\[2, 2\]\] for network.strides: .* each of the 2 blocks"):
        LogMelNetwork(words=3, widths=(8, 8, 8), strides=((2, 2),))


def test_a_clip_without_sound_is_named() -> None:
    with pytest.raises(InputError, match="nothing"):
        list(wing().inputs([Sample(clip=Clip(name="nothing"), emotion="sad", corpus="made")], folder=Path()))
