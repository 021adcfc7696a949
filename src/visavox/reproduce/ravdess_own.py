"""RAVDESS by what we made ourselves alone: voice networks from its 1 440 clips, facial units, and their fusion.

The line to beat is the published voice model alone (81.8), which is a fine-tuned XLSR; ours learn from scratch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from visavox.baseline.by_person import Kind
from visavox.datasets import Data
from visavox.reproduce.luna2022 import every_rule
from visavox.reproduce.ravdess import (
    Floats,
    Scores,
    fused,
    heard,
    nested_recognizer,
    own_fold,
    row_for,
    takes,
    trained_voice,
    units,
    units_recognizer,
    voice_recognizer,
    without_baseline,
)
from visavox.reproduce.rows import HELD_OUT, NOTHING, Row

TITLE = "RAVDESS by our own networks and facial units (folds ravdess-luna5, eight words)"

TABLE = "3. ours alone"

NETWORK, TRANSFER, UNITS = "voice network", "CREMA-D voice, refitted", "units"
"""The sources: a network trained from scratch in each fold; a linear classifier on what the shipped `voice-open`, which
learned from CREMA-D alone, computes of RAVDESS's clips; our Recognizer on action units."""

MOST = (NETWORK, UNITS)
"""Joined by every rule."""


def rows(data: Data, folder: Path, progress: Callable[[str], None]) -> list[Row]:
    """Table 3: each source by itself, and every rule, without a baseline and with self.

    Args:
        data: Where RAVDESS is.
        folder: Where the fold networks are, or will be: five trainings of about ten minutes each on one core.
        progress: Told what is being done.
    """
    those = takes(data)
    network = trained_voice(those, data, folder, progress)
    progress("what voice-open computes of each clip")
    transfer, table = heard(those, data, folder), units(data)
    result = []
    for kind in ("none", "self"):
        progress(f"voice-open's features and facial units, {kind}")
        by_fold: dict[str, Mapping[int, Floats]] = {
            TRANSFER: nested_recognizer(those, voice_recognizer(transfer, kind)),
            UNITS: nested_recognizer(those, units_recognizer(table, kind)),
        }
        scores: dict[int, Scores] = {}
        for fold in np.unique(those.fold).tolist():
            own = without_baseline(network, those.fold != fold, those.people, kind)
            scores[fold] = {NETWORK: own, **{source: values[fold] for source, values in by_fold.items()}}

        def add(row: str, judged: Floats, fitted_on: str, kind: Kind = kind) -> None:
            result.append(row_for(those, judged, table=TABLE, row=row, baseline=kind, fitted_on=fitted_on))

        for source in (NETWORK, TRANSFER, UNITS):
            add(source, own_fold(those, {k: given[source] for k, given in scores.items()}), "training speakers")
        both = {k: {source: given[source] for source in MOST} for k, given in scores.items()}
        for rule, make, fits in every_rule():
            progress(f"{rule}, {kind}")
            add(f"{NETWORK} and {UNITS}, {rule}", fused(those, both.__getitem__, make), HELD_OUT if fits else NOTHING)
            if rule == "log-linear":
                add(f"all three, {rule}", fused(those, scores.__getitem__, make), HELD_OUT)
    return result
