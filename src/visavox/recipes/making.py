"""What a recipe asks for, done: fitted, calibrated, exported, judged, and written down in a card.

No model's name is in the code. What is special to a modality (how clips become batches, how they are varied) is a
`Wing`, found by the recipe's `modality`.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import importlib
import importlib.metadata
import json
import os
import platform
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from visavox import emotions
from visavox.calibration import fit_temperature
from visavox.datasets import Data, Sample
from visavox.errors import OptionError, require
from visavox.recipes import in_use
from visavox.recipes.judging import Judge
from visavox.recipes.recipe import Recipe, parse_overrides, read, tables, text_of
from visavox.recipes.roles import ROLES, Roles, about, copied, corpora, given, held_out, judging_parts, split
from visavox.recipes.starting import Start, start_of
from visavox.recognizer import Card, Status
from visavox.session import Session, sha256
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
class Trained:
    """What a recipe gave: the card, the file it belongs to (a fusion is its card), and the first network's history."""

    card: Card
    path: Path
    history: History


def run(
    recipe: Recipe | str | os.PathLike[str],
    *,
    data: Data = None,
    folder: str | os.PathLike[str] | None = None,
    roles: Roles | None = None,
    random: bool = False,
    overrides: Mapping[str, object] | Sequence[str] = (),
    install: bool = False,
    progress: bool = True,
) -> Trained:
    """Trains, calibrates, exports and judges what a recipe describes, and writes its card.

    The run folder then holds `<name>.onnx`, `<name>.json` (the card), `predictions.csv` (what each validation and
    test clip was judged to be), `history.csv` and the checkpoint. A run that was killed goes on where it was.

    Args:
        recipe: a recipe, its file, or its name (`find`).
        data: where the corpora are (`visavox.datasets.place`).
        folder: the run folder; `runs/<name>` where nothing is said.
        roles: the clips by what they are for ("train", "validation", "test"), in place of those that the recipe's
            [[corpora]] and [[unseen]] select; what it excludes is left out of them.
        random: whether speakers of `roles` may be on two sides, as under a protocol that leaks on purpose.
        overrides: values put in place of the recipe's (`read`).
        install: also put model and card into the package, where `visavox.load` finds them by name.
        progress: tell how it goes, to stderr.

    Raises:
        MissingExtraError: torch or onnx is not installed.
        InputError, OptionError: there is no such recipe, or it is not one.
        DataError: a corpus is missing.
        ModelError: the model with which training begins is missing, broken, or fits nowhere.
        LeakError: `roles` put one person on two sides, or the model with which training begins has met who judges it.
        TrainingError: training came apart, the recipe's split would put one person on two sides, or there is nobody to
            learn from or to choose the best epoch by.
    """
    require("train", "torch", "onnx", what="visavox train")
    import torch

    from visavox.recipes.pairing import fit_fusion, is_fusion  # it builds on this file

    text = recipe.text if isinstance(recipe, Recipe) else text_of(recipe)
    if is_fusion(text):
        if roles is not None:
            raise OptionError("The recipe of a fusion draws its own pairs: it takes no roles.")
        place = _run_folder(folder, Path(os.fspath(cast(str, recipe))).stem)
        card = fit_fusion(text, data=data, folder=place, overrides=parse_overrides(overrides))
        if install:
            put(place / f"{card.name}.json")
        return Trained(card, place / f"{card.name}.json", History())
    if overrides or not isinstance(recipe, Recipe):
        recipe = read(text, overrides)
    if recipe.leaks and install:
        raise OptionError("This recipe leaks: its model is for a comparison, not to be installed.")
    place = _run_folder(folder, recipe.name)

    def say(text: str) -> None:
        if progress:
            print(text, file=sys.stderr, flush=True)

    if roles is None:
        say(f"{recipe.name}: reading {', '.join(use.name for use in recipe.corpora)}")
        sides = split(recipe, data)
    else:
        recipe, sides = given(recipe, roles, random=random)
    say(f"{recipe.name}: " + ", ".join(f"{len(sides[role])} {role}" for role in ROLES))
    absent = in_use.absent(recipe, data)
    for name, why in absent.items():
        say(f"{recipe.name}: will not be judged on {name}: {why}")
    recipe = dataclasses.replace(recipe, unseen=tuple(use for use in recipe.unseen if use.name not in absent))
    start = start_of(recipe)
    knows = None if start is None else start.knows
    if start is not None:
        start.check(recipe, sides, data)
    wing = make_wing(recipe)
    sides = _able(recipe, wing, sides, say)
    network, history, frequencies = _fit(recipe, recipe.training, wing, sides, place, progress, start)
    networks, histories = [network], [history]
    for number, schedule in enumerate(recipe.further, start=2):
        say(f"{recipe.name}: network {number} of {1 + len(recipe.further)}")
        network, history, _ = _fit(recipe, schedule, wing, sides, place / f"network-{number}", progress, start)
        networks.append(network)
        histories.append(history)

    if recipe.settle:
        say(f"{recipe.name}: measuring the norms anew")
        for network in networks:
            settle(network, wing.inputs(sides["train"], folder=place))

    say(f"{recipe.name}: exporting, judging")
    path = place / f"{recipe.name}.onnx"
    shape, low, high = wing.golden
    golden = golden_input(recipe.judging.seed, shape, low, high)
    more = golden_input(recipe.judging.seed + 1, (2, *shape[1:]), low, high)
    difference = export(
        wing.judge(*networks),
        {wing.input_name: torch.from_numpy(np.concatenate([golden, more]))},
        path,
        dynamic={wing.input_name: wing.free_axes},
        storage=recipe.storage,
    )
    session = Session(path)
    priors = _priors(recipe, frequencies)
    validation = sides["validation"]
    temperature, validated = 1.0, None
    if validation:
        logits = judged(session, wing, validation, place)
        truth = [recipe.words.index(sample.emotion) for sample in validation]
        temperature = fit_temperature(logits, truth)
        validated = round(float(np.mean(logits.argmax(axis=1) == truth)), 4)
    expected = {**priors, "life": emotions.expected_in_life(priors["life"])}
    judge = Judge(recipe.words, temperature=temperature, priors=expected, judging=recipe.judging)
    if validation:
        judge.remember(validation, logits, part="validation")
    for corpus, part, status, samples in judging_parts(recipe, sides, data, random=random, knows=knows):
        logits = judged(session, wing, samples, place)
        judge.remember(samples, logits, part=part)
        judge.score(about(corpus, data), samples, logits, part=part, status=status)
    for corpus, part, status, note, samples in copied(recipe, sides, data):
        prior = recipe.judging.prior
        chosen = judge.probabilities(judged(session, wing, samples, place), prior).argmax(axis=1)
        judge.scores += in_use.summary(
            samples, chosen, recipe.words, corpus=about(corpus, data), part=part, status=status,
            notes=(f"prior {prior}", note), draws=recipe.judging.draws, seed=recipe.judging.seed,
        )  # fmt: skip
    judge.write(place / "predictions.csv")

    card = Card(
        name=recipe.name,
        modality=recipe.modality,
        words=recipe.words,
        purpose=recipe.purpose,
        not_for=recipe.not_for,
        licence=recipe.licence if start is None else start.licence(recipe.licence),
        version=recipe.version,
        sha256=sha256(path),
        corpora=(*corpora(recipe, sides, data), *(start.corpora() if start is not None else ())),
        split=recipe.split,
        protocol=_protocol(recipe, histories, len(validation), temperature, absent),
        scores=tuple(judge.scores),
        confusion=tuple(tuple(int(n) for n in row) for row in judge.confusion),
        confidence=tuple(judge.confidence),
        input=wing.describe(),
        temperature=temperature,
        priors={name: tuple(round(float(p), 6) for p in prior) for name, prior in priors.items()},
        golden={
            "seed": recipe.judging.seed,
            "shape": list(shape),
            "low": low,
            "high": high,
            "logits": [round(float(x), 5) for x in session(golden)[0][0]],
        },
        recipe=recipe.text,
        made={
            **_made_by(recipe, overrides, None if roles is None else sides),
            **({} if start is None else {"start": start.told}),
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "seconds": round(sum(history.seconds for history in histories)),
            "networks": [
                {"epochs": len(h.rows), **{k: round(v, 4) for k, v in h.rows[h.best - 1].items() if k != "seconds"}}
                for h in histories
            ],
            "validation_accuracy": validated,
            "parameters": sum(p.numel() for network in networks for p in network.parameters()),
            "milliseconds": round(_milliseconds(session, golden), 2),
            "onnx_difference": float(f"{difference:.2g}"),
            "versions": versions(),
        },
    )
    _write_text(place / f"{recipe.name}.json", card.to_json())
    for use in recipe.unseen:
        if use.through != "network":
            say(f"{recipe.name}: judging {use.name} through {use.through}")
            met: Status = "held-out" if knows is not None and knows(use.name) else "out-of-sample"
            used = in_use.scores(path, recipe, use, data, status=met)
            card = dataclasses.replace(card, scores=(*card.scores, *used))
            _write_text(place / f"{recipe.name}.json", card.to_json())
    if install:
        put(path)
    return Trained(card, path, histories[0])


