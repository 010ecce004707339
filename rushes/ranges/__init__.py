"""Byte ranges of files wherever they are: exactly the bytes that were asked for, by as few requests as that takes.

``source`` says what a file offers and picks the kind by its ``address``: local files there, the web in ``http``,
Amazon's protocol in ``s3`` by the clients of ``aws``, whatever else fsspec has a driver for in ``other``; ``remote`` is
what those three have in common. ``reach`` and ``connections`` say which machines of the web may be asked.
``credentials`` finds the values behind a key's name. Not here: what the bytes mean (``rushes.video``), and the store's
own objects (``rushes.store``).
"""

from rushes.ranges.source import Fingerprint, LocalRanges, Ranges, open_ranges

__all__ = ["Fingerprint", "LocalRanges", "Ranges", "open_ranges"]
