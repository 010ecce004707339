"""The assets' names in order of lineage, for those who only need the names."""

from rushes.packaging.package import ASSET as PACKAGED
from rushes.selection.select import ASSET as SELECTED
from rushes.steps import STEPS

BATCH_ASSETS = tuple(STEPS)
RECIPE_ASSETS = (SELECTED, PACKAGED)
