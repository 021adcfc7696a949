"""`FeatureTable`: numbers that somebody computed of each clip, one row a clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import DataError, ModelError, OptionError
from visavox.precomputed.tables import LABELS, Source, chosen, numbers, read
from visavox.recognizer import Modality, Recognizer

NUMBERS = "numbers"
"""All columns that hold numbers, but for those that say what a clip is."""


class FeatureTable(Recognizer):
    """A table of numbers, as the features of a Recognizer; clips are found by `Clip.name`.

    It judges nothing by itself: `Classic` makes a judge of it.

    Args:
        table: A CSV or TSV file, packed or not, or a frame.
        columns: Which columns, by name, never by place: a group of OpenFace's (``action-units``, ``gaze``, ``pose``),
            names, or patterns with ``*``; several of them in a sequence. ``numbers`` takes all that hold numbers, but
            for those whose headings say what a clip is (emotion, label, actor, fold …).
        modality: Of what was measured.
        name: Heading of the clips' names.
        fold: The rows of this fold only, where the table has a column ``fold``.
        part: The rows of this part only, where the table has a column ``part``.

    Attributes:
        columns_: Names of the numbers, in order.
        classes_: No word.

    Raises:
        DataError: If the table cannot be read, a column is missing, a clip is there twice, or a cell is no number while
            others of its row are; it names the row.
        OptionError: If a fold or part is unknown.

    Example:
        >>> import pandas as pd
        >>> table = FeatureTable(pd.DataFrame({"name": ["a"], "label": [3], "AU01_r": [0.5]}), columns="action-units")
        >>> table.features([Clip(name="a"), Clip(name="b")])
        array([[0.5],
               [nan]], dtype=float32)
        >>> table.reasons([Clip(name="a"), Clip(name="b")])
        ['', 'no_features']
    """

    classes_ = ()
    card = None

    def __init__(
        self,
        table: Source,
        *,
        columns: str | Sequence[str],
        modality: Modality = "face",
        name: str = "name",
        fold: str | int | None = None,
        part: str | None = None,
    ) -> None:
        if modality not in get_args(Modality):
            raise OptionError.one_of("modality", modality, get_args(Modality))
        self.table = table
        self.columns = columns
        self.modality: Modality = modality
        self.name = name
        self.fold = fold
        self.part = part
        text, where = read(table, name=name, fold=fold, part=part)
        if columns == NUMBERS:
            rest = [column for column in text.columns if column != name and column.lower() not in LABELS]
            names = [column for column in rest if _all_numbers(text[column].to_numpy(dtype=object))]
            if not names:
                raise DataError(f"{where}: no column of numbers beside those that say what a clip is.")
        else:
            names = chosen([column for column in text.columns if column != name], columns, where)
        self._table = numbers(text, names, where, name)
        self.columns_ = self._table.columns

    def predict_proba(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Nothing: numbers are not judged by themselves.

        Raises:
            ModelError: Always.
        """
        raise ModelError(f"{self._table.where} holds features and no words: fit a Classic on it to judge clips.")

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """``no_features``, or what the table gives as a reason, where nothing is known of a clip."""
        return self._table.reasons_for(clips)

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """The numbers of clips [shape=(n, d)]; rows of NaN where nothing is known."""
        return self._table.look(clips).astype(np.float32)

    def of_fold(self, fold: str | int | None, part: str | None = None) -> FeatureTable:
        """The same table's rows of another fold and part."""
        return FeatureTable(
            self.table, columns=self.columns, modality=self.modality, name=self.name, fold=fold, part=part
        )

    def __sklearn_clone__(self) -> FeatureTable:
        """Itself: there is nothing to learn."""
        return self


def _all_numbers(cells: NDArray[np.object_]) -> bool:
    """Whether all cells that are not empty are numbers, and there is one."""
    filled = cells[cells != ""]
    try:
        filled.astype(np.float64)
    except ValueError:
        return False
    return len(filled) > 0
