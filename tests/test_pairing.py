"""A fusion's weights, fitted on pairs of a face and a voice that show the same word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox import recipes
from visavox.emotions import WORDS
from visavox.errors import OptionError
from visavox.fusion import RULES
from visavox.recipes import pairing
from visavox.recipes.pairing import Pairs
from visavox.recognizer import Card


def member(seed: int, skill: float, words: int = len(WORDS)) -> pairing._Member:
    """A member that made 400 judgements in each role, right as often as its skill makes it."""
    rng = np.random.default_rng(seed)
    truth: dict[str, NDArray[np.int64]] = {}
    scores = {}
    for role in ("validation", "test"):
        truth[role] = rng.integers(0, words, 400)
        logits = skill * np.eye(len(WORDS))[truth[role]] + rng.normal(0, 1, (400, len(WORDS)))
        scores[role] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return pairing._Member(Card("made", "face", WORDS), truth, scores)


def test_pairs_hold_as_many_of_each_word_and_both_sides_show_it() -> None:
    members = {"face": member(1, 20.0), "voice": member(2, 20.0)}
    scores, truth = pairing._draw(members, "validation", Pairs(count=70, seed=3))
    assert np.bincount(truth).tolist() == [10] * 7
    for values in scores.values():
        assert (values.argmax(axis=1) == truth).all()


def test_a_word_that_one_side_never_shows_makes_no_pair() -> None:
    members = {"face": member(1, 1.0), "voice": member(2, 1.0, words=6)}
    _, truth = pairing._draw(members, "test", Pairs(count=60, seed=3))
    assert np.bincount(truth).tolist() == [10] * 6


def test_pairs_are_the_same_for_the_same_seed_and_others_for_another_role() -> None:
    members = {"face": member(1, 1.0), "voice": member(2, 1.0)}
    once, again = (pairing._draw(members, "test", Pairs(count=70, seed=3))[0]["face"] for _ in range(2))
    assert (once == again).all()
    assert not (once == pairing._draw(members, "validation", Pairs(count=70, seed=3))[0]["face"]).all()


def test_two_members_are_better_than_one() -> None:
    members = {"face": member(1, 1.5), "voice": member(2, 1.0)}
    scores, truth = pairing._draw(members, "test", Pairs(count=700, seed=3))
    found = {score.metric: score.value for score in pairing._scores({"face": 1, "voice": 1}, scores, truth)}
    assert {f"uar {rule}" for rule in RULES} < set(found), "a card compares all rules that need no fitting"
    assert found["uar log-linear"] > found["uar face"] > found["uar voice"] > 1 / 7


@pytest.mark.torch
def test_a_member_without_a_recipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "face.json").write_text(Card("face", "face", WORDS).to_json(), encoding="utf-8")
    recipe = tmp_path / "mine.toml"
    recipe.write_text(f'name = "mine"\nmodality = "fused"\n[members]\nface = "{tmp_path / "face.json"}"\n')
    with pytest.raises(OptionError, match="must hold the recipe"):
        recipes.run(recipe, folder=tmp_path / "run", progress=False)


@pytest.mark.torch
def test_a_key_that_nobody_knows_is_named(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('name = "mine"\nmodality = "fused"\nweights = 3\n[members]\n')
    with pytest.raises(OptionError, match="weights"):
        recipes.run(recipe, folder=tmp_path / "run", progress=False)
