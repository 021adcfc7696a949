"""Scores by hand and against scikit-learn; intervals that draw people, not clips."""

import numpy as np
import pytest

from visavox import protocols
from visavox.calibration import expected_calibration_error
from visavox.errors import DataError, OptionError
from visavox.protocols import Bootstrap

COUNTS = np.array([[6.0, 2.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
"""Ten clips of two words; a third word never is true and never is judged."""


def test_scores_of_a_case_worked_by_hand() -> None:
    assert float(protocols.accuracy(COUNTS)) == pytest.approx(0.7)
    np.testing.assert_allclose(protocols.recalls(COUNTS), [0.75, 0.5, np.nan])
    assert float(protocols.recall(1)(COUNTS)) == pytest.approx(0.5)
    assert float(protocols.uar(COUNTS)) == pytest.approx(0.625)
    # F1: 2*6/(8+7) = .8 and 2*1/(2+3) = .4
    assert float(protocols.macro_f1(COUNTS)) == pytest.approx(0.6)


def test_scores_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for _ in range(5):
        truth, judged = rng.integers(0, 7, (2, 120))
        counts = protocols.confusion(truth, judged, 7)
        np.testing.assert_array_equal(counts, metrics.confusion_matrix(truth, judged, labels=range(7)))
        assert float(protocols.accuracy(counts)) == pytest.approx(metrics.accuracy_score(truth, judged))
        assert float(protocols.uar(counts)) == pytest.approx(metrics.balanced_accuracy_score(truth, judged))
        assert float(protocols.macro_f1(counts)) == pytest.approx(metrics.f1_score(truth, judged, average="macro"))


def test_many_matrices_at_once_give_what_each_gives_alone() -> None:
    many = np.stack([COUNTS, COUNTS.T + 1])
    for metric in protocols.METRICS.values():
        np.testing.assert_allclose(metric(many), [float(metric(one)) for one in many])


def test_the_interval_of_an_accuracy_is_the_binomial_one() -> None:
    rng = np.random.default_rng(1)
    truth = np.zeros(1000, dtype=int)
    judged = (rng.random(1000) < 0.3).astype(int)
    value, low, high = Bootstrap(truth, judged, None, words=2)(protocols.accuracy)
    half = 1.96 * np.sqrt(value * (1 - value) / 1000)
    assert (high - low) / 2 == pytest.approx(half, rel=0.1)
    assert low < value < high


def test_clips_of_one_person_are_drawn_together() -> None:
    # Ten people, each always right or always wrong: a hundred clips each tell no more than one.
    truth = np.zeros(1000, dtype=int)
    right = np.repeat(np.arange(10) % 2, 100)
    people = [f"speaker-{index // 100}" for index in range(1000)]
    apart = Bootstrap(truth, right, None, words=2)(protocols.accuracy)
    together = Bootstrap(truth, right, people, words=2)(protocols.accuracy)
    assert together.value == apart.value == 0.5
    assert together.high - together.low > 5 * (apart.high - apart.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(2)
    truth, judged = rng.integers(0, 3, (2, 200))
    draws = [Bootstrap(truth, judged, None, words=3, seed=seed)(protocols.uar) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_precision_and_f1_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    truth, judged = rng.integers(0, 5, (2, 60))
    judged[judged == 4] = 0  # a word that is never judged
    counts = protocols.confusion(truth, judged, 5)
    for name in ("macro", "weighted"):
        precision, _, f1, _ = metrics.precision_recall_fscore_support(truth, judged, average=name, zero_division=0)
        assert float(protocols.metric(f"{name}-precision")(counts)) == pytest.approx(precision)
        assert float(protocols.metric(f"{name}-f1")(counts)) == pytest.approx(f1)


def test_what_could_not_be_judged_counts_as_wrong_and_is_no_word_of_its_own() -> None:
    truth = [0, 0, 0, 1, 1, 1]
    given = [0, 0, -1, 1, -1, 1]
    counts = protocols.confusion(truth, given, 2)
    assert counts.shape == (2, 3) and counts[:, -1].tolist() == [1, 1]
    assert float(protocols.accuracy(counts)) == pytest.approx(4 / 6)
    assert float(protocols.uar(counts)) == pytest.approx(2 / 3)
    # Precision 1 each, recall 2/3 each: F1 = 4/5.
    assert float(protocols.macro_f1(counts)) == pytest.approx(0.8)
    assert float(protocols.macro_precision(counts)) == 1.0
    assert Bootstrap(truth, given, None, words=2)(protocols.uar).value == pytest.approx(2 / 3)


def test_two_judges_are_compared_on_the_same_draws_of_people() -> None:
    # Both are right on the same clips, but one of them also on one clip of each of twenty people.
    rng = np.random.default_rng(4)
    people = np.repeat(np.arange(20), 10)
    truth = rng.integers(0, 2, 200)
    worse = np.where(rng.random(200) < 0.5, truth, 1 - truth)
    worse[::10] = 1 - truth[::10]
    better = worse.copy()
    better[::10] = truth[::10]
    difference = protocols.paired(truth, better, worse, people.tolist(), words=2)
    assert difference == pytest.approx((0.1, 0.1, 0.1))
    alone = Bootstrap(truth, better, people.tolist(), words=2)(protocols.accuracy)
    assert alone.high - alone.low > 0.05, "the same two intervals, unpaired, would overlap"
    back = protocols.paired(truth, worse, better, people.tolist(), words=2, metric="uar")
    assert back.value < 0 and back.high < 0


def test_a_paired_difference_may_hold_rows_that_one_of_them_could_not_judge() -> None:
    truth = [0, 1, 0, 1]
    value = protocols.paired(truth, truth, [-1, 1, 0, 1], ["a", "a", "b", "b"], words=2)
    assert value.value == pytest.approx(0.25) and value.low == 0.0 and value.high == 0.5


def test_the_mean_over_folds_weighs_folds_equally() -> None:
    truth = [0, 0, 0, 0, 1]
    judged = [0, 0, 0, 0, 0]
    folds = ["1", "1", "1", "1", "2"]
    people = ["a", "a", "b", "b", "c"]
    mean = protocols.over_folds(truth, judged, people, folds, words=2)
    assert mean == (0.5, 0.5, 0.5)


def test_nothing_to_score_is_said() -> None:
    with pytest.raises(DataError, match="nothing to score"):
        Bootstrap([], [], None, words=2)
    with pytest.raises(OptionError, match="expected one of accuracy"):
        protocols.paired([0], [0], [0], None, words=2, metric="kappa")


def test_where_each_fold_is_one_speaker_the_folds_are_drawn() -> None:
    # Half of the speakers are always judged right, half never: the mean of ten of them has a binomial interval.
    people = [f"speaker-{index // 10}" for index in range(100)]
    right = [index // 10 % 2 for index in range(100)]
    mean = protocols.over_folds([1] * 100, right, people, people, words=2)
    assert mean.value == 0.5 and (mean.low, mean.high) == pytest.approx((0.2, 0.8), abs=0.051)


def sure_clips(seed: int, people: int = 20, each: int = 50) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Clips of two words, each right as often as it is sure; and whose they are."""
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.5, 1, people * each)
    wrong = rng.random(len(sure)) >= sure
    return np.stack([sure, 1 - sure], axis=1), wrong.astype(int), [row // each for row in range(len(sure))]


def test_the_calibration_error_is_the_one_without_an_interval() -> None:
    p, truth, people = sure_clips(1)
    for groups in (people, None):
        value, low, high = protocols.calibration_error(p, truth, groups, draws=200)
        assert value == pytest.approx(expected_calibration_error(p, truth))
        assert 0 <= low < value < high


def test_its_draws_are_people() -> None:
    # Of ten people five are always right and five never: who is drawn decides whether .5 is the right confidence.
    p, people = np.full((1000, 2), 0.5), [row // 100 for row in range(1000)]
    truth = np.array([person % 2 for person in people])
    together = protocols.calibration_error(p, truth, people)
    apart = protocols.calibration_error(p, truth, None)
    assert together.value == apart.value == 0
    assert together.high > 3 * apart.high > 0


def test_its_interval_is_as_wide_as_other_draws_differ() -> None:
    """How far the error of new people lies from its mean, against what one sample says of it."""
    errors = np.array([expected_calibration_error(*sure_clips(seed)[:2]) for seed in range(2, 202)])
    spread = np.diff(np.percentile(errors, [2.5, 97.5]))[0]
    told = [protocols.calibration_error(*sure_clips(seed), draws=300) for seed in range(2, 12)]
    assert np.mean([one.high - one.low for one in told]) == pytest.approx(spread, rel=0.5)


def test_there_must_be_somebody_to_be_calibrated_on() -> None:
    with pytest.raises(DataError, match="nothing to score"):
        protocols.calibration_error(np.zeros((0, 2)), [], None)
