"""What is seen and heard in each stretch of a recording: `read_cells` with the three wings."""

from visavox.cells.bodies import Bodies, BodyRecord
from visavox.cells.cell import Cell, Looks, Moves
from visavox.cells.faces import Faces
from visavox.cells.reading import Progress, Wings, read_cells
from visavox.cells.voices import Voices

__all__ = ["Bodies", "BodyRecord", "Cell", "Faces", "Looks", "Moves", "Progress", "Voices", "Wings", "read_cells"]
