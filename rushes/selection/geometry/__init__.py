"""Algorithms on vectors, exact whatever library multiplies them.

Here: numpy in, numpy out. Not here: recipes and candidates.
"""
