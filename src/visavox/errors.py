"""Everything that visavox raises on purpose, one tree.

    VisavoxError
    ├── InputError             a recording, table or folder that cannot be used
    ├── OutputError            a place that cannot be written
    ├── OptionError            a value that an option does not take (also a ValueError)
    ├── WeightsError           weights that are missing, half there, or not the ones named
    ├── ModelError             a model file that cannot be loaded or does not fit its card
    ├── DataError              a corpus that is missing or not laid out as expected
    │   └── LeakError          a test that would meet in training whom or what it judges
    ├── TrainingError          a training that cannot go on
    └── MissingExtraError      an optional library that is not installed (also an ImportError)

Each message is one sentence or two: what, where, what to do.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable


class VisavoxError(Exception):
    """The root: catch this to catch everything that visavox says about its input."""


class InputError(VisavoxError):
    """A recording, table or folder that cannot be used."""


class OutputError(VisavoxError):
    """A file or folder that cannot be written."""


class OptionError(VisavoxError, ValueError):
    """A value that an option does not take."""

    @classmethod
    def one_of(cls, option: str, value: object, allowed: Iterable[object]) -> OptionError:
        """The error for a value that is not among the allowed ones.

        Example:
            >>> str(OptionError.one_of("prior", "zero", ["uniform", "life"]))
            "Bad value 'zero' for prior: expected one of uniform, life."
        """
        return cls(f"Bad value {value!r} for {option}: expected one of {', '.join(map(str, allowed))}.")


class WeightsError(VisavoxError):
    """Weights that are missing, half there, or not the ones named."""


class ModelError(VisavoxError):
    """A model file that cannot be loaded or does not fit its card."""


class DataError(VisavoxError):
    """A corpus that is missing or not laid out as expected."""


class LeakError(DataError):
    """A test that would meet in training whom, or what, it judges."""


class TrainingError(VisavoxError):
    """A training that cannot go on."""


class MissingExtraError(VisavoxError, ImportError):
    """An optional library that is not installed."""


def require(extra: str, *modules: str, what: str) -> None:
    """Asks for the libraries of an optional part.

    Args:
        extra: Name of the extra in square brackets, for example ``"train"``.
        modules: Top-level modules that must be importable.
        what: The part that needs them, as the user called it.

    Raises:
        MissingExtraError: If one of them is not installed; the message holds the command that installs it.
    """
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingExtraError(f"{what} needs {', '.join(missing)}: pip install 'visavox[{extra}]'")
