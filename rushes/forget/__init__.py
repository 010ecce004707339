"""Forgetting: videos, and all that was ever made of them, taken out of a store for good.

Here: what is to go (``targets``), how it is told in texts (``names``), where it lies (``pixels``, ``batches``,
``annotations``, ``recipes``), what people made that names it (``left``), how it is removed or only counted
(``changes``), and in what order it goes (``forget``). Not here: tombstones
(``rushes.store.forgotten``), which everything that brings videos in asks.
"""
