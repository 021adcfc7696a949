"""Voice networks of published systems: each as its report describes it, all of it taught, the same in ONNX."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from visavox import recipes
from visavox.errors import OptionError
from visavox.inputs import as_numbers
from visavox.voice.kinds import KINDS, NETWORKS

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytestmark = pytest.mark.torch

from visavox.layers.as_keras import LSTM  # noqa: E402
from visavox.training import export, parameters_of  # noqa: E402

FOLDER = Path(__file__).parents[2] / "recipes"

ROWS = (
    "lrcn/cnn1d-base",
    "lrcn/cnn1d",
    "lrcn/cnn-transformer",
    "lrcn/stacked-cnn-attention-lstm",
    "lrcn/parallel-cnn-attention-lstm",
    "lrcn/cnn2d-6",
    "lrcn/vgg16-mel",
    "mobel/crnn",
    "mobel/crnn-text",
    "stacking/voice",
    "tutorial/cnn1d-voice",
)

SMALL: Mapping[str, tuple[tuple[int, ...], dict[str, object]]] = {
    "cnn-transformer": ((8, 64, 1), {"layers": 2, "heads": 2, "inner": 16}),
    "cnn1d": ((40,), {"kernel": 8}),
    "cnn2d": ((24, 40, 1), {"filters": (4, 8, 8), "dense": (16,)}),
    "cnn3d-lstm": ((5, 12, 8, 1), {"filters": (4, 4, 8, 8), "dense": 8}),
    "crnn": ((5, 30, 40, 3), {"filters": (4, 4, 4), "dense": 8}),
    "parallel-cnn-attention-lstm": ((128, 64, 1), {"hidden": 8}),
    "stacked-cnn-attention-lstm": ((64, 128, 1), {"hidden": 8}),
    "vector-cnn": ((50,), {}),
    "vgg16": ((32, 64, 3), {"filters": 4, "dense": 8}),
}
"""Of each kind, a small input and network."""


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def recipe(row: str) -> recipes.Recipe:
    return recipes.read((FOLDER / f"{row}.toml").read_text(encoding="utf-8"))


def network(row: str, **changes: object) -> torch.nn.Module:
    """A row's network, by shapes alone: its weights take no memory and its sums no time."""
    wanted = recipe(row)
    options = {key: value for key, value in wanted.network.items() if key != "kind"} | changes
    kind = KINDS.network(str(wanted.network["kind"]))
    with torch.device("meta"):
        return kind(words=len(wanted.words), shape=KINDS.input(wanted.input).shape, **options).eval()


def stages(row: str, *parts: type[torch.nn.Module], **changes: object) -> list[tuple[int, ...]]:
    """The shapes that such parts of a row's network give to one clip, in their order, without the axis of clips."""
    made, found = network(row, **changes), []
    for part in made.modules():
        if isinstance(part, parts):
            part.register_forward_hook(lambda _, __, output: found.append(tuple(output.shape[1:])))
    shape = KINDS.input(recipe(row).input).shape
    logits, features = made(torch.zeros((1, *shape), device="meta"))
    assert logits.shape == (1, len(recipe(row).words))
    return [*found, tuple(features.shape[1:])]


def test_the_first_1d_cnn_pools_40_values_to_one() -> None:
    pooled, linear = torch.nn.MaxPool1d, torch.nn.Linear
    assert stages("lrcn/cnn1d-base", pooled, linear) == [(128, 8), (256, 1), (256,), (256,), (6,), (256,)]
    convolutions = 8 * 128 + 128 + 8 * 128 * 256 + 256
    assert parameters_of(network("lrcn/cnn1d-base")) == convolutions + 2 * (256 * 256 + 256) + 256 * 6 + 6


def test_the_final_1d_cnn_norms_its_input_and_says_words_at_once() -> None:
    norm, pooled = torch.nn.BatchNorm1d, torch.nn.MaxPool1d
    assert stages("lrcn/cnn1d", norm, pooled) == [(1, 40), (128, 40), (128, 8), (256, 8), (256, 1), (256,)]
    convolutions = 12 * 128 + 128 + 12 * 128 * 256 + 256
    assert parameters_of(network("lrcn/cnn1d")) == convolutions + 4 * (1 + 128 + 256) + 256 * 6 + 6


def test_blocks_beside_a_transformer_join_1064_values() -> None:
    row, pooled = "lrcn/cnn-transformer", torch.nn.MaxPool2d
    block = [(16, 20, 141), (32, 5, 35), (64, 1, 8)]
    assert stages(row, pooled) == [(1, 40, 70), *block, *block, (1064,)]  # first, the transformer's 70 steps of 40
    assert stages(row, pooled, blocks=1)[-1] == (552,)
    assert stages(row, pooled, blocks=3)[-1] == (1576,)
    layer = 3 * (40 * 40 + 40) + 40 * 40 + 40 + 40 * 512 + 512 + 512 * 40 + 40 + 4 * 40
    assert parameters_of(network(row)) - parameters_of(network(row, layers=3)) == layer
    reference = torch.nn.TransformerEncoderLayer(40, 4, 512)
    assert layer == sum(weight.numel() for weight in reference.parameters())


