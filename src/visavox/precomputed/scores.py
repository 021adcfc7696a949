"""`SavedScores`: what a model said of each clip, saved in a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from visavox import emotions
from visavox.calibration import softmax
from visavox.clip import Clip
from visavox.errors import DataError, OptionError
from visavox.precomputed.tables import LABELS, Source, Table, numbers, read
from visavox.recognizer import Card, Modality, Recognizer

Kind = Literal["auto", "probabilities", "logits"]

ROUNDED = 0.02
"""How far a row's probabilities may add up beside 1, since tables are rounded."""

SHORTEST_WORD = 3
"""Letters of a heading that is a word by itself; shorter ones, such as n, may mean anything."""


class SavedScores(Recognizer):
    """A table of probabilities or logits as a Recognizer; clips are found by `Clip.name`.

    It reads what trainings write (``predictions.csv``: name, corpus, part, speaker, emotion, p_<word> …), the published
    posteriors of RAVDESS (fold, part, name, …, voice_<word> …), and any other table with a column a word.

    Args:
        table: A CSV or TSV file, packed or not, or a frame.
        columns: What stands before the word in the headings (``"p_"``, ``"voice_"``; ``""`` for the word alone); None
            where there is only one such set of columns.
        words: Which words, in which order; None: all, as the table has them. What is left out is taken out of the
            probabilities, which sum to one again.
        scores: ``probabilities``, ``logits``, or ``auto``: probabilities where no number is below 0 and all rows sum to
            one.
        temperature: By which logits are divided.
        modality: Of the model that said it.
        name: Heading of the clips' names.
        fold: The rows of this fold only, where the table has a column ``fold``.
        part: The rows of this part only, where the table has a column ``part``. In a table of several folds
            ``part="test"`` gives each clip what was said by the model that did not learn from it.

    Attributes:
        classes_: The words, in our spelling.

    Probabilities stand under the prior under which they were saved. A clip that the table does not know, and a row
    without any number, is a row of NaN with the reason ``no_features``, or the one in a column ``reason``.

    Raises:
        DataError: If the table cannot be read, a clip is there twice, or a score is no number; it names the row.
        OptionError: If there are several sets of columns and none was named, or a word, fold or part is unknown.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"name": ["a", "b"], "p_happy": [0.75, 0.2], "p_sadness": [0.25, 0.8]})
        >>> model = SavedScores(table, modality="voice")
        >>> model.classes_
        ('happy', 'sad')
        >>> model.predict_proba([Clip(name="b"), Clip(name="c")])
        array([[0.2, 0.8],
               [nan, nan]])
        >>> model.reasons([Clip(name="b"), Clip(name="c")])
        ['', 'no_features']
    """

    def __init__(
        self,
        table: Source,
        *,
        columns: str | None = None,
        words: Sequence[str] | None = None,
        scores: Kind = "auto",
        temperature: float = 1.0,
        modality: Modality = "fused",
        name: str = "name",
        fold: str | int | None = None,
        part: str | None = None,
    ) -> None:
        if scores not in get_args(Kind):
            raise OptionError.one_of("scores", scores, get_args(Kind))
        if not temperature > 0:
            raise OptionError(f"Bad value {temperature!r} for temperature: expected a number above 0.")
        if modality not in get_args(Modality):
            raise OptionError.one_of("modality", modality, get_args(Modality))
        self.table = table
        self.columns = columns
        self.words = words
        self.scores: Kind = scores
        self.temperature = temperature
        self.modality: Modality = modality
        self.name = name
        self.fold = fold
        self.part = part
        text, where = read(table, name=name, fold=fold, part=part)
        prefix, found = _columns([column for column in text.columns if column != name], columns, where)
        self.classes_ = tuple(found)
        for word in words or ():
            if word not in found:
                raise OptionError.one_of(f"word of {where}", word, found)
        all_scores = numbers(text, list(found.values()), where, name)
        self.scores_ = _kind(all_scores) if scores == "auto" else scores
        if self.scores_ == "probabilities":
            _check(all_scores)
        self._table = all_scores
        self._places = list(range(len(found)))
        if words is not None:
            self._places = [list(found).index(word) for word in words]
            self.classes_ = tuple(words)
        self.card: Card | None = Card(
            f"{prefix.strip('_-. ') or 'scores'} of {Path(where).name}", modality, self.classes_
        )

    def predict_proba(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """What was said of clips [shape=(n, k)]; NaN where `reasons` says why."""
        values = self._table.look(clips)[:, self._places]
        if self.scores_ == "logits":
            return softmax(values / self.temperature)
        with np.errstate(invalid="ignore", divide="ignore"):
            result: NDArray[np.float64] = values / values.sum(axis=1, keepdims=True)
        return result

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """``no_features``, or what the table gives as a reason, where nothing is known of a clip.

        ``no_word`` where all its probability lies on words that are not among `words`.
        """
        lost = np.asarray(np.isnan(self.predict_proba(clips)).any(axis=1), dtype=bool)
        told = self._table.reasons_for(clips)
        return [reason or ("no_word" if nothing else "") for reason, nothing in zip(told, lost, strict=True)]

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """The numbers as they were saved [shape=(n, k)]."""
        return self._table.look(clips)[:, self._places].astype(np.float32)

    def of_fold(self, fold: str | int | None, part: str | None = None) -> SavedScores:
        """The same scores of another fold and part."""
        return SavedScores(
            self.table,
            columns=self.columns,
            words=self.words,
            scores=self.scores,
            temperature=self.temperature,
            modality=self.modality,
            name=self.name,
            fold=fold,
            part=part,
        )

    def __sklearn_clone__(self) -> SavedScores:
        """Itself: there is nothing to learn."""
        return self


def _columns(names: Sequence[str], wanted: str | None, where: str) -> tuple[str, dict[str, str]]:
    """What stands before the words, and the column of each word."""
    sets: dict[str, dict[str, str]] = {}
    for column in names:
        split = _split(column) if wanted is None else (wanted, column.removeprefix(wanted))
        if split is None or (wanted is not None and not column.startswith(wanted)):
            continue
        prefix, spelling = split
        try:
            word = emotions.word(spelling)
        except OptionError:
            if wanted:
                raise DataError(f"{where}: {spelling!r} in column {column!r} is no emotion we know.") from None
            continue
        columns = sets.setdefault(prefix, {})
        if word in columns:
            raise DataError(f"{where}: columns {columns[word]!r} and {column!r} are the same word; rename one.")
        columns[word] = column
    # One word alone is no set: a column called "happy" may be anything.
    sets = {prefix: columns for prefix, columns in sets.items() if len(columns) > 1}
    if wanted is not None and wanted not in sets:
        raise OptionError(f"Bad value {wanted!r} for columns: no two columns of {where} are this and an emotion.")
    if not sets:
        raise DataError(f"{where}: no columns of scores, which are called by an emotion, such as p_happy.")
    if len(sets) > 1:
        raise OptionError.one_of(f"columns of {where}", wanted, sorted(sets))
    return next(iter(sets.items()))


def _split(column: str) -> tuple[str, str] | None:
    """What stands before the word in a heading, and the word; None where it ends with none."""
    for place in range(len(column)):
        spelling = column[place:]
        begins = place == 0 or not column[place - 1].isalpha()
        if begins and len(spelling) >= SHORTEST_WORD and spelling.lower() not in LABELS:
            try:
                emotions.word(spelling)
            except OptionError:
                continue
            return column[:place], spelling
    return None


def _kind(table: Table) -> Kind:
    known = table.values[~np.isnan(table.values).all(axis=1)]
    close = np.abs(known.sum(axis=1) - 1) <= ROUNDED
    return "probabilities" if bool((known >= 0).all() and close.all()) else "logits"


def _check(table: Table) -> None:
    """Refuses rows that are no probabilities."""
    for row, values in enumerate(table.values):
        if not np.isnan(values).all() and ((values < 0).any() or abs(values.sum() - 1) > ROUNDED):
            raise DataError(
                f"{table.where}, {table.lines[row]} ({table.names[row]}): probabilities must be 0 or more and sum to "
                f"one, got {', '.join(f'{value:g}' for value in values)}; logits are read by scores='logits'."
            )
