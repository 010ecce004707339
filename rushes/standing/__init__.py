"""How everything stands: built, missing, stale, unfinished, failed.

``status`` gathers it from a store, ``told`` says what follows for one batch or recipe, ``remembered`` keeps that while
nothing it rests on has changed, and ``failures`` are those that nobody made good since. Not here: what a state is
(``rushes.work.plan``), and building.
"""
