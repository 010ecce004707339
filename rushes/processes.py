"""Whether a process of this machine is still there. Not here: what follows for whatever it was at."""

import os


def is_there(process: int) -> bool:
    """Tell whether there is a process of this number, also one that has ended and was not waited for."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there, and not ours to signal
    return True
