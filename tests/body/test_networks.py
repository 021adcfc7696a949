"""The gesture network: its layers against loops and hand-worked values, batches, gradients, learning, ONNX."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytestmark = pytest.mark.torch

from visavox.body.networks import ACCM, Attention  # noqa: E402
from visavox.errors import OptionError  # noqa: E402
from visavox.training import export  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(shape: tuple[int, ...] = (16, 16, 25), words: int = 4) -> ACCM:
    torch.manual_seed(0)
    return ACCM(words=words, shape=shape, width=8).eval()


@pytest.mark.parametrize(("channels", "parameters"), [(25, 105_618), (9, 85_906)])
def test_parameters_by_hand(channels: int, parameters: int) -> None:
    """Two blocks of 64 twice, a kernel a channel, two dense layers of attention, 128 values to four words."""
    norm = 4 * 64
    blocks = channels * 64 * 9 + norm + 64 * 64 * 9 + norm
    single = channels * 9 + channels
    attention = 2 * (channels * channels + channels)
    assert 2 * blocks + single + attention + 128 * 4 + 4 == parameters
    network = ACCM(words=4, shape=(48, 48, channels))
    norms = sum(buffer.numel() for name, buffer in network.named_buffers() if "running" in name)
    assert sum(weight.numel() for weight in network.parameters()) + norms == parameters


def test_each_channel_is_convolved_by_its_own_kernel() -> None:
    """Against a loop over joints, lines and columns."""
    network = small((5, 5, 3))
    maps = torch.randn(1, 3, 5, 5)
    kernel, bias = network.single.weight.detach().numpy(), network.single.bias.detach().numpy()
    padded = np.pad(maps.numpy()[0], ((0, 0), (1, 1), (1, 1)))
    expected = np.zeros((3, 5, 5))
    for joint in range(3):
        for line in range(5):
            for column in range(5):
                seen = padded[joint, line : line + 3, column : column + 3]
                expected[joint, line, column] = (seen * kernel[joint, 0]).sum() + bias[joint]
    np.testing.assert_allclose(network.single(maps)[0].detach().numpy(), expected, atol=1e-6)


def test_attention_by_hand() -> None:
    """Means 1 and 2; dense layers with weights that can be followed; each map times its sigmoid."""
    attention = Attention(2)
    with torch.no_grad():
        attention.first.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
        attention.second.weight.copy_(torch.tensor([[2.0, 0.0], [1.0, 1.0]]))
        attention.second.bias.copy_(torch.tensor([0.0, -1.0]))
    maps = torch.tensor([[[[0.0, 2.0]], [[1.0, 3.0]]]])  # [1, 2 channels, 1, 2]
    a, b = 1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(2.0))
    gates = 1 / (1 + np.exp(-np.array([2 * a, a + b - 1])))
    expected = [[0, 2 * gates[0]], [gates[1], 3 * gates[1]]]
    np.testing.assert_allclose(attention(maps)[0, :, 0].detach().numpy(), expected, rtol=1e-6)


def test_attention_starts_within_its_bounds() -> None:
    torch.manual_seed(1)
    attention = Attention(25)
    for layer in (attention.first, attention.second):
        assert 0.9 * np.sqrt(6 / 50) < layer.weight.abs().max() <= np.sqrt(6 / 50)
        assert not layer.bias.any()


def test_a_clip_alone_is_judged_as_among_others() -> None:
    network, pictures = small(), torch.rand(2, 16, 16, 25)
    logits, features = network(pictures)
    assert logits.shape == (2, 4) and features.shape == (2, 16)
    for row in range(2):
        one = network(pictures[row : row + 1])
        torch.testing.assert_close(one[0], logits[row : row + 1], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(one[1], features[row : row + 1], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("channels", [25, 9, 3])
def test_gradient_reaches_every_parameter(channels: int) -> None:
    network = small((16, 16, channels)).train()
    torch.nn.functional.cross_entropy(network(torch.rand(4, 16, 16, channels))[0], torch.arange(4)).backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0, name


def test_eight_clips_are_learned_by_heart() -> None:
    """Rate to rest at last, as in its recipe; then norms as in use judge as in training."""
    network, rng = small(), np.random.default_rng(1)
    pictures = torch.from_numpy(rng.random((8, 16, 16, 25), dtype=np.float32))
    words = torch.arange(8) % 4
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60)
    network.train()
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(pictures)[0], words).backward()
        optimizer.step()
        schedule.step()
    assert (network.eval()(pictures)[0].argmax(dim=1) == words).all()


def test_onnx_says_the_same(tmp_path) -> None:
    assert export(small(), {"input": torch.rand(3, 16, 16, 25)}, tmp_path / "accm.onnx") < 1e-4


def test_scalings() -> None:
    colours = torch.tensor([0.485, 0.456, 0.406]).expand(1, 8, 8, 3)
    by_default = small((8, 8, 3))
    assert by_default.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert torch.isfinite(by_default(colours)[0]).all()
    assert small((8, 8, 25)).mean.flatten().tolist() == [0.5]
    with pytest.raises(OptionError, match=r"'imagenet' for network\.scaling: it is for 3 channels, not 25"):
        ACCM(words=2, shape=(8, 8, 25), scaling="imagenet")
    with pytest.raises(OptionError, match=r"network\.scaling: expected one of half, none, imagenet"):
        ACCM(words=2, shape=(8, 8, 25), scaling="zero")  # type: ignore[arg-type]
