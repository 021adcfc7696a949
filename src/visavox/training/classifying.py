"""A fitted classifier as an ONNX file: columns scaled, judged, and checked against scikit-learn.

The file looks like that of any network, `logits` [n, k] and `features` [n, d], so that nobody who uses it need know
what learned. Nothing is pickled.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from visavox.errors import TrainingError
from visavox.files import written

if TYPE_CHECKING:
    import onnx

Floats = NDArray[np.float64]

LEAST = 1e-6
"""Probabilities are kept above this before their logarithm is taken: neighbours who are all of one mind prove
nothing."""

OPSET = {"": 17, "ai.onnx.ml": 3}

FITTED = {
    "SVC": ("support_vectors_", "dual_coef_", "intercept_"),
    "GaussianNB": ("theta_", "var_", "class_prior_"),
    "KNeighborsClassifier": ("_fit_X",),
}
"""What a kind of classifier judges by; the others by their coefficients."""

COEFFICIENTS = ("coef_", "intercept_", "coefs_", "intercepts_")


class Scaling(Protocol):
    """How columns come to one scale: (values - middle) / width, where NaN first becomes the mean."""

    mean: Floats
    middle: Floats
    width: Floats


@dataclass(frozen=True, eq=False)
class Reduced:
    """Values of each frame reduced to fewer: scaled, then one dense layer with ReLU, all frames in a row.

    Args:
        middle: Of each value [d].
        width: Of each value [d].
        weight: Of the layer [d, units].
        bias: Of the layer [units].
    """

    middle: Floats
    width: Floats
    weight: Floats
    bias: Floats

    def of(self, frames: NDArray[np.floating]) -> Floats:
        """Rows [n, t * units] of frames [n, t, d]."""
        values = (frames.astype(np.float64) - self.middle) / self.width
        return np.asarray(np.maximum(values @ self.weight + self.bias, 0.0).reshape(len(frames), -1))


class Graph(Protocol):
    """What draws a classifier that skl2onnx does not know, or not well enough."""

    def __call__(self, classifier: Any, given: str, result: str) -> tuple[list[onnx.NodeProto], dict[str, Floats]]:
        """Nodes from `given` (float64 [n, d]) to `result` (float64 [n, k]), and their constants by name."""


def logits_of(classifier: Any, columns: Floats) -> Floats:
    """What a classifier says of rows, one value a class, so that their softmax is a probability [shape=(n, k)].

    Joint log-likelihoods where the classifier is Gaussian naive Bayes, decision values where it has any, otherwise the
    logarithms of its probabilities, at least `LEAST`. All let themselves be calibrated by one temperature; naive Bayes
    of many columns wants a large one, and its probabilities, rounded to 0 and 1, would not let it.

    Args:
        classifier: A fitted classifier of scikit-learn's manners.
        columns: As it was fitted on [shape=(n, d)].
    """
    classifier = best_of(classifier)
    if type(classifier).__name__ == "GaussianNB":
        joint: Floats = classifier.predict_joint_log_proba(columns)
        return np.asarray(joint - joint.max(axis=1, keepdims=True))
    if hasattr(classifier, "decision_function"):
        values = np.asarray(classifier.decision_function(columns), dtype=np.float64)
        return values if values.ndim == 2 else np.stack([-values / 2, values / 2], axis=1)
    return np.asarray(np.log(np.maximum(classifier.predict_proba(columns), LEAST)))


def best_of(classifier: Any) -> Any:
    """The classifier that a search over settings chose; any other one as it is."""
    return getattr(classifier, "best_estimator_", classifier)


def count(classifier: Any) -> int:
    """How many numbers a fitted classifier judges by."""
    classifier = best_of(classifier)
    parts: list[Any] = [
        getattr(classifier, name)
        for name in FITTED.get(type(classifier).__name__, COEFFICIENTS)
        if hasattr(classifier, name)
    ]
    return sum(np.size(one) for part in parts for one in (part if isinstance(part, list) else [part]))


def export_classifier(
    classifier: Any,
    scaling: Scaling,
    path: str | os.PathLike[str],
    *,
    shape: Sequence[int],
    example: NDArray[np.float32],
    kept: int = 0,
    temperature: float = 1.0,
    reduced: Reduced | None = None,
    graph: Graph | None = None,
    expected: Callable[[Floats], Floats] | None = None,
    tolerance: float = 1e-4,
) -> float:
    """Writes a fitted classifier, and how its columns are scaled, as ONNX and checks it.

    Args:
        classifier: Fitted on scaled columns.
        scaling: What was fitted before it.
        path: Of the ONNX file; written beside and moved into place once it has passed the check.
        shape: Of one row of its input; flattened it has the columns of the scaling, then `kept` more.
        example: Rows to check by [shape=(n, *shape)].
        kept: Columns at the end that the classifier takes as they are.
        temperature: By which logits are divided.
        reduced: What each frame of the input becomes before it is scaled.
        graph: What draws the classifier; skl2onnx where none is given.
        expected: From scaled columns to the logits that the file must give, before the temperature; `logits_of` where
            none is given.
        tolerance: Largest difference that is let pass, of what is larger than 1 as a part of it.

    Returns:
        The largest difference found.

    Raises:
        TrainingError: ONNX Runtime and the classifier differ by more than `tolerance`.
    """
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    columns = len(scaling.mean) + kept
    classifier = best_of(classifier)
    before, constants = _scaled(scaling, kept, reduced)
    if graph is None:
        graph = _naive_bayes if type(classifier).__name__ == "GaussianNB" else _converted
    nodes, more = graph(classifier, "scaled", "raw")
    constants |= more | {"temperature": np.array(temperature)}
    after = [
        helper.make_node("Div", ["raw", "temperature"], ["wide"]),
        helper.make_node("Cast", ["wide"], ["logits"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["scaled"], ["features"], to=TensorProto.FLOAT),
    ]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    classes = len(classifier.classes_)
    made = helper.make_model(
        helper.make_graph(
            [*before, *nodes, *after],
            "classifier",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", *shape])],
            [
                helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", classes]),
                helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", columns]),
            ],
            tensors,
        ),
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in OPSET.items()],
        ir_version=8,
    )
    onnx.checker.check_model(made)
    with written(target) as temporary:
        onnx.save(made, str(temporary))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(temporary), options, providers=["CPUExecutionProvider"])
        found, features = session.run(["logits", "features"], {"input": example})
        flat = example.reshape(len(example), -1).astype(np.float64) if reduced is None else reduced.of(example)
        inside = flat[:, : len(scaling.mean)]
        own = np.hstack(
            [
                (np.where(np.isnan(inside), scaling.mean, inside) - scaling.middle) / scaling.width,
                flat[:, inside.shape[1] :],
            ]
        )
        wanted = (expected or (lambda rows: logits_of(classifier, rows)))(own) / temperature
        worst = max(
            float((np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))).max())
            for ours, theirs in ((found, wanted), (features, own))
        )
        if not worst <= tolerance:
            raise TrainingError(
                f"{target}: ONNX Runtime and scikit-learn differ by {worst:.2g}, more than {tolerance:g}"
            )
    return worst


def _scaled(scaling: Scaling, kept: int, reduced: Reduced | None) -> tuple[list[onnx.NodeProto], dict[str, Floats]]:
    """Rows of any shape as float64 columns on the common scale; the last ones as they are."""
    from onnx import TensorProto, helper

    nodes = [helper.make_node("Cast", ["input"], ["given"], to=TensorProto.DOUBLE)]
    constants: dict[str, Floats] = {}
    rows = "given"
    if reduced is not None:
        rows = "frames"
        nodes += [
            helper.make_node("Sub", ["given", "frame middle"], ["frame away"]),
            helper.make_node("Div", ["frame away", "frame width"], ["frame scaled"]),
            helper.make_node("MatMul", ["frame scaled", "frame weight"], ["frame sum"]),
            helper.make_node("Add", ["frame sum", "frame bias"], ["frame units"]),
            helper.make_node("Relu", ["frame units"], [rows]),
        ]
        constants = {f"frame {name}": getattr(reduced, name) for name in ("middle", "width", "weight", "bias")}
    nodes += [
        helper.make_node("Flatten", [rows], ["numbers"], axis=1),
        helper.make_node("IsNaN", ["numbers"], ["absent"]),
        helper.make_node("Where", ["absent", "mean", "numbers"], ["filled"]),
        helper.make_node("Sub", ["filled", "middle"], ["centred"]),
        helper.make_node("Div", ["centred", "width"], ["scaled"]),
    ]
    ends = {"mean": 0.0, "middle": 0.0, "width": 1.0}
    constants |= {name: np.r_[getattr(scaling, name), np.full(kept, end)] for name, end in ends.items()}
    return nodes, constants


def _naive_bayes(classifier: Any, given: str, result: str) -> tuple[list[onnx.NodeProto], dict[str, Floats]]:
    """Joint log-likelihoods, less the largest: -½ Σ (x - θ)² / σ² + c, written out, as skl2onnx gives probabilities."""
    from onnx import helper

    weight = 1.0 / classifier.var_
    offset = np.log(classifier.class_prior_) - 0.5 * (np.log(2 * np.pi * classifier.var_)).sum(axis=1)
    nodes = [
        helper.make_node("Unsqueeze", [given, "one"], ["each"]),
        helper.make_node("Sub", ["each", "theta"], ["away"]),
        helper.make_node("Mul", ["away", "away"], ["square"]),
        helper.make_node("Mul", ["square", "weight"], ["weighed"]),
        helper.make_node("ReduceSum", ["weighed", "last"], ["distance"], keepdims=0),
        helper.make_node("Mul", ["distance", "half"], ["near"]),
        helper.make_node("Add", ["near", "offset"], ["joint"]),
        helper.make_node("ReduceMax", ["joint"], ["most"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["joint", "most"], [result]),
    ]
    return nodes, {
        "one": np.array([1]),
        "last": np.array([2]),
        "theta": classifier.theta_,
        "weight": weight,
        "half": np.array(-0.5),
        "offset": offset,
    }


def _converted(classifier: Any, given: str, result: str) -> tuple[list[onnx.NodeProto], dict[str, Floats]]:
    """What skl2onnx makes of a classifier."""
    from onnx import TensorProto, helper, numpy_helper
    from onnx.compose import add_prefix
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    decides = hasattr(classifier, "decision_function")
    # Operators of linear classifiers and support vector machines compute in float32; distances are better in float64.
    kind = FloatTensorType if decides else DoubleTensorType
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of attributes of scikit-learn that it looks for
        model = to_onnx(
            classifier,
            initial_types=[("columns", kind([None, int(classifier.n_features_in_)]))],
            options={id(classifier): {"zipmap": False, **({"raw_scores": True} if decides else {})}},
            target_opset=OPSET,
        )
    model = add_prefix(model, "skl2onnx.")
    scores = model.graph.output[1].name
    nodes = [
        helper.make_node(
            "Cast", [given], ["skl2onnx.columns"], to=TensorProto.FLOAT if decides else TensorProto.DOUBLE
        ),
        *model.graph.node,
        helper.make_node("Cast", [scores], ["scores"], to=TensorProto.DOUBLE),
    ]
    constants: dict[str, Any] = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    if decides:
        # Of two classes it gives the decision value and its opposite.
        constants["share"] = np.array(0.5 if len(classifier.classes_) == 2 else 1.0)
        nodes.append(helper.make_node("Mul", ["scores", "share"], [result]))
    else:
        constants["least"] = np.array(LEAST)
        nodes.append(helper.make_node("Max", ["scores", "least"], ["chances"]))
        nodes.append(helper.make_node("Log", ["chances"], [result]))
    return nodes, constants
