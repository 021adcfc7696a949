"""A fitted network as an ONNX file and back: exported, checked against torch, its weights read by name."""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from visavox.errors import ModelError, TrainingError
from visavox.files import written

if TYPE_CHECKING:
    import torch

Storage = Literal["float32", "float16"]


def settle(network: torch.nn.Module, inputs: Iterable[NDArray[np.float32]]) -> None:
    """Measures the statistics of a network's batch norms anew, on inputs as they are in use.

    While training they are those of varied and mixed examples, whose deviation is another one.

    Args:
        network: trained; changed in place, left in evaluation mode.
        inputs: batches of its input, of many examples each.

    Source: Touvron et al., "Fixing the train-test resolution discrepancy", 2019, section 3 (statistics must fit what is
        seen in use); Izmailov et al., "Averaging Weights Leads to Wider Optima", 2018, section 3 (measured in a pass).
    """
    import torch

    norms = [part for part in network.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    network.eval()
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over batches
        norm.train()
    device = next(network.parameters()).device
    with torch.no_grad():
        for batch in inputs:
            network(torch.from_numpy(batch).to(device))
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum
    network.eval()


def export(
    network: torch.nn.Module,
    example: Mapping[str, torch.Tensor],
    path: str | os.PathLike[str],
    *,
    outputs: tuple[str, ...] = ("logits", "features"),
    dynamic: Mapping[str, Mapping[int, str]] | None = None,
    storage: Storage = "float32",
    tolerance: float = 1e-4,
    opset: int = 17,
) -> float:
    """Writes a network as ONNX and checks it against torch in ONNX Runtime.

    The file keeps every weight under its name in the network's `state_dict`, and norms as they are, so that a training
    can begin with it (`weights_of`); ONNX Runtime joins norms with convolutions itself when it opens the file.

    Args:
        network: in the form that is used: its forward takes the tensors of `example` in that order and returns one
            tensor for each of `outputs`.
        example: input names and tensors, first axis the batch (at least two examples, to show that it is free).
        path: of the ONNX file; written beside and moved into place once it has passed the check.
        outputs: names of the outputs: `logits` [n, k] and `features` [n, d].
        dynamic: further free axes by input name, such as `{"mel": {2: "frames"}}`; axis 0 is always free ("n").
        storage: of matrices and kernels in the file. "float16" halves it: they are rounded, and made float32 again when
            the file is opened, so that all is computed in float32 as before; what is checked is the rounded network.
        tolerance: largest absolute difference from torch that is let pass.
        opset: of ONNX.

    Returns:
        The largest absolute difference found, over the whole batch and over its first example alone.

    Raises:
        TrainingError: ONNX Runtime and torch differ by more than `tolerance`.
    """
    import onnxruntime
    import torch

    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    network = copy.deepcopy(network).to(device="cpu", dtype=torch.float32, memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    network.eval()
    matrices = {name: weight for name, weight in network.named_parameters() if weight.ndim > 1}
    rounded = matrices if storage == "float16" else {}
    for weight in rounded.values():
        weight.data = weight.data.half().float()
    inputs = {name: tensor.detach().cpu() for name, tensor in example.items()}
    axes: dict[str, dict[int, str]] = {name: {0: "n", **(dynamic or {}).get(name, {})} for name in inputs}
    axes.update({name: {0: "n"} for name in outputs})
    with written(target) as temporary:
        with torch.no_grad(), _quiet_export():
            torch.onnx.export(
                network,
                tuple(inputs.values()),
                str(temporary),
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_axes=axes,
                opset_version=opset,
                dynamo=False,
                # As it is: every weight under its name, even one that equals another; norms not joined with
                # convolutions.
                training=torch.onnx.TrainingMode.PRESERVE,
                do_constant_folding=False,
                keep_initializers_as_inputs=True,
            )
        _store(temporary, rounded)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(temporary), options, providers=["CPUExecutionProvider"])
        worst = 0.0
        for part in (slice(None), slice(0, 1)):
            given = {name: tensor[part].contiguous() for name, tensor in inputs.items()}
            with torch.no_grad():
                expected = network(*given.values())
            found = session.run(list(outputs), {name: tensor.numpy() for name, tensor in given.items()})
            for ours, theirs in zip(expected, found, strict=True):
                worst = max(worst, float(np.abs(ours.numpy() - theirs).max()))
        if not worst <= tolerance:
            raise TrainingError(f"{target}: ONNX Runtime and torch differ by {worst:.2g}, more than {tolerance:g}")
    return worst


def parameters_of(network: torch.nn.Module) -> int:
    """How many parameters a network has as Keras counts them: all weights, and the running statistics of its norms.

    Example:
        >>> import torch
        >>> parameters_of(torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.BatchNorm1d(5)))
        40
    """
    weights = sum(weight.numel() for weight in network.parameters())
    running = (
        getattr(part, name)
        for part in network.modules()
        for name in ("running_mean", "running_var")
        if getattr(part, name, None) is not None
    )
    return weights + sum(int(statistic.numel()) for statistic in running)


def weights_of(path: str | os.PathLike[str]) -> dict[str, NDArray[np.float32]]:
    """The weights of a network that `export` wrote, by their names in its `state_dict`.

    Raises:
        ModelError: the file keeps weights without names, as earlier versions wrote them.
    """
    import onnx

    graph = onnx.load(os.fspath(path)).graph
    nameless = next((tensor.name for tensor in graph.initializer if tensor.name.startswith("onnx::")), None)
    if nameless is not None:
        raise ModelError(
            f"{path}: its weights are without names ({nameless}), as earlier versions wrote them, so no training can "
            f"begin with it; train that model again."
        )
    return {tensor.name: onnx.numpy_helper.to_array(tensor).astype(np.float32) for tensor in graph.initializer}


def _store(path: Path, rounded: Collection[str]) -> None:
    """Makes weights of an ONNX file its own, no inputs, and stores some of them as float16.

    A Cast to float32 hands those on; ONNX Runtime does it once, when it opens the file.
    """
    import onnx

    model = onnx.load(str(path))
    graph = model.graph
    weights = {weight.name for weight in graph.initializer}
    inputs = [given for given in graph.input if given.name not in weights]
    casts = []
    for weight in graph.initializer:
        if weight.name in rounded:
            name, wide = weight.name, f"{weight.name}.float32"
            weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight).astype(np.float16), name))
            casts.append(onnx.helper.make_node("Cast", [name], [wide], to=onnx.TensorProto.FLOAT))
            for node in graph.node:
                node.input[:] = [wide if given == name else given for given in node.input]
    nodes = [*casts, *graph.node]
    del graph.input[:], graph.node[:]
    graph.input.extend(inputs)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


@contextlib.contextmanager
def _quiet_export() -> Iterator[None]:
    """Silence: torch announces on every export that another exporter is preferred; that choice is ours."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module=r"torch\.onnx.*")
        # Its LSTM compares sizes that are the same for every input.
        warnings.filterwarnings("ignore", module=r"torch\.nn\.modules\.rnn")
        yield
