"""`Classic`: a Recognizer made of features and a classifier of scikit-learn's."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from visavox.baseline import Baseline
from visavox.baseline.by_person import Kind
from visavox.calibration import change_prior, fit_temperature, log_loss, softmax
from visavox.clip import Clip
from visavox.emotions import EXTRA_WORDS, WORDS, expected_in_life, life_prior
from visavox.errors import DataError, ModelError, OptionError, require
from visavox.precomputed.chain import Chain, Classifier, Floats, Rows, Tunable
from visavox.precomputed.tables import take
from visavox.protocols import by_speaker
from visavox.recognizer import Card, Modality, Prior, Recognizer, check_prior

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Inverse strengths C of regularisation among which the default classifier's is chosen, the quickest to fit first."""

WORSE = 2
"""After so many strengths in a row that are worse than the best, larger ones are not tried."""

USUAL_STRENGTH = 0.1
"""C where there are not two speakers to choose it by."""

INNER_FOLDS = 5
"""Parts into which the speakers of training are divided to choose C and to fit the temperature."""


class Classic(Recognizer):
    """Features and a classifier: a Recognizer that is fitted in memory.

    Whose a clip is tells `Clip.person`, or at `fit` the groups. A person's baseline is that of his clips in the same
    call: to judge somebody by all recordings at hand, give them all.

    Args:
        features: What gives the features: a table (`FeatureTable`, `OpenFace`, `SavedScores`) or any Recognizer.
        classifier: Any classifier of scikit-learn's; None: multinomial logistic regression, with the strength of its
            regularisation chosen by speakers inside training.
        baseline: ``none``, ``enrolment`` or ``self``, or a `Baseline`: what is usual for a person, taken out first.
        enrolled: Names of the clips that are marked, for ``enrolment``.
        scale: Whether features are standardised, by training's mean and deviation, after the baseline.
        words: In which order; None: those met at `fit`, in our vocabulary's order.
        prior: Of the probabilities: ``uniform``, ``corpus`` (how frequent words were at `fit`) or ``life``.
        seed: Of the inner folds.

    Attributes:
        classes_: The words, once fitted.
        modality: That of the features.
        columns_: Names of the features at `fit`, where they have names.
        temperature_: Fitted on speakers held out inside training; 1 where there are not two.
        strength_: The C of the default classifier; None with another one.
        frequencies_: How frequent each word was at `fit`.
        left_out_: Names of the clips from which nothing could be learned, since they have no features.
        card: What is known about it.

    Settings are got, set, cloned and searched in scikit-learn's manner. Its own scores of probabilities want classes
    in alphabetical order: give `words` so where one of them is used.

    Raises:
        OptionError: If an option has a value it does not take.
        MissingExtraError: At `fit`, if scikit-learn is not installed.

    Source: C and temperature come from the same scores of held-out speakers, both by the probability of the true words
        (the temperature as in Guo et al., ICML 2017), which is less a matter of luck than how many are right.

    Example:
        >>> import pandas as pd
        >>> from visavox.precomputed import FeatureTable
        >>> table = pd.DataFrame({"name": list("abcdef"), "smile": [0.1, 0.9, 0.2, 1.1, 0.4, 1.3]})
        >>> clips = [Clip(name=name, person=person) for name, person in zip("abcdef", "aabbcc")]
        >>> model = Classic(FeatureTable(table, columns=["smile"]), baseline="self")
        >>> model.fit(clips, ["sad", "happy"] * 3).predict(clips).tolist()
        ['sad', 'happy', 'sad', 'happy', 'sad', 'happy']
    """

    def __init__(
        self,
        features: Recognizer,
        classifier: Classifier | None = None,
        *,
        baseline: Kind | Baseline = "none",
        enrolled: Collection[str] = (),
        scale: bool = True,
        words: Sequence[str] | None = None,
        prior: Prior = "uniform",
        seed: int = 1,
    ) -> None:
        if classifier is not None and (isinstance(classifier, type) or not isinstance(classifier, Classifier)):
            raise OptionError(f"Bad value {classifier!r} for classifier: expected one with fit and predict.")
        if isinstance(enrolled, str):
            raise OptionError(f"Bad value {enrolled!r} for enrolled: expected a collection of clips' names.")
        check_prior(prior)
        self.features_from = features
        self.classifier = classifier
        self.baseline = baseline
        self.enrolled = enrolled
        self.scale = scale
        self.words = words
        self.prior: Prior = prior
        self.seed = seed
        self._usual = Baseline(baseline) if isinstance(baseline, str) else baseline
        self.modality: Modality = features.modality
        self.card: Card | None = None
        self.classes_ = tuple(words or ())

    def fit(self, clips: Sequence[Clip], y: Sequence[str], groups: Sequence[str] | None = None) -> Self:
        """Learns from clips, their words and their people.

        Args:
            clips: What is judged; those without features are left out and named in `left_out_`.
            y: Their words.
            groups: Whose each is; None: `Clip.person`, where every clip has one.

        Raises:
            DataError: If lengths differ, a word is not among `words`, only one word is left, features are no finite
                numbers, or nobody knows whose a clip is and a baseline wants it.
            MissingExtraError: If scikit-learn is not installed.
        """
        require("train", "sklearn", what="fitting a Classic")
        if len(y) != len(clips) or (groups is not None and len(groups) != len(clips)):
            raise DataError(f"{len(clips)} clips, {len(y)} words, {len(clips if groups is None else groups)} groups.")
        words = _words(y) if self.words is None else tuple(self.words)
        for clip, word in zip(clips, y, strict=True):
            if word not in words:
                raise DataError(f"{clip.name}: {word!r} is not among the words {', '.join(words)}.")
        if self.prior == "life":
            life_prior(words)
        rows, names, known = self._rows(clips, groups, fitted=False)
        judged = _whole(rows.values)
        rows = rows.at(judged)
        truth = np.array([words.index(word) for word in y], dtype=np.int64)[judged]
        if len(np.unique(truth)) < 2:
            raise DataError(
                f"A Classic learns to tell two words at least apart; got {len(np.unique(truth))} with features."
            )
        people = rows.people.tolist() if known else None
        self.strength_, self.temperature_, chain = self._choose(rows, truth, people, len(words))
        self._chain = chain.fit(rows, truth)
        self.columns_: tuple[str, ...] | None = names
        self.classes_ = words
        self.left_out_ = tuple(str(clip.name) for clip, here in zip(clips, judged, strict=True) if not here)
        self._width = rows.values.shape[1]
        frequencies = np.bincount(truth, minlength=len(words)) / len(truth)
        self.frequencies_ = dict(zip(words, frequencies.tolist(), strict=True))
        self.card = Card(
            f"{type(chain.classifier).__name__} on {self.features_from.modality}",
            self.modality,
            words,
            protocol=f"baseline {self._usual.kind}" + ("; temperature by speakers held out" if known else ""),
            input={"features": list(names or ()), "baseline": self._usual.kind, "strength": self.strength_},
            temperature=self.temperature_,
            priors={"corpus": tuple(frequencies.tolist())},
        )
        return self

    def predict_proba(self, clips: Sequence[Clip]) -> Floats:
        """Calibrated probabilities [shape=(n, k)]; NaN where `reasons` says why.

        Raises:
            ModelError: If it was not fitted.
            DataError: If there are other features than at `fit`, or a baseline does not know whose a clip is.
        """
        self._check_fitted()
        rows = self._rows(clips, None)[0]
        judged = _whole(rows.values)
        result = np.full((len(clips), len(self.classes_)), np.nan)
        trained = np.array([self.frequencies_[word] for word in self.classes_])
        probabilities = softmax(self._chain.logits(rows.at(judged)) / self.temperature_)
        if self.prior != "corpus":
            wanted = np.full(len(trained), 1 / len(trained))
            if self.prior == "life":
                wanted = expected_in_life(life_prior(self.classes_))
            probabilities = change_prior(probabilities, trained, wanted)
        result[judged] = probabilities
        return result

    def predict(self, clips: Sequence[Clip]) -> NDArray[np.str_]:
        """The most probable word of each clip; ``""`` where it cannot be judged."""
        probabilities = self.predict_proba(clips)
        best = np.nan_to_num(probabilities).argmax(axis=1)
        return np.where(np.isnan(probabilities).any(axis=1), "", np.array(self.classes_)[best])

    def score(self, clips: Sequence[Clip], y: Sequence[str]) -> float:
        """Part of the clips whose word it names; those that it cannot judge count as wrong."""
        return float(np.mean(self.predict(clips) == np.array(y)))

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """Why the features are not there (``no_features``, ``no_face`` …); ``""`` where they are."""
        return self.features_from.reasons(clips)

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """The features without the baseline [shape=(n, d)]; rows of NaN where there are none.

        Raises:
            ModelError: If it was not fitted.
        """
        self._check_fitted()
        return self._chain.without_baseline(self._rows(clips, None)[0]).astype(np.float32)

    def using(self, features: Recognizer) -> Classic:
        """The fitted model with features from elsewhere, such as a table of one's own recordings.

        Columns are matched by name where both have names, and must be as many otherwise; this is checked when clips
        are judged.
        """
        other = copy.copy(self)
        other.features_from, other.modality = features, features.modality
        return other

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """What the constructor was given and, if `deep`, the classifier's settings as ``classifier__setting``."""
        own: dict[str, object] = {"features": self.features_from}
        own |= {name: getattr(self, name) for name in SETTINGS}
        if deep and isinstance(self.classifier, Tunable):
            own |= {f"classifier__{key}": value for key, value in self.classifier.get_params().items()}
        return own

    def set_params(self, **settings: object) -> Self:
        """Changes settings, the classifier's by ``classifier__setting``; what was learned is forgotten.

        Raises:
            OptionError: If there is no such setting, or it does not take the value.
        """
        own = self.get_params(deep=False)
        for name, value in settings.items():
            if name.startswith("classifier__") and isinstance(self.classifier, Tunable):
                self.classifier.set_params(**{name.removeprefix("classifier__"): value})
            elif name in own:
                own[name] = value
            else:
                raise OptionError.one_of("setting of a Classic", name, own)
        fresh = type(self)(**own)  # type: ignore[arg-type]  # what the constructor was given
        self.__dict__ = fresh.__dict__
        return self

    def __sklearn_clone__(self) -> Classic:
        """The same settings, nothing learned; the features are shared, since they do not learn here."""
        from sklearn.base import clone

        return type(self)(**{**self.get_params(deep=False), "classifier": clone(self.classifier, safe=False)})

    def __sklearn_tags__(self) -> object:
        """That it is a classifier, for scikit-learn's ways to search and cross-validate."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(two_d_array=False),
        )

    def _check_fitted(self) -> None:
        if not hasattr(self, "_chain"):
            raise ModelError("This Classic has learned nothing yet: fit it with clips, words and speakers.")

    def _rows(
        self, clips: Sequence[Clip], groups: Sequence[str] | None, *, fitted: bool = True
    ) -> tuple[Rows, tuple[str, ...] | None, bool]:
        """Features of clips; names of their columns; and whether it is known whose each is."""
        values = np.asarray(self.features_from.features(clips), dtype=np.float64)
        names = tuple(getattr(self.features_from, "columns_", None) or ()) or None
        if fitted:
            values, names = self._as_fitted(values, names), self.columns_
        bad = ~np.isfinite(values) & ~np.isnan(values).all(axis=1, keepdims=True)
        if bad.any():
            row, place = (int(part[0]) for part in np.nonzero(bad))
            called = names[place] if names else f"{place}"
            raise DataError(f"{clips[row].name}: feature {called} is {values[row, place]}, no finite number.")
        people = list(groups) if groups is not None else [clip.person for clip in clips]
        unknown = [clip.name for clip, person in zip(clips, people, strict=True) if not person]
        if unknown and self._usual.kind != "none":
            raise DataError(
                f"{unknown[0]}: baseline {self._usual.kind} wants to know whose clip it is; give its person."
            )
        takes = {take(name) for name in self.enrolled} - {None}
        marked = np.array([clip.name in self.enrolled or take(str(clip.name)) in takes for clip in clips], dtype=bool)
        return Rows(values, np.array([person or "" for person in people], dtype=np.str_), marked), names, not unknown

    def _as_fitted(self, values: Floats, names: tuple[str, ...] | None) -> Floats:
        """Columns in the order of `fit`, by name where they have names."""
        if names and self.columns_ and names != self.columns_:
            missing = [name for name in self.columns_ if name not in names]
            if missing:
                rest = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
                raise DataError(f"feature {missing[0]}{rest} of fit is missing now; compute features alike.")
            return values[:, [names.index(name) for name in self.columns_]]
        if values.shape[1] != self._width:
            raise DataError(f"{values.shape[1]} features, but it was fitted on {self._width}; compute them alike.")
        return values

    def _choose(
        self, rows: Rows, y: NDArray[np.int64], people: Sequence[str] | None, words: int
    ) -> tuple[float | None, float, Chain]:
        """C of the default classifier, the temperature, and the chain to fit, by speakers held out."""
        strengths: Sequence[float | None] = (None,) if self.classifier is not None else STRENGTHS
        count = len(set(people or ()))
        if people is None or count < 2:
            only = None if self.classifier is not None else USUAL_STRENGTH
            return only, 1.0, self._chain_of(only, words)
        folds = by_speaker(people, min(INNER_FOLDS, count), self.seed)
        best: tuple[tuple[float, float], float | None, float] | None = None
        worse = 0
        for strength in strengths:
            if worse == WORSE:
                break
            logits = np.full((len(y), words), -np.inf)
            for fold in folds:
                # Nothing can be learned where the others show one word alone.
                if len(np.unique(y[fold.train])) > 1:
                    chain = self._chain_of(strength, words).fit(rows.at(fold.train), y[fold.train])
                    logits[fold.test] = chain.logits(rows.at(fold.test))
            # A word that nobody else shows cannot be named; it says nothing about the temperature.
            told = np.isfinite(logits[np.arange(len(y)), y])
            if not told.any():
                continue
            temperature = fit_temperature(logits[told], y[told])
            right = float(np.mean(logits.argmax(axis=1) == y))
            quality = (-log_loss(logits[told], y[told], temperature), right)
            worse += 1
            if best is None or quality > best[0]:
                best, worse = (quality, strength, temperature), 0
        if best is None:
            only = None if self.classifier is not None else USUAL_STRENGTH
            return only, 1.0, self._chain_of(only, words)
        return best[1], best[2], self._chain_of(best[1], words)

    def _chain_of(self, strength: float | None, words: int) -> Chain:
        classifier = self.classifier
        if classifier is None:
            from sklearn.linear_model import LogisticRegression

            classifier = LogisticRegression(C=strength, max_iter=10_000)
        return Chain(self._usual, self.scale, classifier, words)


SETTINGS = ("classifier", "baseline", "enrolled", "scale", "words", "prior", "seed")
"""Constructor's arguments that are attributes of the same name."""


def _whole(values: Floats) -> NDArray[np.bool_]:
    """Which rows have features [shape=(n,)]."""
    return np.asarray(~np.isnan(values).any(axis=1), dtype=bool)


def _words(y: Sequence[str]) -> tuple[str, ...]:
    """The words in our vocabulary's order, others behind them."""
    order = {word: place for place, word in enumerate(WORDS + EXTRA_WORDS)}
    return tuple(sorted({str(word) for word in y}, key=lambda word: (order.get(word, len(order)), word)))
