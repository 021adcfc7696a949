"""What a recipe asks for, done: fitted, calibrated, exported, judged, and written down in a card.

`visavox.recipes.teaching` does the fitting and exporting; what is done here is the same for networks and classifiers.
"""

from __future__ import annotations

import dataclasses
import datetime
import importlib.metadata
import json
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from visavox import emotions
from visavox.calibration import fit_temperature
from visavox.datasets import Data
from visavox.errors import OptionError, require
from visavox.files import written
from visavox.recipes import in_use
from visavox.recipes.judging import Judge
from visavox.recipes.recipe import Recipe, parse_overrides, read, tables, text_of
from visavox.recipes.roles import ROLES, Roles, about, copied, corpora, given, held_out, judging_parts, split
from visavox.recipes.starting import start_of
from visavox.recipes.teaching import Taught, able, make_wing, teach
from visavox.recognizer import Card, Status
from visavox.session import sha256
from visavox.training import History


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
        recipe, sides = given(recipe, roles, random=random, data=data)
    say(f"{recipe.name}: " + ", ".join(f"{len(sides[role])} {role}" for role in ROLES))
    absent = in_use.absent(recipe, data)
    for name, why in absent.items():
        say(f"{recipe.name}: will not be judged on {name}: {why}")
    recipe = dataclasses.replace(recipe, unseen=tuple(use for use in recipe.unseen if use.name not in absent))
    start = start_of(recipe)
    knows = None if start is None else start.knows
    if start is not None:
        start.check(recipe, sides, data)
    path = place / f"{recipe.name}.onnx"
    if recipe.modality == "fused":
        from visavox.recipes import fusing  # it builds on this file

        sides, taught = fusing.teach(recipe, sides, path, data=data, random=random, progress=progress)
    else:
        wing = make_wing(recipe)
        sides = able(recipe, wing, sides, say)
        taught = teach(recipe, wing, sides, path, start=start, progress=progress)
    say(f"{recipe.name}: judging")
    priors = _priors(recipe, taught.frequencies)
    validation = sides["validation"]
    temperature, validated = 1.0, None
    if validation:
        logits = taught.says(validation)
        truth = [recipe.words.index(sample.emotion) for sample in validation]
        temperature = 1.0 if taught.is_calibrated else fit_temperature(logits, truth)
        validated = round(float(np.mean(logits.argmax(axis=1) == truth)), 4)
    expected = {**priors, "life": emotions.expected_in_life(priors["life"])}
    judge = Judge(recipe.words, temperature=temperature, priors=expected, judging=recipe.judging)
    if validation:
        judge.remember(validation, logits, part="validation")
    for corpus, part, status, samples in judging_parts(recipe, sides, data, random=random, knows=knows):
        logits = taught.says(samples)
        judge.remember(samples, logits, part=part)
        judge.score(about(corpus, data), samples, logits, part=part, status=status)
    for corpus, part, status, note, samples in copied(recipe, sides, data):
        prior = recipe.judging.prior
        chosen = judge.probabilities(taught.says(samples), prior).argmax(axis=1)
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
        sha256=sha256(path) if path.is_file() else "",
        corpora=(*corpora(recipe, sides, data), *(start.corpora() if start is not None else ())),
        split=recipe.split,
        protocol=_protocol(recipe, taught, len(validation), temperature, absent),
        scores=tuple(judge.scores),
        confusion=tuple(tuple(int(n) for n in row) for row in judge.confusion),
        confidence=tuple(judge.confidence),
        input=taught.input,
        temperature=temperature,
        priors={name: tuple(round(float(p), 6) for p in prior) for name, prior in priors.items()},
        golden=taught.golden,
        recipe=recipe.text,
        made={
            **_made_by(recipe, overrides, None if roles is None else sides),
            **({} if start is None else {"start": start.told}),
            **taught.more,
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "seconds": round(sum(history.seconds for history in taught.histories)),
            "networks": [
                {"epochs": len(h.rows), **{k: round(v, 4) for k, v in h.rows[h.best - 1].items() if k != "seconds"}}
                for h in taught.histories
            ],
            "validation_accuracy": validated,
            "parameters": taught.parameters,
            "milliseconds": taught.milliseconds,
            "onnx_difference": float(f"{taught.difference:.2g}"),
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
    kept = path if path.is_file() else path.with_suffix(".json")  # a rule of fusion that is all in its card
    return Trained(card, kept, taught.histories[0] if taught.histories else History())


def put(path: Path) -> Path:
    """Copies a trained model and its card into the package, where `visavox.load` finds them by name.

    Returns:
        The place of the model's copy.
    """
    models = Path(__file__).resolve().parents[1] / "models"
    models.mkdir(exist_ok=True)
    for source in sorted({path, path.with_suffix(".json")}):
        with written(models / source.name) as part:
            shutil.copyfile(source, part)
    return models / path.name


def _run_folder(folder: str | os.PathLike[str] | None, name: str) -> Path:
    place = Path(folder) if folder is not None else Path("runs") / name
    place.mkdir(parents=True, exist_ok=True)
    return place


def _priors(recipe: Recipe, frequencies: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """How often each word is right, as a card holds it: in training, alike, in life."""
    return {
        "corpus": np.maximum(frequencies, 1e-4) / np.maximum(frequencies, 1e-4).sum(),
        "uniform": np.full(len(recipe.words), 1 / len(recipe.words)),
        "life": emotions.life_prior(recipe.words),
    }


def _protocol(recipe: Recipe, taught: Taught, validation: int, temperature: float, absent: Collection[str]) -> str:
    fitted = f"and the temperature ({temperature:.3f}) fitted, on {validation} validation clips"
    if taught.is_calibrated:
        fitted = f"calibrated on {validation} validation clips"
    return (
        f"{taught.told}, {fitted if validation else 'nobody held out to calibrate on'}; "
        f"test clips judged once, whole, with prior {recipe.judging.prior}; intervals: 95 % of "
        f"{recipe.judging.draws} bootstrap draws of speakers, or of clips, those of one performance together, where "
        f"the corpus knows no speakers"
        f"{'; not at hand, so not judged: ' + ', '.join(absent) if absent else ''}."
    )


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
    with written(path) as part:
        part.write_text(text, encoding="utf-8")
