"""A person's own usual: none, enrolment and self; how evidence weighs; known shares; and, on real action units, that
shrinking is worth it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from visavox.baseline import KINDS, Baseline, balanced, log_probabilities
from visavox.errors import DataError, OptionError

Floats = NDArray[np.float64]

values = arrays(np.float64, (12, 3), elements=st.floats(-100, 100, width=32))
people = st.lists(st.sampled_from(["ann", "bob", "cleo"]), min_size=12, max_size=12)


def training(seed: int = 1, persons: int = 20, clips: int = 30, between: float = 2.0) -> tuple[Floats, list[str]]:
    """Clips of people who differ: a person's mean has deviation `between`, his clips have 1 around it."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0.0, between, (persons, 1, 3))
    rows = (means + rng.normal(size=(persons, clips, 3))).reshape(-1, 3)
    return rows, [f"person {number}" for number in range(persons) for _ in range(clips)]


def probabilities(n: int, seed: int = 2, words: int = 4) -> Floats:
    return np.random.default_rng(seed).dirichlet(np.ones(words), n)


# What the three kinds do


def test_self_by_hand() -> None:
    """Usual: mean 0, deviation 2. Two clips at 5 and 9, weighed as two of four, and one degree of freedom of two."""
    baseline = Baseline.known("self", [0.0], [2.0], strength=2)
    baseline.deviation = 1.0
    moved = baseline.transform([[5.0], [9.0]], ["ann", "ann"])
    mean, deviation = 0.5 * 7.0, np.sqrt((1 * 8.0 + 1 * 4.0) / 2)
    assert np.allclose(moved[:, 0], (np.array([5.0, 9.0]) - mean) / deviation * 2.0)


def test_enrolment_by_hand_judges_a_marked_clip_by_the_other_marked_ones() -> None:
    baseline = Baseline.known("enrolment", [1.0], strength=0)
    moved = baseline.transform([[3.0], [5.0], [10.0]], ["ann"] * 3, [True, True, False])
    assert moved[:, 0].tolist() == [3.0 - (5 - 1), 5.0 - (3 - 1), 10.0 - (4 - 1)]


def test_somebody_whose_only_marked_clip_is_the_one_judged_stays_as_he_is_there() -> None:
    baseline = Baseline.known("enrolment", [1.0], strength=0)
    moved = baseline.transform([[3.0], [10.0], [7.0]], ["ann", "ann", "bob"], [True, False, False])
    assert moved[:, 0].tolist() == [3.0, 8.0, 7.0]


@given(values, people)
def test_none_is_the_identity(rows: Floats, names: list[str]) -> None:
    baseline = Baseline("none").fit(rows, names)
    assert np.array_equal(baseline.transform(rows, names), rows)


def test_the_usual_is_learned_from_people_not_from_clips() -> None:
    rows = np.array([[0.0]] * 9 + [[10.0]])
    baseline = Baseline("self", mean=0).fit(rows, ["ann"] * 9 + ["bob"])
    assert baseline.mean_[0] == 5.0


def test_the_strength_of_the_mean_is_the_variance_within_people_over_that_between_them() -> None:
    rows, names = training(persons=200, between=2.0)
    assert np.allclose(Baseline("self").fit(rows, names).strength_, 1 / 4, rtol=0.2)


def test_people_who_do_not_differ_keep_training_s_mean() -> None:
    rng = np.random.default_rng(3)
    row = rng.normal(size=(30, 3))
    baseline = Baseline("self").fit(np.concatenate([row, row]), ["ann"] * 30 + ["bob"] * 30)
    assert (baseline.strength_ == 1000.0).all()


# What evidence does


