"""The report of a selection: one page that shows what was chosen and out of what, and Lightly's files beside it.

``write`` makes all of it. ``sample`` says which candidates the figures look at, ``distances`` and ``places`` measure
them, ``figures`` has all that was measured, ``drawing`` turns it into SVG; ``shares``, ``timeline`` and ``pictures``
gather what else ``page`` shows; ``overview`` is its picture for Dagster. ``frame_names``, ``lists``, ``rejected``,
``embeddings``, ``saved_frames`` and ``bounding_boxes`` make Lightly's files. Not here: choosing, and hiding faces
(``rushes.privacy``).
"""
