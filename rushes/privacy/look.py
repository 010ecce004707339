"""The ways in which what is hidden may look, for recipes to name. Not here: the pixels (``redact``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["blur", "pixelate", "solid"]
Shape = Literal["box", "ellipse"]


# Cells over a region's shorter side: few enough that no face can be made out again, nor found by a detector (four leave
# a trace that is one above shoulders), and that a plate's row of letters becomes two.
CELLS = {"face": 2, "plate": 2}


@dataclass(frozen=True)
class Look:
    """Coarse and smoothed, in coarse cells, or in the region's one mean colour.

    ``ellipse`` leaves the corners of a face's region as they are; a plate has letters there, and is always a box.
    """

    style: Style = "blur"
    shape: Shape = "box"


DEFAULT_LOOK = Look()
