"""A LiteRT network, opened once and run on one thread: what `session` is for ONNX, for networks stored as TFLite."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavox.errors import ModelError

_opening = threading.Lock()


class LiteSession:
    """A TFLite network on one thread.

    Args:
        path: The file.

    Raises:
        ModelError: If the file is not a network that LiteRT can load.
    """

    def __init__(self, path: str | Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.path = Path(path)
        try:
            with _opening, _without_banner():
                self._interpreter: Any = Interpreter(model_path=str(self.path), num_threads=1)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            text = str(error).strip().splitlines() or [type(error).__name__]
            raise ModelError(f"{self.path}: not a network that LiteRT can load ({text[0][:160]}).") from None
        (only,) = self._interpreter.get_input_details()
        self._input: int = only["index"]
        self._outputs: list[int] = [item["index"] for item in self._interpreter.get_output_details()]

    def __call__(self, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Runs the network on its one input and gives its outputs, in its order."""
        self._interpreter.set_tensor(self._input, values)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


@contextmanager
def _without_banner() -> Iterator[None]:
    """Keeps LiteRT's greeting off the terminal: native code writes it to descriptor 2 and has no switch for it."""
    try:
        kept = os.dup(2)
    except OSError:  # no standard error at all: nothing to keep clean
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
