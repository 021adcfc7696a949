"""What the tables on RAVDESS's actors share: the published posteriors, our facial units, and scores without leaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavox import datasets
from visavox.baseline import Baseline
from visavox.baseline.by_person import Kind, log_probabilities
from visavox.calibration import softmax
from visavox.clip import Clip
from visavox.datasets import Data
from visavox.emotions import CODES
from visavox.errors import DataError
from visavox.fusion import Fusion
from visavox.precomputed import Classic, FeatureTable
from visavox.protocols import named
from visavox.reproduce.rows import Row, choice, row_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WORDS: tuple[str, ...] = tuple(CODES["ravdess"].values())
"""RAVDESS's eight words, in the order of their codes."""

POSTERIORS = "luna2022_posteriors.csv.gz"
UNITS = "au.csv.gz"

SOURCE = "github.com/cristinalunaj/MMEmotionRecognition"
"""Where the posteriors and the averages of action units were published: MIT, RAVDESS's terms for what is in them."""

VOICE_RECIPE = "ravdess/voice"
"""The recipe of the voice networks that are trained anew in each fold."""

PUBLISHED_COLUMNS: Mapping[str, str] = {"voice": "voice_", "bi-LSTM": "aulstm_", "MLP": "aumlp_"}
"""The published models and how their columns begin: logits of a fine-tuned XLSR voice network and of a bi-LSTM on
sequences of action units, probabilities of a perceptron on their averages."""

Scores = dict[str, Floats]
"""By source, probabilities [n, k]."""


@dataclass(frozen=True, eq=False)
class Takes:
    """RAVDESS's clips as the published tables know them, one row a clip.

    Args:
        names: The clip's name, as the tables spell it (``01-01-…``) [n].
        truth: Index of its word in `WORDS` [n].
        actors: Number of its actor [n].
        fold: Number of the `ravdess-luna5` fold that judges it, from 1 [n].
    """

    names: tuple[str, ...]
    truth: Integers
    actors: Integers
    fold: Integers

    @property
    def people(self) -> list[str]:
        """Whose each clip is."""
        return [f"ravdess-{actor:02d}" for actor in self.actors]

    @property
    def emotions(self) -> list[str]:
        """The word of each clip."""
        return [WORDS[index] for index in self.truth]

    @property
    def clips(self) -> list[Clip]:
        """Clips that know their name and person, and hold nothing."""
        return [Clip(name=name, person=person) for name, person in zip(self.names, self.people, strict=True)]

    @property
    def rows(self) -> list[Take]:
        """The clips as protocols look at them."""
        return [Take(*row, take=row[0]) for row in zip(self.names, self.people, self.emotions, strict=True)]


@dataclass(frozen=True)
class Take:
    """A clip as protocols look at it."""

    name: str
    speaker: str
    emotion: str
    take: str
    part: str = ""


def takes(data: Data = None) -> Takes:
    """All 1 440 clips, in the order of their names.

    Raises:
        DataError: RAVDESS's folder or its table of facial units is missing.
    """
    import pandas as pd

    table = pd.read_csv(file(UNITS, data), usecols=["name", "actor", "label"]).sort_values("name")
    actors = table["actor"].to_numpy(dtype=np.int64)
    labels = table["label"].to_numpy(dtype=np.int64) - 1
    those = Takes(tuple(table["name"]), labels, actors, np.zeros(len(table), dtype=np.int64))
    for number, one in enumerate(named("ravdess-luna5").folds(those.rows), start=1):
        those.fold[one.test] = number
    return those


def file(name: str, data: Data = None) -> Path:
    """A table in RAVDESS's folder.

    Raises:
        DataError: It is not there.
    """
    path = datasets.place("ravdess", data) / name
    if not path.is_file():
        raise DataError(
            f"{path}: there is no such table; it is made of {SOURCE} (see docs/researchers.md), and this one needs it."
        )
    return path


