"""Cutting videos into clips: detectors that say where a shot begins, and the clips made of their cuts.

``adaptive`` and ``transnet`` find cuts, ``cut`` turns them into rows of ``clips``. Clips are frame ranges: nothing is
re-encoded. Not here: whether a clip is worth keeping (``rushes.filters``).
"""
