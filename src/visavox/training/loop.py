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
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from visavox.errors import OptionError, TrainingError
from visavox.files import written

if TYPE_CHECKING:
    import torch

Batch = TypeVar("Batch")

WITHOUT_EFFECT = ("threads", "device", "precision")
"""Fields of a schedule that may differ when a run is taken up again: they change speed, not what is learned."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long, how fast and how carefully a network learns.

    Args:
        epochs: passes over the training data.
        batch: examples a step.
        learning_rate: at its highest.
        optimizer: "adamw", or the "adam", "rmsprop" and "sgd" (with momentum) of published systems.
        momentum: of "sgd".
        weight_decay: pull towards zero of matrices and kernels; biases and norms are left alone.
        shape: of the learning rate over the training. "one-cycle": up as a cosine, then down to zero; "constant";
            "half-way": a tenth from the middle on; "plateau": a tenth, and again a tenth, whenever `lower_after` epochs
            in a row brought no better score.
        warmup: part of all steps (0-1) over which the learning rate of "one-cycle" rises.
        lower_after: epochs of a "plateau".
        patience: epochs in a row without a better score after which training ends early; 0 trains to the end.
        averaging: decay of the running average of the weights; the average is what is validated and kept. 0 keeps the
            weights themselves.
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
    optimizer: Literal["adamw", "adam", "rmsprop", "sgd"] = "adamw"
    momentum: float = 0.8
    weight_decay: float = 0.02
    shape: Literal["one-cycle", "constant", "half-way", "plateau"] = "one-cycle"
    warmup: float = 0.15
    lower_after: int = 5
    patience: int = 0
    averaging: float = 0.999
    clip: float = 2.0
    keep: Literal["best", "last"] = "best"
    seed: int = 1
    threads: int = 0
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise OptionError.one_of(f"training.{name}", getattr(self, name), allowed)
        if self.keep == "last" and (self.patience or self.shape == "plateau"):
            raise OptionError(
                'A training that keeps the "last" epoch watches no score: no training.patience, no "plateau".'
            )


_CHOICES: Mapping[str, tuple[str, ...]] = {
    name: get_args(kind) for name, kind in get_type_hints(Schedule).items() if get_origin(kind) is Literal
}


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


def rate(step: int, steps: int, schedule: Schedule, history: History | None = None) -> float:
    """The learning rate of a step as a part of its peak.

    Args:
        step: from 0.
        steps: of the whole training.
        schedule: its `shape`, `warmup` and `lower_after` are used. "one-cycle" is a cosine up from 1/25, then a cosine
            down to zero.
        history: of the epochs before; "plateau" looks at their scores.

    Source: L. N. Smith and N. Topin, "Super-Convergence", 2019 (one cycle), with cosines for straight lines.
    """
    if schedule.shape == "constant":
        return 1.0
    if schedule.shape == "half-way":
        return 1.0 if step < steps / 2 else 0.1
    if schedule.shape == "plateau":
        return 0.1 ** _lowered(history or History(), schedule.lower_after)
    warmup = schedule.warmup
    rise = warmup * steps
    if step < rise:
        return 0.04 + 0.96 * (0.5 - 0.5 * math.cos(math.pi * step / rise))
    return 0.5 + 0.5 * math.cos(math.pi * (step - rise) / max(1.0, steps - rise))


def _lowered(history: History, lower_after: int) -> int:
    """How often so many epochs in a row have brought no better score."""
    best, waited, lowered = -math.inf, 0, 0
    for row in history.rows:
        waited += 1
        if row["score"] > best:
            best, waited = row["score"], 0
        elif waited == lower_after:
            lowered, waited = lowered + 1, 0
    return lowered


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
        OptionError: there is no such device here.
        TrainingError: the loss is not a number, memory ran out, or the folder holds a run with another schedule or
            beginning.
    """
    import torch

    device = _device(schedule)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    if schedule.threads:
        torch.set_num_threads(schedule.threads)
    half = schedule.precision == "bfloat16" or (
        schedule.precision == "auto" and (device.type == "cuda" or fast_bfloat16())
    )
    # Pictures are fastest so; kernels in three dimensions have no such layout.
    flat = all(weight.ndim < 5 for weight in network.parameters())
    network.to(device=device, memory_format=torch.channels_last if flat else torch.preserve_format)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network).requires_grad_(False).eval()
    optimizer = _optimizer(network, schedule)
    history = History(keep=schedule.keep)
    _resume(place / "checkpoint.pt", network, averaged, optimizer, history, schedule, begun)

    total = schedule.epochs * task.steps
    with _memory(schedule), _progress(progress, history, schedule.epochs, task.steps) as (advance, report):
        for epoch in range(len(history.rows), schedule.epochs):
            if schedule.patience and epoch - history.best >= schedule.patience and history.best:
                break
            began = time.perf_counter()
            torch.manual_seed(schedule.seed * 1_000_003 + epoch)
            network.train()
            losses: list[float] = []
            batches = task.batches(np.random.default_rng([schedule.seed, epoch]), epoch / schedule.epochs)
            for step, batch in enumerate(batches):
                done = epoch * task.steps + step
                for group in optimizer.param_groups:
                    group["lr"] = schedule.learning_rate * rate(done, total, schedule, history)
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


def _device(schedule: Schedule) -> torch.device:
    """Where torch computes."""
    import torch

    try:
        device = torch.device(schedule.device)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # torch says so in either way where it was built without CUDA
        here = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
        raise OptionError.one_of("training.device, here", schedule.device, here) from error
    return device


def _optimizer(network: torch.nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    import torch

    decayed = [p for p in network.parameters() if p.requires_grad and p.ndim > 1]
    free = [p for p in network.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": schedule.weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
    if schedule.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=schedule.learning_rate, momentum=schedule.momentum, foreach=True)
    if schedule.optimizer == "rmsprop":
        # Decay and epsilon as in Keras, in which the published systems were trained.
        return torch.optim.RMSprop(groups, lr=schedule.learning_rate, alpha=0.9, eps=1e-7, foreach=True)
    if schedule.optimizer == "adam":
        return torch.optim.Adam(groups, lr=schedule.learning_rate, eps=1e-7, foreach=True)
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

    with written(path) as part:
        torch.save(state, part)


def _write_history(history: History, path: Path) -> None:
    names = list(dict.fromkeys(name for row in history.rows for name in row))
    with written(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in history.rows)


@contextlib.contextmanager
def _memory(schedule: Schedule) -> Iterator[None]:
    """Says what to do where memory runs out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not re.search(r"out of memory|allocate memory", str(error)):
            raise
        raise TrainingError(
            f"memory ran out on {schedule.device}; lower training.batch (now {schedule.batch})"
        ) from error


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
