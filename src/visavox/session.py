"""An ONNX network, opened once and run on one thread."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.errors import ModelError


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Session:
    """An ONNX Runtime session with one thread that does not spin: many can run side by side.

    Args:
        path: The ONNX file.
        sha256: What the file's SHA-256 must be; not checked when empty.

    Raises:
        ModelError: If the file is missing, is not an ONNX network, or is not the one named.
    """

    def __init__(self, path: str | Path, *, sha256: str = "") -> None:
        import onnxruntime

        self.path = Path(path)
        if not self.path.is_file():
            raise ModelError(f"{path}: no such model file.")
        if sha256 and sha256 != _sha256(self.path):
            raise ModelError(f"{path}: the file is not the one its card names (SHA-256 differs); install it again.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own for each kind of damage
            raise ModelError(f"{path}: not a network that ONNX Runtime can load ({_first_line(error)}).") from None
        self.inputs = [item.name for item in self._session.get_inputs()]
        self.outputs = [item.name for item in self._session.get_outputs()]

    def __call__(self, *inputs: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        """Runs the network on its inputs, in their order, and gives its outputs, in theirs."""
        return list(self._session.run(None, dict(zip(self.inputs, inputs, strict=True))))


_sha256 = sha256


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:160] if text else type(error).__name__
