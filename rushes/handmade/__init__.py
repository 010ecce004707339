"""Data sets made by hand: columns declared by name and type, filled by one append after another, read lazily.

A data set is a folder, here or in a bucket: ``declared/`` says which columns there are, ``rows/`` holds what was
appended, ``media/`` the bytes of videos and images as they came, each under the hash of its content. ``dataset`` is
what a person holds, ``column`` one of its columns, ``declared`` the declarations, ``rows`` the Parquet files. Each
family of types has a module: ``videos``, ``images``, ``boxes``, ``arrays``, ``texts``; ``kinds`` says what a family has
to offer and ``htypes`` lists them. ``given`` is what is appended, ``intake`` how its bytes come in, ``views`` what is
given back of arrays. ``turned`` gives boxes in other coords, ``gallery`` is the page that shows a data set, ``moving``
what makes a video of images, and ``trained`` what training cuts clips out of. Not here: data sets made of a
store's tables by a recipe (``rushes.packaging``).
"""

from rushes.handmade.dataset import Dataset, empty, load
from rushes.handmade.given import link, read
from rushes.handmade.kinds import SampleError

__all__ = ["Dataset", "SampleError", "empty", "link", "load", "read"]
