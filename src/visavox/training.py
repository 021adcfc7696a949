"""The torch loop alone: batches in, a fitted network out. It knows no network and no corpus.

A wing says what a batch is and what is lost on it (a `Task`); a recipe says how long and how fast (a `Schedule`).
torch is imported inside the functions, so that reading a schedule costs nothing.
"""

from __future__ import annotations

import contextlib
import copy
import csv
import dataclasses
import math
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from visavox.errors import ModelError, TrainingError

if TYPE_CHECKING:
    import torch

Batch = TypeVar("Batch")
Storage = Literal["float32", "float16"]

WITHOUT_EFFECT = ("threads", "device", "precision")
"""Fields of a schedule that may differ when a run is taken up again: they change speed, not what is learned."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long, how fast and how carefully a network learns.

    Args:
        epochs: passes over the training data.
        batch: examples a step.
        learning_rate: the peak of the one-cycle schedule (AdamW).
        weight_decay: pull towards zero of matrices and kernels; biases and norms are left alone.
        warmup: part of all steps (0-1) over which the learning rate rises; then it falls as a cosine to zero.
        averaging: decay of the running average of the weights; the average is what is validated and kept.
        clip: largest norm of a step's gradient.
        keep: "best" keeps the epoch that validated best; "last" the last one, so that nothing is chosen and nobody need
            be held out for it.
        seed: of everything drawn.
        threads: of torch; 0 leaves it as it is.
        precision: "bfloat16", "float32", or "auto": bfloat16 where the processor computes it (`fast_bfloat16`).
        device: where torch computes, such as "cpu" or "cuda".
    """

    epochs: int = 30
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup: float = 0.15
    averaging: float = 0.999
    clip: float = 2.0
    keep: Literal["best", "last"] = "best"
    seed: int = 1
    threads: int = 0
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
    device: str = "cpu"