def test_the_encoder_is_torchs() -> None:
    from visavox.voice.networks.cnn_transformer import EncoderLayer

    torch.manual_seed(1)
    theirs = torch.nn.TransformerEncoderLayer(40, 4, 512, batch_first=True)
    ours = EncoderLayer(40, 4, 512, 0.4)
    pairs = {
        "self_attn.in_proj_": "asked.", "self_attn.out_proj.": "told.", "linear1.": "dense.0.", "linear2.": "dense.3.",
        "norm1.": "norms.0.", "norm2.": "norms.1.",
    }  # fmt: skip
    weights = theirs.state_dict()
    ours.load_state_dict(
        {new + end: weights[old + end] for old, new in pairs.items() for end in ("weight", "bias")}, strict=True
    )
    steps = torch.randn(3, 70, 40)
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(steps), theirs.eval()(steps), atol=1e-5, rtol=1e-5)


def test_an_lstm_has_one_bias_and_is_torchs_else() -> None:
    torch.manual_seed(1)
    ours, theirs = LSTM(64, 32), torch.nn.LSTM(64, 32, batch_first=True)
    assert parameters_of(ours) == 12_416  # as Keras prints it
    weights = ours.cells.state_dict()
    theirs.load_state_dict(
        {
            "weight_ih_l0": weights["weight_ih_l0"][:, :64],
            "bias_ih_l0": weights["weight_ih_l0"][:, 64],
            "bias_hh_l0": torch.zeros(128),
            "weight_hh_l0": weights["weight_hh_l0"],
        }
    )
    steps = torch.randn(2, 7, 64)
    torch.testing.assert_close(ours(steps), theirs(steps)[0])


def test_an_lstm_hears_what_convolutions_leave_of_time() -> None:
    found = stages("lrcn/stacked-cnn-attention-lstm", torch.nn.MaxPool2d, LSTM)
    assert found == [(16, 64, 141), (32, 16, 35), (64, 4, 8), (8, 128), (128,)]
    assert stages("lrcn/parallel-cnn-attention-lstm", LSTM) == [(70, 128), (64 * 1 * 2 + 128,)]


def test_six_blocks_halve_a_mel_picture_six_times() -> None:
    found = stages("lrcn/cnn2d-6", torch.nn.MaxPool2d)
    assert found == [(16, 64, 141), (32, 32, 70), (64, 16, 35), (64, 8, 17), (128, 4, 8), (128, 2, 4), (1024,)]


def test_vgg16_is_vgg16() -> None:
    made = network("lrcn/vgg16-mel")
    convolutions = [part for part in made.modules() if isinstance(part, torch.nn.Conv2d)]
    assert len(convolutions) == 13
    assert sum(parameters_of(part) for part in convolutions) == 14_714_688  # as Keras prints it without its top
    assert stages("lrcn/vgg16-mel", torch.nn.MaxPool2d)[-2:] == [(512, 2, 4), (256,)]


def test_segments_are_heard_as_the_report_draws_it() -> None:
    """The pictures of all twelve segments go through the convolutions together."""
    made, found = network("mobel/crnn"), []
    for part in made.modules():
        if isinstance(part, torch.nn.MaxPool2d | torch.nn.Flatten | LSTM):
            part.register_forward_hook(lambda _, __, output: found.append(tuple(output.shape)))
    assert made(torch.zeros((1, 12, 96, 216, 3), device="meta"))[1].shape == (1, 256)
    assert found == [(12, 64, 47, 107), (12, 64, 22, 52), (12, 64, 10, 25), (12, 16_000), (1, 12, 256)]
    assert parameters_of(made) == (
        (3 * 9 + 1) * 64 + 2 * (64 * 9 + 1) * 64 + 3 * 4 * 64  # convolutions and their norms
        + 16_001 * 256 + 257 * 256 + 2 * 4 * 256  # dense
        + 4 * 256 * (256 + 256 + 1)  # LSTM
        + 257 * 256 + 4 * 256 + 257 * 6
    )  # fmt: skip


def test_the_texts_network_leaves_twelve_steps() -> None:
    pooled = [(64, 12, 48, 16), (128, 12, 24, 8), (256, 12, 12, 4), (512, 12, 6, 2)]
    assert stages("mobel/crnn-text", torch.nn.MaxPool3d, LSTM) == [*pooled, (12, 256), (256,)]
    halved = stages("mobel/crnn-text", torch.nn.MaxPool3d, pools=(2, 2, 2, 2))  # as in the network of faces
    assert halved[:4] == [(64, 6, 48, 16), (128, 3, 24, 8), (256, 2, 12, 4), (512, 1, 6, 2)]


