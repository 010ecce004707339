"""Data sets for PyTorch, packaged or made by hand: samples, their order, and a loader that can be stopped and go on.

``clips`` is the map-style data set that ``ds.torch(…)`` gives, ``stream`` the iterable one, ``source`` what clips are
cut out of, ``sampler`` the order of a map-style one, ``loader`` a DataLoader that knows how far it has come. ``sample``
is the dict that passes between processes, ``batches`` puts several together. ``order`` says which clip comes when, and
at which rank, ``epochs`` where in it one is; ``chance`` is where random numbers come from, ``resize`` makes frames and
boxes of another size. ``mediasequence`` is a data set of MediaSequence's examples, apart from all that. Not here:
reading (``rushes.packaging``). Nothing outside of this room imports PyTorch for the sake of data sets.
"""

from rushes.training.batches import collate, collate_lists
from rushes.training.clips import Clips
from rushes.training.loader import Loader
from rushes.training.sample import Sample
from rushes.training.sampler import ClipSampler
from rushes.training.stream import Stream

__all__ = ["ClipSampler", "Clips", "Loader", "Sample", "Stream", "collate", "collate_lists"]
