"""A store as a person holds it in Python: SQL over its tables, and its packaged data sets.

Here: the few verbs of ``rushes.open(…)``. Not here: how any of them is done.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from rushes.store.objects import Objects

if TYPE_CHECKING:
    import duckdb

    from rushes.packaging.reader import Dataset
    from rushes.ranges.credentials import Source
    from rushes.video.library import Videos


class Store:
    """Everything under one root in object storage."""

    def __init__(self, uri: str | os.PathLike[str]) -> None:
        self.objects = Objects(uri)

    def __repr__(self) -> str:
        return f"rushes.open({self.objects.uri!r})"

    @cached_property
    def videos(self) -> Videos:
        """The videos: ``store.videos[0]``, ``store.videos["bikes", 100:200].numpy()``.

        They are those that there are when they are first looked at; open the store again to see later ones.
        """
        from rushes.video.library import Videos

        return Videos(self.objects, self)

    def populate_creds(self, name: str, creds: Source) -> None:
        """Give the values behind a key's name, for this process alone: they are written nowhere."""
        from rushes.ranges import credentials

        credentials.populate(name, creds)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return the answer to a query over the tables: ``.fetchall()``, ``.arrow()``, ``.pl()``, or print it."""
        from rushes.store.database import connect  # readers of frames need no database

        return connect(self.objects).sql(query)

    def dataset(self, name: str) -> Dataset:
        """Open a packaged data set in its native format. Raises ``StoreError`` when it was not packaged so."""
        from rushes.packaging.find import open_named

        return open_named(self.objects, name)
