"""What teaches a network or a classifier, as a recipe says, and exports it: one ONNX file, whatever learned.

No model's name is in the code. What is special to a modality (how clips become batches, how they are varied) is a
`Wing`, found by the recipe's `modality` and its kind of network.
"""

from __future__ import annotations

import functools
import importlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from visavox.datasets import Sample
from visavox.errors import OptionError, require
from visavox.recipes import classic
from visavox.recipes.recipe import Recipe
from visavox.recipes.starting import Start
from visavox.session import Session
from visavox.training import History, Schedule, Task, export, fit, settle

if TYPE_CHECKING:
    import torch

WINGS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("face", "residual"): ("visavox.face.wing", "FaceWing"),
    ("voice", "log-mel"): ("visavox.voice.wing", "VoiceWing"),
}
"""What trains a kind of network that has a wing of its own: module and class, imported when a recipe wants it."""

USUAL: Mapping[str, str] = {"face": "residual", "voice": "log-mel"}
"""The kind of network of a recipe that names none."""

KINDS: Mapping[str, str] = {
    "face": "visavox.face.kinds",
    "voice": "visavox.voice.kinds",
    "body": "visavox.body.kinds",
}
"""Where the `KINDS` of a modality are: what its other networks want and are."""

OPTIMIZERS: Mapping[str, str] = {"adamw": "AdamW", "adam": "Adam", "rmsprop": "RMSprop", "sgd": "SGD"}
RATES: Mapping[str, str] = {
    "one-cycle": "one cycle",
    "constant": "a constant rate",
    "half-way": "a tenth of the rate from half-way on",
    "plateau": "a tenth of the rate at each plateau",
}
"""Of `visavox.training.Schedule`, as a card tells them."""


class Wing(Protocol):
    """What a modality does for a recipe.

    Made by `Wing(words=..., network=..., input=..., augmentation=..., loss=...)`: the words and the recipe's tables of
    these names. A key that it does not know is an OptionError.
    """

    golden: tuple[tuple[int, ...], float, float]
    """Shape of the golden input (first axis 1), and the range of its values."""

    free_axes: Mapping[int, str]
    """Axes of the input that may have any length, beside the first."""

    input_name: str
    """Of the network's only input."""

    pools: bool
    """Whether each of `inputs` is one clip, whose logits are averaged; otherwise each row of them is a clip."""

    def describe(self) -> dict[str, Any]:
        """What the network wants, for `Card.input`."""

    def network(self) -> torch.nn.Module:
        """A network, initialised from torch's global seed."""

    def task(self, train: Sequence[Sample], validation: Sequence[Sample], *, batch: int, folder: Path) -> WingTask:
        """What is learned. What is computed from the clips may be kept in `folder`."""

    def judge(self, *networks: torch.nn.Module) -> torch.nn.Module:
        """The form in which a trained network, or the mean of several, is used: one input to logits and features."""

    def inputs(self, samples: Sequence[Sample], *, folder: Path) -> Iterator[NDArray[np.float32]]:
        """Inputs of the judge [b, ...], in the order of the samples, one at a time or several."""


class WingTask(Task[Any], Protocol):
    """A task that also says how often it asks for each word."""

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """The mean target of training [k], summing to one: the prior that the network learns."""


@dataclass(frozen=True)
class Taught:
    """What learning gave, beside the ONNX file.

    Args:
        histories: of each network; none of a classifier, which has no epochs.
        frequencies: how often each word was asked for [k]: the prior that was learned.
        parameters: numbers that were learned.
        difference: the largest between the ONNX file and what was exported.
        told: how it was learned, for a card.
        input: what it wants, for a card.
        golden: an input made by formula and the logits that it must give, for a card.
        milliseconds: of one input, on one thread.
        says: logits [n, k] of samples, in their order.
        is_calibrated: whether the softmax of these logits is calibrated as it is.
        more: what else a card should hold of how it was made.
    """

    histories: tuple[History, ...]
    frequencies: NDArray[np.float64]
    parameters: int
    difference: float
    told: str
    input: Mapping[str, Any]
    golden: Mapping[str, Any]
    milliseconds: float
    says: Callable[[Sequence[Sample]], NDArray[np.float64]]
    is_calibrated: bool = False
    more: Mapping[str, object] = field(default_factory=dict)


