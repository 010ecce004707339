"""Per-video work over a batch: what is still to do, doing it in processes, putting the partition together.

``step`` says what an asset does to one video, ``plan`` finds out what is missing or stale, ``inputs`` pins what that is
made of. ``build`` has it done: ``making`` parts, in the worker processes of ``pool``, and ``assemble``, which puts them
together in a ``turn``. Nothing here knows what a step computes, nor who asked for it.
"""
