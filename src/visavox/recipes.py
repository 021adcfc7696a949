"""A recipe (TOML) to a trained, calibrated, judged model with its card.

A recipe says what a model learns from whom, how it is judged and what it is for; no model's name is in the code. What
is special to a modality (how clips become batches, how they are varied) is a `Wing`, found by the recipe's `modality`.
"""

from __future__ import annotations

import dataclasses
import datetime
import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, emotions, protocols
from visavox.calibration import fit_temperature
from visavox.datasets import Sample
from visavox.errors import InputError, OptionError, TrainingError, require
from visavox.judging import Judge, Judging
from visavox.recognizer import Card, Corpus, Status
from visavox.session import Session, sha256
from visavox.training import History, Schedule, Task, export, fit

if TYPE_CHECKING:
    import torch

WINGS: Mapping[str, tuple[str, str]] = {
    "face": ("visavox.face.networks", "FaceWing"),
    "voice": ("visavox.voice.networks", "VoiceWing"),
}
"""What trains a modality: module and class, imported when a recipe wants it."""

LIFE: Mapping[str, float] = {
    "neutral": 0.55,
    "happy": 0.17,
    "sad": 0.08,
    "angry": 0.07,
    "surprised": 0.05,
    "fearful": 0.04,
    "disgusted": 0.04,
}
"""What people show most of the time, where a recipe says nothing else: mostly nothing. A choice, not a count."""

ROLES = ("train", "validation", "test")
"""What a clip of a training corpus can be there for."""


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

    def describe(self) -> dict[str, Any]:
        """What the network wants, for `Card.input`."""

    def network(self) -> torch.nn.Module:
        """A network, initialised from torch's global seed."""

    def task(self, train: Sequence[Sample], validation: Sequence[Sample], *, batch: int, folder: Path) -> WingTask:
        """What is learned. What is computed from the clips may be kept in `folder`."""

    def judge(self, network: torch.nn.Module) -> torch.nn.Module:
        """The form in which a trained network is used: one input to logits [n, k] and features [n, d]."""

    def inputs(self, samples: Sequence[Sample], *, folder: Path) -> Iterator[NDArray[np.float32]]:
        """Inputs of the judge [b, ...], in the order of the samples, one at a time or several."""


class WingTask(Task[Any], Protocol):
    """A task that also says how often it shows each word."""

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """How often each word is shown in training [k], summing to one: the prior that the network learns."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """A corpus and what its clips are for. Selections are columns of `Sample` and the values let through.

    Args:
        name: of the corpus.
        test: judged once, at the end.
        validation: chooses the epoch and fits the temperature.
        train: the rest where nothing is said.
        exclude: left out of everything.
        words: words of this corpus that are used; all that the recipe knows where nothing is said.
    """

    name: str
    test: Mapping[str, Sequence[object]] = field(default_factory=dict)
    validation: Mapping[str, Sequence[object]] = field(default_factory=dict)
    train: Mapping[str, Sequence[object]] = field(default_factory=dict)
    exclude: Mapping[str, Sequence[object]] = field(default_factory=dict)
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """A corpus that is only judged on: out of sample. `select` and `exclude` as in `Use`."""

    name: str
    select: Mapping[str, Sequence[object]] = field(default_factory=dict)
    exclude: Mapping[str, Sequence[object]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What made a model, as its TOML file says it.

    Args:
        name: of the model.
        modality: which wing trains it.
        words: of its outputs, in order.
        corpora: what it learns from.
        unseen: what else it is judged on.
        purpose: what it is for.
        not_for: what it is not for.
        licence: terms of the weights.
        version: of the model.
        split: how people or pictures are kept apart, in words.
        network: the wing's.
        input: the wing's.
        augmentation: the wing's.
        loss: the wing's.
        training: the schedule.
        judging: how it is judged.
        life: how often people show each word in life.
        limit: most clips of each role and corpus; 0 for all. For trials.
        text: the TOML file's text.
    """

    name: str
    modality: Literal["face", "voice"]
    words: tuple[str, ...]
    corpora: tuple[Use, ...]
    unseen: tuple[Unseen, ...] = ()
    purpose: str = ""
    not_for: str = ""
    licence: str = ""
    version: str = "1"
    split: str = ""
    network: Mapping[str, Any] = field(default_factory=dict)
    input: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Mapping[str, Any] = field(default_factory=dict)
    loss: Mapping[str, Any] = field(default_factory=dict)
    training: Schedule = field(default_factory=Schedule)
    judging: Judging = field(default_factory=Judging)
    life: Mapping[str, float] = field(default_factory=lambda: dict(LIFE))
    limit: int = 0
    text: str = ""


@dataclass(frozen=True)
class Trained:
    """What a recipe gave: the card, the ONNX file it belongs to, and how the training went."""

    card: Card
    path: Path
    history: History