def test_with_little_evidence_a_person_hardly_moves_and_with_much_he_has_the_usual_mean_and_deviation() -> None:
    rows, names = training()
    baseline = Baseline("self", mean=5.0).fit(rows, names)
    rng = np.random.default_rng(4)
    for clips, least, most in ((1, 0.7, 1.0), (2000, 0.0, 0.01)):
        own = 40.0 + 3.0 * rng.normal(size=(clips, 3))
        moved = baseline.transform(own, ["stranger"] * clips)
        left = np.abs(moved.mean(axis=0) - baseline.mean_) / 40.0
        assert ((least <= left) & (left <= most)).all()
    assert np.allclose(moved.std(axis=0), baseline.deviation_, rtol=0.05)


@given(
    values,
    people,
    st.floats(-50, 50),
    st.sampled_from([0.25, 0.5, 3.0, 10.0]),
)
def test_with_infinite_evidence_neither_a_constant_nor_a_scale_of_a_person_matters(
    rows: Floats, names: list[str], constant: float, scale: float
) -> None:
    """Evidence is infinite where training has no strength against it."""
    baseline = Baseline("self", mean=0, deviation=0).fit(*training())
    rows = np.round(rows, 2)
    ann = np.array(names) == "ann"
    other = rows.copy()
    other[ann] = constant + scale * rows[ann]
    assert np.allclose(baseline.transform(rows, names), baseline.transform(other, names), atol=1e-5)


# What never matters


@given(values, people, st.permutations(range(12)), st.sampled_from(KINDS))
def test_the_order_of_rows_does_not_matter(rows: Floats, names: list[str], order: list[int], kind: str) -> None:
    marked = np.arange(12) % 3 == 0
    baseline = Baseline(kind).fit(*training(), enrolled=np.ones(600, bool))  # type: ignore[arg-type]
    straight = baseline.transform(rows, names, marked)
    shuffled = baseline.transform(rows[order], [names[i] for i in order], marked[order])
    assert np.allclose(straight[order], shuffled, atol=1e-9)


@given(values, values, people, st.sampled_from(KINDS))
def test_nobody_is_judged_by_other_people_s_rows(rows: Floats, others: Floats, names: list[str], kind: str) -> None:
    marked = np.arange(12) % 2 == 0
    baseline = Baseline(kind).fit(*training(), enrolled=np.ones(600, bool))  # type: ignore[arg-type]
    ann = np.array(names) == "ann"
    changed = np.where(ann[:, None], rows, others)
    here, there = (baseline.transform(each, names, marked)[ann] for each in (rows, changed))
    assert np.array_equal(here, there)
    alone = baseline.transform(rows[ann], ["ann"] * int(ann.sum()), marked[ann])
    assert np.allclose(alone, here, atol=1e-9)


# What is missing, constant or alone


def test_rows_of_nan_stay_nan_and_are_no_evidence() -> None:
    baseline = Baseline("self").fit(*training())
    rows = np.random.default_rng(5).normal(3.0, 2.0, (6, 3))
    holes = np.insert(rows, [0, 3], np.nan, axis=0)
    moved = baseline.transform(holes, ["ann"] * 8)
    assert np.isnan(moved[[0, 4]]).all()
    assert np.allclose(moved[[1, 2, 3, 5, 6, 7]], baseline.transform(rows, ["ann"] * 6))
    without = Baseline("self").fit(holes, ["ann"] * 8)
    assert np.allclose(without.mean_, rows.mean(axis=0))


def test_a_person_of_nan_alone_stays_nan() -> None:
    baseline = Baseline("self", mean=0, deviation=0).fit(*training())
    moved = baseline.transform([[np.nan] * 3, [1.0, 2.0, 3.0]], ["ann", "bob"])
    assert np.isnan(moved[0]).all() and np.isfinite(moved[1]).all()


