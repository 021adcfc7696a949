"""A recipe as its TOML text, whole and with everything that was changed, as a run folder keeps it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from visavox import files
from visavox.errors import TrainingError
from visavox.recipes.recipe import changed, tables
from visavox.training.loop import WITHOUT_EFFECT

KEPT = "recipe.toml"
"""The file of a run folder that holds its recipe."""

LEARNED_FROM = (
    "modality", "words", "corpora", "network", "input", "augmentation", "loss", "training", "further", "start", "leaks",
    "limit", "members", "fusion",
)  # fmt: skip
"""Keys of a recipe that decide what is learned; a run cannot go on with another value of one of them."""


def whole(text: str, overrides: Mapping[str, object] | Sequence[str] = ()) -> str:
    """The text of a recipe with values put in place of others; its comments are gone.

    Example:
        >>> print(whole('name = "trial"', ["training.epochs=1"]))
        name = "trial"
        <BLANKLINE>
        [training]
        epochs = 1
        <BLANKLINE>
    """
    return toml(changed(text, overrides))


def toml(table: Mapping[str, Any]) -> str:
    """A table as TOML text: values first, then tables, then lists of tables, each in the order given."""
    plain = {key: value for key, value in table.items() if not _is_table(value) and not _are_tables(value)}
    parts = ["".join(f"{_key(key)} = {_value(value)}\n" for key, value in plain.items())]
    for key, value in table.items():
        entries: Sequence[Mapping[str, Any]] = [value] if _is_table(value) else value if _are_tables(value) else []
        head = f"[{_key(key)}]" if _is_table(value) else f"[[{_key(key)}]]"
        for entry in entries:
            parts.append(f"{head}\n" + "".join(f"{_key(name)} = {_value(one)}\n" for name, one in entry.items()))
    return "\n".join(part for part in parts if part)


def keep(text: str, folder: str | os.PathLike[str]) -> Path:
    """Writes a recipe into a run folder, before anything is trained there.

    Args:
        text: of the whole recipe (`whole`).
        folder: made if absent.

    Returns:
        The file.

    Raises:
        TrainingError: the folder was begun with a recipe that learns something else.
    """
    path = Path(folder) / KEPT
    if path.is_file():
        then, now = (_decisive(tables(one)) for one in (path.read_text(encoding="utf-8"), text))
        differing = [key for key in LEARNED_FROM if then.get(key) != now.get(key)]
        if differing:
            raise TrainingError(
                f"{path}: this folder was begun with another recipe ({', '.join(differing)} differ); "
                f"name another run folder or remove it"
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.written(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def slug(name: str) -> str:
    """A name as part of a path.

    Example:
        >>> slug("dropout .1, no pool")
        'dropout-.1-no-pool'
    """
    return re.sub(r"[^\w.+-]+", "-", name).strip("-") or "-"


def _decisive(table: Mapping[str, Any]) -> dict[str, Any]:
    """What of a recipe decides what is learned."""
    found = {key: table[key] for key in LEARNED_FROM if key in table}
    for key in ("training", "further"):
        parts = found.get(key, {})
        kept = [{name: one for name, one in part.items() if name not in WITHOUT_EFFECT} for part in _listed(parts)]
        found[key] = kept
    return found


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [value] if isinstance(value, Mapping) else list(value)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _are_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | os.PathLike):
        return _text(os.fspath(value))
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(key))} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return repr(value)
