"""Images into vectors.

Here: networks that embed, and what is embedded of a video. Not here: how vectors are kept (``rushes.store``) or used to
choose (``rushes.selection``).
"""