@given(st.floats(-1e6, 1e6), st.sampled_from([0.0, 10.0]))
def test_a_constant_column_makes_no_noise(value: float, deviation: float) -> None:
    """The mean of equal numbers may be rounded; that is no deviation to divide by."""
    baseline = Baseline("self", mean=0, deviation=deviation).fit(*training())
    moved = baseline.transform(np.full((7, 3), value), ["ann"] * 7)
    assert np.allclose(moved, baseline.mean_, atol=1e-6 * max(1.0, abs(value)))
    flat = Baseline("self").fit(np.full((6, 1), value), ["ann"] * 3 + ["bob"] * 3)
    assert np.isfinite(flat.transform([[1.0], [2.0]], ["cleo", "cleo"])).all()


def test_a_person_with_one_clip_is_moved_a_part_of_the_way_and_never_divided_by_nothing() -> None:
    baseline = Baseline("self", mean=1.0).fit(*training())
    moved = baseline.transform([[10.0, 0.0, -4.0]], ["ann"])
    assert np.allclose(moved - baseline.mean_, (np.array([10.0, 0.0, -4.0]) - baseline.mean_) / 2)


def test_training_that_does_not_know_who_is_who_gives_each_clip_a_person() -> None:
    rows, _ = training()
    baseline = Baseline("self").fit(rows, [str(index) for index in range(len(rows))])
    assert np.allclose(baseline.mean_, rows.mean(axis=0)) and np.allclose(baseline.deviation_, rows.std(axis=0, ddof=1))
    assert (baseline.strength_ == 2.0).all()


# Scores


def test_log_probabilities_go_through_it_and_come_back_as_probabilities() -> None:
    judged = probabilities(30)
    tilted = judged * [8.0, 1.0, 1.0, 0.5]
    tilted /= tilted.sum(axis=1, keepdims=True)
    level = Baseline.known("self", np.zeros(4), strength=0)
    here, there = (level.transform_probabilities(each, ["ann"] * 30) for each in (judged, tilted))
    assert np.allclose(here.sum(axis=1), 1) and np.allclose(here, there, atol=1e-3)
    assert np.array_equal(Baseline("none").transform_probabilities(judged, ["ann"] * 30), judged)


def test_a_word_that_a_recognizer_does_not_know_stays_nan_and_the_rest_sums_to_one() -> None:
    judged = np.column_stack([probabilities(5), np.full(5, np.nan)])
    judged[2] = np.nan
    for moved in (
        Baseline.known("self", np.zeros(5)).transform_probabilities(judged, ["ann"] * 5),
        balanced(judged, ["ann"] * 5),
    ):
        assert np.isnan(moved[:, 4]).all() and np.isnan(moved[2]).all()
        assert np.allclose(moved[[0, 1, 3, 4], :4].sum(axis=1), 1)


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(2, 40))
def test_known_shares_are_what_a_person_s_clips_add_up_to(seed: int, n: int) -> None:
    share = np.array([0.1, 0.2, 0.3, 0.4])
    moved = balanced(probabilities(n, seed), ["ann"] * n, share=share, strength=0)
    assert np.allclose(moved.mean(axis=0), share, atol=1e-6) and np.allclose(moved.sum(axis=1), 1)


def test_shares_are_sinkhorn_s() -> None:
    """Rows and columns scaled in turn until both fit: another way to the same place."""
    judged = probabilities(20)
    scaled = judged.copy()
    for _ in range(2000):
        scaled *= 5.0 / scaled.sum(axis=0)
        scaled /= scaled.sum(axis=1, keepdims=True)
    assert np.allclose(balanced(judged, ["ann"] * 20, strength=0), scaled, atol=1e-6)


@settings(deadline=None)
@given(st.integers(0, 1000))
def test_one_clip_keeps_the_order_of_its_words(seed: int) -> None:
    judged = np.clip(probabilities(1, seed), 0.01, None)
    judged /= judged.sum()
    assert np.array_equal(np.argsort(balanced(judged, ["ann"])), np.argsort(judged))


