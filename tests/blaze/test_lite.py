"""TFLite networks run quietly, and damage is said in one sentence."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from visavox import weights as files
from visavox.blaze.lite import LiteSession
from visavox.errors import ModelError


def test_a_network_gives_its_outputs(weights):
    outputs = LiteSession(files.path("face_landmark.tflite"))(np.zeros((1, 192, 192, 3), dtype=np.float32))
    assert [item.size for item in outputs] == [3 * 468, 1]


def test_a_broken_file_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"not a network at all" * 10)
    with pytest.raises(ModelError, match=r"broken\.tflite: not a network that LiteRT can load"):
        LiteSession(path)


def test_nothing_is_written_to_the_terminal(weights):
    """LiteRT greets on standard error; what others write there before and after is kept."""
    code = (
        "import sys; from visavox import weights; from visavox.blaze.lite import LiteSession\n"
        "print('before', file=sys.stderr, flush=True)\n"
        "for _ in range(2): LiteSession(weights.path('face_landmark.tflite'))\n"
        "print('after', file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr.split() == ["before", "after"]
    assert run.stdout == ""