def published(those: Takes, data: Data = None) -> tuple[Scores, dict[int, Scores], dict[int, Integers]]:
    """What the published models said.

    Returns:
        Of every clip, by the models of the fold that judges it: raw columns by source [n, 8]; and by fold, what its
        models said of their own training clips, and the indices of these clips in `those`.

    Raises:
        DataError: The table is missing, or does not hold the clips.
    """
    import pandas as pd

    table = pd.read_csv(file(POSTERIORS, data))
    place = {name: index for index, name in enumerate(those.names)}
    columns = {source: [c for c in table.columns if c.startswith(front)] for source, front in PUBLISHED_COLUMNS.items()}
    unknown = sorted(set(table["name"]) - set(place))
    if unknown:
        raise DataError(f"{POSTERIORS}: clip {unknown[0]} is not in {UNITS}; bring both from the same copy.")
    tested = table[table["part"] == "test"].set_index("name").loc[list(those.names)]
    held_out = {source: tested[names].to_numpy(dtype=np.float64) for source, names in columns.items()}
    training: dict[int, Scores] = {}
    rows: dict[int, Integers] = {}
    learned = table[table["part"] == "train"]
    for fold in np.unique(learned["fold"].to_numpy(dtype=np.int64)).tolist():
        part = learned[learned["fold"] == fold]
        training[fold] = {source: part[names].to_numpy(dtype=np.float64) for source, names in columns.items()}
        rows[fold] = np.array([place[name] for name in part["name"]], dtype=np.int64)
    return held_out, training, rows


def as_probabilities(raw: Scores) -> Scores:
    """Published columns as probabilities: logits go through a softmax, probabilities are made to sum to one."""
    return {
        source: values / values.sum(axis=1, keepdims=True) if source == "MLP" else softmax(values)
        for source, values in raw.items()
    }


def units(data: Data = None) -> FeatureTable:
    """Square roots of OpenFace's action units averaged over each clip: the spread of intensities is then even."""
    import pandas as pd

    table = pd.read_csv(file(UNITS, data))
    columns = [name for name in table.columns if name.startswith("AU")]
    roots = table[columns].clip(lower=0.0) ** 0.5
    return FeatureTable(pd.concat([table["name"], roots], axis=1), columns=columns, modality="face")


def units_recognizer(table: FeatureTable, baseline: Kind) -> Classic:
    """Our Recognizer on facial units: the mean of a logistic regression and of the 25 nearest neighbours."""
    from sklearn.ensemble import VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    both = VotingClassifier(
        [
            ("linear", LogisticRegression(C=0.1, max_iter=3000)),
            ("neighbours", KNeighborsClassifier(25, weights="distance")),
        ],
        voting="soft",
    )
    return Classic(table, both, baseline=baseline, words=WORDS, prior="corpus")


def nested(
    fold: Integers, judge: Callable[[NDArray[np.bool_], NDArray[np.bool_]], Floats], words: int = len(WORDS)
) -> dict[int, Floats]:
    """Scores of every clip for every fold, by judges who met neither the clip's people nor the fold's.

    Args:
        fold: Number of the fold that judges each clip [n].
        judge: Learns from the clips of the first mask and scores those of the second.
        words: How many.

    Returns:
        By fold [n, words]: of its own clips by who learned from all others; of another fold's clips by who learned
        from neither. Whoever fits a fusion for the fold on these sees nothing that its people ever touched.
    """
    folds = np.unique(fold).tolist()
    result = {k: np.full((len(fold), words), np.nan) for k in folds}
    for number, k in enumerate(folds):
        result[k][fold == k] = judge(fold != k, fold == k)
        for j in folds[number + 1 :]:
            both = (fold == k) | (fold == j)
            scores = judge(~both, both)
            result[k][fold == j] = scores[fold[both] == j]
            result[j][fold == k] = scores[fold[both] == k]
    return result


def nested_recognizer(those: Takes, recognizer: Classic) -> dict[int, Floats]:
    """`nested` scores of a Recognizer that is fitted in memory."""
    clips = those.clips

    def judge(train: NDArray[np.bool_], test: NDArray[np.bool_]) -> Floats:
        learner = fitted(recognizer, those, np.flatnonzero(train))
        return learner.predict_proba([clips[row] for row in np.flatnonzero(test)])

    return nested(those.fold, judge)


def fitted(recognizer: Classic, those: Takes, rows: Integers) -> Classic:
    """A copy of a Recognizer that learned from some of the clips."""
    from sklearn.base import clone

    clips, emotions, people = those.clips, those.emotions, those.people
    learner: Classic = clone(recognizer)
    return learner.fit([clips[row] for row in rows], [emotions[row] for row in rows], [people[row] for row in rows])


def part(scores: Mapping[str, Floats], rows: Integers) -> Scores:
    """Some rows of every source."""
    return {source: values[rows] for source, values in scores.items()}


def taught(fusion: Fusion, those: Takes, seen: Mapping[str, Floats], rows: Integers) -> Fusion:
    """A fusion fitted on what its sources said of some of the clips: `seen` has these rows alone."""
    emotions, people = those.emotions, those.people
    return fusion.fit_scores(seen, [emotions[row] for row in rows], [people[row] for row in rows])


