"""The assets' names in order of lineage, and their groups, for those who only need the names."""

from rushes.packaging.state import ASSET as PACKAGED
from rushes.selection.state import ASSET as SELECTED
from rushes.steps import STEPS

BATCH_ASSETS = tuple(STEPS)
RECIPE_ASSETS = (SELECTED, PACKAGED)

# As the assets' own definitions have them; what is backfilled together.
GROUPS = {"ingest": BATCH_ASSETS[:1], "curate": BATCH_ASSETS[1:], "datasets": RECIPE_ASSETS}
