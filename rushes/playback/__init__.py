"""Playing a video in a browser, frame by frame, with what the store knows of it drawn over the picture.

``playing`` is the way in: it makes a ``show`` of a video, which ``server`` gives to a browser on this machine alone.
``ways`` decides whether a browser can have a file as it is; where it cannot, ``segments`` makes pieces that it can.
``overlay`` reads tracks, clips and regions to hide from the tables. The page is ``player.html``. Nothing here writes to
the store.
"""

from rushes.playback.playing import Playing, find, play

__all__ = ["Playing", "find", "play"]
