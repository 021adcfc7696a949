"""A person's own neutral in one recording: what becomes neutral and what does not, how evidence grows, sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavox.baseline.running import HALF, MEMORY, REST, adapt
from visavox.calibration import softmax
from visavox.emotions import WORDS, life_prior
from visavox.errors import OptionError

EVERY = 0.5
Floats = NDArray[np.float64]


def looking(word: str, nats: float, seconds: float) -> Floats:
    """Cells of half a second in which a word lies so many nats above neutral, and the others as usual below it."""
    values = np.where(np.array(WORDS) == "neutral", 0.0, -REST)
    if word != "neutral":
        values[WORDS.index(word)] = nats
    return np.tile(softmax(values), (round(seconds / EVERY), 1))


def clock(cells: Floats) -> Floats:
    return (np.arange(len(cells)) + 0.5) * EVERY


def words(cells: Floats) -> list[str]:
    """What a viewer is told of each cell, under the prior of life at half its strength; "" where nothing was judged."""
    found = adapt(cells, clock(cells), np.full(len(cells), EVERY), WORDS).probabilities * life_prior(WORDS) ** 0.5
    return ["" if np.isnan(row).any() else WORDS[row.argmax()] for row in found]


# What a viewer expects


def test_a_broad_smile_that_is_held_stays_a_smile() -> None:
    assert set(words(looking("happy", 4.0, seconds=20))) == {"happy"}


def test_a_face_at_rest_that_looks_sad_is_neutral_when_it_looks_so_for_two_minutes() -> None:
    assert set(words(looking("sad", 2.0, seconds=3))) == {"sad"}, "in three seconds nobody can tell"
    assert set(words(looking("sad", 2.0, seconds=120))) == {"neutral"}


def test_who_looks_sad_at_rest_can_still_be_happy_and_sadder() -> None:
    rest = looking("sad", 2.0, seconds=60)
    found = words(np.concatenate([rest, looking("happy", 3.0, seconds=5), rest, looking("sad", 6.0, seconds=5)]))
    assert found[118:132] == ["neutral"] * 2 + ["happy"] * 10 + ["neutral"] * 2
    assert found[-10:] == ["sad"] * 10


def test_a_recording_may_begin_with_emotion() -> None:
    found = words(np.concatenate([looking("angry", 4.0, seconds=10), looking("sad", 2.0, seconds=120)]))
    assert set(found[:20]) == {"angry"} and set(found[20:]) == {"neutral"}


def test_a_neutral_face_stays_as_it_is() -> None:
    cells = looking("neutral", 0.0, seconds=60)
    found = adapt(cells, clock(cells), np.full(len(cells), EVERY), WORDS)
    np.testing.assert_allclose(found.probabilities, cells, atol=1e-12)
    assert found.evidence.min() > 10


# Evidence


def test_a_baseline_has_no_weight_in_a_few_seconds_and_gains_it_with_the_evidence() -> None:
    weights = []
    for seconds in (0.5, 3, 20, 60, 180, 600):
        cells = looking("sad", 1.0, seconds)
        found = adapt(cells, clock(cells), np.full(len(cells), EVERY), WORDS)
        weights.append(float(found.weight.max()))
        np.testing.assert_allclose(found.weight, found.evidence / (found.evidence + HALF["self"]))
    assert weights == sorted(weights)
    assert weights[1] < 0.05 and weights[-1] > 0.8


def test_a_gap_stays_a_gap_and_is_no_evidence() -> None:
    cells = looking("sad", 2.0, seconds=60)
    cells[20:60] = np.nan
    found = adapt(cells, clock(cells), np.full(len(cells), EVERY), WORDS)
    assert np.isnan(found.probabilities[20:60]).all() and not np.isnan(found.probabilities[:20]).any()
    assert not found.evidence[20:60].any() and not found.weight[20:60].any()
    assert found.evidence.max() < 40


def test_what_lies_long_before_counts_less() -> None:
    cells = np.concatenate([looking("sad", 2.0, seconds=120), looking("happy", 4.0, seconds=5)])
    near, far = clock(cells), clock(cells)
    far[240:] += 5 * MEMORY
    lasts = np.full(len(cells), EVERY)
    assert adapt(cells, near, lasts, WORDS).weight[-1] > 10 * adapt(cells, far, lasts, WORDS).weight[-1]


def test_nothing_judged_is_nothing_known() -> None:
    nothing = np.full((4, 7), np.nan)
    found = adapt(nothing, np.arange(4.0), np.ones(4), WORDS)
    assert np.isnan(found.probabilities).all() and not found.evidence.any()
    assert adapt(np.zeros((0, 7)), [], [], WORDS).probabilities.shape == (0, 7)


def test_without_a_word_for_neutral_there_is_no_neutral_to_compare_with() -> None:
    cells = np.tile([0.4, 0.6], (200, 1))
    found = adapt(cells, np.arange(200.0), np.ones(200), ["happy", "sad"])
    np.testing.assert_array_equal(found.probabilities, cells)


# By hand


def test_enrolment_by_hand() -> None:
    cells = np.tile(softmax([0.0, 1.0, -REST]), (10, 1))
    cells[9] = softmax([0.0, 3.0, -REST])
    found = adapt(
        cells, np.arange(10.0), np.ones(10), ["neutral", "sad", "happy"], kind="enrolment", neutral=(0.0, 6.0)
    )
    # Six seconds of neutral in which sad lies 1 + REST above the usual, at a weight of 6 / (6 + HALF).
    weight = 6 / (6 + HALF["enrolment"])
    expected = softmax([0.0, 3.0 - weight * (1 + REST), -REST])
    np.testing.assert_allclose(found.probabilities[9], expected, atol=1e-9)
    assert found.evidence.tolist() == [6.0] * 10


def test_self_settles_where_neutral_and_offset_agree() -> None:
    cells = looking("sad", 2.0, seconds=100)
    found = adapt(cells, np.full(len(cells), 7.0), np.full(len(cells), EVERY), WORDS)  # all at once: no memory
    after = np.log(found.probabilities[0] / found.probabilities[0, 0])
    sad = WORDS.index("sad")
    # By bisection: the offset b = share * (2 + REST) * 100 / (share * 100 + HALF), the share of neutral being what is
    # left of it under the prior of life after the offset is taken out.
    prior = life_prior(WORDS)

    def left(offset: float) -> float:
        values = np.full(len(WORDS), -REST)
        values[0], values[sad] = 0.0, 2.0 - offset
        share = softmax(values + np.log(prior))[0]
        return float(share * (2 + REST) * 100 / (share * 100 + HALF["self"]) - offset)

    low, high = 0.0, 2 + REST
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if left(middle) > 0 else (low, middle)
    assert after[sad] == pytest.approx(2.0 - low, abs=0.01)


@given(st.integers(0, 2**31), st.permutations(range(7)))
def test_neither_the_order_of_words_nor_the_clock_matters(seed: int, order: list[int]) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.dirichlet(np.ones(7), size=30)
    times, lasts = np.sort(rng.uniform(0, 300, 30)), rng.uniform(0.1, 2, 30)
    plain = adapt(cells, times, lasts, WORDS)
    moved = adapt(cells[:, order], times + 1000.0, lasts, [WORDS[index] for index in order])
    np.testing.assert_allclose(moved.probabilities, plain.probabilities[:, order], atol=1e-9)
    np.testing.assert_allclose(moved.evidence, plain.evidence, rtol=1e-9)


@given(st.integers(0, 2**31))
def test_near_moments_are_summed_as_the_formula_says(seed: int) -> None:
    """Against the plain double sum over all pairs of moments."""
    rng = np.random.default_rng(seed)
    cells = np.tile(softmax([0.0, -REST, -REST]), (12, 1))  # as usual: the share of neutral is the same everywhere
    times, lasts = np.sort(rng.uniform(0, 3000, 12)), rng.uniform(0.1, 2, 12)
    names = ["neutral", "sad", "happy"]
    share = softmax(np.log(cells[0]) + np.log(life_prior(names)))[0]
    expected = share * np.exp(-np.abs(times[:, None] - times[None]) / MEMORY) @ lasts
    np.testing.assert_allclose(adapt(cells, times, lasts, names).evidence, expected, rtol=1e-9)


# Kinds


def test_none_changes_nothing() -> None:
    cells = looking("sad", 2.0, seconds=120)
    found = adapt(cells, clock(cells), np.full(len(cells), EVERY), WORDS, kind="none")
    np.testing.assert_array_equal(found.probabilities, cells)
    assert not found.evidence.any() and not found.weight.any()


def test_bad_kinds() -> None:
    with pytest.raises(OptionError, match="expected one of none, enrolment, self"):
        adapt(np.ones((1, 7)) / 7, [0.0], [1.0], WORDS, kind="usual")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="stretch in which the person is neutral"):
        adapt(np.ones((1, 7)) / 7, [0.0], [1.0], WORDS, kind="enrolment")
