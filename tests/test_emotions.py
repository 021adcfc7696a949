"""The words, others' spellings of them, and maps between vocabularies."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox.emotions import (
    CODES,
    COLOURS,
    EXTRA_WORDS,
    FOLDED,
    SPELLINGS,
    VALENCE_AROUSAL,
    WORDS,
    expected_in_life,
    life_prior,
    project,
    word,
)
from visavox.errors import OptionError
from visavox.recognizer import Card

ALL = WORDS + EXTRA_WORDS
vocabularies = st.lists(st.sampled_from(ALL), min_size=1, unique=True)


def test_every_spelling_and_code_means_a_word_of_ours() -> None:
    assert set(SPELLINGS.values()) <= set(ALL)
    for codes in CODES.values():
        assert set(codes.values()) <= set(ALL)
        assert len(set(codes.values())) == len(codes)


@pytest.mark.parametrize(
    ("spelling", "corpus", "meant"),
    [
        ("Happiness", None, "happy"),
        (" ANG ", None, "angry"),
        ("joy", None, "happy"),
        ("02", "ravdess", "calm"),
        ("W", "emo-db", "angry"),
        ("A", "emo-db", "fearful"),
        ("A", "crema-d-votes", "angry"),
        ("3", "fer2013", "happy"),
        ("contempt", "fer2013", "contemptuous"),
    ],
)
def test_spellings_as_published(spelling: str, corpus: str | None, meant: str) -> None:
    assert word(spelling, corpus) == meant


@pytest.mark.parametrize("spelling", ["", "s", "meh", "8"])
def test_what_could_mean_two_things_or_none_is_refused(spelling: str) -> None:
    with pytest.raises(OptionError, match="expected one of neutral, happy"):
        word(spelling)


def test_every_word_has_a_colour_of_its_own_and_those_published_a_place() -> None:
    assert set(COLOURS) == set(ALL)
    assert len(set(COLOURS.values())) == len(COLOURS)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in COLOURS.values())
    assert set(WORDS) <= set(VALENCE_AROUSAL) <= set(ALL)
    assert all(abs(number) <= 1 for place in VALENCE_AROUSAL.values() for number in place)


def test_calm_counts_as_neutral_where_there_is_no_calm() -> None:
    found = project(np.array([0.2, 0.5, 0.3]), ("neutral", "calm", "sad"))
    assert dict(zip(WORDS, found.tolist(), strict=True)) == pytest.approx(
        {"neutral": 0.7, "happy": 0, "sad": 0.3, "angry": 0, "fearful": 0, "disgusted": 0, "surprised": 0}
    )
    kept = project(np.array([0.2, 0.5, 0.3]), ("neutral", "calm", "sad"), ("calm", "neutral"))
    assert kept.tolist() == pytest.approx([5 / 7, 2 / 7])


def test_a_word_without_a_place_is_taken_out() -> None:
    assert project(np.array([[0.5, 0.25, 0.25]]), ("bored", "sad", "happy")).sum() == pytest.approx(1)
    assert np.isnan(project(np.array([[1.0]]), ("bored",))).all()


@given(vocabularies, vocabularies, st.integers(0, 2**32 - 1))
def test_projection_keeps_a_distribution_or_says_that_it_cannot(known: list[str], wanted: list[str], seed: int) -> None:
    values = np.random.default_rng(seed).dirichlet(np.ones(len(known)), 3)
    values[2] = np.nan
    found = project(values, known, wanted)
    assert found.shape == (3, len(wanted))
    assert np.isnan(found[2]).all()
    if any(name in wanted or FOLDED.get(name) in wanted for name in known):
        assert np.allclose(found[:2].sum(axis=1), 1)
        assert ((found[:2] >= 0) & (found[:2] <= 1 + 1e-12)).all()
    else:
        assert np.isnan(found).all()


@given(vocabularies, st.integers(0, 2**32 - 1))
def test_projection_onto_more_words_and_back_changes_nothing(known: list[str], seed: int) -> None:
    values = np.random.default_rng(seed).dirichlet(np.ones(len(known)))
    assert project(project(values, known, ALL), ALL, known) == pytest.approx(values)


def test_life_is_mostly_neutral() -> None:
    prior = dict(zip(WORDS, life_prior(WORDS).tolist(), strict=True))
    assert sum(prior.values()) == pytest.approx(1)
    assert max(prior, key=prior.__getitem__) == "neutral"
    assert life_prior(ALL).sum() == pytest.approx(1)


def test_life_is_believed_by_half() -> None:
    """The prior of that name is the square root of how often words are right: wherever it is asked for."""
    expected = expected_in_life(life_prior(WORDS))
    assert expected == pytest.approx(np.sqrt(life_prior(WORDS)) / np.sqrt(life_prior(WORDS)).sum())
    assert 1 / len(WORDS) < expected[0] < life_prior(WORDS)[0]
    shares = (0.6, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05)
    assert Card("made", "face", WORDS, priors={"life": shares}).prior("life") == pytest.approx(expected_in_life(shares))
    assert Card("made", "face", WORDS).prior("life") == pytest.approx(expected), "a card need not say what life is"
