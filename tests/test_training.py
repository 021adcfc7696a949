"""The torch loop: it learns, it survives a kill, it says when it cannot go on; what it exports equals torch."""

import csv
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from visavox.errors import OptionError, TrainingError
from visavox.session import Session
from visavox.training import History, Schedule, export, fit, rate, settle, weights_of

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

QUICK = Schedule(epochs=6, batch=16, learning_rate=0.02, averaging=0.9, precision="float32", threads=1)


class Stripes:
    """Two kinds of noise, one of which is brighter on the left: a task that a small network learns in seconds."""

    steps = 8

    def __init__(self, *, killed_in: int | None = None, broken: bool = False) -> None:
        self.killed_in, self.broken = killed_in, broken
        self.epochs = 0

    def draw(self, rng: np.random.Generator, count: int):
        kind = rng.integers(0, 2, count)
        images = rng.normal(size=(count, 1, 8, 8)).astype(np.float32)
        images[kind == 1, :, :, :4] += 1.0
        return torch.from_numpy(images), torch.from_numpy(kind)

    def batches(self, rng: np.random.Generator, done: float) -> Iterator[object]:
        self.epochs += 1
        for step in range(self.steps):
            if self.epochs == self.killed_in and step == 3:
                raise KeyboardInterrupt
            yield self.draw(rng, 16)

    def loss(self, network, batch):
        loss = torch.nn.functional.cross_entropy(network(batch[0])[0], batch[1])
        return loss * float("nan") if self.broken else loss

    def validate(self, network):
        images, kind = self.draw(np.random.default_rng(9), 256)
        return {"score": float((network(images)[0].argmax(1) == kind).float().mean())}


class Net(torch.nn.Module):
    """A convolution with a norm and dropout: everything whose state a checkpoint must keep."""

    def __init__(self) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU())
        self.dropout = torch.nn.Dropout(0.2)
        self.last = torch.nn.Linear(4 * 36, 2)

    def forward(self, x):
        features = self.body(x).flatten(1)
        return self.last(self.dropout(features)), features


def net() -> Net:
    torch.manual_seed(0)
    return Net()


def test_it_learns_and_leaves_the_best_averaged_weights_in_the_network(tmp_path: Path) -> None:
    network, task = net(), Stripes()
    history = fit(network, task, QUICK, folder=tmp_path, progress=False)

    assert len(history.rows) == 6
    assert history.score > 0.95
    assert not network.training
    with torch.no_grad():
        assert task.validate(network)["score"] == pytest.approx(history.score)
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["score"]) for row in rows] == pytest.approx([row["score"] for row in history.rows], abs=1e-5)


def test_a_killed_run_goes_on_and_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = net()
    expected = fit(whole, Stripes(), QUICK, folder=tmp_path / "whole", progress=False)

    with pytest.raises(KeyboardInterrupt):
        fit(net(), Stripes(killed_in=4), QUICK, folder=tmp_path / "killed", progress=False)
    resumed, task = net(), Stripes()
    found = fit(resumed, task, QUICK, folder=tmp_path / "killed", progress=False)

    assert task.epochs == 3  # epochs 4, 5, 6
    assert [row["loss"] for row in found.rows] == [row["loss"] for row in expected.rows]
    for ours, theirs in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first, again = net(), net()
    fit(first, Stripes(), QUICK, folder=tmp_path, progress=False)
    task = Stripes()
    fit(again, task, QUICK, folder=tmp_path, progress=False)
    assert task.epochs == 0
    assert torch.equal(first.last.weight, again.last.weight)


class Rehearsed(Stripes):
    """The task with the scores that validation is to find, one an epoch; counted over interruptions by the history."""

    def __init__(self, *scores: float, killed_in: int | None = None, begun: int = 0) -> None:
        super().__init__(killed_in=killed_in)
        self.scores, self.begun = scores, begun

    def validate(self, network):
        return {"score": self.scores[self.begun + self.epochs - 1]}


def test_it_stops_where_nothing_has_got_better_for_a_while(tmp_path: Path) -> None:
    scores = (0.5, 0.6, 0.7, 0.7, 0.6, 0.9)
    patient = dataclasses.replace(QUICK, patience=2)
    history = fit(net(), Rehearsed(*scores), patient, folder=tmp_path, progress=False)
    assert len(history.rows) == 5, "the third was best; the fourth, as good, and the fifth were waited for"
    assert history.best == 3
    task = Rehearsed(*scores)
    again = fit(net(), task, patient, folder=tmp_path, progress=False)
    assert task.epochs == 0 and len(again.rows) == 5, "and it stays stopped"