def find(name: str | os.PathLike[str]) -> Path:
    """The file of a recipe: a path, or a name in `recipes/` here, in the checkout or in the package.

    Raises:
        InputError: there is none; the message names those there are.
    """
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return path
    package = Path(__file__).resolve().parent
    places = [Path("recipes"), package / "recipes_data", package.parents[1] / "recipes"]
    for place in places:
        if (place / f"{name}.toml").is_file():
            return place / f"{name}.toml"
    known = sorted({str(f.relative_to(p).with_suffix("")) for p in places for f in p.rglob("*.toml")})
    raise InputError(f"{name}: no such recipe; name a .toml file or one of {', '.join(known) or 'none (no recipes/)'}")


def read(text: str, overrides: Mapping[str, object] | Sequence[str] = ()) -> Recipe:
    """A recipe from its TOML text.

    Args:
        text: TOML.
        overrides: values put in place of the recipe's, by dotted key: a mapping, or "training.epochs=1" strings.

    Raises:
        OptionError: the text is not TOML, or a key or value is none that recipes know.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"The recipe is not TOML ({error}).") from None
    for key, value in parse_overrides(overrides).items():
        *parents, last = key.split(".")
        inner = table
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise OptionError(f"Bad value {key!r} for an override: {parent} is not a table of the recipe.")
        inner[last] = value
    table["corpora"] = tuple(_make(Use, item, "corpora") for item in table.get("corpora", ()))
    table["unseen"] = tuple(_make(Unseen, item, "unseen") for item in table.get("unseen", ()))
    table["training"] = _make(Schedule, table.get("training", {}), "training")
    table["judging"] = _make(Judging, table.get("judging", {}), "judging")
    recipe: Recipe = _make(Recipe, {**table, "text": text}, "a recipe")
    if recipe.modality not in WINGS:
        raise OptionError.one_of("modality", recipe.modality, WINGS)
    if not recipe.corpora:
        raise OptionError("A recipe needs at least one [[corpora]] to learn from.")
    for word in recipe.words:
        emotions.word(word)
    for metric in recipe.judging.metrics:
        if metric not in protocols.METRICS:
            raise OptionError.one_of("judging.metrics", metric, protocols.METRICS)
    return recipe


def parse_overrides(overrides: Mapping[str, object] | Sequence[str]) -> dict[str, object]:
    """Overrides by dotted key; the value of a string is read as TOML, or as text where it is none.

    Example:
        >>> parse_overrides(["training.epochs=1", "training.precision=float32"])
        {'training.epochs': 1, 'training.precision': 'float32'}
    """
    if isinstance(overrides, Mapping):
        return dict(overrides)
    result: dict[str, object] = {}
    for entry in overrides:
        key, sign, value = entry.partition("=")
        if not (key.strip() and sign):
            raise OptionError(f"Bad value {entry!r} for an override: expected KEY=VALUE, such as training.epochs=1.")
        try:
            result[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            result[key.strip()] = value.strip()
    return result


def run(
    recipe: Recipe | str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | Sequence[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
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
        overrides: values put in place of the recipe's (`read`).
        install: also put model and card into the package, where `visavox.load` finds them by name.
        progress: tell how it goes, to stderr.

    Raises:
        MissingExtraError: torch or onnx is not installed.
        InputError, OptionError: there is no such recipe, or it is not one.
        DataError: a corpus is missing.
        TrainingError: training came apart, or the split would put one person on both sides.
    """
    require("train", "torch", "onnx", what="visavox train")
    import torch

    if not isinstance(recipe, Recipe):
        recipe = read(find(recipe).read_text(encoding="utf-8"), overrides)
    elif overrides:
        recipe = read(recipe.text, overrides)
    place = Path(folder) if folder is not None else Path("runs") / recipe.name
    place.mkdir(parents=True, exist_ok=True)

    def say(text: str) -> None:
        if progress:
            print(text, file=sys.stderr, flush=True)

    say(f"{recipe.name}: reading {', '.join(use.name for use in recipe.corpora)}")
    roles = split(recipe, data)
    say(f"{recipe.name}: " + ", ".join(f"{len(roles[role])} {role}" for role in ROLES))
    wing = _wing(recipe)
    task = wing.task(roles["train"], roles["validation"], batch=recipe.training.batch, folder=place)
    torch.manual_seed(recipe.training.seed)
    network = wing.network()
    history = fit(network, task, recipe.training, folder=place, progress=progress)

    say(f"{recipe.name}: exporting epoch {history.best}, judging")
    path = place / f"{recipe.name}.onnx"
    shape, low, high = wing.golden
    golden = golden_input(recipe.judging.seed, shape, low, high)
    more = golden_input(recipe.judging.seed + 1, (2, *shape[1:]), low, high)
    difference = export(
        wing.judge(network),
        {wing.input_name: torch.from_numpy(np.concatenate([golden, more]))},
        path,
        dynamic={wing.input_name: wing.free_axes},
    )
    session = Session(path)
    priors = _priors(recipe, task.frequencies)
    validation = roles["validation"]
    logits = judged(session, wing, validation, place)
    temperature = fit_temperature(logits, [recipe.words.index(sample.emotion) for sample in validation])
    judge = Judge(recipe.words, temperature=temperature, priors=priors, judging=recipe.judging)
    judge.remember(validation, logits, part="validation")
    for corpus, part, status, samples in _tests(recipe, roles, data):
        logits = judged(session, wing, samples, place)
        judge.remember(samples, logits, part=part)
        judge.score(corpus, samples, logits, part=part, status=status)
    judge.write(place / "predictions.csv")

    card = Card(
        name=recipe.name,
        modality=recipe.modality,
        words=recipe.words,
        purpose=recipe.purpose,
        not_for=recipe.not_for,
        licence=recipe.licence,
        version=recipe.version,
        sha256=sha256(path),
        corpora=tuple(_corpus(use, roles) for use in recipe.corpora),
        split=recipe.split,
        protocol=_protocol(recipe, history, len(validation), temperature),
        scores=tuple(judge.scores),
        confusion=tuple(tuple(int(n) for n in row) for row in judge.confusion),
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
            "command": " ".join(["visavox train", recipe.name, *(f"--set {k}={v}" for k, v in _set(overrides))]),
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "seconds": round(history.seconds),
            "epoch": history.best,
            "epochs": len(history.rows),
            "validation": {k: round(v, 4) for k, v in history.rows[history.best - 1].items() if k != "seconds"},
            "parameters": sum(p.numel() for p in network.parameters()),
            "milliseconds": round(_milliseconds(session, golden), 2),
            "onnx_difference": float(f"{difference:.2g}"),
            "versions": _versions(),
        },
    )
    _write_text(place / f"{recipe.name}.json", card.to_json())
    if install:
        put(path)
    return Trained(card, path, history)


