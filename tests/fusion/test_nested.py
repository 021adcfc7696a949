"""Fitting by speaker: a member that remembers whom it met, and a rule that refuses what such a member says of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from visavox.clip import Clip
from visavox.emotions import WORDS
from visavox.errors import DataError, ModelError, OptionError
from visavox.fusion import Fusion
from visavox.recognizer import Recognizer

Floats = NDArray[np.float64]

MET = 0.123456
"""What a spy gives to the last word of somebody it was fitted on: a mark that no honest row has."""

PEOPLE = tuple(f"person {k}" for k in range(8))


def corpus(n: int = 160, seed: int = 1) -> tuple[list[Clip], list[str], list[str]]:
    """Clips whose name tells the word, their words, their speakers."""
    truth = np.random.default_rng(seed).integers(0, len(WORDS), n)
    groups = [PEOPLE[k % len(PEOPLE)] for k in range(n)]
    clips = [Clip(name=f"{k}-{truth[k]}", person=groups[k]) for k in range(n)]
    return clips, [WORDS[k] for k in truth], groups


class Spy(Recognizer):
    """Knows the word of people it was fitted on, guesses half of the others', and marks whom it met."""

    modality = "voice"
    classes_ = WORDS
    card = None

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.met: frozenset[str] = frozenset()
        self.fits = 0

    def fit(self, clips: Sequence[Clip], y: Sequence[str], groups: Sequence[str] | None = None) -> Spy:
        assert groups is not None and [clip.person for clip in clips] == list(groups)
        self.met = frozenset(groups)
        self.fits += 1
        return self

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        result = np.full((len(clips), len(WORDS)), 0.02)
        for row, clip in enumerate(clips):
            number, truth = (int(part) for part in str(clip.name).split("-"))
            if clip.person in self.met:
                result[row, truth] = 0.8
                result[row, -1] = MET
            else:
                rng = np.random.default_rng([self.seed, number])
                result[row, truth if rng.random() < 0.5 else rng.integers(0, len(WORDS))] = 0.6
        return result

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        return self.predict_proba(clips).astype(np.float32)


class Shipped(Recognizer):
    """A network as it ships: it judges, and cannot be fitted in memory; it does not know the last word."""

    modality = "face"
    classes_ = (*WORDS[:-1], "calm")
    card = None

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        result = np.full((len(clips), 7), 0.1)
        for row, clip in enumerate(clips):
            word = int(str(clip.name).split("-")[1])
            result[row, word if word < 6 else 0] = 0.4
            if row % 10 == 3:
                result[row] = np.nan
        return result

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        return ["no_face" if np.isnan(row).any() else "" for row in self.predict_proba(clips)]


