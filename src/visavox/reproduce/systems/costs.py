"""What a row takes on this machine, measured on few of its clips before its training is sized."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from visavox.datasets import Data, Sample
from visavox.evaluation.trained import Trained
from visavox.recipes import Recipe, classic, make_wing, read
from visavox.recipes.members import for_members
from visavox.recipes.recipe import text_of
from visavox.recipes.roles import Roles, given
from visavox.reproduce.systems.judged import Job
from visavox.reproduce.systems.sizing import Cost, few

CLIPS = (16, 48)
"""Training clips of the two trials: what grows with them is told from what does not by their difference."""

HELD = 8
"""Clips of each other side in a trial."""

EPOCHS = 2
"""Of a trial; the second one counts, as the first one warms up."""

DEAR = 10.0
"""Seconds of an epoch of the first trial from which on all of them are taken to grow with the clips."""

FOLD = 4.0
"""Seconds of a fold beside its epochs, before any is measured: exporting, judging, draws."""

INNER = 3
"""How often a member of a fusion is trained for a fold, as most fusions have it: two inner folds, and the whole."""


def cost(job: Job, known: dict[str, Cost], *, data: Data, fold: float = FOLD) -> Cost:
    """What a job takes: reading its clips, a fold, an epoch of a fold.

    Args:
        job: that is measured.
        known: costs of recipes on these clips, by name; a fusion's members are looked up there, and put there.
        data: where corpora are.
        fold: seconds of a fold beside its epochs.
    """
    first = job.protocol.folds(job.rows)[0]
    learns = Trained(job.recipe, job.protocol, data, overrides=job.changes)
    roles = learns.roles(job.rows, first)
    changes = learns.changes(job.rows, first)
    recipe = read(text_of(job.recipe), changes)
    if not recipe.members:
        return dataclasses.replace(measured(recipe, roles), fold=fold)
    roles = given(recipe, roles, random=job.protocol.random, data=data)[1]  # what stands beside the clips comes to them
    total, where = Cost(fold=fold), job.kind.partition(", ")[2]
    trained: list[tuple[str, Recipe]] = []

    def look(member: Recipe) -> Mapping[str, object]:
        trained.append((member.name, dataclasses.replace(member, words=recipe.words)))
        return {}

    for_members(recipe.members, look)
    for name, member in trained:
        key = f"{name}, {where}"
        if key not in known:
            known[key] = measured(member, roles)
        one = known[key]
        total = Cost(
            reading=total.reading + one.reading, fold=total.fold + INNER * fold, epoch=total.epoch + INNER * one.epoch
        )
    return total


def measured(recipe: Recipe, roles: Roles) -> Cost:
    """What a recipe takes on some clips, a fold aside.

    Args:
        recipe: of a network or a classifier.
        roles: the clips by what they are for.
    """
    wing = make_wing(recipe)
    learned = not classic.is_classic(recipe)
    reading, epochs, sizes = 0.0, [0.0], [0]
    for clips in CLIPS:
        some = {role: _few(roles.get(role, ()), clips if role == "train" else HELD) for role in ("train", "validation")}
        number = sum(map(len, some.values()))
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            task = wing.task(some["train"], some["validation"], batch=recipe.training.batch, folder=Path(folder))
            reading = max(reading, (time.perf_counter() - began) / max(1, number))
            if not learned:
                break
            from visavox.training import fit

            schedule = dataclasses.replace(recipe.training, epochs=EPOCHS, patience=0)
            history = fit(wing.network(), task, schedule, folder=folder, progress=False)
            epochs.append(history.rows[-1]["seconds"])
            sizes.append(len(some["train"]))
            if epochs[-1] > DEAR:
                break
    whole = sum(map(len, roles.values()))
    if not learned:
        return Cost(reading=reading * whole)
    per_clip = max(0.0, (epochs[-1] - epochs[-2]) / max(1, sizes[-1] - sizes[-2]))
    fixed = max(0.0, epochs[-1] - per_clip * sizes[-1])
    return Cost(reading=reading * whole, epoch=fixed + per_clip * len(roles["train"]))


def _few(samples: Sequence[Sample], clips: int) -> list[Sample]:
    return [samples[index] for index in few(samples, np.arange(len(samples)), clips)]