def put(path: Path) -> Path:
    """Copies a trained model and its card into the package, where `visavox.load` finds them by name.

    Returns:
        The place of the model's copy.
    """
    models = Path(__file__).resolve().parent / "models"
    models.mkdir(exist_ok=True)
    for source in (path, path.with_suffix(".json")):
        temporary = models / (source.name + ".part")
        shutil.copyfile(source, temporary)
        os.replace(temporary, models / source.name)
    return models / path.name


def split(recipe: Recipe, data: str | os.PathLike[str] | Sequence[str] | None = None) -> dict[str, list[Sample]]:
    """The clips of a recipe by what they are for: "train", "validation", "test".

    Words that the recipe does not know are left out, calm counts as neutral where the recipe has no calm.

    Raises:
        TrainingError: a person, or a performance, would be on two sides; or nothing is left to learn from.
        DataError: a corpus is missing.
    """
    roles: dict[str, list[Sample]] = {role: [] for role in ROLES}
    for use in recipe.corpora:
        left = _known(recipe, datasets.load(use.name, data), use.exclude, use.words)
        for role in ("test", "validation", "train"):
            wanted: Mapping[str, Sequence[object]] = getattr(use, role)
            taken = datasets.select(left, wanted) if wanted or role == "train" else []
            inside = {id(sample) for sample in taken}
            left = [sample for sample in left if id(sample) not in inside]
            roles[role] += _few(taken, recipe.limit)
    for column in ("speaker", "take"):
        sides: dict[str, str] = {}
        for role in ROLES:
            for key in sorted({str(getattr(s, column)) for s in roles[role] if getattr(s, column) is not None}):
                if sides.setdefault(key, role) != role:
                    raise TrainingError(
                        f"{recipe.name}: {column} {key} would be in {sides[key]} and in {role}; "
                        f"name it on one side, or leave it out with exclude"
                    )
    for role in ("train", "validation"):
        if not roles[role]:
            raise TrainingError(f"{recipe.name}: no clip is left for {role}; look at the recipe's [[corpora]]")
    return roles


