"""What the tests of faces share: a portrait, its mesh, and stills from recordings."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox.face.detector import FaceDetector
from visavox.face.mesh import FaceMesh, Mesh, around_detection


@pytest.fixture(scope="session")
def mesh(portrait: NDArray[np.uint8]) -> Mesh:
    """The mesh of the portrait's face."""
    (face,) = FaceDetector()(portrait)
    return FaceMesh()(portrait, around_detection(face))
