"""What can be judged under a protocol, from what the caller names."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from visavox.datasets import Data
from visavox.errors import InputError, OptionError
from visavox.evaluation.judges import AsItIs, Given, Refitted
from visavox.evaluation.met import parts
from visavox.evaluation.trained import Trained
from visavox.fusion.folds import can_fit
from visavox.protocols import Protocol
from visavox.recognizer import Card, Prior, Recognizer

System = AsItIs | Refitted | Trained | Given
"""What can be judged."""


def make(
    system: Recognizer | str | os.PathLike[str],
    protocol: Protocol,
    *,
    data: Data,
    folder: str | os.PathLike[str] | None,
    tell: bool,
    overrides: Mapping[str, object] | None = None,
) -> AsItIs | Refitted | Trained:
    """What can be judged, from a recognizer, a model's name or path, or a recipe's.

    Raises:
        OptionError: it is none of these, or there are overrides and it is no recipe.
        ModelError: the model cannot be loaded.
    """
    from visavox import recipes, zoo

    if isinstance(system, Recognizer):
        if overrides:
            raise OptionError("Only a recipe can be trained with other values: name a recipe, or give no overrides.")
        name = system.card.name if system.card is not None else type(system).__name__
        # A card that names no corpus is that of something fitted in memory, which must forget what it learned.
        fixed = bool(system.card is not None and system.card.corpora) or not can_fit(system)
        return AsItIs(name, system) if fixed else Refitted(name, system)
    text = os.fspath(system)
    if text in zoo.names() or text.endswith((".onnx", ".json")) or Path(text).is_dir():
        if overrides:
            raise OptionError(f"{text} is a model: only a recipe can be trained with other values.")
        card = zoo.card(text)
        prior = _judging_prior(card)
        return AsItIs(card.name, zoo.load(text, prior=prior), [f"Probabilities stand under the prior {prior!r}."])
    try:
        recipes.find(text)
    except InputError as error:
        known = ", ".join(zoo.names())
        raise OptionError(
            f"{text}: neither a shipped model ({known}) nor a model's path nor a recipe ({error})."
        ) from None
    return Trained(text, protocol, data, folder, tell, overrides=overrides or {})


def own_baseline(system: System) -> str:
    """The baseline that a recognizer, or one inside it, takes out by itself; "none" where there is none."""
    if isinstance(system, Given):
        return system.baseline
    kinds = []
    for part in parts(system.recognizer) if not isinstance(system, Trained) else ():
        baseline = getattr(part, "baseline", "none")
        kinds.append(str(getattr(baseline, "kind", baseline)))
    return "+".join(dict.fromkeys(kind for kind in kinds if kind in ("enrolment", "self"))) or "none"


def _judging_prior(card: Card) -> Prior:
    """The prior under which a card's scores were measured: its recipe's; uniform where it does not say."""
    try:
        prior = tomllib.loads(card.recipe).get("judging", {}).get("prior", "corpus")
    except tomllib.TOMLDecodeError:
        return "uniform"
    return prior if card.modality != "fused" and card.recipe and prior in get_args(Prior) else "uniform"
