"""Learned rules: every one on the same made table, against scikit-learn, and with members missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from visavox.emotions import WORDS
from visavox.errors import DataError, ModelError, OptionError
from visavox.fusion import RULES, WEIGHTED, Fusion
from visavox.fusion.classifiers import CLASSIFIERS, PENALTIES
from visavox.fusion.folds import inner_folds
from visavox.fusion.inputs import Scores, absent, with_absences

from .conftest import Table

Floats = NDArray[np.float64]

SOURCES = ("face", "voice", "body")


def accuracy(joined: Floats, y: list[str]) -> float:
    return float(np.mean([WORDS[k] == word for k, word in zip(np.nan_to_num(joined).argmax(axis=1), y, strict=True)]))


@pytest.mark.parametrize("rule", [*RULES, *WEIGHTED, *CLASSIFIERS])
def test_every_rule_on_the_same_table(rule: str, training: Table, unseen: Table) -> None:
    fusion = Fusion({}, rule=rule, sources=SOURCES).fit_scores(training.scores, training.y, training.groups)
    joined = fusion.combine(unseen.scores)
    nobody = np.stack([absent(values) for values in unseen.scores.values()]).all(axis=0)
    assert (np.isnan(joined).all(axis=1) == nobody).all() and (np.isnan(joined).any(axis=1) == nobody).all()
    assert np.allclose(joined[~nobody].sum(axis=1), 1) and (joined[~nobody] >= 0).all()
    best = max(accuracy(values, unseen.y) for values in unseen.scores.values())
    # Rules that trust each word of each member alike cannot make up for the weak one.
    least = best if rule not in ("max", "min", "median", "majority-vote") else best - 0.1
    assert accuracy(joined, unseen.y) > least
    few = {source: values[:6] for source, values in unseen.scores.items()}
    shares = fusion.shares(few)
    assert np.allclose(np.sum(list(shares.values()), axis=0)[~nobody[:6]], 1)


@pytest.mark.parametrize("rule", CLASSIFIERS)
def test_learned_rules_judge_by_whoever_is_there(rule: str, training: Table, unseen: Table) -> None:
    fusion = Fusion({}, rule=rule, sources=SOURCES, dropped=0.5).fit_scores(
        training.scores, training.y, training.groups
    )
    face = fusion.combine({"face": unseen.scores["face"]})
    there = ~absent(unseen.scores["face"])
    assert (np.isnan(face).any(axis=1) == ~there).all()
    alone = accuracy(unseen.scores["face"], unseen.y)
    assert accuracy(face, unseen.y) > alone - 0.12
    gone = {**unseen.scores, "voice": np.full_like(unseen.scores["voice"], np.nan)}
    rest = {source: unseen.scores[source] for source in ("face", "body")}
    assert np.array_equal(fusion.combine(gone), fusion.combine(rest), equal_nan=True)


def test_as_published_is_scikit_learns_pipeline() -> None:
    """Raw values of complete rows, scaled to 0..1, under logistic regression: nothing of ours is in between."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 7, 300)
    scores = {source: 3 * np.eye(7)[y] + rng.normal(0, 3, (300, 7)) for source in ("face", "voice")}
    fusion = Fusion(
        {},
        rule="logistic-regression",
        sources=("face", "voice"),
        inputs="logits",
        scaler="min-max",
        dropped=0,
        prior="corpus",
        nested=False,
    )
    fusion.fit_scores({source: values[:200] for source, values in scores.items()}, [WORDS[k] for k in y[:200]])
    oracle = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=10_000))
    both = np.hstack(list(scores.values()))
    oracle.fit(both[:200], y[:200])
    joined = fusion.combine({source: values[200:] for source, values in scores.items()})
    assert np.allclose(joined, oracle.predict_proba(both[200:]), atol=1e-6)
    assert fusion.fitted_on == "training rows (as published)"


