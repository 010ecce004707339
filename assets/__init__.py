"""The seven assets, one thin module each: it says what the asset is and calls the library.

``materialise`` tells Dagster what came of it. Not here: any computation (``rushes``), when things run
(``orchestration``).
"""
