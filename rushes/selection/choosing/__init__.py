"""Which candidates are chosen, and in what order.

Here: ``choose``: turns, gains, limits and constraints. Not here: the algorithms on vectors (``geometry``).
"""
