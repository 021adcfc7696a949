"""The face networks of published systems: sizes and counts that their reports print, what every network owes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from visavox import recipes
from visavox.errors import OptionError
from visavox.face.kinds import KINDS
from visavox.recipes.recipe import text_of

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from visavox.face.networks.cnn3d import CNN3D  # noqa: E402
from visavox.face.networks.conv_lstm import ConvLSTM, ConvLSTMLayer  # noqa: E402
from visavox.face.networks.dense import Dense  # noqa: E402
from visavox.face.networks.frame_features import FrameFeaturesCNN1D  # noqa: E402
from visavox.face.networks.lrcn import LRCN  # noqa: E402
from visavox.face.networks.recurrent import StackedLSTM  # noqa: E402
from visavox.layers.as_keras import LSTM  # noqa: E402
from visavox.training import parameters_of  # noqa: E402

FILM = (30, 64, 64, 3)
"""Pictures as the networks of `lrcn` see them."""

SMALL: dict[str, tuple[tuple[int, ...], Callable[[tuple[int, ...]], torch.nn.Module]]] = {
    "cnn3d": ((4, 20, 18, 3), lambda shape: CNN3D(words=5, shape=shape, filters=(4, 8), dense=(16, 12))),
    "lrcn": ((3, 32, 32, 3), lambda shape: LRCN(words=5, shape=shape, filters=(4, 8), pools=(4, 2), dropout=(0.2,))),
    "lrcn with all": (
        (3, 32, 32, 3),
        lambda shape: LRCN(
            words=5, shape=shape, filters=(4, 8), kernel=4, pools=(4, 2), dropout=(), norms="before", dense=(7,)
        ),
    ),
    "conv-lstm": ((3, 20, 20, 3), lambda shape: ConvLSTM(words=5, shape=shape, filters=(2, 3), dropout=(0.2,))),
    "conv-lstm norms before": (
        (3, 20, 20, 3),
        lambda shape: ConvLSTM(words=5, shape=shape, filters=(2, 3), dropout=(), norms="before"),
    ),
    "conv-lstm norms after": (
        (3, 20, 20, 3),
        lambda shape: ConvLSTM(words=5, shape=shape, filters=(2, 3), dropout=(), norms="after"),
    ),
    "lstm": ((6, 9), lambda shape: StackedLSTM(words=5, shape=shape, units=(8, 6), dense=(7,))),
    "dense": ((30,), lambda shape: Dense(words=5, shape=shape, dense=(8, 6))),
    "frame-features-cnn1d": ((8, 10), lambda shape: FrameFeaturesCNN1D(words=5, shape=shape, filters=4, dense=9)),
}
"""Small networks of every kind, which have all the parts of the large ones: shape of the input, and the network."""

ROWS = (
    "mobel/cnn3d", "lrcn/lrcn-base", "lrcn/lrcn", "lrcn/convlstm-base", "lrcn/convlstm", "lrcn/geometry",
    "stacking/face", "tutorial/cnn1d-face",
)  # fmt: skip


def made(name: str) -> tuple[torch.nn.Module, torch.Tensor]:
    """A small network as it is used, and four of its inputs."""
    shape, make = SMALL[name]
    torch.manual_seed(0)
    return make(shape).eval(), torch.rand(4, *shape)


def stages(network: torch.nn.Module, inputs: torch.Tensor, kind: type[torch.nn.Module]) -> list[tuple[int, ...]]:
    """Sizes of what each part of a kind gives, without the batch."""
    found: list[tuple[int, ...]] = []
    hooks = [
        part.register_forward_hook(lambda _, __, output: found.append(tuple(output.shape[1:])))
        for part in network.modules()
        if type(part) is kind
    ]
    with torch.no_grad():
        network.eval()(inputs)
    for hook in hooks:
        hook.remove()
    return found


# What the reports print.


def test_cnn3d_of_mobel_has_the_sizes_of_its_report() -> None:
    network = CNN3D(words=6, shape=(12, 100, 96, 3))
    pictures = torch.rand(1, 12, 100, 96, 3)
    assert stages(network, pictures, torch.nn.MaxPool3d) == [
        (64, 6, 50, 48), (128, 3, 25, 24), (256, 2, 13, 12), (512, 1, 7, 6)
    ]  # fmt: skip
    assert [part.in_features for part in network.modules() if isinstance(part, torch.nn.Linear)] == [
        21_504, 1024, 512, 256
    ]  # fmt: skip


def test_lrcn_base_has_the_parameters_of_its_report() -> None:
    network = LRCN(words=6, shape=FILM)
    convolutions = [parameters_of(part) for part in network.modules() if isinstance(part, torch.nn.Conv2d)]
    assert convolutions == [448, 4640, 18_496, 36_928]
    assert (parameters_of(network.recurrent), parameters_of(network.words)) == (12_416, 198)
    assert parameters_of(network) == 73_126
    sizes = stages(network, torch.rand(1, *FILM), torch.nn.MaxPool2d)
    assert sizes == [(16, 16, 16), (32, 4, 4), (64, 2, 2), (64, 1, 1)]


def test_convlstm_base_has_the_parameters_of_its_report() -> None:
    network = ConvLSTM(words=6, shape=FILM)
    assert [parameters_of(layer) for layer in network.layers] == [1024, 3488, 11_144, 17_344]
    assert parameters_of(network.words) == 25_926 and network.words.in_features == 4320
    assert parameters_of(network) == 58_926
    few = ConvLSTM(words=6, shape=(2, 64, 64, 3))
    sizes = stages(few, torch.rand(1, 2, 64, 64, 3), torch.nn.MaxPool2d)
    assert sizes == [(4, 31, 31), (8, 15, 15), (14, 7, 7), (16, 3, 3)]


def test_the_tutorials_network_has_the_parameters_of_its_report() -> None:
    """After 21 values of 120 pictures, for two words."""
    network = FrameFeaturesCNN1D(words=2, shape=(120, 384))
    assert network.reduce[0].out_features * 120 == 2520
    assert parameters_of(network.rest) == 2_664_738


@pytest.mark.parametrize("row", ROWS)
def test_a_recipe_makes_its_network_and_its_input(row: str) -> None:
    """Those of the reports' sizes are what the recipes say, and every variant of a sweep can be made too."""
    text = text_of(row)
    recipe = recipes.read(text)
    assert recipe.name == row.replace("/", "-") and "note" in recipe.reported
    counted = {"lrcn/lrcn-base": 73_126, "lrcn/convlstm-base": 58_926}
    for variant in [{}, *(dict(item.set) for item in recipe.sweep)]:
        changed = recipes.read(text, variant)
        shape = KINDS.input(changed.input).shape
        options = {key: value for key, value in changed.network.items() if key != "kind"}
        network = KINDS.network(changed.network["kind"])(words=len(changed.words), shape=shape, **options)
        if row in counted and not variant:
            assert parameters_of(network) == counted[row]


