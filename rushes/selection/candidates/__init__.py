"""The sequences that a recipe may choose: found by SQL, cut, embedded, freed of what cannot be used.

Here: ``consider`` and its steps. Not here: which are chosen (``choosing``).
"""
