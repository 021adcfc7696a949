"""A fusion's weights, fitted where no member has learned: on pairs of a face and a voice that show the same word.

No corpus at hand holds faces and voices that neither member has met. What there is are the members' own validation
clips, from which no network learned, and by which none was chosen where the last epoch is kept: a picture of one person
and a sound of another are paired by their word, at random, and the powers of the log-linear pool are those that make
the true words of the pairs most probable. It is then judged once on pairs of the members' test clips.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavox import protocols
from visavox.calibration import calibrated
from visavox.datasets import Data
from visavox.emotions import WORDS, project
from visavox.errors import OptionError
from visavox.fusion import RULES, Fusion, align, fit_weights
from visavox.recipes.judging import confidence
from visavox.recipes.making import versions
from visavox.recipes.recipe import make, read
from visavox.recipes.roles import split
from visavox.recipes.teaching import judged, make_wing
from visavox.recognizer import Card, Corpus, Score
from visavox.session import Session

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """How many pairs are drawn, as many of each word, and the seed of the draws."""

    count: int = 7000
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class FusionRecipe:
    """What made a fusion, as its TOML file says it.

    Args:
        name: of the fusion.
        modality: "fused".
        members: models by source, each a name of a shipped model or the path of its card.
        pairs: how pairs are drawn.
        purpose: what it is for.
        not_for: what it is not for.
        licence: terms of the weights.
        version: of the fusion.
        text: the TOML file's text.
    """

    name: str
    modality: str
    members: Mapping[str, str]
    pairs: Pairs = field(default_factory=Pairs)
    purpose: str = ""
    not_for: str = ""
    licence: str = ""
    version: str = "1"
    text: str = ""


@dataclass(frozen=True)
class _Member:
    """What one member says of its held-out clips by role, its prior uniform; and which epoch of it was kept."""

    card: Card
    words: Mapping[str, NDArray[np.int64]]
    scores: Mapping[str, Floats]
    keep: str = "best"


def is_fusion(text: str) -> bool:
    """Whether a recipe's text is that of a fusion fitted on pairs; one with corpora of its own learns from clips."""
    table = tomllib.loads(text)
    return table.get("modality") == "fused" and "corpora" not in table


def fit_fusion(
    text: str,
    *,
    data: Data,
    folder: Path,
    overrides: Mapping[str, object],
) -> Card:
    """Fits what a fusion's recipe describes and writes its card to `folder`.

    Raises:
        OptionError: the recipe has a key that is not known, or a member whose model or corpora are missing.
        DataError: a corpus is missing.
    """
    table: dict[str, Any] = tomllib.loads(text)
    for key, value in overrides.items():
        parent, _, last = key.rpartition(".")
        (table.setdefault(parent, {}) if parent else table)[last] = value
    recipe: FusionRecipe = make(
        FusionRecipe, {**table, "pairs": make(Pairs, table.get("pairs", {}), "pairs"), "text": text}, "a fusion"
    )
    members = {source: _member(place, data, folder) for source, place in recipe.members.items()}
    scores, truth = _draw(members, "validation", recipe.pairs)
    weights = fit_weights(scores, truth.tolist())
    tests, test_truth = _draw(members, "test", recipe.pairs)
    joined = Fusion({}, weights=weights, sources=tuple(tests)).combine(tests)
    card = Card(
        name=recipe.name,
        modality="fused",
        words=WORDS,
        purpose=recipe.purpose,
        not_for=recipe.not_for,
        licence=recipe.licence,
        version=recipe.version,
        corpora=tuple(corpus for member in members.values() for corpus in _held_out(member.card)),
        split=" ".join(
            [
                "Validation clips of the members fit the weights, their test clips judge them. No member learned from "
                "either; on the validation clips its temperature was fitted.",
                *(_chosen(source, member) for source, member in members.items()),
            ]
        ),
        protocol=(
            f"{recipe.pairs.count} pairs of a face and a voice of the same word, as many of each word, drawn at random "
            f"(seed {recipe.pairs.seed}) from the validation clips; powers of greatest likelihood; judged once on as "
            f"many pairs of test clips, prior uniform; intervals: 95 % of 2000 bootstrap draws of pairs, which is too "
            f"narrow where few people stand behind them."
        ),
        scores=tuple(_scores(weights, tests, test_truth)),
        confusion=_confusion(joined, test_truth),
        confidence=(confidence(joined, test_truth, corpus="pairs", part="test", status="held-out"),),
        input={"weights": {source: round(value, 4) for source, value in weights.items()}, "rule": "log-linear"},
        recipe=text,
        made={
            "command": f"visavox train {recipe.name}",
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "members": {source: member.card.sha256 for source, member in members.items()},
            "versions": versions(),
        },
    )
    (folder / f"{recipe.name}.json").write_text(card.to_json(), encoding="utf-8")
    return card