class Task(Protocol[Batch]):
    """What is learned: batches of examples, the loss of a network on one, and how good the network is."""

    @property
    def steps(self) -> int:
        """Batches an epoch."""

    def batches(self, rng: np.random.Generator, done: float) -> Iterator[Batch]:
        """One epoch of training batches, in an order drawn from `rng`, when so much of the training is done (0-1)."""

    def loss(self, network: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """The loss of the network on a batch, a scalar that can be derived. Called in training mode."""

    def validate(self, network: torch.nn.Module) -> dict[str, float]:
        """How good the network is on held-out examples: any numbers, "score" among them (larger is better).

        Called in evaluation mode without gradients.
        """


@dataclass
class History:
    """What happened: one row of numbers an epoch, and which epoch was best.

    Args:
        rows: one an epoch.
        keep: as in `Schedule`.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    keep: Literal["best", "last"] = "best"

    @property
    def best(self) -> int:
        """The epoch (from 1) that is kept: that with the best score, the earliest of equals, or the last one.

        0 before the first.
        """
        if not self.rows or self.keep == "last":
            return len(self.rows)
        return 1 + max(range(len(self.rows)), key=lambda i: (self.rows[i]["score"], -i))

    @property
    def score(self) -> float:
        """The score of the best epoch."""
        return self.rows[self.best - 1]["score"] if self.rows else math.nan

    @property
    def seconds(self) -> float:
        """Time spent, over all epochs, those before an interruption included."""
        return sum(row["seconds"] for row in self.rows)


def fast_bfloat16() -> bool:
    """Whether this machine's processor computes in bfloat16 by itself (AVX-512 BF16 or AMX), about twice as fast."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def rate(step: int, steps: int, *, warmup: float) -> float:
    """The learning rate of a step as a part of its peak: a cosine up from 1/25, then a cosine down to zero.

    Source: L. N. Smith and N. Topin, "Super-Convergence", 2019 (one cycle), with cosines for straight lines.
    """
    rise = warmup * steps
    if step < rise:
        return 0.04 + 0.96 * (0.5 - 0.5 * math.cos(math.pi * step / rise))
    return 0.5 + 0.5 * math.cos(math.pi * (step - rise) / max(1.0, steps - rise))


def fit(
    network: torch.nn.Module,
    task: Task[Batch],
    schedule: Schedule,
    *,
    folder: str | os.PathLike[str],
    begun: str = "",
    progress: bool = True,
) -> History:
    """Trains a network and leaves in it the averaged weights of the epoch that validated best (or of the last one).

    Every epoch is written to `folder` (`checkpoint.pt`, `best.pt`, `history.csv`): called again with the same
    schedule after a kill, it goes on from there and ends with the same weights as an uninterrupted run.

    Args:
        network: initialised; trained in place.
        task: batches, loss, validation.
        schedule: how long and how fast.
        folder: made if absent.
        begun: names the weights that the network comes with, such as a file's SHA-256; empty where it begins anew. A
            folder that was begun with others is not gone on with.
        progress: a bar (terminal) or a line an epoch (otherwise), to stderr.

    Returns:
        The history of all epochs.

    Raises:
        TrainingError: the loss is not a number, or the folder holds a run with another schedule or beginning.
    """
    import torch

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    if schedule.threads:
        torch.set_num_threads(schedule.threads)
    device = torch.device(schedule.device)
    half = schedule.precision == "bfloat16" or (
        schedule.precision == "auto" and (device.type == "cuda" or fast_bfloat16())
    )
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network).requires_grad_(False).eval()
    optimizer = _optimizer(network, schedule)
    history = History(keep=schedule.keep)
    _resume(place / "checkpoint.pt", network, averaged, optimizer, history, schedule, begun)

    total = schedule.epochs * task.steps
    with _progress(progress, history, schedule.epochs, task.steps) as (advance, report):
        for epoch in range(len(history.rows), schedule.epochs):
            began = time.perf_counter()
            torch.manual_seed(schedule.seed * 1_000_003 + epoch)
            network.train()
            losses: list[float] = []
            batches = task.batches(np.random.default_rng([schedule.seed, epoch]), epoch / schedule.epochs)
            for step, batch in enumerate(batches):
                done = epoch * task.steps + step
                for group in optimizer.param_groups:
                    group["lr"] = schedule.learning_rate * rate(done, total, warmup=schedule.warmup)
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
                    loss = task.loss(network, batch)
                value = float(loss.detach())
                if not math.isfinite(value):
                    raise TrainingError(
                        f"training came apart: the loss was {value} in epoch {epoch + 1}, step {step + 1}; "
                        f"lower training.learning_rate (now {schedule.learning_rate:g}) or look for broken examples"
                    )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
                optimizer.step()
                _average(averaged, network, min(schedule.averaging, (1 + done) / (10 + done)))
                losses.append(value)
                advance(value)
            with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
                scores = task.validate(averaged)
            row = {"epoch": float(epoch + 1), "loss": float(np.mean(losses)), **scores}
            row["seconds"] = time.perf_counter() - began
            history.rows.append(row)
            if history.best == epoch + 1:
                _save(averaged.state_dict(), place / "best.pt")
            _save(
                {
                    "network": network.state_dict(),
                    "averaged": averaged.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "history": history.rows,
                    "schedule": _signature(schedule),
                    "begun": begun,
                },
                place / "checkpoint.pt",
            )
            _write_history(history, place / "history.csv")
            report(row)
    if history.rows:
        network.load_state_dict(torch.load(place / "best.pt", map_location=device, weights_only=True))
    network.eval()
    return history