def make_wing(recipe: Recipe) -> Wing:
    """The wing of a recipe's kind of network or classifier, made from the recipe's tables."""
    kind = str(recipe.network.get("kind", USUAL.get(recipe.modality, "")))
    if (recipe.modality, kind) in WINGS:
        module, name = WINGS[recipe.modality, kind]
        make = getattr(importlib.import_module(module), name)
    else:
        from visavox.recipes.array_wing import ArrayWing

        kinds = classic.with_classifiers(importlib.import_module(KINDS[recipe.modality]).KINDS)
        make = functools.partial(ArrayWing, kinds)
    return cast(
        Wing,
        make(
            words=recipe.words,
            network=recipe.network,
            input=recipe.input,
            augmentation=recipe.augmentation,
            loss=recipe.loss,
        ),
    )


def teach(
    recipe: Recipe,
    wing: Wing,
    sides: Mapping[str, Sequence[Sample]],
    path: Path,
    *,
    start: Start | None = None,
    progress: bool = True,
) -> Taught:
    """Teaches what a recipe describes and writes it as ONNX.

    Args:
        recipe: what is learned, and how.
        wing: of the recipe (`make_wing`).
        sides: the clips by what they are for.
        path: of the ONNX file; checkpoints and histories lie in its folder.
        start: the model with which training begins.
        progress: tell how it goes, to stderr.

    Raises:
        OptionError: the recipe asks of a classifier what only a network can do.
        TrainingError: training came apart, or the ONNX file says something else than what was exported.
    """
    place = path.parent

    def say(text: str) -> None:
        if progress:
            print(f"{recipe.name}: {text}", file=sys.stderr, flush=True)

    shape, low, high = wing.golden
    golden = golden_input(recipe.judging.seed, shape, low, high)
    histories: list[History] = []
    if classic.is_classic(recipe):
        say("fitting, exporting")
        classifier = _classified(recipe, wing, sides)
        frequencies, parameters, told = classifier.frequencies, classifier.parameters, classifier.told
        difference = classifier.export(path)
    else:
        import torch

        networks = []
        for number, schedule in enumerate((recipe.training, *recipe.further), start=1):
            if number > 1:
                say(f"network {number} of {1 + len(recipe.further)}")
            network, history, shown = _fit(recipe, schedule, wing, sides, place, number, start, progress, say)
            frequencies = shown if number == 1 else frequencies
            networks.append(network)
            histories.append(history)
        if recipe.settle:
            say("measuring the norms anew")
            for network in networks:
                settle(network, wing.inputs(sides["train"], folder=place))
        say("exporting")
        more = golden_input(recipe.judging.seed + 1, (2, *shape[1:]), low, high)
        difference = export(
            wing.judge(*networks),
            {wing.input_name: torch.from_numpy(np.concatenate([golden, more]))},
            path,
            dynamic={wing.input_name: wing.free_axes},
            storage=recipe.storage,
        )
        parameters = sum(parameter.numel() for network in networks for parameter in network.parameters())
        told = _how(recipe, histories)
    session = Session(path)
    return Taught(
        histories=tuple(histories),
        frequencies=frequencies,
        parameters=parameters,
        difference=difference,
        told=told,
        input=wing.describe(),
        golden={
            "seed": recipe.judging.seed,
            "shape": list(shape),
            "low": low,
            "high": high,
            "logits": [round(float(x), 5) for x in session(golden)[0][0]],
        },
        milliseconds=milliseconds(session, golden),
        says=lambda samples: judged(session, wing, samples, place),
    )


def able(
    recipe: Recipe, wing: Wing, sides: Mapping[str, Sequence[Sample]], say: Callable[[str], None]
) -> dict[str, list[Sample]]:
    """The clips that hold something to judge; those that are left out are told while it runs."""
    absent = getattr(wing, "absent", None)
    kept = {role: list(samples) for role, samples in sides.items()}
    if absent is None:
        return kept
    for role, samples in kept.items():
        out = absent(samples)
        if out:
            gone = {id(sample) for sample in out}
            kept[role] = [sample for sample in samples if id(sample) not in gone]
            named = ", ".join(str(sample.clip.name) for sample in out[:3])
            say(f"{recipe.name}: {len(out)} clips of {role} hold nothing that can be judged ({named}): left out")
    return kept


