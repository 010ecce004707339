"""Cutting videos into clips: detectors that say where a shot begins, and the clips made of their cuts.

``detector`` says what a detector is; ``pyscenedetect``, ``transitions`` and, around the former, ``gradual`` are ones;
``cut`` turns their cuts into rows of ``clips``. Clips are frame ranges: nothing is re-encoded. Not here: whether a clip
is worth keeping (``rushes.filters``).
"""