def test_columns_by_hand() -> None:
    face = np.array([[0.8, 0.2], [0.5, 0.5], [np.nan, np.nan]])
    voice = np.array([[0.25, 0.75], [0.5, np.nan], [0.1, 0.9]])
    seen = Scores("probabilities", "none").fit({"face": face, "voice": voice}, np.array([0, 1, 1]))
    columns = seen.columns({"face": face, "voice": voice})
    wanted = [
        [0.8, 0.2, 0.25, 0.75, 0],
        [0.5, 0.5, 0.5, 0.825, 0],  # the word that the voice does not know: its mean
        [0.65, 0.35, 0.1, 0.9, 1],  # no face: its means, and the column that says so
    ]
    assert np.allclose(columns, wanted)
    logs = Scores("log", "none").fit({"face": face}, np.array([0, 1, 1])).columns({"face": face})
    half = np.log(4) / 2
    assert np.allclose(logs, [[half, -half, 0], [0, 0, 0], [0, 0, 1]])


@given(st.integers(0, 10_000), st.floats(0, 2), st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_copies_miss_some_members_and_never_all(seed: int, share: float, members: int) -> None:
    rng = np.random.default_rng(seed)
    tables = {str(k): rng.random((20, 3)) for k in range(members)}
    for table in tables.values():
        table[rng.random(20) < 0.3] = np.nan
    longer, origin = with_absences(tables, share, seed)
    before = np.stack([~absent(table) for table in tables.values()], axis=1)
    after = np.stack([~absent(table) for table in longer.values()], axis=1)
    assert all(np.array_equal(longer[name][:20], table, equal_nan=True) for name, table in tables.items())
    copies = origin[20:]
    assert len(copies) == min(round(share * (before.sum(axis=1) > 1).sum()), (before.sum(axis=1) > 1).sum())
    assert (after[20:].sum(axis=1) >= 1).all() and (after[20:].sum(axis=1) < before[copies].sum(axis=1)).all()
    for name, table in longer.items():
        kept = ~absent(table[20:])
        assert np.array_equal(table[20:][kept], tables[name][copies][kept])


@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(2, 6))
@settings(max_examples=40, deadline=None)
def test_nobody_is_on_both_sides_of_an_inner_fold(seed: int, people: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.array([f"p{k}" for k in rng.integers(0, people, 40)])
    folds = inner_folds(rng.integers(0, 3, 40), groups.tolist(), parts, seed)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(40))
    if len(set(groups)) > 1:
        assert all(not set(groups[train]) & set(groups[test]) for train, test in folds)


def test_the_likeliest_word_of_a_support_vector_machine_is_the_one_it_names(training: Table, unseen: Table) -> None:
    fusion = Fusion({}, rule="svm-rbf", sources=SOURCES, prior="corpus").fit_scores(
        training.scores, training.y, training.groups
    )
    tables = {source: unseen.scores[source] for source in SOURCES}
    somebody = ~np.stack([absent(table) for table in tables.values()]).all(axis=0)
    columns = fusion.columns_.columns({source: table[somebody] for source, table in tables.items()})
    named = fusion.learned_.classifier.predict(columns)  # type: ignore[union-attr]
    joined = fusion.combine(tables)[somebody]
    assert (joined.argmax(axis=1) == named).all()
    # The temperature is fitted on inner speakers: confidence is about what is right.
    right = [WORDS[k] == word for k, word in zip(joined.argmax(axis=1), np.array(unseen.y)[somebody], strict=True)]
    assert joined.max(axis=1).mean() == pytest.approx(np.mean(right), abs=0.12)


