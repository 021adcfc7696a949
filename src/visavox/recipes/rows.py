"""The rows of the published systems: what each is, found by walking `recipes/`."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visavox import datasets
from visavox.errors import require
from visavox.recipes.recipe import Recipe, by_key, read, tables, text_of
from visavox.training import parameters_of

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Row:
    """One network, classifier or fusion of a published system.

    Args:
        id: system and row ("lrcn/cnn1d"), by which its recipe is found.
        path: of the recipe.
        text: of the recipe.
        modality: what is judged: "face", "voice", "body" or "fused".
        words: of its outputs, in order.
        inputs: what it takes, by the recipe's kinds: `kind`, `wants`, `shape`; of a fusion, its members.
        licence: of its weights.
        reported: values by metric that the system's report gives, and a note.
    """

    id: str
    path: Path
    text: str
    modality: str
    words: tuple[str, ...]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    reported: Mapping[str, Any] = field(default_factory=dict)


def folders() -> tuple[Path, ...]:
    """Where recipes lie: in the package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    return package / "recipes_data", package.parents[1] / "recipes"


def rows() -> Iterator[Row]:
    """All rows whose recipe is there, by system and row.

    They are the recipes in folders, but for a corpus's own, which lie in a folder of its name.
    """
    found: dict[str, Path] = {}
    for folder in folders():
        for path in folder.glob("*/*.toml"):
            found.setdefault(f"{path.parent.name}/{path.stem}", path)
    for name, path in sorted(found.items()):
        if path.parent.name in datasets.names():
            continue
        text = path.read_text(encoding="utf-8")
        table = tables(text)
        yield Row(
            id=name,
            path=path,
            text=text,
            modality=str(table.get("modality", "")),
            words=tuple(table.get("words", ())),
            inputs=_inputs(table),
            licence=" ".join(str(table.get("licence", "")).split()),
            reported=table.get("reported", {}),
        )


def parameters(row: Row) -> int | None:
    """How many numbers a row's network holds, counted as Keras counts them: what norms measure is among them.

    Nothing is computed and no weights are drawn: the network is built without memory for them.

    Args:
        row: of `rows`.

    Returns:
        Parameters, and the running means and variances of norms; of a fusion by a network, those of that network alone.
        None where that is known only after fitting, as of a classifier.

    Raises:
        MissingExtraError: torch is not installed.
    """
    from visavox.recipes import classic
    from visavox.recipes.teaching import KINDS, make_wing

    recipe = read(row.text)
    rule = recipe.fusion.get("rule")
    joins = isinstance(rule, Mapping) and "network" in rule
    if classic.is_classic(recipe) or (row.modality not in KINDS and not joins):
        return None
    require("train", "torch", what="counting the parameters of networks")
    import torch

    with torch.device("meta"):
        return parameters_of(_joining(recipe) if joins else make_wing(recipe).network())


def _joining(recipe: Recipe) -> torch.nn.Module:
    """The network that joins the members of a fusion."""
    from visavox.recipes.heads import NETWORKS, TRAINING

    options = {key: tuple(one) if isinstance(one, list) else one for key, one in recipe.fusion["rule"].items()}
    module, name = NETWORKS[str(options.pop("network"))].split(":")
    own = {key: one for key, one in options.items() if key not in TRAINING}
    feature = recipe.fusion.get("level") == "feature"
    width = sum(_width(member) if feature else len(recipe.words) for member in recipe.members.values())
    made: torch.nn.Module = getattr(importlib.import_module(module), name)(
        words=len(recipe.words), shape=(width,), **own
    )
    return made


def _width(member: str | Mapping[str, Any]) -> int:
    """How many features a member of a fusion gives: a network's inner values, or all that a classifier is given."""
    import torch

    from visavox.recipes import classic
    from visavox.recipes.members import described
    from visavox.recipes.teaching import make_wing

    told: Any = described(member)
    recipe = read(text_of(told["recipe"]), by_key(told.get("set", {})))
    wing = make_wing(recipe)
    shape = wing.golden[0][1:]
    if classic.is_classic(recipe):
        units = int(recipe.network.get("reduced", 0))
        return shape[0] * units if units else math.prod(shape)
    with torch.no_grad():
        features = wing.network().eval()(torch.zeros(1, *shape))[1]
    return int(features.shape[1])


def _inputs(table: Mapping[str, Any]) -> dict[str, Any]:
    """What a recipe's network takes; of a fusion, its members."""
    from visavox.recipes.teaching import KINDS

    if table.get("modality") not in KINDS or "kind" not in table.get("input", {}):
        return dict(table.get("members") or table.get("input", {}))
    made = importlib.import_module(KINDS[table["modality"]]).KINDS.input(table["input"])
    return {"kind": table["input"]["kind"], "wants": made.wants, "shape": list(made.shape)}
