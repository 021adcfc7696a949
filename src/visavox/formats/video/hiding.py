"""Making a face unrecognisable."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from visavox.formats.video.places import Box

if TYPE_CHECKING:
    from PIL.Image import Image

CELLS = 6
"""Values that are left of a hidden region along its shorter side; of the face in it, three or four.

Source: of faces quantised in space, identity is lost below some 15 values across the face (Bachmann, European Journal
of Cognitive Psychology 3, 1991); a film shows more than a picture, so we keep a quarter of that.
"""


def hide(image: Image, region: Box) -> None:
    """Leaves of a region of a picture a few mean colours, blurred into each other.

    What was there cannot be brought back from one picture: so few numbers are left.

    Args:
        image: The picture; changed in place.
        region: What to hide, in pixels; it may reach beyond the picture.
    """
    from PIL.Image import Resampling

    left, top = max(0, math.floor(region[0])), max(0, math.floor(region[1]))
    right, bottom = min(image.width, math.ceil(region[2])), min(image.height, math.ceil(region[3]))
    if right <= left or bottom <= top:
        return
    # The shorter side of the whole region: one that is half outside must not show twice as much.
    cell = min(region[2] - region[0], region[3] - region[1]) / CELLS
    coarse = (max(1, round((right - left) / cell)), max(1, round((bottom - top) / cell)))
    patch = image.crop((left, top, right, bottom)).resize(coarse, Resampling.BOX)
    image.paste(patch.resize((right - left, bottom - top), Resampling.BICUBIC), (left, top))
