"""Recognizers out of tables: what others, or earlier runs, computed of each clip, found by the clip's name.

`SavedScores` reads probabilities or logits, `FeatureTable` numbers of any kind (one row a clip), `OpenFace` action
units and poses of every picture; `Classic` makes a judge of such features, or of those of any Recognizer, with a
classifier of scikit-learn's.
"""

from visavox.precomputed.classic import Classic
from visavox.precomputed.features import FeatureTable
from visavox.precomputed.openface import OpenFace
from visavox.precomputed.scores import SavedScores

__all__ = ["Classic", "FeatureTable", "OpenFace", "SavedScores"]
