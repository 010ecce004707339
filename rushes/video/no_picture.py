"""What Pillow raises for bytes that are no picture it can read: many things, told in one place.

Here: that alone. Not here: what is made of it, which differs from room to room.
"""

from __future__ import annotations

from PIL import Image, UnidentifiedImageError

# ultralytics, once imported, has Pillow look for another package before it gives up: an ImportError.
NO_PICTURE = (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, ImportError)