@pytest.mark.parametrize("killed_in", [2, 4])
def test_a_killed_run_that_waits_and_lowers_its_rate_ends_as_an_uninterrupted_one(
    killed_in: int, tmp_path: Path
) -> None:
    scores = (0.5, 0.4, 0.4, 0.6, 0.5, 0.4)
    schedule = dataclasses.replace(QUICK, shape="plateau", lower_after=2, patience=3, averaging=0.0, optimizer="adam")
    whole, killed, resumed = net(), net(), net()
    expected = fit(whole, Rehearsed(*scores), schedule, folder=tmp_path / "whole", progress=False)
    broken = Rehearsed(*scores, killed_in=killed_in)
    with pytest.raises(KeyboardInterrupt):
        fit(killed, broken, schedule, folder=tmp_path / "killed", progress=False)
    task = Rehearsed(*scores, begun=killed_in - 1)
    found = fit(resumed, task, schedule, folder=tmp_path / "killed", progress=False)
    assert [row["score"] for row in found.rows] == list(scores)
    assert [row["loss"] for row in found.rows] == [row["loss"] for row in expected.rows]
    assert found.best == expected.best == 4
    for ours, theirs in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_at_a_plateau_the_rate_becomes_a_tenth_and_again_a_tenth() -> None:
    schedule = Schedule(shape="plateau", lower_after=2)
    course, history = [], History()
    for score in (0.5, 0.4, 0.5, 0.6, 0.6, 0.5, 0.5, 0.5):
        course.append(rate(0, 1, schedule, history))
        history.rows.append({"score": score})
    course.append(rate(0, 1, schedule, history))
    # Worked by hand: epochs 2 and 3 bring nothing better, 4 does; neither do 5 and 6, nor 7 and 8.
    assert course == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001])


def test_half_way_the_rate_becomes_a_tenth() -> None:
    course = [rate(step, 10, Schedule(shape="half-way")) for step in range(10)]
    assert course == [1.0] * 5 + [0.1] * 5


def test_a_folder_with_another_schedule_or_network_is_refused(tmp_path: Path) -> None:
    one = dataclasses.replace(QUICK, epochs=1)
    fit(net(), Stripes(), one, folder=tmp_path, progress=False)
    with pytest.raises(TrainingError, match=r"another schedule \(batch 16 -> 8\)"):
        fit(net(), Stripes(), dataclasses.replace(one, batch=8), folder=tmp_path, progress=False)
    with pytest.raises(TrainingError, match="another network"):
        fit(torch.nn.Linear(2, 2), Stripes(), one, folder=tmp_path, progress=False)
    fit(net(), Stripes(), dataclasses.replace(one, precision="bfloat16"), folder=tmp_path, progress=False)


def test_a_folder_that_was_begun_otherwise_is_refused(tmp_path: Path) -> None:
    one = dataclasses.replace(QUICK, epochs=1)
    fit(net(), Stripes(), one, folder=tmp_path, begun="0123456789abcdef", progress=False)
    fit(net(), Stripes(), one, folder=tmp_path, begun="0123456789abcdef", progress=False)
    with pytest.raises(TrainingError, match="begun from the model 0123456789ab, not from scratch; name another run"):
        fit(net(), Stripes(), one, folder=tmp_path, progress=False)


def test_a_loss_that_is_no_number_ends_it_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"loss was nan in epoch 1, step 1; lower training.learning_rate"):
        fit(net(), Stripes(broken=True), QUICK, folder=tmp_path, progress=False)


class Greedy(Stripes):
    """Asks for more memory than there is, while it learns or while it is judged."""

    def __init__(self, when: str) -> None:
        super().__init__()
        self.when = when

    def loss(self, network, batch):
        return torch.empty(1 << 60).sum() if self.when == "loss" else super().loss(network, batch)

    def validate(self, network):
        return {"score": float(torch.empty(1 << 60).sum())} if self.when == "score" else super().validate(network)

    def batches(self, rng: np.random.Generator, done: float) -> Iterator[object]:
        if self.when == "batch":
            np.zeros(1 << 50)
        yield from super().batches(rng, done)


@pytest.mark.parametrize("when", ["batch", "loss", "score"])
def test_memory_that_runs_out_is_said_with_the_cure(when: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"memory ran out on cpu; lower training.batch \(now 16\)"):
        fit(net(), Greedy(when), QUICK, folder=tmp_path, progress=False)


def test_memory_of_a_graphics_card_too(tmp_path: Path) -> None:
    class Full(Stripes):
        def loss(self, network, batch):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    with pytest.raises(TrainingError, match="memory ran out"):
        fit(net(), Full(), QUICK, folder=tmp_path, progress=False)


