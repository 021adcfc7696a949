"""The pages of the published systems: their rows under the report's split, and with speakers apart."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import cast

from visavox.errors import OptionError
from visavox.reproduce.systems.plan import Setting, System
from visavox.reproduce.systems.running import Page, run
from visavox.reproduce.systems.sizing import seconds

__all__ = ["SYSTEMS", "Page", "Setting", "System", "run", "seconds", "system"]

SYSTEMS: Mapping[str, str] = {
    name: f"visavox.reproduce.systems.{name}" for name in ("mobel", "lrcn", "tutorial", "stacking", "sistcm")
}
"""The registry: a system's name and the module that holds its plan."""


def system(name: str) -> System:
    """A system's plan.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in SYSTEMS:
        raise OptionError.one_of("system", name, SYSTEMS)
    return cast(System, importlib.import_module(SYSTEMS[name]).SYSTEM)
