"""Super images, two streams and joint branches: foldings, convolutions by hand, losses, learning, ONNX; clips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox.clip import Clip
from visavox.errors import OptionError
from visavox.face.sistcm_inputs import FaceClips, rows_of

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytestmark = pytest.mark.torch

from visavox.face.sistcm import (  # noqa: E402
    ClipNetwork,
    FrameNetwork,
    SuperImageConvolution,
    TwoStream,
    VideoNetwork,
    combined,
    fold,
    unfold,
)
from visavox.face.sistcm_joint import JointNetwork  # noqa: E402
from visavox.training import export  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


SMALL = (4, 8)
"""Two stages in the place of four."""

SHAPES = {
    "frame": (FrameNetwork, (16, 16, 3), {"widths": SMALL, "hidden": 8}),
    "clip": (ClipNetwork, (2, 32, 32, 3), {"widths": SMALL}),
    "clip of pictures side by side": (ClipNetwork, (2, 32, 32, 3), {"widths": SMALL, "order": "pictures"}),
    "two-stream": (VideoNetwork, (3, 2, 32, 32, 3), {"widths": SMALL, "hidden": 8}),
    "joint-average": (JointNetwork, (16, 16, 3), {"filters": (4, 4), "join": "average"}),
    "joint-max": (JointNetwork, (16, 16, 3), {"filters": (4, 4), "join": "maximum"}),
}


def made(name: str) -> tuple[torch.nn.Module, torch.Tensor]:
    """A small network and eight inputs of it."""
    torch.manual_seed(2)
    kind, shape, options = SHAPES[name]
    return kind(words=4, shape=shape, **options).eval(), torch.rand(8, *shape)


@pytest.mark.parametrize("order", ["lines", "pictures"])
@pytest.mark.parametrize("axis", [3, 4])
@given(t=st.integers(1, 4), h=st.integers(1, 4), w=st.integers(1, 4))
def test_what_was_unfolded_is_folded_back(axis: int, order: str, t: int, h: int, w: int) -> None:
    clip = torch.arange(2.0 * 3 * t * h * w).reshape(2, 3, t, h, w)
    image = unfold(clip, axis, order)
    assert image.shape == ((2, 3, h, w * t) if axis == 4 else (2, 3, h * t, w))
    assert torch.equal(fold(image, t, axis, order), clip)


def test_super_images_by_hand() -> None:
    """h x w x t as h x (w t) and as (h t) x w: what a plain reshape of such an array does."""
    clip = np.arange(2 * 3 * 4).reshape(2, 3, 4)  # h, w, t
    tensor = torch.from_numpy(clip).permute(2, 0, 1)[None, None]
    assert np.array_equal(unfold(tensor, 4)[0, 0].numpy(), clip.reshape(2, 12))
    assert np.array_equal(unfold(tensor, 3)[0, 0].numpy(), clip.swapaxes(1, 2).reshape(8, 3))
    beside = np.concatenate([clip[:, :, time] for time in range(4)], axis=1)
    assert np.array_equal(unfold(tensor, 4, "pictures")[0, 0].numpy(), beside)
    above = np.concatenate([clip[:, :, time] for time in range(4)], axis=0)
    assert np.array_equal(unfold(tensor, 3, "pictures")[0, 0].numpy(), above)


def test_one_kernel_goes_over_both_super_images() -> None:
    """A kernel that takes the value to its left: in H x (W T) that is the picture before, in (H T) x W the column."""
    layer = SuperImageConvolution(1, 1)
    with torch.no_grad():
        layer.convolution.weight.zero_()
        layer.convolution.weight[0, 0, 1, 0] = 1
        layer.weigh.weight.copy_(torch.tensor([[100.0, 0.0], [0.0, 0.0]]))  # all weight on the first super image
    clip = torch.arange(1.0, 9).reshape(1, 1, 2, 2, 2)
    time, space = (layer(clip)[0, 0], None)
    assert time[1].tolist() == clip[0, 0, 0].tolist(), "of the second picture: the first"
    assert time[0, :, 1].tolist() == clip[0, 0, 1, :, 0].tolist(), "of the first: the second's column before"
    with torch.no_grad():
        layer.weigh.weight.copy_(torch.tensor([[0.0, 0.0], [0.0, 100.0]]))
    space = layer(clip)[0, 0]
    assert space[:, :, 1].tolist() == clip[0, 0, :, :, 0].tolist()
    assert not space[:, :, 0].any()


def test_weights_of_the_two_super_images_by_hand() -> None:
    torch.manual_seed(0)
    layer, clip = SuperImageConvolution(2, 3), torch.randn(1, 2, 2, 4, 4)
    across, down = (fold(layer.convolution(unfold(clip, axis)), 2, axis) for axis in (4, 3))
    means = np.concatenate([maps.detach().numpy()[0].mean(axis=(1, 2, 3)) for maps in (across, down)])
    score = layer.weigh.weight.detach().numpy() @ means
    alpha = np.exp(score) / np.exp(score).sum()
    torch.testing.assert_close(layer(clip), across * float(alpha[0]) + down * float(alpha[1]), atol=1e-5, rtol=1e-5)
    layer.stride = 2
    assert layer(clip).shape == (1, 3, 2, 2, 2), "pictures are halved, time stays"


def test_loss_is_that_of_clips_and_both_streams() -> None:
    logits = [torch.randn(2, 3) for _ in range(3)]
    wanted = torch.tensor([2, 0])
    parts = [float(torch.nn.functional.cross_entropy(part, wanted)) for part in logits]
    found = combined(torch.eye(3)[wanted], *logits, weights=(0.5, 2.0))
    assert float(found) == pytest.approx(parts[0] + 0.5 * parts[1] + 2 * parts[2], rel=1e-5)


def test_each_clip_of_a_video_is_to_say_its_word() -> None:
    network, videos = made("two-stream")
    words = torch.arange(8) % 4
    scores, first, second, _ = network.judged(videos)
    ce = torch.nn.functional.cross_entropy
    clips = torch.stack([ce(scores[:, clip], words) for clip in range(3)]).mean()
    expected = clips + ce(first, words) + ce(second, words)
    torch.testing.assert_close(network.loss(videos, torch.eye(4)[words]), expected)
    torch.testing.assert_close(network(videos)[0], (first + second) / 2)


def test_a_stream_hears_the_order_of_clips() -> None:
    torch.manual_seed(0)
    streams, features, scores = TwoStream(5, 3, 8), torch.randn(1, 4, 5), torch.randn(1, 4, 3)
    one, other = streams(features, scores), streams(features.flip(1), scores.flip(1))
    assert not torch.allclose(one[0], other[0]) and not torch.allclose(one[1], other[1])
    swapped = streams(features, scores.flip(1))
    assert torch.equal(one[0], swapped[0]), "the first stream does not look at scores"


def test_the_trunk_reads_49_places_of_512() -> None:
    """Widths and sizes of the report's listing, 224 x 224; only counted, not run."""
    network = FrameNetwork(words=6, shape=(224, 224, 3))
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()}
    stages = [(64, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    assert counts["trunk"] == 3 * 64 * 49 + 64 + sum(a * b * 9 + 2 * b for a, b in stages)
    assert counts["scores"] == 512 * 6 + 6
    lstm = [4 * 128 * (size + 128 + 1) for size in (512, 6)]
    assert counts["streams"] == sum(lstm) + 2 * (128 * 6 + 6)
    small = FrameNetwork(words=2, shape=(224, 224, 3), widths=(4, 4, 4, 8), hidden=4).eval()
    seen = []
    small.streams.register_forward_hook(lambda part, given, found: seen.extend(given))
    small(torch.rand(1, 224, 224, 3))
    assert [tuple(part.shape) for part in seen] == [(1, 49, 8), (1, 49, 2)]


def test_a_clip_network_is_a_resnet_with_two_weights_more_a_channel() -> None:
    """ResNet-18 has 11 689 512 parameters with 1000 words; each of its sixteen 3x3 convolutions gets 4 c more."""
    network = ClipNetwork(words=1000, shape=(4, 64, 64, 3))
    weighing = sum(4 * width * 4 for width in (64, 128, 256, 512))
    assert sum(p.numel() for p in network.parameters()) == 11_689_512 + weighing


def test_joined_logits() -> None:
    face, body = torch.rand(3, 16, 16, 3), torch.rand(3, 8, 8, 25)
    for join, joined in (("maximum", torch.maximum), ("average", lambda one, other: (one + other) / 2)):
        torch.manual_seed(1)
        network = JointNetwork(words=4, shape=(16, 16, 3), rows=(8, 8, 25), join=join).eval()
        logits, features = network(face, body)
        assert features.shape == (3, 64 + 128)
        rows, picture = network.row_words(features[:, :64]), network.picture_words(features[:, 64:])
        torch.testing.assert_close(logits, joined(rows, picture))
    with pytest.raises(OptionError, match=r"network\.join: expected one of maximum, average"):
        JointNetwork(words=2, shape=(16, 16, 3), join="median")  # type: ignore[arg-type]


def test_a_joint_network_of_two_inputs_is_exported(tmp_path) -> None:
    network = JointNetwork(words=4, shape=(16, 16, 3), rows=(8, 8, 25), filters=(4, 4)).eval()
    inputs = {"face": torch.rand(2, 16, 16, 3), "body": torch.rand(2, 8, 8, 25)}
    assert export(network, inputs, tmp_path / "joint.onnx") < 1e-4


@pytest.mark.parametrize("name", SHAPES)
def test_a_clip_alone_is_judged_as_among_others(name: str) -> None:
    network, inputs = made(name)
    together = network(inputs[:2])
    for row in range(2):
        for alone, among in zip(network(inputs[row : row + 1]), together, strict=True):
            torch.testing.assert_close(alone, among[row : row + 1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", SHAPES)
def test_gradient_reaches_every_parameter(name: str) -> None:
    network, inputs = made(name)
    network.train()
    wanted = torch.eye(4)[torch.arange(8) % 4]
    loss = network.loss(inputs, wanted) if hasattr(network, "loss") else (network(inputs)[0] * wanted).sum()
    loss.backward()
    for part, weight in network.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0, part


@pytest.mark.parametrize("name", [name for name in SHAPES if "joint" not in name])
def test_onnx_says_the_same(name: str, tmp_path) -> None:
    network, inputs = made(name)
    assert export(network, {"input": inputs[:2]}, tmp_path / "network.onnx") < 1e-4


@pytest.mark.parametrize("name", [name for name in SHAPES if "side by side" not in name])
def test_eight_clips_are_learned_by_heart(name: str) -> None:
    network, inputs = made(name)
    words = torch.arange(8) % 4
    inputs = inputs * 0.5 + words.reshape(8, *[1] * (inputs.ndim - 1)) / 8
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 40)
    network.train()
    for _ in range(40):
        optimizer.zero_grad()
        wanted = torch.eye(4)[words]
        own = getattr(network, "loss", None)
        loss = own(inputs, wanted) if own else torch.nn.functional.cross_entropy(network(inputs)[0], words)
        loss.backward()
        optimizer.step()
        schedule.step()
    assert (network.eval()(inputs)[0].argmax(dim=1) == words).all()


def test_bad_options_name_the_good_ones() -> None:
    with pytest.raises(OptionError, match=r"Bad value 50 for input\.size: expected a multiple of 32"):
        ClipNetwork(words=2, shape=(4, 50, 50, 3))
    with pytest.raises(OptionError, match=r"network\.order: expected one of lines, pictures"):
        ClipNetwork(words=2, shape=(4, 32, 32, 3), order="columns")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"Bad value 0 for input\.frames"):
        FaceClips(frames=0)
    with pytest.raises(OptionError, match=r"input\.colour: expected one of rgb, grey"):
        FaceClips(colour="red")  # type: ignore[arg-type]


def test_clips_are_made_of_every_third_picture() -> None:
    """Each picture shows its number."""
    faces = np.broadcast_to(np.arange(60, dtype=np.uint8)[:, None, None, None], (60, 32, 32, 3))
    clip = Clip(faces=np.ascontiguousarray(faces), times=np.arange(60) / 30)
    numbers = FaceClips(frames=6, size=32, rate=30.0).of(clip)[:, :, 0, 0, 0]
    assert numbers.tolist() == [[0, 3, 6, 9, 12, 15], [18, 21, 24, 27, 30, 33], [36, 39, 42, 45, 48, 51]]
    together = FaceClips(clips=2, frames=4, size=32, rate=30.0)
    assert together.of(clip).shape == (1, *together.shape) == (1, 2, 4, 32, 32, 3)
    assert together.of(clip)[0, :, :, 0, 0, 0].tolist() == [[0, 3, 6, 9], [48, 51, 54, 57]]


def test_short_clips_repeat_their_pictures_and_none_is_none() -> None:
    one = Clip(faces=np.full((1, 32, 32, 3), 9, np.uint8))
    assert FaceClips(clips=3, frames=4, size=32).of(one).shape == (1, 3, 4, 32, 32, 3)
    assert FaceClips(frames=4, size=32).of(one).shape == (1, 4, 32, 32, 3)
    for nobody in (Clip(voice=np.zeros(9, np.float32)), Clip(faces=np.zeros((0, 8, 8, 3), np.uint8))):
        assert FaceClips(clips=3, frames=4, size=32).of(nobody).shape == (0, 3, 4, 32, 32, 3)


@given(count=st.integers(1, 50), clips=st.integers(0, 6), frames=st.integers(1, 9))
def test_rows_hold_pictures_in_order(count: int, clips: int, frames: int) -> None:
    rows = rows_of(count, clips, frames)
    assert rows.shape == (clips or max(count // frames, 1), frames)
    assert rows.min() >= 0 and rows.max() < count
    assert (np.diff(rows, axis=1) >= 0).all()
    if count >= frames:
        assert (np.diff(rows, axis=1) == 1).all()
