"""Finding objects and following them: detect, associate, summarise.

Here: box geometry, detection, association of boxes into tracks, and the summary of a track. Not here: which clips are
worth tracking (``rushes.filters``), vectors of crops (``rushes.embedding``), rows of tables (``rushes.store``).
"""