@pytest.mark.parametrize("device", ["cuda", "gpu"])
def test_a_device_that_is_not_there_is_told_before_anything_begins(device: str, tmp_path: Path) -> None:
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(OptionError, match=f"'{device}' for training.device, here: expected one of cpu"):
        fit(net(), Stripes(), dataclasses.replace(QUICK, device=device), folder=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_kernels_in_three_dimensions_learn_too(tmp_path: Path) -> None:
    class Deep(Net):
        def __init__(self) -> None:
            super().__init__()
            self.body = torch.nn.Sequential(torch.nn.Conv3d(1, 4, (1, 3, 3)), torch.nn.BatchNorm3d(4), torch.nn.ReLU())

        def forward(self, x):
            return super().forward(x[:, :, None])

    history = fit(Deep(), Stripes(), dataclasses.replace(QUICK, epochs=1), folder=tmp_path, progress=False)
    assert history.score > 0.5


def test_without_a_terminal_each_epoch_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit(net(), Stripes(), dataclasses.replace(QUICK, epochs=2), folder=tmp_path)
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("epoch 2/2 loss ")
    assert "score" in lines[1]


def test_the_best_epoch_is_the_earliest_of_equals() -> None:
    history = History([{"score": 0.5, "seconds": 2.0}, {"score": 0.7, "seconds": 2.0}, {"score": 0.7, "seconds": 2.0}])
    assert (history.best, history.score, history.seconds) == (2, 0.7, 6.0)
    assert History().best == 0


def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    course = [rate(step, 100, Schedule(warmup=0.2)) for step in range(100)]
    assert course[0] == pytest.approx(0.04)
    assert max(course) == course[20] == 1.0
    assert all(a < b for a, b in itertools.pairwise(course[:21]))
    assert all(a > b for a, b in itertools.pairwise(course[20:]))
    assert course[-1] < 0.001


def test_norms_settle_on_what_is_seen_in_use() -> None:
    network = net()
    rng = np.random.default_rng(0)
    batches = [rng.normal(3.0, 2.0, (64, 1, 8, 8)).astype(np.float32) for _ in range(4)]
    settle(network, batches)

    norm = network.body[1]
    with torch.no_grad():
        seen = network.body[0](torch.from_numpy(np.concatenate(batches)))
    torch.testing.assert_close(norm.running_mean, seen.mean(dim=(0, 2, 3)), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(norm.running_var, seen.var(dim=(0, 2, 3)), atol=1e-2, rtol=1e-2)
    assert norm.momentum == 0.1
    assert not network.training


def test_what_is_exported_takes_any_number_of_examples_and_equals_torch(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    network = net().eval()
    difference = export(network, {"images": torch.randn(2, 1, 8, 8)}, tmp_path / "net.onnx")
    assert difference < 1e-4

    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    images = torch.randn(5, 1, 8, 8)
    logits, features = session.run(["logits", "features"], {"images": images.numpy()})
    with torch.no_grad():
        expected = network(images)
    np.testing.assert_allclose(logits, expected[0].numpy(), atol=1e-4)
    assert features.shape == (5, 144)
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


@pytest.mark.parametrize("storage", ["float32", "float16"])
def test_a_file_keeps_weights_under_their_names(storage: str, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    network = net()
    settle(network, [np.random.default_rng(0).normal(3.0, 2.0, (64, 1, 8, 8)).astype(np.float32)])
    path = tmp_path / "net.onnx"
    assert export(network, {"images": torch.randn(2, 1, 8, 8)}, path, storage=storage) < 1e-4

    known = {name: weight for name, weight in network.state_dict().items() if weight.is_floating_point()}
    kept = weights_of(path)
    assert set(kept) == set(known), "norms are not joined with convolutions"
    for name, weight in known.items():
        rounded = storage == "float16" and weight.ndim > 1
        expected = weight.half().float() if rounded else weight
        np.testing.assert_array_equal(kept[name], expected.numpy(), err_msg=name)
        assert (expected != weight).any() == rounded
    graph = onnx.load(str(path)).graph
    assert [given.name for given in graph.input] == ["images"]
    wide = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16} if storage == "float16" else {onnx.TensorProto.FLOAT}
    assert {weight.data_type for weight in graph.initializer} == wide


def test_a_file_of_float16_is_half_as_large_and_gives_what_the_rounded_network_gives(tmp_path: Path) -> None:
    pytest.importorskip("onnx")

    class Wide(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(64, 512), torch.nn.ReLU(), torch.nn.Linear(512, 8))

        def forward(self, x):
            return (self.layers(x),)

    torch.manual_seed(0)
    network = Wide()
    inputs = 30 * torch.randn(4, 64)
    for storage in ("float32", "float16"):
        worst = export(network, {"x": inputs}, tmp_path / f"{storage}.onnx", outputs=("y",), storage=storage)
        assert worst < 1e-4, "of the network as it is stored"
    sizes = [(tmp_path / f"{storage}.onnx").stat().st_size for storage in ("float16", "float32")]
    assert sizes[0] < 0.55 * sizes[1]
    outputs = [Session(tmp_path / f"{storage}.onnx")(inputs.numpy())[0] for storage in ("float16", "float32")]
    assert 1e-4 < np.abs(outputs[0] - outputs[1]).max() < 0.1, "rounding is seen, and is small"


def test_a_network_that_onnx_gets_wrong_is_not_written(tmp_path: Path) -> None:
    class Chance(torch.nn.Module):
        def forward(self, x):
            return x.flatten(1), torch.rand_like(x.flatten(1))

    pytest.importorskip("onnx")
    with pytest.raises(TrainingError, match="differ by"):
        export(Chance(), {"x": torch.randn(2, 1, 2, 2)}, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
