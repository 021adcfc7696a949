"""What the tests of faces share: a portrait, its mesh, and stills from recordings."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from visavox.face.detector import FaceDetector
from visavox.face.mesh import FaceMesh, Mesh, around_detection


@pytest.fixture(scope="session")
def portrait(weights: Path) -> NDArray[np.uint8]:
    """A public-domain portrait with one face of about 100 pixels, uint8 [512, 512, 3]."""
    with av.open(str(weights / "astronaut.png")) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


@pytest.fixture(scope="session")
def mesh(portrait: NDArray[np.uint8]) -> Mesh:
    """The mesh of the portrait's face."""
    (face,) = FaceDetector()(portrait)
    return FaceMesh()(portrait, around_detection(face))
