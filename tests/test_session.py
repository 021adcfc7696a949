"""An ONNX network, opened once; a broken one is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visavox.errors import ModelError
from visavox.session import Session, sha256

onnx = pytest.importorskip("onnx")


@pytest.fixture
def doubling(tmp_path: Path) -> Path:
    """A network that doubles what it is given."""
    shape = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("Add", ["x", "x"], ["y"])
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph([node], "doubling", [shape("x", kind, ["n"])], [shape("y", kind, ["n"])])
    path = tmp_path / "doubling.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_a_network_runs_and_knows_its_inputs_and_outputs(doubling: Path) -> None:
    session = Session(doubling)
    assert (session.inputs, session.outputs) == (["x"], ["y"])
    assert session(np.arange(3, dtype=np.float32))[0].tolist() == [0, 2, 4]


def test_the_network_must_be_the_one_that_is_named(doubling: Path) -> None:
    Session(doubling, sha256=sha256(doubling))
    with pytest.raises(ModelError, match=r"doubling\.onnx: the file is not the one its card names"):
        Session(doubling, sha256="0" * 64)


def test_a_missing_or_broken_network_is_told(doubling: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.onnx: no such model file"):
        Session(tmp_path / "nowhere.onnx")
    doubling.write_bytes(doubling.read_bytes()[:40])
    with pytest.raises(ModelError, match="not a network that ONNX Runtime can load") as caught:
        Session(doubling)
    assert "\n" not in str(caught.value)


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