def _member(place: str, data: Data, folder: Path) -> _Member:
    path = Path(place)
    if path.suffix != ".json":
        path = Path(__file__).resolve().parents[1] / "models" / f"{place}.json"
    card = Card.read(path)
    if not card.recipe:
        raise OptionError(f"{path}: the card of a fusion's member must hold the recipe that made it.")
    recipe = read(card.recipe)
    roles = split(recipe, data)
    wing, session = make_wing(recipe), Session(path.with_suffix(".onnx"), sha256=card.sha256)
    known = [word for word in WORDS if word in card.words]
    words, scores = {}, {}
    for role in ("validation", "test"):
        logits = judged(session, wing, roles[role], folder)
        uniform = calibrated(logits, card, "uniform")
        words[role] = np.array([WORDS.index(sample.emotion) for sample in roles[role]])
        scores[role] = align(project(uniform, card.words, known), known)
    return _Member(card, words, scores, recipe.training.keep)


def _chosen(source: str, member: _Member) -> str:
    if member.keep == "last":
        return f"The {source}'s last epoch was kept, so they chose nothing there."
    return f"The {source}'s epoch was chosen on its validation clips."


def _draw(members: Mapping[str, _Member], role: str, pairs: Pairs) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """Pairs of clips of the same word: what each member says [n, 7] by source, and the words [n]."""
    rng = np.random.default_rng([pairs.seed, len(role)])
    shared = [
        word for word in range(len(WORDS)) if all((member.words[role] == word).any() for member in members.values())
    ]
    truth = np.repeat(shared, pairs.count // len(shared))
    chosen = {
        source: np.concatenate(
            [rng.choice(np.flatnonzero(member.words[role] == word), pairs.count // len(shared)) for word in shared]
        )
        for source, member in members.items()
    }
    return {source: members[source].scores[role][rows] for source, rows in chosen.items()}, truth


def _scores(weights: Mapping[str, float], scores: Mapping[str, Floats], truth: NDArray[np.int64]) -> list[Score]:
    """The recall of each member alone, of each rule, and the calibration of the fitted one."""
    sources = tuple(scores)
    joined = {rule: Fusion({}, rule=rule, weights=weights, sources=sources).combine(scores) for rule in RULES}
    found = []
    for name, values in {**joined, **scores}.items():
        known = np.where(np.isnan(values), 0.0, values)
        draw = protocols.Bootstrap(truth, known.argmax(axis=1), None, words=len(WORDS))
        value = draw(protocols.uar)
        found.append(
            Score(
                corpus="pairs",
                part="test",
                metric=f"uar {name}",
                value=round(value.value, 4),
                low=round(value.low, 4),
                high=round(value.high, 4),
                clips=len(truth),
                chance=round(1 / len(np.unique(truth)), 4),
                note=f"{name} alone" if name in sources else "",
            )
        )
        if name == "log-linear":
            error = protocols.calibration_error(known, truth, None)
            low, high = round(error.low, 4), round(error.high, 4)
            note = "15 bins; smaller is better"
            found.append(Score("pairs", "test", "ece", round(error.value, 4), low, high, clips=len(truth), note=note))
    return found


def _confusion(joined: Floats, truth: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    counts = protocols.confusion(truth, joined.argmax(axis=1), len(WORDS))
    return tuple(tuple(int(value) for value in row) for row in counts)


def _held_out(card: Card) -> list[Corpus]:
    return [
        Corpus(item.name, item.licence, f"validation and test clips of {card.name}", 0, None, item.credit)
        for item in card.corpora
    ]