def judged(session: Session, wing: Wing, samples: Sequence[Sample], folder: Path) -> NDArray[np.float64]:
    """Logits [n, k] of an exported network for samples, in their order."""
    parts = [session(batch)[0].astype(np.float64) for batch in wing.inputs(samples, folder=folder)]
    return np.concatenate([part.mean(axis=0, keepdims=True) for part in parts] if wing.pools else parts)


def milliseconds(session: Session, example: NDArray[np.float32]) -> float:
    """Median time of one input on one thread, in milliseconds."""
    times = []
    for _ in range(60):
        began = time.perf_counter()
        session(example)
        times.append(time.perf_counter() - began)
    return round(float(np.median(times[10:])) * 1000, 2)


def golden_input(seed: int, shape: Sequence[int], low: float = 0.0, high: float = 1.0) -> NDArray[np.float32]:
    """An input made by formula, the same on every machine and for ever; a card keeps the logits that it must give.

    Args:
        seed: any whole number from 0 on.
        shape: of the result.
        low: smallest value.
        high: largest value.

    Source: value i is the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
        Generators", 2014) on i + 1 + seed * 2^32, of which the upper 24 bits are a float32 without rounding.

    Example:
        >>> golden_input(1, (1, 3))
        array([[0.2735784 , 0.90624243, 0.60128325]], dtype=float32)
    """
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    unit = (z >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
    return (np.float32(low) + unit * np.float32(high - low)).reshape(tuple(shape)).astype(np.float32)


def _classified(recipe: Recipe, wing: Wing, sides: Mapping[str, Sequence[Sample]]) -> classic.Classic:
    """A classifier fitted on the examples of the training clips."""
    from visavox.recipes.array_wing import ArrayWing

    require("train", "sklearn", "skl2onnx", what=f"{recipe.name}, a classifier,")
    if recipe.further or recipe.settle or recipe.start:
        raise OptionError(f"{recipe.name}: a classifier is fitted once, from nothing: no further, settle or start.")
    assert isinstance(wing, ArrayWing)
    classifier = cast(classic.Classic, wing.network())
    classifier.fit(wing.labelled(sides["train"], copies=True))
    return classifier


def _fit(
    recipe: Recipe,
    schedule: Schedule,
    wing: Wing,
    roles: Mapping[str, Sequence[Sample]],
    place: Path,
    number: int,
    start: Start | None,
    progress: bool,
    say: Callable[[str], None],
) -> tuple[torch.nn.Module, History, NDArray[np.float64]]:
    """One of a recipe's networks, trained; its history; and how often it was shown each word."""
    import torch

    task = wing.task(roles["train"], roles["validation"], batch=schedule.batch, folder=place)
    torch.manual_seed(schedule.seed)
    network = wing.network()
    if start is not None:
        anew = start.give(wing.judge(network), number)
        told = f"{', '.join(anew)} anew" if anew else "nothing anew"
        other = [key for key, value in wing.describe().items() if start.card.input.get(key) != value]
        heard = f"; its input differed in {', '.join(other)}" if other else ""
        say(f"begins with {start.card.name}, {told}{heard}")
    begun = "" if start is None else start.card.sha256
    there = place if number == 1 else place / f"network-{number}"
    return network, fit(network, task, schedule, folder=there, begun=begun, progress=progress), task.frequencies


def _how(recipe: Recipe, histories: Sequence[History]) -> str:
    """How networks were trained, in words."""
    trained = [
        f"{len(history.rows)} epochs of {OPTIMIZERS[one.optimizer]} ({RATES[one.shape]}"
        f"{', averaged weights' if one.averaging else ''}), "
        f"{'the last kept' if history.keep == 'last' else f'epoch {history.best} chosen'}"
        for history, one in zip(histories, (recipe.training, *recipe.further), strict=True)
    ]
    settled = ", norms measured anew on unvaried training clips" if recipe.settle else ""
    several = f"the mean of {len(trained)} networks: " if len(trained) > 1 else ""
    return f"{several}{'; '.join(trained)}{settled}"
