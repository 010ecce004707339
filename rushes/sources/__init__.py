"""What comes in: registering sources as sealed batches, and bringing their bytes into the store.

``register`` turns paths into batches, ``ingest`` turns a registered source into a video's row and its packets,
``demo_clips`` names the real clips of the demonstration. Not here: what happens to a video once it is in.
"""
