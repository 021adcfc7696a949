"""A recipe as data: what a model learns from whom, how it is judged and what it is for, as its TOML file says it."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from visavox import emotions, protocols
from visavox.errors import InputError, OptionError
from visavox.recipes.judging import Judging
from visavox.training import Schedule, Storage

MODALITIES = ("face", "voice", "body", "fused")
"""What a recipe can teach."""

Through = Literal["network", "recognizer", "analyze"]
"""What may judge the clips of an unseen corpus: see `Unseen`."""

LEAKING = """
For a comparison with published figures alone, not to be used: nothing was left out of the training part, so copies of \
test clips were learned from where the corpus has such."""
"""What the card of a recipe that leaks says of its split."""


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
        beside: corpora that hold the same performances: what a clip lacks, as a voice lacks its face, is taken from
            their clip of the same take. For fusions.
    """

    name: str
    test: Mapping[str, Sequence[object]] = field(default_factory=dict)
    validation: Mapping[str, Sequence[object]] = field(default_factory=dict)
    train: Mapping[str, Sequence[object]] = field(default_factory=dict)
    exclude: Mapping[str, Sequence[object]] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """A corpus that is only judged on: out of sample. One that is not at hand is left out, and the card says so.

    Args:
        name: of the corpus.
        select: clips that are judged, as in `Use`; all where nothing is said.
        exclude: as in `Use`.
        through: what judges its clips. "network": each is one input, as in training. "recognizer": the finished model,
            a clip's pictures pooled. "analyze": the clips' files, by the cells of `visavox.analyze`. The last two are
            how people use it: all words may be answered, and the rows are few (`visavox.recipes.in_use`).
    """

    name: str
    select: Mapping[str, Sequence[object]] = field(default_factory=dict)
    exclude: Mapping[str, Sequence[object]] = field(default_factory=dict)
    through: Through = "network"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A variant of a recipe, to be trained beside it: one row of the table that a report has of its modifications.

    Args:
        name: of the variant, as the table calls it.
        set: what it changes: values by dotted key, as overrides are (`read`). Tables in it stand for their keys.
        reported: what the report gives for it, the share judged right (0..1); None where it gives nothing.
    """

    name: str
    set: Mapping[str, Any] = field(default_factory=dict)
    reported: float | None = None


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
        members: of a fusion, by source (`visavox.recipes.members`).
        fusion: of a fusion: how members are joined (`visavox.recipes.fusing`).
        training: the schedule.
        further: schedules of further networks, each trained from scratch; what is used is the mean of all. In TOML,
            `[[further]]` holds what differs from `[training]`; at least the seed should.
        settle: whether the norms' statistics are measured anew on the training clips as they are (`training.settle`);
            for wings that give their inputs in batches.
        judging: how it is judged.
        leaks: whether what the recipe excludes is learned from nevertheless, and a performance may be on two sides, as
            in most published figures: for a comparison, never to be used, and the card says so. The name then ends in
            "-with-copies".
        start: a model with which training begins, a shipped one's name or a path (`visavox.zoo.load`); what of the
            network it does not fit begins anew. Empty: all does.
        storage: of weights in the model's file, "float32" or "float16" (`visavox.training.export`).
        limit: most clips of each role and corpus; 0 for all. For trials.
        reported: what the system's report gives for this row: values (0..1) by metric, and a `note`.
        sweep: variants that can be trained beside it (`visavox train NAME --sweep`), in the order of their table.
        text: the TOML file's text.
    """

    name: str
    modality: Literal["face", "voice", "body", "fused"]
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
    members: Mapping[str, Any] = field(default_factory=dict)
    fusion: Mapping[str, Any] = field(default_factory=dict)
    training: Schedule = field(default_factory=Schedule)
    further: tuple[Schedule, ...] = ()
    settle: bool = False
    judging: Judging = field(default_factory=Judging)
    leaks: bool = False
    start: str = ""
    storage: Storage = "float32"
    limit: int = 0
    reported: Mapping[str, object] = field(default_factory=dict)
    sweep: tuple[Sweep, ...] = ()
    text: str = ""


def find(name: str | os.PathLike[str]) -> Path:
    """The file of a recipe: a path, or a name in `recipes/` here, in the checkout or in the package.

    Raises:
        InputError: there is none; the message names those there are.
    """
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return path
    package = Path(__file__).resolve().parents[1]
    places = [Path("recipes"), package / "recipes_data", package.parents[1] / "recipes"]
    for place in places:
        if (place / f"{name}.toml").is_file():
            return place / f"{name}.toml"
    known = sorted({str(f.relative_to(p).with_suffix("")) for p in places for f in p.rglob("*.toml")})
    raise InputError(f"{name}: no such recipe; name a .toml file or one of {', '.join(known) or 'none (no recipes/)'}")


