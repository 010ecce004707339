"""Keeping or dropping clips: what is measured of each, and the thresholds that judge it.

``metrics`` measures pictures, ``predictors`` asks models, ``rules`` judges, ``judge`` does all of it and finds the
regions to hide in one pass over a video. Every judged clip keeps all its figures, so that SQL can judge again.
"""
