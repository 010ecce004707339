"""Deciding what goes into a data set: recipes, the candidates they consider, an order of choice, and a report.

``recipes`` says what a person asks for, ``candidates`` makes sequences of clips and tracks, ``choosing`` puts them in
an order of choice by way of ``geometry``, ``until_sound`` goes on choosing until what is chosen can be decoded
(``unreadable``) and repeats nothing, ``select`` does it all and writes ``selections``, ``report`` shows it. Not here:
pixels of the data set (``rushes.packaging``).
"""
