"""Work for hosts of a cluster: it says where it was done."""

import socket
import time
from pathlib import Path


def where(number: int) -> str:
    """Leave a note on the host that it is begun, take three seconds, and return the host's name."""
    Path(f"/tmp/at-{number}").touch()
    time.sleep(3)
    return socket.gethostname()
