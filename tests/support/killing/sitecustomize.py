"""Ends processes at a chosen change of a store, for tests: Python imports this wherever the folder is on its path.

``$KILLING`` is a file that gets a byte for each change, by whichever process; ``$KILL_AT`` is the change before which
the process is killed, or with ``$KILL_GROUP`` all of its group: the build with its workers. Without ``$KILL_AT``
changes are only counted.
"""

import fcntl
import importlib.abc
import importlib.util
import os
import signal
import sys

_CHANGES = ("write", "create", "write_file", "take_file", "delete")


def _count() -> int:
    descriptor = os.open(os.environ["KILLING"], os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, b".")
        return os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


def _killing(change):
    def killing(self, *arguments):
        if "KILLING" in os.environ and str(_count()) == os.environ.get("KILL_AT"):
            if "KILL_GROUP" in os.environ:
                os.killpg(0, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        return change(self, *arguments)

    return killing


class _Finder(importlib.abc.MetaPathFinder):
    """Has the module of ``Objects`` changed right after it was loaded."""

    def find_spec(self, name, path, target=None):
        if name != "rushes.store.objects":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def load_and_change(module):
            load(module)
            for change in _CHANGES:
                setattr(module.Objects, change, _killing(getattr(module.Objects, change)))

        spec.loader.exec_module = load_and_change
        return spec


if "KILLING" in os.environ:
    sys.meta_path.insert(0, _Finder())