def settle(network: torch.nn.Module, inputs: Iterable[NDArray[np.float32]]) -> None:
    """Measures the statistics of a network's batch norms anew, on inputs as they are in use.

    While training they are those of varied and mixed examples, whose deviation is another one.

    Args:
        network: trained; changed in place, left in evaluation mode.
        inputs: batches of its input, of many examples each.

    Source: Touvron et al., "Fixing the train-test resolution discrepancy", 2019, section 3 (statistics must fit what is
        seen in use); Izmailov et al., "Averaging Weights Leads to Wider Optima", 2018, section 3 (measured in a pass).
    """
    import torch

    norms = [part for part in network.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    network.eval()
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over batches
        norm.train()
    device = next(network.parameters()).device
    with torch.no_grad():
        for batch in inputs:
            network(torch.from_numpy(batch).to(device))
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum
    network.eval()


def export(
    network: torch.nn.Module,
    example: Mapping[str, torch.Tensor],
    path: str | os.PathLike[str],
    *,
    outputs: tuple[str, ...] = ("logits", "features"),
    dynamic: Mapping[str, Mapping[int, str]] | None = None,
    storage: Storage = "float32",
    tolerance: float = 1e-4,
    opset: int = 17,
) -> float:
    """Writes a network as ONNX and checks it against torch in ONNX Runtime.

    The file keeps every weight under its name in the network's `state_dict`, and norms as they are, so that a training
    can begin with it (`weights_of`); ONNX Runtime joins norms with convolutions itself when it opens the file.

    Args:
        network: in the form that is used: its forward takes the tensors of `example` in that order and returns one
            tensor for each of `outputs`.
        example: input names and tensors, first axis the batch (at least two examples, to show that it is free).
        path: of the ONNX file; written beside and moved into place once it has passed the check.
        outputs: names of the outputs: `logits` [n, k] and `features` [n, d].
        dynamic: further free axes by input name, such as `{"mel": {2: "frames"}}`; axis 0 is always free ("n").
        storage: of matrices and kernels in the file. "float16" halves it: they are rounded, and made float32 again when
            the file is opened, so that all is computed in float32 as before; what is checked is the rounded network.
        tolerance: largest absolute difference from torch that is let pass.
        opset: of ONNX.

    Returns:
        The largest absolute difference found, over the whole batch and over its first example alone.

    Raises:
        TrainingError: ONNX Runtime and torch differ by more than `tolerance`.
    """
    import onnxruntime
    import torch

    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    network = copy.deepcopy(network).to(device="cpu", dtype=torch.float32, memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    network.eval()
    matrices = {name: weight for name, weight in network.named_parameters() if weight.ndim > 1}
    rounded = matrices if storage == "float16" else {}
    for weight in rounded.values():
        weight.data = weight.data.half().float()
    inputs = {name: tensor.detach().cpu() for name, tensor in example.items()}
    axes: dict[str, dict[int, str]] = {name: {0: "n", **(dynamic or {}).get(name, {})} for name in inputs}
    axes.update({name: {0: "n"} for name in outputs})
    temporary = target.with_name(target.name + ".part")
    with torch.no_grad(), _quiet_export():
        torch.onnx.export(
            network,
            tuple(inputs.values()),
            str(temporary),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=opset,
            dynamo=False,
            # As it is: every weight under its name, even one that equals another; norms not joined with convolutions.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            keep_initializers_as_inputs=True,
        )
    _store(temporary, rounded)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(temporary), options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for part in (slice(None), slice(0, 1)):
        given = {name: tensor[part].contiguous() for name, tensor in inputs.items()}
        with torch.no_grad():
            expected = network(*given.values())
        found = session.run(list(outputs), {name: tensor.numpy() for name, tensor in given.items()})
        for ours, theirs in zip(expected, found, strict=True):
            worst = max(worst, float(np.abs(ours.numpy() - theirs).max()))
    if not worst <= tolerance:
        temporary.unlink()
        raise TrainingError(f"{target}: ONNX Runtime and torch differ by {worst:.2g}, more than {tolerance:g}")
    os.replace(temporary, target)
    return worst


def weights_of(path: str | os.PathLike[str]) -> dict[str, NDArray[np.float32]]:
    """The weights of a network that `export` wrote, by their names in its `state_dict`.

    Raises:
        ModelError: the file keeps weights without names, as earlier versions wrote them.
    """
    import onnx

    graph = onnx.load(os.fspath(path)).graph
    nameless = next((tensor.name for tensor in graph.initializer if tensor.name.startswith("onnx::")), None)
    if nameless is not None:
        raise ModelError(
            f"{path}: its weights are without names ({nameless}), as earlier versions wrote them, so no training can "
            f"begin with it; train that model again."
        )
    return {tensor.name: onnx.numpy_helper.to_array(tensor).astype(np.float32) for tensor in graph.initializer}


def _store(path: Path, rounded: Collection[str]) -> None:
    """Makes weights of an ONNX file its own, no inputs, and stores some of them as float16.

    A Cast to float32 hands those on; ONNX Runtime does it once, when it opens the file.
    """
    import onnx

    model = onnx.load(str(path))
    graph = model.graph
    weights = {weight.name for weight in graph.initializer}
    inputs = [given for given in graph.input if given.name not in weights]
    casts = []
    for weight in graph.initializer:
        if weight.name in rounded:
            name, wide = weight.name, f"{weight.name}.float32"
            weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight).astype(np.float16), name))
            casts.append(onnx.helper.make_node("Cast", [name], [wide], to=onnx.TensorProto.FLOAT))
            for node in graph.node:
                node.input[:] = [wide if given == name else given for given in node.input]
    nodes = [*casts, *graph.node]
    del graph.input[:], graph.node[:]
    graph.input.extend(inputs)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _optimizer(network: torch.nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    import torch

    decayed = [p for p in network.parameters() if p.requires_grad and p.ndim > 1]
    free = [p for p in network.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": schedule.weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=schedule.learning_rate, betas=(0.9, 0.98), foreach=True)


def _average(averaged: torch.nn.Module, network: torch.nn.Module, decay: float) -> None:
    """Moves the averaged weights, and the statistics of its norms, towards the network's."""
    import torch

    with torch.no_grad():
        pairs = [
            (a, b.detach()) for a, b in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True)
        ]
        running = [pair for pair in pairs if pair[0].is_floating_point()]
        torch._foreach_lerp_([a for a, _ in running], [b for _, b in running], 1.0 - decay)
        for a, b in pairs:
            if not a.is_floating_point():
                a.copy_(b)


def _signature(schedule: Schedule) -> dict[str, float | int | str]:
    return {k: v for k, v in dataclasses.asdict(schedule).items() if k not in WITHOUT_EFFECT}


def _resume(
    path: Path,
    network: torch.nn.Module,
    averaged: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    history: History,
    schedule: Schedule,
    begun: str,
) -> None:
    import torch

    if not path.exists():
        return
    state = torch.load(path, map_location=schedule.device, weights_only=True)
    # What a field's default is today was done before the field was there.
    now, then = _signature(schedule), {**_signature(Schedule()), **state["schedule"]}
    if now != then:
        changed = ", ".join(f"{k} {then.get(k)} -> {now[k]}" for k in now if then.get(k) != now[k])
        raise TrainingError(f"{path}: begun with another schedule ({changed}); name another run folder or remove it")
    if (then_begun := state.get("begun", "")) != begun:
        was, now_is = (f"from the model {sha[:12]}" if sha else "from scratch" for sha in (then_begun, begun))
        raise TrainingError(f"{path}: begun {was}, not {now_is}; name another run folder or remove it")
    try:
        network.load_state_dict(state["network"])
        averaged.load_state_dict(state["averaged"])
    except RuntimeError:
        raise TrainingError(f"{path}: begun with another network; name another run folder or remove it") from None
    optimizer.load_state_dict(state["optimizer"])
    history.rows.extend(state["history"])


def _save(state: object, path: Path) -> None:
    import torch

    temporary = path.with_name(path.name + ".part")
    torch.save(state, temporary)
    os.replace(temporary, path)


def _write_history(history: History, path: Path) -> None:
    temporary = path.with_name(path.name + ".part")
    names = list(dict.fromkeys(name for row in history.rows for name in row))
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in history.rows)
    os.replace(temporary, path)


