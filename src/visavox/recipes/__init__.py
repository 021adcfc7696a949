"""A recipe (TOML) to a trained, calibrated, judged model with its card."""

from visavox.recipes.judging import Judge, Judging
from visavox.recipes.making import Trained, Wing, WingTask, golden_input, judged, put, run
from visavox.recipes.recipe import Recipe, Unseen, Use, find, parse_overrides, read
from visavox.recipes.roles import split

__all__ = [
    "Judge",
    "Judging",
    "Recipe",
    "Trained",
    "Unseen",
    "Use",
    "Wing",
    "WingTask",
    "find",
    "golden_input",
    "judged",
    "parse_overrides",
    "put",
    "read",
    "run",
    "split",
]
