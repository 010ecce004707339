"""Per-video work over a batch: what is still to do, doing it in processes, putting the partition together.

``step`` says what an asset does to one video, ``plan`` finds out what is missing or stale, ``build`` does it, ``pool``
runs it in worker processes. Nothing here knows what a step computes, nor who asked for it.
"""
