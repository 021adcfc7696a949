"""A recipe (TOML) to a trained, calibrated, judged model with its card."""

from visavox.recipes.judging import Judge, Judging
from visavox.recipes.making import Trained, put, run
from visavox.recipes.recipe import Recipe, Sweep, Unseen, Use, find, parse_overrides, read
from visavox.recipes.roles import split
from visavox.recipes.teaching import Wing, WingTask, golden_input, judged, make_wing

__all__ = [
    "Judge",
    "Judging",
    "Recipe",
    "Sweep",
    "Trained",
    "Unseen",
    "Use",
    "Wing",
    "WingTask",
    "find",
    "golden_input",
    "judged",
    "make_wing",
    "parse_overrides",
    "put",
    "read",
    "run",
    "split",
]
