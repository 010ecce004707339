"""Deciding what goes into a data set: recipes, the candidates they consider, strategies that choose, and a report.

``recipe`` says what a person asks for, ``candidates`` makes sequences of clips and tracks, ``strategies`` puts them in
an order of choice, ``select`` does it all and writes ``selections``, ``report`` shows it. Not here: pixels of the data
set (``rushes.packaging``).
"""