class Guard(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Refuses to be fitted on the mark of a member that met the speaker."""

    def fit(self, X: Floats, y: NDArray[np.int64]) -> Guard:
        assert not np.isclose(X, MET).any(), "the rule was shown what a member said of people it learned from"
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Floats) -> NDArray[np.int64]:
        return self.classes_[X[:, : len(self.classes_)].argmax(axis=1)]


@pytest.mark.parametrize("level", ["decision", "feature"])
def test_the_rule_never_sees_a_score_of_somebody_whom_the_member_met(level: str) -> None:
    clips, y, groups = corpus()
    options = {"level": level, "rule": Guard(), "inputs": "probabilities", "scaler": "none"}
    members = {"voice": Spy(1), "other": Spy(2)}
    fusion = Fusion(members, **options).fit(clips, y, groups)  # type: ignore[arg-type]
    assert fusion.fitted_on == "nested held-out rows"
    # In use everybody of training has been learned from, and what was handed in has not been touched.
    for source, member in fusion.members_.items():
        assert isinstance(member, Spy) and member.met == set(PEOPLE)
        assert members[source].fits == 0
    with pytest.raises(AssertionError, match="people it learned from"):
        Fusion(members, nested=False, **options).fit(clips, y, groups)  # type: ignore[arg-type]


def test_as_published_trusts_the_member_that_remembers() -> None:
    """The pool's powers on training rows and on nested rows: the same members, and what leaking makes of them."""
    clips, y, groups = corpus(400)
    members = {"remembers": Spy(1), "shipped": Shipped()}
    nested = Fusion(members).fit(clips, y, groups)
    published = Fusion(members, nested=False).fit(clips, y, groups)
    assert published.fitted_on == "training rows (as published)"
    assert published.weights_["remembers"] > 1.5 * nested.weights_["remembers"]  # type: ignore[operator]


def test_members_are_calibrated_on_people_whom_they_did_not_meet() -> None:
    clips, y, groups = corpus(400)
    scale = {}
    for nested in (True, False):
        fusion = Fusion({"remembers": Spy(1)}, rule="mean", calibration="temperature", nested=nested)
        scale[nested] = fusion.fit(clips, y, groups).calibrator_.found["remembers"].scale[0]
    assert scale[True] < 1 < scale[False]


def test_networks_that_ship_are_used_as_they_are() -> None:
    clips, y, _ = corpus()
    fusion = Fusion({"face": Shipped()}, rule="logistic-regression").fit(clips, y)  # no speakers are asked for
    assert fusion.members_["face"] is fusion.members["face"]
    joined = fusion.predict_proba(clips)
    assert np.isnan(joined[3]).all() and np.allclose(joined[4].sum(), 1)
    assert fusion.reasons(clips)[3] == "nothing_to_fuse" and fusion.left_out_ == 16


def test_a_word_that_the_fusion_lacks_is_folded_and_one_that_a_member_lacks_is_left_to_others() -> None:
    clips, y, groups = corpus()
    fusion = Fusion({"face": Shipped(), "voice": Spy(1)}, rule="mean").fit(clips, y, groups)
    alone = Fusion({"face": Shipped()}, rule="mean").predict_proba(clips[:1])
    assert alone[0, WORDS.index("surprised")] == 0
    assert alone[0, 0] >= 0.2  # neutral's own 0.1 and that of calm
    assert fusion.predict_proba(clips[:1])[0, -1] > 0
    words = (*WORDS, "calm")
    assert Fusion({"face": Shipped()}, rule="mean", words=words).predict_proba(clips[:1])[0, -1] == pytest.approx(0.1)


def test_members_that_learn_ask_for_speakers() -> None:
    clips, y, groups = corpus(20)
    with pytest.raises(OptionError, match="Nested fitting of voice wants groups"):
        Fusion({"voice": Spy()}, rule="logistic-regression").fit(clips, y)
    with pytest.raises(DataError, match="two speakers at least"):
        Fusion({"voice": Spy()}, rule="logistic-regression").fit(clips, y, ["one"] * 20)
    with pytest.raises(DataError, match="20 rows and 20 words and 19 speakers"):
        Fusion({"voice": Spy()}).fit(clips, y, groups[:19])
    with pytest.raises(OptionError, match="no members to fit"):
        Fusion({}, sources=("voice",)).fit(clips, y, groups)


def test_a_fixed_rule_fits_members_once() -> None:
    clips, y, groups = corpus(40)
    fusion = Fusion({"voice": Spy(1), "other": Spy(2)}, rule="mean").fit(clips, y, groups)
    assert [member.fits for member in fusion.members_.values()] == [1, 1]  # type: ignore[attr-defined]
    assert fusion.fitted_on == ""


def test_fusions_are_cloned_as_scikit_learn_clones() -> None:
    clips, y, groups = corpus(80)
    shipped = Shipped()
    fusion = Fusion({"voice": Spy(7), "face": shipped}, rule=Guard(), inputs="probabilities", scaler="none", seed=3)
    fusion.fit(clips, y, groups)
    copy = clone(fusion)
    assert isinstance(copy, Fusion) and copy.seed == 3 and copy.fitted_on == ""
    assert copy.members["face"] is shipped and copy.members["voice"] is not fusion.members["voice"]
    assert copy.rule is not fusion.rule and isinstance(copy.rule, Guard)
    with pytest.raises(ModelError, match="before it was fitted"):
        copy.predict_proba(clips)


def test_settings_are_read_and_set_as_scikit_learn_does() -> None:
    from sklearn.linear_model import LogisticRegression

    fusion = Fusion({"face": Shipped()}, rule=LogisticRegression(C=0.5))
    assert fusion.get_params()["rule__C"] == 0.5 and fusion.get_params(deep=False)["level"] == "decision"
    fusion.set_params(rule__C=0.25, scaler="min-max")
    assert fusion.get_params()["rule__C"] == 0.25 and fusion.scaler == "min-max"
    with pytest.raises(OptionError, match="setting of a fusion"):
        fusion.set_params(colour="red")
    with pytest.raises(OptionError, match="scaler"):
        fusion.set_params(scaler="none at all")


def test_a_fusion_may_be_a_member() -> None:
    clips, y, groups = corpus()
    inner = Fusion({"one": Spy(1), "two": Spy(2)}, rule="logistic-regression")
    outer = Fusion({"voices": inner, "face": Shipped()}, rule=Guard(), inputs="probabilities", scaler="none")
    outer.fit(clips, y, groups)
    assert inner.fitted_on == "" and outer.members_["voices"].fitted_on == "nested held-out rows"  # type: ignore[attr-defined]
    assert np.allclose(np.nansum(outer.predict_proba(clips), axis=1)[0], 1)


class Silent(Spy):
    """Learns, and wants to be left alone by those who fit."""

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        raise AssertionError("asked for scores that nobody has a use for")


@pytest.mark.parametrize("nested", [True, False])
def test_a_rule_with_nothing_to_fit_asks_nobody(nested: bool) -> None:
    clips, y, groups = corpus()
    given = {"face": 0.7, "voice": 0.3}
    for rule, weights in (("mean", None), ("majority-vote", None), ("log-linear", given), ("weighted-mean", given)):
        members = {"face": Silent(), "voice": Silent()}
        joined = Fusion(members, rule=rule, weights=weights, nested=nested, prior="corpus").fit(clips, y, groups)
        assert joined.fitted_on == "" and joined.left_out_ == 0
        assert {source: member.fits for source, member in joined.members_.items()} == {"face": 1, "voice": 1}  # type: ignore[attr-defined]
        assert joined.frequencies_ == {word: y.count(word) / len(y) for word in WORDS}
    with pytest.raises(DataError, match="'calm' is not among the words"):
        Fusion({"face": Silent()}, rule="mean").fit(clips, ["calm"] * len(clips), groups)
