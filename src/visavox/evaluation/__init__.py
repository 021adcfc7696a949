"""A protocol over models, recognizers and recipes: fitted per fold, judged, compared, told."""

from visavox.evaluation.comparing import Comparison, compare
from visavox.evaluation.judging import evaluate, load, of_scores
from visavox.evaluation.result import Evaluation, Group

__all__ = ["Comparison", "Evaluation", "Group", "compare", "evaluate", "load", "of_scores"]