def _able(
    recipe: Recipe, wing: Wing, sides: Mapping[str, Sequence[Sample]], say: Callable[[str], None]
) -> dict[str, list[Sample]]:
    """The clips that hold something to judge; what is left out is told, and said in the card."""
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


def _fit(
    recipe: Recipe,
    schedule: Schedule,
    wing: Wing,
    roles: Mapping[str, Sequence[Sample]],
    place: Path,
    progress: bool,
    start: Start | None,
) -> tuple[torch.nn.Module, History, NDArray[np.float64]]:
    """A network trained in a folder, its history, and how often it was shown each word."""
    import torch

    task = wing.task(roles["train"], roles["validation"], batch=schedule.batch, folder=place)
    torch.manual_seed(schedule.seed)
    network = wing.network()
    if start is not None:
        anew = start.give(wing.judge(network))
        if progress:
            told = f"{', '.join(anew)} anew" if anew else "nothing anew"
            other = [key for key, value in wing.describe().items() if start.card.input.get(key) != value]
            heard = f"; its input differed in {', '.join(other)}" if other else ""
            print(f"{recipe.name}: begins with {start.card.name}, {told}{heard}", file=sys.stderr, flush=True)
    begun = "" if start is None else start.card.sha256
    return network, fit(network, task, schedule, folder=place, begun=begun, progress=progress), task.frequencies


