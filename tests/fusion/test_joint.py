"""Networks trained through to the words: both types, members missing, seeds, speakers held out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from visavox.emotions import WORDS
from visavox.errors import DataError, ModelError, OptionError
from visavox.fusion import Fusion, Joint
from visavox.fusion.inputs import absent

from .conftest import Table

pytestmark = pytest.mark.torch

SOURCES = ("face", "voice", "body")


@pytest.mark.parametrize("kind", ["type-1", "type-2"])
def test_joint_networks_judge_unseen_people_and_bear_absences(kind: str, training: Table, unseen: Table) -> None:
    fusion = Fusion({}, level="joint", rule=Joint(kind=kind, epochs=20), sources=SOURCES)
    fusion.fit_scores(training.features, training.y, training.groups)
    joined = fusion.combine(unseen.features)
    nobody = np.stack([absent(values) for values in unseen.features.values()]).all(axis=0)
    assert (np.isnan(joined).any(axis=1) == nobody).all()
    assert np.allclose(joined[~nobody].sum(axis=1), 1)
    truth = np.array([WORDS.index(word) for word in unseen.y])
    assert (np.nan_to_num(joined).argmax(axis=1) == truth).mean() > 0.8
    there = ~absent(unseen.features["face"])
    alone = fusion.combine({"face": unseen.features["face"]})
    assert (alone[there].argmax(axis=1) == truth[there]).mean() > 0.6
    assert fusion.fitted_on == "held-out rows"


def test_the_same_seed_gives_the_same_network_and_torch_keeps_its_own_state(training: Table) -> None:
    import torch

    torch.manual_seed(7)
    state = torch.get_rng_state()
    quick = Joint(epochs=3, seed=4)
    one = quick.fit(training.features, training.y, training.groups).predict_proba(training.features)
    other = clone_of(quick).fit(training.features, training.y, training.groups).predict_proba(training.features)
    assert np.array_equal(one, other, equal_nan=True)
    assert torch.equal(torch.get_rng_state(), state)
    another = Joint(epochs=3, seed=5).fit(training.features, training.y, training.groups)
    assert not np.array_equal(one, another.predict_proba(training.features), equal_nan=True)


def clone_of(joint: Joint) -> Joint:
    copy = clone(joint)
    assert isinstance(copy, Joint) and copy.get_params() == joint.get_params() and not hasattr(copy, "network_")
    return copy


def test_the_epoch_that_judges_held_out_speakers_best_is_kept(training: Table) -> None:
    """Words that nobody could learn: the longer it trains, the worse it judges others, so an early epoch is kept."""
    noise = np.random.default_rng(5).permutation(training.y).tolist()
    fitted = Joint(epochs=20, seed=1, absences=0.0, dropout=0.0, weight_decay=0.0)
    fitted.fit(training.features, noise, training.groups)
    assert fitted.epoch_ < 12
    # Held-out speakers also choose the temperature: what is noise is judged without confidence.
    assert np.nanmax(fitted.predict_proba(training.features)) < 0.6


def test_branches_may_be_networks_of_ones_own_over_sequences() -> None:
    import torch
    from torch import nn

    class Last(nn.Module):
        """A recurrent branch: its last state is what it gives."""

        def __init__(self, shape: tuple[int, ...]) -> None:
            super().__init__()
            self.layer = nn.GRU(shape[1], 64, batch_first=True)

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            state: torch.Tensor = self.layer(values)[1][0]
            return state

    rng = np.random.default_rng(6)
    y = rng.integers(0, 2, 120)
    # The face's word is in the order of its frames, which a mean would lose.
    rise = np.linspace(-1, 1, 8)[None, :, None] * np.where(y, 1.0, -1.0)[:, None, None]
    tables = {"face": rise + rng.normal(0, 0.3, (120, 8, 3)), "voice": rng.normal(0, 1, (120, 5))}
    tables["face"][:10] = np.nan
    groups = [str(k % 10) for k in range(120)]
    joint = Joint(branches={"face": Last}, epochs=15, seed=2).fit(tables, y, groups)
    assert (joint.predict(tables)[10:] == y[10:]).mean() > 0.95
    assert joint.predict_proba(tables).shape == (120, 2)


def test_what_cannot_be_trained_is_said(training: Table) -> None:
    with pytest.raises(OptionError, match="kind of joint fusion"):
        Joint(kind="type-3")
    with pytest.raises(OptionError, match="absences"):
        Joint(absences=1.0)
    with pytest.raises(OptionError, match="setting of joint fusion"):
        Joint().set_params(depth=3)
    with pytest.raises(ModelError, match="before it was fitted"):
        Joint().predict_proba(training.features)
    with pytest.raises(DataError, match="two classes"):
        Joint().fit({"face": np.ones((4, 2))}, ["sad"] * 4)
    named = Fusion({}, level="joint", rule="type-1", sources=SOURCES)
    with pytest.raises(DataError, match="two classes"):
        named.fit_scores({source: np.ones((4, 2)) for source in SOURCES}, ["sad"] * 4)
    with pytest.raises(OptionError, match="type-1, type-2"):
        Fusion({}, level="joint", rule="mean", sources=SOURCES)
    assert Joint().set_params(width=8).width == 8
