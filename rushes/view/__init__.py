"""A packaged data set in the browser: its sequences as small pictures, and each frame by frame with its boxes.

``viewing`` is the way in: it gives a ``site`` to a browser on this machine alone (``rushes.loopback``). ``catalogue``
knows what there is to filter by, ``sequence`` what the page is told of one sequence, ``thumbnail`` makes small
pictures, ``strip`` a row of them that needs no server. The page is ``page/``. Nothing here writes anything.
"""

from rushes.view.viewing import Viewing, find, view

__all__ = ["Viewing", "find", "view"]
