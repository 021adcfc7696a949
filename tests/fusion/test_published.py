"""The published fusion of three models on RAVDESS, remade to the last clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from visavox.fusion import Fusion

WORDS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
MODELS = ("voice", "aulstm", "aumlp")


def test_luna_jimenez_2022_comes_out_as_printed(data: Path) -> None:
    """Voice and action-unit logits and MLP probabilities, scaled to 0..1, under logistic regression: 86.70."""
    table = pd.read_csv(data / "ravdess" / "luna2022_posteriors.csv.gz")
    values = {name: table[[c for c in table.columns if c.startswith(f"{name}_")]].to_numpy() for name in MODELS}
    truth = np.array(WORDS)[table["label"].to_numpy() - 1]
    found = []
    for fold in range(1, 6):
        train = ((table["fold"] == fold) & (table["part"] == "train")).to_numpy()
        test = ((table["fold"] == fold) & (table["part"] == "test")).to_numpy()
        published = Fusion(
            {},
            rule="logistic-regression",
            words=WORDS,
            sources=MODELS,
            inputs="logits",
            scaler="min-max",
            dropped=0,
            prior="corpus",
            nested=False,
        ).fit_scores({name: rows[train] for name, rows in values.items()}, truth[train].tolist())
        joined = published.combine({name: rows[test] for name, rows in values.items()})
        found.append(100 * float((np.array(WORDS)[joined.argmax(axis=1)] == truth[test]).mean()))
        assert published.fitted_on == "training rows (as published)"
    assert [round(value, 2) for value in found] == [88.67, 88.67, 84.67, 85.67, 85.83]
    assert float(np.mean(found)) == pytest.approx(86.70, abs=0.005)