def text_of(name: str | os.PathLike[str]) -> str:
    """The text of a recipe, by path or name (`find`).

    Raises:
        InputError: there is none, or it is not text.
        OptionError: it is not TOML.
    """
    path = find(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a recipe that can be read ({error}).") from None
    tables(text)
    return text


def read(text: str, overrides: Mapping[str, object] | Sequence[str] = ()) -> Recipe:
    """A recipe from its TOML text.

    Args:
        text: TOML.
        overrides: values put in place of the recipe's, by dotted key: a mapping, or "training.epochs=1" strings.

    Raises:
        OptionError: the text is not TOML, or a key or value is none that recipes know.
    """
    table = changed(text, overrides)
    table["corpora"] = tuple(make(Use, item, "corpora") for item in table.get("corpora", ()))
    table["unseen"] = tuple(make(Unseen, item, "unseen") for item in table.get("unseen", ()))
    training = table.get("training", {})
    table["training"] = make(Schedule, training, "training")
    table["further"] = tuple(make(Schedule, {**training, **item}, "further") for item in table.get("further", ()))
    table["judging"] = make(Judging, table.get("judging", {}), "judging")
    table["sweep"] = tuple(_sweep(item) for item in table.get("sweep", ()))
    recipe: Recipe = make(Recipe, {**table, "text": text}, "a recipe")
    if recipe.modality not in MODALITIES:
        raise OptionError.one_of("modality", recipe.modality, MODALITIES)
    if recipe.storage not in get_args(Storage):
        raise OptionError.one_of("storage", recipe.storage, get_args(Storage))
    if not recipe.corpora:
        raise OptionError("A recipe needs at least one [[corpora]] to learn from.")
    for word in recipe.words:
        if (ours := emotions.word(word)) != word:
            raise OptionError(f"Bad value {word!r} for words: it is called {ours!r} here.")
    if recipe.leaks:
        every = tuple(dataclasses.replace(use, exclude={}) for use in recipe.corpora)
        recipe = dataclasses.replace(recipe, name=f"{recipe.name}-with-copies", corpora=every, split=LEAKING)
    for unseen in recipe.unseen:
        if unseen.through not in get_args(Through):
            raise OptionError.one_of("unseen.through", unseen.through, get_args(Through))
    for metric in recipe.judging.metrics:
        if metric not in protocols.METRICS:
            raise OptionError.one_of("judging.metrics", metric, protocols.METRICS)
    return recipe


def changed(text: str, overrides: Mapping[str, object] | Sequence[str] = ()) -> dict[str, Any]:
    """A recipe's tables with values put in place of others, as `read` does it.

    Example:
        >>> changed('name = "trial"', ["training.epochs=1"])
        {'name': 'trial', 'training': {'epochs': 1}}

    Raises:
        OptionError: the text is not TOML, or a key leads through what is no table.
    """
    table = tables(text)
    for key, value in parse_overrides(overrides).items():
        *parents, last = key.split(".")
        inner = table
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise OptionError(f"Bad value {key!r} for an override: {parent} is not a table of the recipe.")
        inner[last] = value
    return table


def tables(text: str) -> dict[str, Any]:
    """A recipe's text as TOML tables.

    Raises:
        OptionError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"The recipe is not TOML ({error}).") from None


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


def _sweep(table: Mapping[str, Any]) -> Sweep:
    """A variant from its table, what it sets by dotted key."""
    item: Sweep = make(Sweep, table, "sweep")
    if not isinstance(item.set, Mapping) or not isinstance(item.reported, int | float | None):
        raise OptionError(f"Bad value for set or reported in sweep {item.name!r}: expected a table, and a number.")
    return dataclasses.replace(item, set=by_key(item.set))


def by_key(table: Mapping[str, Any], front: str = "") -> dict[str, Any]:
    """Nested tables as values by dotted key."""
    result: dict[str, Any] = {}
    for key, value in table.items():
        result.update(by_key(value, f"{front}{key}.") if isinstance(value, Mapping) else {f"{front}{key}": value})
    return result


def make(kind: type[Any], table: Mapping[str, Any], where: str) -> Any:
    """A dataclass from a TOML table, lists as tuples; what it does not know or lacks is an OptionError."""
    known = {item.name: item for item in dataclasses.fields(kind)}
    for key in table:
        if key not in known:
            raise OptionError.one_of(f"a key of {where}", key, (name for name in known if name != "text"))
    for name, item in known.items():
        bare = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        if bare and name not in table:
            raise OptionError(f"{where[:1].upper()}{where[1:]} needs a value for {name!r}.")
        if name in table and isinstance(item.default, int | float | str):
            kinds = (int, float) if isinstance(item.default, float) else (type(item.default),)
            if not isinstance(table[name], kinds) or (isinstance(table[name], bool) and bool not in kinds):
                wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[
                    type(item.default)
                ]
                raise OptionError(f"Bad value {table[name]!r} for {name} in {where}: expected {wanted}.")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
