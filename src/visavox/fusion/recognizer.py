"""`Fusion`: a Recognizer made of Recognizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import change_prior
from visavox.clip import Clip
from visavox.emotions import WORDS, expected_in_life, life_prior
from visavox.errors import DataError, ModelError, OptionError
from visavox.fusion import cards, settings
from visavox.fusion.calibrating import Calibrating, Calibrator
from visavox.fusion.checks import checked, match, places
from visavox.fusion.classifiers import Classifier, Learned
from visavox.fusion.features import Features
from visavox.fusion.folds import fit_all, fresh, out_of_fold
from visavox.fusion.inputs import Scaling, Scores, Seen, absent, with_absences
from visavox.fusion.joint import Joint
from visavox.fusion.rules import RULES, WEIGHTED, Floats, log_linear, over
from visavox.fusion.saved import SavedColumns, SavedRule
from visavox.fusion.settings import Level
from visavox.fusion.shares import shares
from visavox.fusion.weights import fit_mean_weights, fit_pool, fit_vote_weights
from visavox.recognizer import Card, Prior, Recognizer

NESTED = "nested held-out rows"
PUBLISHED = "training rows (as published)"
GIVEN = "held-out rows"


class Fusion(Recognizer):
    """Several recognizers joined into one.

    Args:
        members: What is joined, by source, for example ``{"face": load("face"), "voice": load("voice")}``.
        level: ``decision`` joins probabilities; ``feature`` joins features and lets one classifier judge them;
            ``joint`` trains branches for the sources through one head (PyTorch).
        rule: At the decision level ``log-linear`` (calibrated product, the default), ``product``, ``mean``, ``max``,
            ``min``, ``median``, ``majority-vote``, ``weighted-mean``, ``weighted-vote``, or a learned one:
            ``logistic-regression``, ``logistic-regression-tuned``, ``svm-linear``, ``svm-rbf``, ``svm-sigmoid``,
            ``knn``, ``mlp``, ``bel``, ``mobel``, or any classifier of scikit-learn's manners. At the feature level a
            learned one. At the joint level ``type-1``, ``type-2`` or a `Joint`.
        words: The words of the result, in order; a member's word that is not among them is folded or taken out.
        sources: Names of the sources, where there are rules but no members; those of the members by default.
        weights: Weight of each source, used as it is; where None is given, weights are fitted, and 1 before that.
        prior: Prior of the result: ``uniform``, ``life``, or ``corpus`` (how frequent words were where it was fitted).
        nested: Whether `fit` shows the rule only what members say of people whom they did not learn from. False is "as
            published": the rule is fitted on the members' own training rows, where they are surer than they should be.
        card: What is known about the fitted weights.
        inputs: What is given at the decision level, and what learned rules see of it: ``log`` (given probabilities,
            seen as centred log-probabilities), ``probabilities`` (as they are), or ``logits`` (any numbers, as they
            are; other rules take the softmax of them).
        calibration: What is fitted to each member's scores, on the rows that the rule is fitted on and before it is:
            ``none``, a ``temperature``, or a ``vector`` (a scale and a bias for each word).
        scaler: How their columns are scaled: ``standard``, ``min-max`` or ``none``.
        join: At the feature level ``concatenation``, ``sum``, ``product``, ``weighted-average``, ``max``, ``mean`` or
            ``gated``.
        powers: Whether a log-linear pool has one power for each ``source`` or one for each ``source-and-word``.
        bias: Whether a log-linear pool has a bias for each word.
        dropped: How many rows a learned rule sees once more with members missing at random, as a part of all; 0 where
            nobody will ever be absent.
        parts: Inner folds of `fit`, by speaker.
        seed: Of everything drawn.

    Attributes:
        classes_: `words`.
        weights_: The weights in use, by source (and by word, if `powers` says so).
        bias_: The biases in use, by word; None without.
        frequencies_: How frequent each word was where it was fitted; None before.
        fitted_on: Which rows the rule was fitted on: ``nested held-out rows``, ``training rows (as published)``,
            ``held-out rows`` (given to `fit_scores`), or nothing.
        calibrator_: The calibrations in use.
        left_out_: How many rows nobody could judge, so that nothing was learned from them.
        members_: The members in use, fitted where they can be.

    Fixed rules leave out who is absent; learned rules are fitted with members missing at random and are told by a
    column. Learned rules and joint networks live in memory and in the folder of the run that fitted them: nothing is
    pickled. Fixed rules and pools go into a card (`to_card`, `from_card`).

    Raises:
        OptionError: If an option has a value that it does not take, or there is no member.

    Example:
        >>> rule = Fusion({}, rule="product", sources=("face", "voice"))
        >>> face, voice = np.full((1, 7), 0.05), np.full((1, 7), 1 / 7)
        >>> face[0, 1] = 0.7
        >>> joined = rule.combine({"face": face, "voice": voice})
        >>> bool(np.allclose(joined, face))
        True
    """

    modality = "fused"

    def __init__(
        self,
        members: Mapping[str, Recognizer],
        *,
        level: Level = "decision",
        rule: str | Classifier | Joint = "log-linear",
        words: Sequence[str] = WORDS,
        sources: Sequence[str] | None = None,
        weights: Mapping[str, float] | None = None,
        prior: Prior = "uniform",
        nested: bool = True,
        card: Card | None = None,
        inputs: Seen = "log",
        calibration: Calibrating = "none",
        scaler: Scaling = "standard",
        join: str = "concatenation",
        powers: Literal["source", "source-and-word"] = "source",
        bias: bool = False,
        dropped: float = 0.2,
        parts: int = 5,
        seed: int = 1,
    ) -> None:
        self.members = members
        self.level = level
        self.rule = rule
        self.words = words
        self.sources = sources
        self.weights = weights
        self.prior = prior
        self.nested = nested
        self.card = card
        self.inputs = inputs
        self.calibration = calibration
        self.scaler = scaler
        self.join = join
        self.powers = powers
        self.bias = bias
        self.dropped = dropped
        self.parts = parts
        self.seed = seed
        settings.check(self)
        self.classes_ = tuple(words)
        self.sources_: tuple[str, ...] = tuple(sources or members)
        self.members_: dict[str, Recognizer] = dict(members)
        self.weights_: dict[str, float] | dict[str, dict[str, float]] = {
            source: float((weights or {}).get(source, 1.0)) for source in self.sources_
        }
        self.bias_: dict[str, float] | None = None
        self.frequencies_: dict[str, float] | None = None
        self.fitted_on = ""
        self.left_out_ = 0
        self.calibrator_ = Calibrator(calibration, logits=inputs == "logits")
        self.shapes_: dict[str, tuple[int, ...]] = {}
        self.learned_: Joint | Learned | SavedRule
        self.columns_: Scores | Features | SavedColumns

    @property
    def is_learned(self) -> bool:
        """Whether the rule is a classifier or a network, which judges nothing before it was fitted."""
        return not (isinstance(self.rule, str) and self.rule in (*RULES, *WEIGHTED))

    def fit(self, clips: Sequence[Clip], y: Sequence[str], groups: Sequence[str] | None = None) -> Fusion:
        """Fits the members that learn in memory, and the rule on what they say.

        Nested by speaker: the rule sees what each member says of a speaker after it was fitted on others alone; then
        the members are fitted once more, on everybody. Members that do not learn (shipped networks, tables of scores)
        are used as they are; that they never met these speakers is for the caller to know.

        Args:
            clips: What is judged.
            y: Their words.
            groups: Their speakers; wanted where a member learns.

        Raises:
            OptionError: If there are no members, or a member learns and there are no groups.
            DataError: If a word is not among `words`, lengths differ, or there are fewer than two speakers.
        """
        if not self.members:
            raise OptionError("This fusion has no members to fit: give it recognizers, or use fit_scores.")
        match(len(clips), y, groups)
        if not self.has_to_be_fitted:
            # Nobody is asked about the clips: what members say of those they learned from is of no use to anyone.
            truth = places(y, self.classes_)
            self.members_ = fit_all(self.members, clips, y, groups)
            self.frequencies_ = self._frequent(np.bincount(truth, minlength=len(self.classes_)) / len(truth))
            self.fitted_on, self.left_out_ = "", 0
            return self
        if self.nested:
            tables = out_of_fold(
                self.members, clips, y, groups, parts=self.parts, seed=self.seed, judge=self._judged_by
            )
            self.members_ = fit_all(self.members, clips, y, groups)
        else:
            self.members_ = fit_all(self.members, clips, y, groups)
            tables = {source: self._judged_by(member, clips) for source, member in self.members_.items()}
        self._fit_rule(tables, y, groups)
        if self.fitted_on:
            self.fitted_on = NESTED if self.nested else PUBLISHED
        return self

    def fit_scores(self, scores: Mapping[str, Floats], y: Sequence[str], groups: Sequence[str] | None = None) -> Fusion:
        """Fits the rule on what members said; the caller vouches that these are people they did not learn from.

        Args:
            scores: By source, as for `combine`; at the other levels features [shape=(n, d)].
            y: The words.
            groups: The speakers, by whom inner folds are made where a rule chooses something.

        Raises:
            DataError: If a word is not among `words`, a table has another shape, or nobody judges any row.
            OptionError: If a source is unknown.
        """
        self._fit_rule(scores, y, groups)
        if self.fitted_on:
            self.fitted_on = GIVEN if self.nested else PUBLISHED
        return self

    def combine(self, scores: Mapping[str, Floats]) -> Floats:
        """Joins what the members say.

        Args:
            scores: By source, probabilities under a uniform prior over `classes_` [shape=(n, k)]; a row of NaN where
                the member cannot judge, NaN at single words that it does not know. A source may be left out. Learned
                rules take what they were fitted on: probabilities, logits or features.

        Returns:
            Probabilities under the fusion's prior [shape=(n, k)]; NaN rows where nobody can judge.

        Raises:
            ModelError: If the rule has to be fitted first.
            DataError: If a table has another shape than the others, or holds an infinite number.
            OptionError: If a source is unknown.
        """
        tables = checked(scores, self.sources_, self.classes_ if self.level == "decision" else None)
        if self.calibration != "none" and not self.calibrator_.found:
            raise ModelError("This fusion calibrates its members, so it has to be fitted: call fit or fit_scores.")
        if self.level == "decision":
            tables = self.calibrator_.calibrated(tables, as_logits=self._sees_logits)
        if not self.is_learned:
            return self._under_prior(self._by_rule(tables), None)
        if self.frequencies_ is None:
            raise ModelError(f"The rule {self.rule!r} judges nothing before it was fitted: call fit or fit_scores.")
        rows = len(next(iter(tables.values())))
        for source, shape in self.shapes_.items():
            tables.setdefault(source, np.full((rows, *shape), np.nan))
            if tables[source].shape[1:] != shape:
                got = list(tables[source].shape[1:])
                raise DataError(f"{source}: expected {list(shape)} numbers a row as at fitting, got {got}.")
        tables = {source: tables[source] for source in self.shapes_}
        judged = ~np.asarray(np.stack([absent(table) for table in tables.values()]).all(axis=0))
        joined = np.where(judged[:, None], np.zeros(len(self.classes_)), np.nan)
        if judged.any():
            some = {source: table[judged] for source, table in tables.items()}
            if isinstance(self.learned_, Joint):
                places = np.asarray(self.learned_.classes_, dtype=np.int64)
                joined[np.ix_(judged, places)] = self.learned_.predict_proba(some)
            else:
                joined[judged] = self.learned_.probabilities(self.columns_.columns(some))
        return self._under_prior(joined, np.array(list(self.frequencies_.values())))

    def shares(self, scores: Mapping[str, Floats]) -> dict[str, Floats]:
        """How much each source moved the result, whatever the rule.

        A source's share is the total variation distance between the result and the result without that source, over
        the sum of these distances; equal shares where nothing would change, 0 for a source that could not judge.

        Args:
            scores: As for `combine`.

        Returns:
            By source, shares that sum to one in every row that could be judged [shape=(n,)], NaN elsewhere.
        """
        return shares(self.combine, scores)

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        """Joined probabilities of clips [shape=(n, k)]; members must have been loaded with ``prior="uniform"``.

        Raises:
            ModelError: If there are no members, or the rule has to be fitted first.
        """
        if not self.members_:
            raise ModelError("This fusion has rules but no members: give it recognizers to judge clips.")
        return self.combine({source: self._judged_by(member, clips) for source, member in self.members_.items()})

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """``nothing_to_fuse`` where no member can judge."""
        told = [member.reasons(clips) for member in self.members_.values()]
        return ["nothing_to_fuse" if all(row) else "" for row in zip(*told, strict=True)]

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """What the constructor was given and, if `deep`, the settings of members and rule as ``source__setting``."""
        return settings.with_parts(self) if deep else settings.of(self)

    def set_params(self, **given: object) -> Self:
        """Changes settings, those of members and rule by ``source__setting``; what was learned is forgotten.

        Raises:
            OptionError: If there is no such setting, or it does not take the value.
        """
        type(self).__init__(self, **settings.changed(self, given))  # type: ignore[arg-type]  # checked there
        return self

    def __sklearn_clone__(self) -> Fusion:
        """A fusion of the same settings that has learned nothing; members that do not learn are shared."""
        return type(self)(**settings.forgotten(self))  # type: ignore[arg-type]  # what the constructor was given

    def to_card(
        self, name: str, *, purpose: str = "", not_for: str = "", licence: str = "", version: str = "1"
    ) -> Card:
        """A card that holds the rule: its weights, biases, and the frequencies of words it was fitted under.

        Raises:
            ModelError: If the rule is a learned one, which no card can hold.
        """
        known = Card(
            name=name,
            modality="fused",
            words=self.classes_,
            purpose=purpose,
            not_for=not_for,
            licence=licence,
            version=version,
        )
        return cards.write(self, known)

    @classmethod
    def from_card(
        cls, card: Card, members: Mapping[str, Recognizer] | None = None, *, prior: Prior = "uniform"
    ) -> Fusion:
        """The fusion that a card holds.

        Args:
            card: Of a fixed rule or a pool.
            members: By source; without them it has rules but judges no clips.
            prior: Prior of the result.

        Raises:
            ModelError: If the card holds no weights.
            OptionError: If the rule is unknown, or the card knows no such prior.
        """
        return cards.read(cls, card, members or {}, prior)

    @property
    def _sees_logits(self) -> bool:
        return self.is_learned and self.inputs == "logits"

    @property
    def has_to_be_fitted(self) -> bool:
        """Whether anything is fitted on what members say: the rule, its weights or a calibration."""
        return self.is_learned or self._has_weights_to_fit or self.calibration != "none"

    @property
    def _has_weights_to_fit(self) -> bool:
        return self.weights is None and (self.rule == "log-linear" or self.rule in WEIGHTED)

    def _fit_rule(self, scores: Mapping[str, Floats], y: Sequence[str], groups: Sequence[str] | None) -> None:
        tables = checked(scores, self.sources_, self.classes_ if self.level == "decision" else None)
        missing = set(self.sources_) - set(tables)
        if missing:
            raise DataError(f"There are no scores of {', '.join(sorted(missing))} to fit on; rows of NaN say nobody.")
        rows = len(next(iter(tables.values())))
        match(rows, y, groups)
        truth = places(y, self.classes_)
        judged = ~np.asarray(np.stack([absent(table) for table in tables.values()]).all(axis=0))
        if not judged.any():
            raise DataError(f"Nobody judges any of the {rows} rows: there is nothing to fit on.")
        self.left_out_ = int((~judged).sum())
        tables = {source: table[judged] for source, table in tables.items()}
        truth = truth[judged]
        people = [person for person, good in zip(groups, judged, strict=True) if good] if groups is not None else None
        frequencies = np.bincount(truth, minlength=len(self.classes_)) / len(truth)
        self.fitted_on = ""
        if self.level == "decision":
            self.calibrator_.fit(tables, truth, frequencies)
            self.fitted_on = GIVEN if self.calibrator_.found else ""
            tables = self.calibrator_.calibrated(tables, as_logits=self._sees_logits)
        if self.is_learned:
            self._learn(tables, truth, people)
            self.fitted_on = GIVEN
        elif self._has_weights_to_fit:
            self._fit_weights(tables, truth, frequencies)
            self.fitted_on = GIVEN
        self.frequencies_ = self._frequent(frequencies)

    def _frequent(self, frequencies: Floats) -> dict[str, float]:
        return dict(zip(self.classes_, frequencies.tolist(), strict=True))

    def _learn(self, tables: Mapping[str, Floats], truth: NDArray[np.int64], people: Sequence[str] | None) -> None:
        self.shapes_ = {source: table.shape[1:] for source, table in tables.items()}
        if self.level == "joint":
            made = fresh(self.rule) if isinstance(self.rule, Joint) else Joint(kind=str(self.rule), seed=self.seed)
            assert isinstance(made, Joint)
            self.learned_ = made.fit(tables, truth, people)
            return
        longer, origin = with_absences(tables, self.dropped, self.seed)
        if people is None or len(set(people)) < 2:
            # A copy must not judge its own row in an inner fold: where nobody says who speaks, each row is somebody.
            people = [f"row {row}" for row in range(len(truth))] if len(origin) > len(truth) else None
        truth = truth[origin]
        people = None if people is None else [people[row] for row in origin]
        self.columns_ = (
            Scores(self.inputs, self.scaler)
            if self.level == "decision"
            else Features(self.join, self.scaler, self.weights, self.seed)
        )
        self.columns_.fit(longer, truth)
        assert not isinstance(self.rule, Joint)
        learned = Learned(self.rule, len(self.classes_), self.seed)
        self.learned_ = learned.fit(self.columns_.columns(longer), truth, people)

    def _fit_weights(self, tables: Mapping[str, Floats], truth: NDArray[np.int64], frequencies: Floats) -> None:
        members = list(tables.values())
        if self.rule == "log-linear":
            by_word = self.powers == "source-and-word"
            powers, bias = fit_pool(members, truth, frequencies=frequencies, by_word=by_word, bias=self.bias)
            self.bias_ = None if bias is None else dict(zip(self.classes_, bias.tolist(), strict=True))
            if by_word:
                self.weights_ = {
                    source: dict(zip(self.classes_, row.tolist(), strict=True))
                    for source, row in zip(tables, powers, strict=True)
                }
                return
        else:
            powers = {"weighted-mean": fit_mean_weights, "weighted-vote": fit_vote_weights}[str(self.rule)](
                members, truth
            )
        self.weights_ = dict(zip(tables, powers.tolist(), strict=True))

    def _by_rule(self, tables: Mapping[str, Floats]) -> Floats:
        members = list(tables.values())
        weights = np.array(
            [list(row.values()) if isinstance(row, dict) else row for row in map(self.weights_.__getitem__, tables)]
        )
        with np.errstate(invalid="ignore"):
            if self.rule == "log-linear":
                bias = None if self.bias_ is None else np.array(list(self.bias_.values()))
                return log_linear(members, weights, bias)
            return {**RULES, **WEIGHTED}[str(self.rule)](members, weights)

    def _under_prior(self, joined: Floats, learned: Floats | None) -> Floats:
        """The result under the fusion's prior, from a uniform one or from the frequencies that a rule learned."""
        uniform = np.full(len(self.classes_), 1.0 / len(self.classes_))
        here = uniform if learned is None else learned
        if self.prior == "corpus":
            if self.frequencies_ is None:
                raise ModelError("A fusion knows the prior of its corpus once it was fitted: call fit or fit_scores.")
            return joined if learned is not None else change_prior(joined, here, list(self.frequencies_.values()))
        if self.prior == "life":
            return change_prior(joined, here, expected_in_life(life_prior(self.classes_)))
        return joined if learned is None else change_prior(joined, here, uniform)

    def _judged_by(self, member: Recognizer, clips: Sequence[Clip]) -> Floats:
        """A member's probabilities over the fusion's words, NaN at those it does not know; or its features."""
        if self.level != "decision":
            return np.asarray(member.features(clips), dtype=np.float64)
        return over(member.predict_proba(clips), member.classes_, self.classes_)