def test_stackings_network_has_four_blocks_and_a_dense_layer() -> None:
    found = stages("stacking/voice", torch.nn.MaxPool2d)
    assert found == [(32, 20, 65), (64, 10, 32), (128, 5, 16), (128, 2, 8), (256,)]
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in network("stacking/voice").modules())


@pytest.mark.parametrize(("values", "parameters"), [(2520, 2_664_738), (5040, 5_325_858)])
def test_the_tutorials_1d_cnn_has_its_parameters(values: int, parameters: int) -> None:
    with torch.device("meta"):
        made = KINDS.network("vector-cnn")(words=2, shape=(values,))
    assert parameters_of(made) == parameters
    assert made(torch.zeros(4, values, device="meta"))[1].shape == (4, 128)


@pytest.mark.parametrize("row", ROWS)
def test_a_recipe_says_what_was_reported(row: str) -> None:
    wanted = recipe(row)
    assert wanted.name == row.replace("/", "-")
    assert wanted.modality == "voice"
    assert wanted.reported["note"]
    assert wanted.training.averaging == 0.0 and wanted.training.weight_decay == 0.0  # as no report has them


@pytest.mark.parametrize(("row", "count"), [("lrcn/cnn1d", 17), ("lrcn/cnn-transformer", 13)])
def test_every_variant_of_a_sweep_can_be_made(row: str, count: int) -> None:
    text = (FOLDER / f"{row}.toml").read_text(encoding="utf-8")
    variants = recipe(row).sweep
    assert len(variants) == count
    for variant in variants:
        made = recipes.read(text, variant.set)
        assert KINDS.copies(dict(made.augmentation)) is not None or not made.augmentation
        options = {key: value for key, value in made.network.items() if key != "kind"}
        with torch.device("meta"):
            kind = KINDS.network(str(made.network["kind"]))
            built = kind(words=len(made.words), shape=KINDS.input(made.input).shape, **options)
        assert parameters_of(built) > 0


def small(kind: str) -> tuple[torch.nn.Module, torch.Tensor]:
    """A small network of a kind, and three inputs."""
    torch.manual_seed(3)
    shape, options = SMALL[kind]
    rng = np.random.default_rng(3)
    return KINDS.network(kind)(words=3, shape=shape, **options), torch.from_numpy(
        as_numbers(rng.integers(0, 256, (3, *shape), dtype=np.uint8))
    )


def test_no_kind_is_forgotten() -> None:
    assert set(SMALL) == set(NETWORKS)
    assert {recipe(row).network["kind"] for row in ROWS} == set(NETWORKS)


@pytest.mark.parametrize("kind", sorted(SMALL))
def test_every_parameter_is_taught(kind: str) -> None:
    made, inputs = small(kind)
    for part in made.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0  # of so few values, dropout may take all that a weight has to do
    logits, features = made.train()(inputs)
    assert logits.shape == (3, 3) and features.ndim == 2
    torch.nn.functional.cross_entropy(logits, torch.arange(3)).backward()
    for name, weight in made.named_parameters():
        assert weight.grad is not None and torch.isfinite(weight.grad).all(), name
        assert weight.grad.abs().max() > 0, name


@pytest.mark.parametrize("kind", sorted(SMALL))
def test_in_use_it_is_the_same_alone_and_in_onnx(kind: str, tmp_path: Path) -> None:
    made, inputs = small(kind)
    made.eval()
    with torch.no_grad():
        together = made(inputs[:2])
        for number in range(2):
            alone = made(inputs[number : number + 1])
            for one, other in zip(together, alone, strict=True):
                torch.testing.assert_close(one[number : number + 1], other, atol=1e-5, rtol=1e-5)
    assert export(made, {"input": inputs}, tmp_path / "network.onnx") < 1e-4


def test_white_may_be_255() -> None:
    made, inputs = small("crnn")
    shape, options = SMALL["crnn"]
    bright = KINDS.network("crnn")(words=3, shape=shape, white=255.0, **options)
    bright.load_state_dict(made.state_dict())
    torch.testing.assert_close(bright.eval()(inputs), made.eval()(inputs * 255))


@pytest.mark.parametrize(
    ("kind", "wrong", "says"),
    [
        ("cnn1d", {"norms": "everywhere"}, "norms"),
        ("cnn1d", {"activation": "sine"}, "activation"),
        ("cnn1d", {"dropout": (0.1,)}, "one a convolution"),
        ("cnn2d", {"kernel": 4}, "odd"),
        ("cnn-transformer", {"heads": 3}, "divisor"),
        ("cnn-transformer", {"pools": (2, 2)}, "one a convolution"),
        ("cnn3d-lstm", {"pools": (2, 2)}, "one a convolution"),
    ],
)
def test_wrong_options_are_named(kind: str, wrong: dict[str, object], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        KINDS.network(kind)(words=3, shape=SMALL[kind][0], **wrong)