def test_each_person_has_his_own_leaning_and_rows_may_come_in_any_order() -> None:
    judged, names = probabilities(30), ["ann", "bob", "cleo"] * 10
    moved = balanced(judged, names)
    ann = np.array(names) == "ann"
    assert np.allclose(moved[ann], balanced(judged[ann], ["ann"] * 10))
    assert np.allclose(moved[::-1], balanced(judged[::-1], names[::-1]))
    assert np.array_equal(log_probabilities(judged).argmax(axis=1), judged.argmax(axis=1))


# What is said no to


def test_bad_options() -> None:
    with pytest.raises(OptionError, match="expected one of none, enrolment, self"):
        Baseline("other")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="0 or more clips"):
        Baseline("self", mean=-1)
    with pytest.raises(OptionError, match="0 or more clips a nat"):
        balanced(probabilities(2), ["a", "a"], strength=-1)


@pytest.mark.parametrize(
    ("rows", "names", "message"),
    [
        ([[1.0], [2.0]], ["ann"], "2 clips but 1 people"),
        ([1.0, 2.0], ["ann", "ann"], r"must be \[clips, columns\]"),
        ([[1.0], [np.inf]], ["ann", "ann"], r"clip 1 \(from 0\) has an infinite value"),
        ([[1.0], [2.0]], ["ann", ""], r"nobody is named for clip 1 \(from 0\)"),
    ],
)
def test_bad_rows_are_named(rows: list[list[float]], names: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Baseline("self").fit(rows, names)


def test_what_does_not_fit_together() -> None:
    fitted = Baseline("self").fit(*training())
    with pytest.raises(DataError, match="2 columns, but it was fitted on 3"):
        fitted.transform([[1.0, 2.0]], ["ann"])
    with pytest.raises(DataError, match="not fitted"):
        Baseline("self").transform([[1.0]], ["ann"])
    with pytest.raises(DataError, match="no clip is marked"):
        Baseline("enrolment").fit(*training())
    with pytest.raises(DataError, match="no clip of training is marked"):
        Baseline("enrolment").fit([[1.0]], ["ann"], [False])
    with pytest.raises(DataError, match=r"marks of shape \[1\]"):
        Baseline("enrolment").fit([[1.0], [2.0]], ["ann", "ann"], [True])
    with pytest.raises(DataError, match="sum to one"):
        balanced(probabilities(2), ["ann", "ann"], share=[1.0, 0.0, 0.0, 0.0])


# On real values


def test_shrinking_beats_training_s_deviation_and_the_person_s_own(data: Path) -> None:
    """Averages of action units, an actor of the first fold known by three and by twenty of his clips."""
    pandas = pytest.importorskip("pandas")
    linear = pytest.importorskip("sklearn.linear_model")
    table = pandas.read_csv(data / "ravdess" / "au.csv.gz")
    rows, truth = table.iloc[:, 6:].to_numpy(float), table["label"].to_numpy()
    actor, train = table["actor"].astype(str).to_numpy(), table["fold"].to_numpy() != 1
    test = np.flatnonzero(~train)

    def accuracy(baseline: Baseline, clips: int) -> float:
        learned = baseline.fit_transform(rows[train], actor[train])
        scale = learned.std(axis=0) + 1e-12
        model = linear.LogisticRegression(C=0.03, max_iter=1000).fit(learned / scale, truth[train])
        rng = np.random.default_rng(1)
        right = []
        for index in np.repeat(test, 2):
            others = rng.choice(np.setdiff1d(np.flatnonzero(actor == actor[index]), [index]), clips, replace=False)
            known = np.concatenate([[index], others])
            moved = baseline.transform(rows[known], actor[known])[:1] / scale
            right.append(model.predict(moved)[0] == truth[index])
        return float(np.mean(right))

    for clips in (3, 20):
        shrunk = accuracy(Baseline("self"), clips)
        assert shrunk > accuracy(Baseline("self", mean=0, deviation=0), clips)
        assert shrunk > accuracy(Baseline("self", mean=0, deviation=np.inf), clips) - 0.005
