"""Frames: finding out what a media file holds, and reading exactly the frames that are asked for.

``probe`` makes the index of a file, ``bitstream`` reads what a packet says of itself, ``reader`` decodes by that index,
``sampling`` chooses frames and their size, ``media`` says where a video's bytes are, ``pictures`` draws on frames for
people to look at. Nothing here knows what a clip or a track is.
"""