class FirstWord(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Names the first word for everybody: a classifier that has neither probabilities nor decision values."""

    def fit(self, X: Floats, y: NDArray[np.int64]) -> FirstWord:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Floats) -> NDArray[np.int64]:
        return np.full(len(X), self.classes_[0])


def test_any_classifier_may_be_the_rule_and_is_left_as_it_is(training: Table, unseen: Table) -> None:
    for rule in (LogisticRegression(C=0.1), RidgeClassifier(), SVC(), FirstWord()):
        fusion = Fusion({}, rule=rule, sources=SOURCES).fit_scores(training.scores, training.y, training.groups)
        assert not hasattr(rule, "classes_")
        joined = fusion.combine(unseen.scores)
        if isinstance(rule, FirstWord):
            assert set(joined[~np.isnan(joined[:, 0])].argmax(axis=1)) == {0}
        else:
            assert accuracy(joined, unseen.y) > 0.75


def test_a_search_of_scikit_learn_is_given_the_speakers(training: Table) -> None:
    search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": [0.01, 0.1]}, cv=GroupKFold(3))
    fusion = Fusion({}, rule=search, sources=SOURCES)
    fusion.fit_scores(training.scores, training.y, training.groups)
    assert fusion.learned_.classifier.best_params_["C"] in (0.01, 0.1)  # type: ignore[union-attr]


def test_a_tuned_regression_has_the_penalty_that_judges_inner_speakers_best(training: Table) -> None:
    fusion = Fusion({}, rule="logistic-regression-tuned", sources=SOURCES, dropped=0)
    fusion.fit_scores(training.scores, training.y, training.groups)
    somebody = ~np.stack([absent(values) for values in training.scores.values()]).all(axis=0)
    table = training.rows(somebody)
    columns = fusion.columns_.columns(table.scores)
    truth = np.array([WORDS.index(word) for word in table.y])
    folds = inner_folds(truth, table.groups, 5, 1)
    scores = {
        penalty: cross_val_score(
            LogisticRegression(C=penalty, max_iter=10_000), columns, truth, cv=folds, scoring="neg_log_loss"
        ).mean()
        for penalty in PENALTIES
    }
    chosen = fusion.learned_.classifier.best_params_["C"]  # type: ignore[union-attr]
    assert chosen == max(scores, key=lambda penalty: scores[penalty])


def test_a_tuned_regression_holds_back_where_there_is_nothing_to_learn(training: Table) -> None:
    shuffled = np.random.default_rng(4).permutation(training.y).tolist()
    fusion = Fusion({}, rule="logistic-regression-tuned", sources=SOURCES)
    fusion.fit_scores(training.scores, shuffled, training.groups)
    assert fusion.learned_.classifier.best_params_["C"] <= 0.01  # type: ignore[union-attr]


def test_the_prior_of_a_learned_rule_is_changed_by_bayes_rule(training: Table, unseen: Table) -> None:
    common = training.rows(np.array([word in ("neutral", "happy") or k % 3 == 0 for k, word in enumerate(training.y)]))
    results = {}
    for prior in ("corpus", "uniform"):
        fusion = Fusion({}, rule="logistic-regression", sources=SOURCES, prior=prior)  # type: ignore[arg-type]
        results[prior] = fusion.fit_scores(common.scores, common.y, common.groups).combine(unseen.scores)
    frequencies = np.array([common.y.count(word) for word in WORDS]) / len(common.y)
    wanted = results["corpus"] / frequencies
    wanted /= wanted.sum(axis=1, keepdims=True)
    assert np.allclose(results["uniform"], wanted, equal_nan=True)


def test_the_same_seed_gives_the_same_rule(training: Table, unseen: Table) -> None:
    one, other = (
        Fusion({}, rule="mlp", sources=SOURCES, seed=5)
        .fit_scores(training.scores, training.y, training.groups)
        .combine(unseen.scores)
        for _ in range(2)
    )
    assert np.array_equal(one, other, equal_nan=True)


def test_a_word_that_no_row_had_has_probability_0(training: Table, unseen: Table) -> None:
    known = training.rows(np.array([word != "sad" for word in training.y]))
    for rule in ("logistic-regression", "svm-linear", "knn"):
        joined = Fusion({}, rule=rule, sources=SOURCES).fit_scores(known.scores, known.y, known.groups)
        values = joined.combine(unseen.scores)
        assert np.nanmax(values[:, WORDS.index("sad")]) == 0
        assert np.allclose(np.nansum(values, axis=1)[~np.isnan(values[:, 0])], 1)


def test_what_cannot_be_learned_or_judged_is_said(training: Table) -> None:
    rule = Fusion({}, rule="logistic-regression", sources=SOURCES)
    with pytest.raises(ModelError, match="judges nothing before it was fitted"):
        rule.combine(training.scores)
    with pytest.raises(DataError, match="two words"):
        rule.fit_scores({source: values[:1] for source, values in training.scores.items()}, training.y[:1])
    with pytest.raises(OptionError, match="inputs of a learned rule"):
        Fusion({}, sources=SOURCES, inputs="odds")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="scaler"):
        Fusion({}, sources=SOURCES, scaler="robust")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="dropped"):
        Fusion({}, sources=SOURCES, dropped=-1)


def test_no_rows_in_no_rows_out(training: Table) -> None:
    rule = Fusion({}, rule="logistic-regression", sources=SOURCES).fit_scores(training.scores, training.y)
    assert rule.combine({source: values[:0] for source, values in training.scores.items()}).shape == (0, 7)