def without_baseline(scores: Floats, train: NDArray[np.bool_], people: Sequence[str], kind: Kind) -> Floats:
    """Probabilities with each person's own usual taken out; what is usual at all is learned from training's people."""
    if kind == "none":
        return scores
    known = [person for person, inside in zip(people, train, strict=True) if inside]
    return Baseline(kind).fit(log_probabilities(scores[train]), known).transform_probabilities(scores, people)


def fused(
    those: Takes,
    scores: Callable[[int], Scores],
    make: Callable[[Sequence[str]], Fusion],
    training: Callable[[int], tuple[Scores, Integers]] | None = None,
) -> Floats:
    """Probabilities of every clip by a fusion that was fitted anew for its fold.

    Args:
        those: The clips.
        scores: Of all clips for a fold, by source.
        make: A fusion that has learned nothing, for these sources.
        training: What it is fitted on for a fold, and which clips these are; None: the scores of the other folds.
    """
    result = np.full((len(those.fold), len(WORDS)), np.nan)
    for k in np.unique(those.fold).tolist():
        given = scores(k)
        test = np.flatnonzero(those.fold == k)
        if training is None:
            rows = np.flatnonzero(those.fold != k)
            seen = part(given, rows)
        else:
            seen, rows = training(k)
        result[test] = taught(make(tuple(given)), those, seen, rows).combine(part(given, test))
    return result


def row_for(those: Takes, judged: Floats, **known: Any) -> Row:
    """A row of a table over all clips: `rows.row_of` of these clips' words, folds and people.

    Args:
        those: The clips.
        judged: Probabilities of each.
        **known: The other fields of the row.
    """
    return row_of(
        those.truth, choice(judged), those.fold, those.people, words=len(WORDS), chance=1 / len(WORDS), **known
    )


def own_fold(those: Takes, scores: Mapping[int, Floats]) -> Floats:
    """Of every clip the scores for the fold that judges it."""
    result = np.empty_like(next(iter(scores.values())))
    for fold, values in scores.items():
        result[those.fold == fold] = values[those.fold == fold]
    return result


def trained_voice(those: Takes, data: Data, folder: Path, progress: Callable[[str], None]) -> Floats:
    """What the voice networks say of each clip, each judged by the one that was trained on the other folds' actors.

    Args:
        those: The clips.
        data: Where RAVDESS is.
        folder: Holds the networks, or will: what is not there is trained, which can be stopped and taken up again.
        progress: Told what is being done.
    """
    from visavox.evaluation import evaluate

    place = folder / VOICE_RECIPE / "ravdess-luna5"
    progress(f"voice networks of {place}; training what is not there takes about twelve minutes a fold on one core\n")
    judged = evaluate(
        VOICE_RECIPE,
        "ravdess-luna5",
        data=data,
        folder=place,
        progress=lambda done, folds: progress(f"voice networks: {done} of {folds} folds\n"),
    )
    found = {name[3:]: row for name, row in zip(judged.names, judged.probabilities, strict=True)}
    missing = [name for name in those.names if name[3:] not in found]
    if missing:
        raise DataError(
            f"{place}: nothing was judged of {missing[0]} and {len(missing) - 1} more; bring all of RAVDESS."
        )
    return np.stack([found[name[3:]] for name in those.names])


def heard(those: Takes, data: Data, folder: Path) -> FeatureTable:
    """What the shipped ``voice-open`` computes of each clip, kept in the folder. It learned from CREMA-D alone."""
    import pandas as pd

    from visavox import zoo

    network = zoo.load("voice-open")
    path = folder / "features" / f"ravdess-voice-open-{zoo.card('voice-open').sha256[:12]}.csv.gz"
    if not path.is_file():
        clips = {str(sample.clip.name): sample.clip for sample in datasets.load("ravdess", data)}
        numbers = network.features([clips["03" + name[2:]] for name in those.names])
        table = pd.DataFrame(numbers, columns=[f"f{column}" for column in range(numbers.shape[1])])
        table.insert(0, "name", those.names)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"part-{path.name}")
        table.to_csv(temporary, index=False, float_format="%.6g")
        temporary.replace(path)
    return FeatureTable(path, columns="f*", modality="voice")


def voice_recognizer(table: FeatureTable, baseline: Kind) -> Classic:
    """A linear judge of what a network computes of voices."""
    from sklearn.linear_model import LogisticRegression

    return Classic(table, LogisticRegression(C=0.01, max_iter=3000), baseline=baseline, words=WORDS, prior="corpus")