# What every network owes.


@pytest.mark.parametrize("name", SMALL)
def test_logits_and_features_of_each_example_by_itself(name: str) -> None:
    network, inputs = made(name)
    with torch.no_grad():
        logits, features = network(inputs)
        alone = [network(inputs[place : place + 1]) for place in range(4)]
    assert logits.shape == (4, 5) and features.ndim == 2 and torch.isfinite(features).all()
    assert (logits[0] != logits[1]).any()
    for place, (one, other) in enumerate(alone):
        torch.testing.assert_close(logits[place], one[0], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(features[place], other[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_the_loss_reaches_every_parameter(name: str) -> None:
    network, inputs = made(name)
    network.train()
    for part in network.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    torch.nn.functional.cross_entropy(network(inputs)[0], torch.arange(4)).backward()
    for parameter, weight in network.named_parameters():
        assert weight.grad is not None and weight.grad.abs().sum() > 0, parameter


@pytest.mark.parametrize("name", SMALL)
def test_onnx_gives_the_same(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from visavox.training import export

    network, inputs = made(name)
    assert export(network, {"input": inputs}, tmp_path / "network.onnx") < 1e-4


@pytest.mark.parametrize("name", ["lrcn", "conv-lstm", "lstm", "frame-features-cnn1d"])
def test_the_order_of_pictures_matters(name: str) -> None:
    network, inputs = made(name)
    with torch.no_grad():
        assert (network(inputs)[0] - network(inputs.flip(1))[0]).abs().max() > 1e-4


# Parts, against others' implementations and by hand.


def test_an_lstm_with_one_bias_is_torchs_with_two() -> None:
    """Torch's own, one of its biases at 0 and the other what ours is, gives the same states."""
    torch.manual_seed(0)
    ours, theirs = LSTM(5, 7), torch.nn.LSTM(5, 7, batch_first=True)
    assert parameters_of(ours) == 4 * 7 * (5 + 7 + 1)
    weight = ours.cells.weight_ih_l0.detach()
    assert weight[:, -1].tolist() == [0] * 7 + [1] * 7 + [0] * 14, "the forget gates' bias is 1"
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(weight[:, :-1])
        theirs.weight_hh_l0.copy_(ours.cells.weight_hh_l0)
        theirs.bias_ih_l0.copy_(weight[:, -1])
        theirs.bias_hh_l0.zero_()
        moments = torch.randn(2, 4, 5)
        torch.testing.assert_close(ours(moments), theirs(moments)[0])


def test_a_convolutional_lstm_of_one_pixel_is_an_lstm() -> None:
    """A kernel of 1 on pictures of 1 x 1: torch's LSTM with the same weights is the oracle."""
    torch.manual_seed(0)
    layer = ConvLSTMLayer(3, 4, 1, steps=5, norm=False)
    layer.start()
    lstm = torch.nn.LSTM(3, 4, batch_first=True)
    order = [0, 1, 3, 2]  # ours: enter, keep, show, new; torch: enter, keep, new, show
    with torch.no_grad():
        for source, target in (
            (layer.entering.weight[:, :, 0, 0], lstm.weight_ih_l0),
            (layer.kept[0].weight[:, :, 0, 0], lstm.weight_hh_l0),
            (layer.entering.bias, lstm.bias_ih_l0),
        ):
            target.copy_(torch.cat([source.chunk(4)[place] for place in order]))
        lstm.bias_hh_l0.zero_()
        moments = torch.randn(2, 5, 3)
        expected = lstm(moments)[0]
        found = layer(moments.reshape(10, 3, 1, 1)).reshape(2, 5, 4)
    torch.testing.assert_close(found, expected)


def test_the_loss_of_poisson_worked_by_hand() -> None:
    """Two words alike probable: each .5 less, for the right one, the logarithm of .5; their mean."""
    network = LRCN(words=2, shape=(2, 8, 8, 3), filters=(2,), pools=(4,), dropout=(), objective="poisson")
    with torch.no_grad():
        network.words.weight.zero_()
        network.words.bias.zero_()
        pictures, targets = torch.rand(3, 2, 8, 8, 3), torch.tensor([[1.0, 0.0]] * 3)
        assert float(network.loss(pictures, targets)) == pytest.approx((1 - math.log(0.5)) / 2, abs=1e-6)
        network.objective = "cross-entropy"
        assert float(network.loss(pictures, targets)) == pytest.approx(-math.log(0.5), abs=1e-6)


def test_a_few_films_are_learned_by_heart() -> None:
    """Eight films in which one of two halves is bright, early or late: what and when."""
    torch.manual_seed(0)
    films = 0.1 * torch.rand(8, 4, 16, 16, 3)
    for place in range(8):
        films[place, 2 * (place % 2) : 2 * (place % 2) + 2, :, 8 * (place // 2 % 2) : 8 * (place // 2 % 2) + 8] += 0.8
    labels = torch.arange(8) % 4
    network = LRCN(words=4, shape=(4, 16, 16, 3), filters=(8, 8), pools=(4, 2), dropout=(), units=16)
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(60):
        loss = network.loss(films, torch.eye(4)[labels])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        assert (network.eval()(films)[0].argmax(dim=1) == labels).all()


def test_bad_options_are_told() -> None:
    for make, message in (
        (lambda: LRCN(words=2, shape=FILM, norms="both"), "'both' for network.norms: expected one of none, before"),
        (lambda: LRCN(words=2, shape=FILM, objective="mse"), "'mse' for network.objective"),
        (lambda: LRCN(words=2, shape=FILM, pools=(2, 2)), r"\[2, 2\] for network.pools: expected 4"),
        (lambda: LRCN(words=2, shape=FILM, dropout=(0.1,) * 5), "for network.dropout: expected at most 4"),
        (lambda: ConvLSTM(words=2, shape=FILM, norms="input"), "'input' for network.norms"),
        (lambda: ConvLSTM(words=2, shape=FILM, dropout=(0.1,) * 5), "for network.dropout: expected at most 4"),
    ):
        with pytest.raises(OptionError, match=message):
            make()


def test_pictures_in_0_to_1_are_what_networks_are_given() -> None:
    from visavox.inputs import as_numbers

    assert as_numbers(np.array([0, 255], np.uint8)).tolist() == [0.0, 1.0]