@contextlib.contextmanager
def _quiet_export() -> Iterator[None]:
    """Silence: torch announces on every export that another exporter is preferred; that choice is ours."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module=r"torch\.onnx.*")
        yield


def _line(row: Mapping[str, float], history: History, epochs: int) -> str:
    left = (epochs - len(history.rows)) * float(np.median([r["seconds"] for r in history.rows[-5:]]))
    told = {k: v for k, v in row.items() if k not in ("epoch", "seconds") and not math.isnan(v)}
    numbers = " ".join(f"{k} {v:.4f}" for k, v in told.items())
    mark = " best" if history.keep == "best" and history.best == len(history.rows) else ""
    return f"epoch {int(row['epoch'])}/{epochs} {numbers} {row['seconds']:.0f} s, {left / 60:.0f} min left{mark}"


@contextlib.contextmanager
def _progress(
    wanted: bool, history: History, epochs: int, steps: int
) -> Iterator[tuple[Callable[[float], None], Callable[[Mapping[str, float]], None]]]:
    """Two callables: one for a step's loss, one for an epoch's row."""
    if not wanted:
        yield (lambda _: None), (lambda _: None)
    elif not sys.stderr.isatty():
        yield (lambda _: None), (lambda row: print(_line(row, history, epochs), file=sys.stderr, flush=True))
    else:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            done = len(history.rows) * steps
            name = bar.add_task("training", total=epochs * steps, completed=done)

            def advance(loss: float) -> None:
                bar.update(name, advance=1, description=f"epoch {len(history.rows) + 1}/{epochs} loss {loss:.3f}")

            def report(row: Mapping[str, float]) -> None:
                bar.console.print(_line(row, history, epochs))

            yield advance, report
