"""Features joined into one vector: by hand, the gated unit's slopes, and members missing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from visavox.emotions import WORDS
from visavox.errors import DataError, OptionError
from visavox.fusion import Fusion
from visavox.fusion.features import JOINS, Features
from visavox.fusion.gate import GatedUnit

from .conftest import Table

Floats = NDArray[np.float64]

SOURCES = ("face", "voice", "body")
Y = np.array([0, 1])
FACE = np.array([[1.0, 2.0], [3.0, -4.0]])
VOICE = np.array([[5.0, 6.0], [np.nan, np.nan]])


@pytest.mark.parametrize(
    ("join", "wanted"),
    [
        ("sum", [[6, 8, 0], [3, -4, 1]]),
        ("product", [[5, 12, 0], [3, -4, 1]]),
        ("mean", [[3, 4, 0], [3, -4, 1]]),
        ("weighted-average", [[4, 5, 0], [3, -4, 1]]),
        ("max", [[5, 6, 0], [3, -4, 1]]),
        ("concatenation", [[1, 2, 5, 6, 0], [3, -4, 5, 6, 1]]),
    ],
)
def test_joins_by_hand(join: str, wanted: list[list[float]]) -> None:
    """The second row has no voice: it is left out, and the last column says so; in a concatenation its mean stands."""
    joined = Features(join, "none", {"face": 1.0, "voice": 3.0}, 1).fit({"face": FACE, "voice": VOICE}, Y)
    assert np.allclose(joined.columns({"face": FACE, "voice": VOICE}), wanted)


def test_each_source_is_scaled_by_itself() -> None:
    tables = {"face": FACE * 1000, "voice": np.array([[5.0, 6.0], [7.0, 9.0]])}
    columns = Features("concatenation", "standard", None, 1).fit(tables, Y).columns(tables)
    assert np.allclose(columns, StandardScaler().fit_transform(np.hstack(list(tables.values()))))


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("rule", ["logistic-regression", "bel"])
def test_every_join_on_the_same_table(join: str, rule: str, training: Table, unseen: Table) -> None:
    fusion = Fusion({}, level="feature", rule=rule, join=join, sources=SOURCES)
    fusion.fit_scores(training.features, training.y, training.groups)
    joined = fusion.combine(unseen.features)
    nobody = np.stack([np.isnan(values).all(axis=1) for values in unseen.features.values()]).all(axis=0)
    assert (np.isnan(joined).any(axis=1) == nobody).all()
    assert np.allclose(joined[~nobody].sum(axis=1), 1)
    right = np.mean([WORDS[k] == word for k, word in zip(np.nan_to_num(joined).argmax(1), unseen.y, strict=True)])
    # A product of centred features loses their signs, a maximum keeps one source; all others hear what all say.
    assert right > {"product": 0.3, "max": 0.6}.get(join, 0.75)
    assert fusion.fitted_on == "held-out rows"
    shares = fusion.shares({source: values[:5] for source, values in unseen.features.items()})
    assert np.allclose(np.sum(list(shares.values()), axis=0)[~nobody[:5]], 1)


def test_concatenation_of_complete_rows_is_scikit_learns_pipeline() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 7, 200)
    tables = {source: rng.normal(0, 1, (200, 4)) + np.eye(7)[y][:, :4] for source in ("face", "voice")}
    fusion = Fusion(
        {}, level="feature", rule=LogisticRegression(), sources=("face", "voice"), dropped=0, prior="corpus"
    ).fit_scores(tables, [WORDS[k] for k in y])
    both = np.hstack(list(tables.values()))
    oracle = make_pipeline(StandardScaler(), LogisticRegression()).fit(both, y)
    assert np.allclose(fusion.combine(tables), oracle.predict_proba(both))


def test_the_gated_units_slopes_are_those_of_its_loss() -> None:
    """Against differences of the loss, for every weight, with a source absent in some rows."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 12)
    tables = {"face": rng.normal(0, 1, (12, 3)), "voice": rng.normal(0, 1, (12, 2))}
    tables["voice"][:4] = np.nan
    unit = GatedUnit(width=3, epochs=1).fit(tables, y)
    inputs, here = unit._inputs(tables)
    _, slopes = unit.gradient(inputs, here, y)
    for name, slope in slopes.items():
        weights = unit.weights[name]
        for place in np.ndindex(weights.shape):
            before = weights[place]
            weights[place] = before + 1e-6
            above, _ = unit.gradient(inputs, here, y)
            weights[place] = before - 1e-6
            below, _ = unit.gradient(inputs, here, y)
            weights[place] = before
            assert slope[place] == pytest.approx((above - below) / 2e-6, abs=1e-6), name


def test_gates_sum_to_one_and_close_for_who_is_absent() -> None:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, 60)
    tables = {"face": rng.normal(0, 1, (60, 3)), "voice": rng.normal(0, 1, (60, 2))}
    tables["voice"][:20] = np.nan
    tables["face"][10:30] = np.nan
    unit = GatedUnit(width=4, epochs=3).fit(tables, y)
    gates = unit.gates(tables)
    assert (gates["voice"][:20] == 0).all() and (gates["face"][10:30] == 0).all()
    total = gates["face"] + gates["voice"]
    assert np.allclose(np.delete(total, range(10, 20), axis=0), 1) and (total[10:20] == 0).all()
    assert (unit.joined(tables)[10:20] == 0).all()


def test_gates_open_for_the_source_that_knows() -> None:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 4, 600)
    tables = {"knows": 3 * np.eye(4)[y] + rng.normal(0, 1, (600, 4)), "noise": rng.normal(0, 1, (600, 4))}
    gates = GatedUnit(seed=1).fit(tables, y).gates(tables)
    assert gates["knows"].mean() > 1.4 * gates["noise"].mean()


def test_bad_features_are_named(training: Table) -> None:
    uneven = {"face": FACE, "voice": np.ones((2, 3))}
    with pytest.raises(DataError, match=r"as many from each source, got face 2, voice 3"):
        Fusion({}, level="feature", rule="bel", join="sum", sources=("face", "voice")).fit_scores(
            uneven, ["sad", "happy"]
        )
    holed = {source: values.copy() for source, values in training.features.items()}
    holed["face"][0] = 1.0
    holed["face"][0, 2] = np.nan
    fusion = Fusion({}, level="feature", rule="logistic-regression", sources=SOURCES)
    with pytest.raises(DataError, match="face, row 0: it holds NaN beside numbers"):
        fusion.fit_scores(holed, training.y, training.groups)
    fusion.fit_scores(training.features, training.y, training.groups)
    with pytest.raises(DataError, match=r"face: expected \[6\] numbers a row as at fitting, got \[7\]"):
        fusion.combine({"face": np.ones((2, 7))})
    with pytest.raises(OptionError, match="join"):
        Fusion({}, level="feature", rule="bel", join="stack", sources=SOURCES)