def put(path: Path) -> Path:
    """Copies a trained model and its card into the package, where `visavox.load` finds them by name.

    Returns:
        The place of the model's copy.
    """
    models = Path(__file__).resolve().parents[1] / "models"
    models.mkdir(exist_ok=True)
    for source in sorted({path, path.with_suffix(".json")}):
        temporary = models / (source.name + ".part")
        shutil.copyfile(source, temporary)
        os.replace(temporary, models / source.name)
    return models / path.name


def judged(session: Session, wing: Wing, samples: Sequence[Sample], folder: Path) -> NDArray[np.float64]:
    """Logits [n, k] of an exported network for samples, in their order."""
    parts = [session(batch)[0].astype(np.float64) for batch in wing.inputs(samples, folder=folder)]
    return np.concatenate([part.mean(axis=0, keepdims=True) for part in parts] if wing.pools else parts)


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


def _run_folder(folder: str | os.PathLike[str] | None, name: str) -> Path:
    place = Path(folder) if folder is not None else Path("runs") / name
    place.mkdir(parents=True, exist_ok=True)
    return place


def make_wing(recipe: Recipe) -> Wing:
    """The wing of a recipe's kind of network, made from the recipe's tables."""
    kind = str(recipe.network.get("kind", USUAL.get(recipe.modality, "")))
    if (recipe.modality, kind) in WINGS:
        module, name = WINGS[recipe.modality, kind]
        make = getattr(importlib.import_module(module), name)
    else:
        from visavox.recipes.array_wing import ArrayWing

        make = functools.partial(ArrayWing, importlib.import_module(KINDS[recipe.modality]).KINDS)
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


def _priors(recipe: Recipe, frequencies: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """How often each word is right, as a card holds it: in training, alike, in life."""
    return {
        "corpus": np.maximum(frequencies, 1e-4) / np.maximum(frequencies, 1e-4).sum(),
        "uniform": np.full(len(recipe.words), 1 / len(recipe.words)),
        "life": emotions.life_prior(recipe.words),
    }


def _protocol(
    recipe: Recipe, histories: Sequence[History], validation: int, temperature: float, absent: Collection[str]
) -> str:
    trained = [
        f"{len(history.rows)} epochs of {OPTIMIZERS[one.optimizer]} ({RATES[one.shape]}"
        f"{', averaged weights' if one.averaging else ''}), "
        f"{'the last kept' if history.keep == 'last' else f'epoch {history.best} chosen'}"
        for history, one in zip(histories, (recipe.training, *recipe.further), strict=True)
    ]
    settled = "norms measured anew on unvaried training clips, " if recipe.settle else ""
    several = f"the mean of {len(trained)} networks: " if len(trained) > 1 else ""
    fitted = f"the temperature ({temperature:.3f}) fitted, on {validation} validation clips"
    return (
        f"{several}{'; '.join(trained)}, {settled}and {fitted if validation else 'nobody held out to calibrate on'}; "
        f"test clips judged once, whole, with prior {recipe.judging.prior}; intervals: 95 % of "
        f"{recipe.judging.draws} bootstrap draws of speakers, or of clips where the corpus knows no speakers"
        f"{'; not at hand, so not judged: ' + ', '.join(absent) if absent else ''}."
    )


def _milliseconds(session: Session, example: NDArray[np.float32]) -> float:
    """Median time of one input on one thread, in milliseconds."""
    times = []
    for _ in range(60):
        began = time.perf_counter()
        session(example)
        times.append(time.perf_counter() - began)
    return float(np.median(times[10:])) * 1000


def versions() -> dict[str, str]:
    """Of Python and of the libraries that a model depends on, by name."""
    result = {"python": platform.python_version()}
    for name in ("visavox", "torch", "onnx", "onnxruntime", "numpy"):
        try:
            result[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return result


def _made_by(recipe: Recipe, overrides: Mapping[str, object] | Sequence[str], roles: Roles | None) -> dict[str, object]:
    """What made a model: the command; or the call, and whom its clips hold out, which no recipe says."""
    changed = sorted(parse_overrides(overrides).items())
    if roles is None:
        written = {key: value if isinstance(value, str) else json.dumps(value) for key, value in changed}
        name = str(tables(recipe.text).get("name", recipe.name))  # not the name that an override gave it
        settings = [f"--set {shlex.quote(f'{key}={value}')}" for key, value in written.items()]
        return {"command": " ".join(["visavox train", name, *settings])}
    told = f", overrides={dict(changed)}" if changed else ""
    return {"command": f"visavox.recipes.run({recipe.name!r}, roles=...{told})", "held_out": held_out(roles)}


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
