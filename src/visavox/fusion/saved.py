"""Learned rules of fusion as ONNX files, and back: nothing is pickled, and use needs no scikit-learn.

The file holds the classifier and how its columns are filled and scaled; the card says what the columns are: of which
sources, in which form, and who was ever absent. Its input is one row of what the sources gave, side by side, NaN where
nothing is known, then a column for each source that was ever absent; its outputs are `logits` and `features`, as those
of any network.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import softmax
from visavox.errors import ModelError, require
from visavox.fusion.features import Features
from visavox.fusion.inputs import Scaler, Scores, absence
from visavox.fusion.joint import Joint
from visavox.fusion.rules import Floats
from visavox.recognizer import Card, Prior, Recognizer
from visavox.session import Session
from visavox.training.classifying import count, export_classifier

if TYPE_CHECKING:
    import onnx

    from visavox.fusion.recognizer import Fusion


class SavedRule:
    """A learned rule that was saved: a classifier over columns, which learns nothing more.

    Args:
        path: Of the ONNX file.
        sha256: What its sum must be; not checked when empty.
        places: Index among the fusion's words of each of its columns.
        words: How many words the fusion has.
    """

    def __init__(self, path: str | os.PathLike[str], *, sha256: str, places: list[int], words: int) -> None:
        self.session = Session(Path(path), sha256=sha256)
        self.places = places
        self.words = words

    def probabilities(self, columns: Floats) -> Floats:
        """[shape=(n, words)]; 0 at words that no row had where it was fitted."""
        result = np.zeros((len(columns), self.words))
        if len(columns):
            result[:, self.places] = softmax(self.session(columns.astype(np.float32))[0].astype(np.float64))
        return result

    def fit(self, X: Floats, y: NDArray[np.int64]) -> object:
        """Refuses.

        Raises:
            ModelError: Always.
        """
        raise ModelError(f"{self.session.path}: a saved rule learns nothing more; train its recipe again.")

    def __sklearn_clone__(self) -> SavedRule:
        """Itself: there is nothing to learn."""
        return self

    def predict(self, X: Floats) -> NDArray[np.int64]:
        """The likeliest word of each row of columns, by index."""
        best: NDArray[np.int64] = self.probabilities(X).argmax(axis=1)
        return best


class SavedColumns:
    """What the sources gave, as a saved rule takes it: side by side and unscaled, then who is absent.

    Args:
        seen: As `visavox.fusion.Fusion` has it; None for features.
        told: The sources that have a column which says that they are absent.
    """

    def __init__(self, seen: str | None, told: tuple[str, ...]) -> None:
        self.scores = None if seen is None else Scores(seen, "none")  # type: ignore[arg-type]  # checked there
        self.told = told

    def fit(self, tables: Mapping[str, Floats], y: NDArray[np.int64]) -> SavedColumns:
        """Learns nothing."""
        return self

    def columns(self, tables: Mapping[str, Floats]) -> Floats:
        """[shape=(n, values of all sources + sources ever absent)], with NaN where a source is absent."""
        values = np.hstack(list(tables.values())) if self.scores is None else self.scores.values(tables)
        return np.hstack([values, absence(tables, self.told)])


def write(
    fusion: Fusion, path: str | os.PathLike[str], example: Mapping[str, Floats], temperature: float = 1.0
) -> float:
    """Writes a fitted learned rule as ONNX and checks it.

    Args:
        fusion: Fitted, with a learned rule at the decision level, or at the feature level with concatenation.
        path: Of the ONNX file.
        example: What the sources gave for some rows, to check it by.
        temperature: By which its logits are divided beside its own.

    Returns:
        The largest difference between the file and the classifier.

    Raises:
        ModelError: The rule is none that can be saved.
        TrainingError: File and classifier differ.
    """
    require("train", "sklearn", "onnx", "skl2onnx", what="Saving a learned rule of fusion")
    learned = fusion.learned_
    if isinstance(learned, Joint | SavedRule):
        raise ModelError(
            "A joint fusion stays in memory: it cannot be saved yet; fuse at the decision or the feature level."
        )
    made = fusion.columns_
    if isinstance(made, Features) and made.join != "concatenation":
        raise ModelError(
            f"Features joined by {made.join} stay in memory: only those joined by concatenation can be saved."
        )
    tables = {source: np.asarray(example[source], dtype=np.float64) for source in fusion.shapes_}
    judged = ~np.asarray(np.stack([np.isnan(table).all(axis=1) for table in tables.values()]).all(axis=0))
    tables = {source: table[judged][:256] for source, table in tables.items()}
    given = SavedColumns(None if isinstance(made, Features) else fusion.inputs, made.told)
    raw = given.columns(tables).astype(np.float32)
    # Rows that are as near to one neighbour as to another would be judged by whichever comes first.
    rng = np.random.default_rng(0)
    raw[:, : raw.shape[1] - len(made.told)] *= rng.normal(1, 1e-3, (len(raw), raw.shape[1] - len(made.told)))
    classifier: Any = learned.classifier
    own = getattr(classifier, "export_rule", None)
    arguments: dict[str, Any] = {
        "shape": (raw.shape[1],),
        "example": raw,
        "kept": len(made.told),
        "temperature": temperature * learned.temperature,
    }
    if callable(own):
        difference: float = own(_scaling(made), path, **arguments)
        return difference
    if hasattr(classifier, "brain_"):
        arguments |= {
            "graph": _brain,
            "expected": lambda rows: classifier.outputs(rows) / classifier.temperature_,
        }
    return export_classifier(classifier, _scaling(made), path, **arguments)


def parameters(fusion: Fusion) -> int:
    """How many numbers a fitted learned rule judges by, those of its scaling left out."""
    learned = fusion.learned_
    assert not isinstance(learned, Joint | SavedRule)
    classifier: Any = learned.classifier
    if hasattr(classifier, "brain_"):
        units = [getattr(classifier.brain_, name, None) for name in ("units", "experts", "gates")]
        return sum(one.amygdala.size + one.threshold.size + one.cortex.size for one in units if one is not None)
    return int(getattr(classifier, "parameters", None) or count(classifier))


def describe(fusion: Fusion, rule: str) -> dict[str, Any]:
    """What a card holds of a learned rule beside its ONNX file.

    Args:
        fusion: Fitted.
        rule: What to call the rule.
    """
    made, learned = fusion.columns_, fusion.learned_
    assert not isinstance(learned, Joint | SavedRule)
    return {
        "rule": rule,
        "level": fusion.level,
        "inputs": fusion.inputs,
        "scaler": fusion.scaler,
        "sources": {source: list(shape) for source, shape in fusion.shapes_.items()},
        "absences": list(made.told),
        "places": [int(place) for place in learned.places],
        "fitted_on": fusion.fitted_on,
        **({"calibration": fusion.calibrator_.to_table()} if fusion.calibrator_.found else {}),
    }


def read(kind: type[Fusion], card: Card, path: Path, members: Mapping[str, Recognizer], prior: Prior) -> Fusion:
    """The fusion whose rule was saved.

    Args:
        kind: `visavox.fusion.Fusion`.
        card: That `describe` is in, as its `input`.
        path: Of the ONNX file.
        members: By source; without them it judges no clips, only scores (`combine`).
        prior: Prior of the result.

    Raises:
        ModelError: The file or the card is broken, or the card knows not how frequent words were.
    """
    held = card.input
    try:
        sources = {str(source): tuple(int(size) for size in shape) for source, shape in held["sources"].items()}
        rule = SavedRule(path, sha256=card.sha256, places=list(held["places"]), words=len(card.words))
        calibration = held.get("calibration", {})
        made = kind(
            members,
            level=held["level"],
            rule=rule,
            words=card.words,
            sources=tuple(sources),
            prior=prior,
            card=card,
            inputs=held["inputs"],
            scaler=held["scaler"],
            calibration=calibration.get("how", "none"),
        )
        made.calibrator_.read_table(calibration)
        made.frequencies_ = dict(zip(card.words, card.priors["corpus"], strict=True))
        made.fitted_on = str(held["fitted_on"])
        told = tuple(held["absences"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"The card of {card.name} does not say how its rule is asked ({error}); train it again."
        ) from None
    made.shapes_ = sources
    made.learned_ = rule
    made.columns_ = SavedColumns(made.inputs if made.level == "decision" else None, told)
    return made


def is_saved(card: Card) -> bool:
    """Whether a card is that of a learned rule."""
    return "places" in card.input


@dataclasses.dataclass
class _Scaled:
    """Scalers of several sources as one."""

    mean: Floats
    middle: Floats
    width: Floats


def _scaling(made: Scores | Features | SavedColumns) -> Scaler | _Scaled:
    if isinstance(made, Features):
        each = list(made.scalers.values())
        return _Scaled(*(np.concatenate([getattr(one, name) for one in each]) for name in ("mean", "middle", "width")))
    assert isinstance(made, Scores)
    return made.scaler


def _brain(classifier: Any, given: str, result: str) -> tuple[list[onnx.NodeProto], dict[str, Floats]]:
    """The equations of `visavox.bel` as a graph: amygdala, cortex, and of a mixture its gates."""
    from onnx import helper

    from visavox.bel.units import Mixture

    node = helper.make_node
    nodes = [
        node("Sub", [given, "usual"], ["centred inputs"]),
        node("Div", ["centred inputs", "reach"], ["p"]),
        node("ReduceMax", ["p"], ["strongest"], axes=[1], keepdims=1),
    ]
    constants = {"usual": classifier.mean_, "reach": classifier.deviation_ * classifier.reach_}

    def units(of: Any, name: str) -> str:
        """The answers E of units."""
        constants.update({f"{name} v": of.amygdala, f"{name} v_th": of.threshold[None], f"{name} w": of.cortex})
        nodes.extend(
            [
                node("MatMul", ["p", f"{name} v"], [f"{name} sum"]),
                node("MatMul", ["strongest", f"{name} v_th"], [f"{name} most"]),
                node("Add", [f"{name} sum", f"{name} most"], [f"{name} e_a"]),
                node("Tanh", [f"{name} e_a"], [f"{name} felt"]),
                node("MatMul", ["p", f"{name} w"], [f"{name} e_o"]),
                node("Tanh", [f"{name} e_o"], [f"{name} held"]),
                node("Sub", [f"{name} felt", f"{name} held"], [f"{name} left"]),
                node("Tanh", [f"{name} left"], [f"{name} answer"]),
            ]
        )
        return f"{name} answer"

    brain = classifier.brain_
    if isinstance(brain, Mixture):
        constants.update(
            {
                "split": np.array([0, brain.count, -1]),
                "unit": np.array(1.0),
                "gate axis": np.array([2]),
                "experts axis": np.array([1]),
            }
        )
        nodes.append(node("Reshape", [units(brain.experts, "experts"), "split"], ["by expert"]))
        nodes.extend(
            [
                node("Add", [units(brain.gates, "gates"), "unit"], ["positive"]),
                node("ReduceSum", ["positive", "experts axis"], ["opened"], keepdims=1),
                node("Div", ["positive", "opened"], ["shares"]),
                node("Unsqueeze", ["shares", "gate axis"], ["weights"]),
                node("Mul", ["by expert", "weights"], ["weighted"]),
                node("ReduceSum", ["weighted", "experts axis"], ["outputs"], keepdims=0),
            ]
        )
        answer = "outputs"
    else:
        answer = units(brain.units, "units")
    constants["own temperature"] = np.array(classifier.temperature_)
    nodes.append(node("Div", [answer, "own temperature"], [result]))
    return nodes, constants