def judged(session: Session, wing: Wing, samples: Sequence[Sample], folder: Path) -> NDArray[np.float64]:
    """Logits [n, k] of an exported network for samples, in their order."""
    parts = [session(batch)[0] for batch in wing.inputs(samples, folder=folder)]
    return np.concatenate(parts).astype(np.float64)


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
        array([[0.81602424, 0.53389335, 0.5254394 ]], dtype=float32)
    """
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    unit = (z >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
    return (np.float32(low) + unit * np.float32(high - low)).reshape(tuple(shape)).astype(np.float32)


def _wing(recipe: Recipe) -> Wing:
    module, name = WINGS[recipe.modality]
    make = getattr(importlib.import_module(module), name)
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


def _known(
    recipe: Recipe,
    samples: Sequence[Sample],
    exclude: Mapping[str, Sequence[object]],
    words: Sequence[str] = (),
) -> list[Sample]:
    """Samples that are not excluded and whose words the recipe knows, calm folded into neutral where it must be."""
    out = {id(s) for s in datasets.select(samples, exclude)} if exclude else set()
    result = []
    for sample in samples:
        word = sample.emotion
        if word not in recipe.words:
            word = emotions.FOLDED.get(word, word)
        if id(sample) in out or word not in recipe.words or (words and sample.emotion not in words):
            continue
        result.append(sample if word == sample.emotion else dataclasses.replace(sample, emotion=word))
    return result


def _tests(
    recipe: Recipe, roles: Mapping[str, Sequence[Sample]], data: str | os.PathLike[str] | Sequence[str] | None
) -> Iterator[tuple[str, str, Status, list[Sample]]]:
    """What the finished model is judged on: corpus, part, status, clips."""
    for use in recipe.corpora:
        if here := [sample for sample in roles["test"] if sample.corpus == use.name]:
            yield use.name, "test", "held-out", here
    for unseen in recipe.unseen:
        samples = datasets.select(datasets.load(unseen.name, data), unseen.select)
        yield unseen.name, "all", "out-of-sample", _few(_known(recipe, samples, unseen.exclude), recipe.limit)


def _few(samples: list[Sample], limit: int) -> list[Sample]:
    """At most so many of the samples, from all over; all for 0."""
    return samples[:: max(1, len(samples) // limit)][:limit] if limit else samples


def _priors(recipe: Recipe, frequencies: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    life = np.array([recipe.life.get(word, 0.01) for word in recipe.words])
    return {
        "corpus": np.maximum(frequencies, 1e-4) / np.maximum(frequencies, 1e-4).sum(),
        "uniform": np.full(len(recipe.words), 1 / len(recipe.words)),
        "life": life / life.sum(),
    }


def _corpus(use: Use, roles: Mapping[str, Sequence[Sample]]) -> Corpus:
    about = datasets.corpus(use.name).ABOUT
    here = {role: [s for s in roles[role] if s.corpus == use.name] for role in ROLES}
    speakers = {s.speaker for s in here["train"] if s.speaker is not None}
    used = [f"{role}: {len(here[role])} clips{_where(getattr(use, role))}" for role in ROLES if here[role]]
    if use.exclude:
        used.append(f"left out: {_where(use.exclude).strip(' ()')}")
    return Corpus(
        name=use.name,
        licence=about.licence,
        used="; ".join(used),
        clips=len(here["train"]),
        speakers=len(speakers) or None,
        credit=about.credit,
    )


def _where(wanted: Mapping[str, Sequence[object]]) -> str:
    text = ", ".join(f"{column} {' '.join(map(str, values))}" for column, values in wanted.items())
    return f" ({text})" if text else ""


def _protocol(recipe: Recipe, history: History, validation: int, temperature: float) -> str:
    schedule = recipe.training
    return (
        f"{schedule.epochs} epochs of AdamW (one cycle, averaged weights); epoch {history.best} chosen and the "
        f"temperature ({temperature:.3f}) fitted on {validation} validation clips; test clips judged once, whole, with prior "
        f"{recipe.judging.prior}; intervals: 95 % of {recipe.judging.draws} bootstrap draws of speakers, or of clips "
        f"where the corpus knows no speakers."
    )


def _milliseconds(session: Session, example: NDArray[np.float32]) -> float:
    """Median time of one input on one thread, in milliseconds."""
    times = []
    for _ in range(60):
        began = time.perf_counter()
        session(example)
        times.append(time.perf_counter() - began)
    return float(np.median(times[10:])) * 1000


def _versions() -> dict[str, str]:
    result = {"python": platform.python_version()}
    for name in ("visavox", "torch", "onnx", "onnxruntime", "numpy"):
        try:
            result[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return result


def _set(overrides: Mapping[str, object] | Sequence[str]) -> list[tuple[str, object]]:
    return sorted(parse_overrides(overrides).items())


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def _make(kind: type[Any], table: Mapping[str, Any], where: str) -> Any:
    """A dataclass from a TOML table, lists as tuples; what it does not know or lacks is an OptionError."""
    known = {item.name: item for item in dataclasses.fields(kind)}
    for key in table:
        if key not in known:
            raise OptionError.one_of(f"a key of {where}", key, (name for name in known if name != "text"))
    for name, item in known.items():
        bare = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        if bare and name not in table:
            raise OptionError(f"{where[:1].upper()}{where[1:]} needs a value for {name!r}.")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
