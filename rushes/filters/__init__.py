"""Keeping or dropping clips: what is measured of each, and the thresholds that judge it.

``metrics`` measures pictures (with ``letterbox`` and ``slides``), ``cartoon`` and ``predictors`` ask models, ``rules``
judges. ``judge`` does all of it and finds the regions to hide in one pass over a video, and ``measured`` keeps what the
pass found, so that other thresholds need no other. ``train_cartoon`` learns what ``cartoon`` knows, from
``cartoon_examples`` and ``drawings``.
"""
