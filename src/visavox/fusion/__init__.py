"""Several recognizers joined into one: rules, learned rules, and what they are fitted on."""

from visavox.fusion.joint import Joint
from visavox.fusion.recognizer import Fusion
from visavox.fusion.rules import RULES, WEIGHTED, align, over
from visavox.fusion.weights import fit_weights, weights_of

__all__ = ["RULES", "WEIGHTED", "Fusion", "Joint", "align", "fit_weights", "over", "weights_of"]
