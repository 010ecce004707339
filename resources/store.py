"""The store as a Dagster resource: objects by name, tables by SQL, settings as a collection has them."""

from __future__ import annotations

import dagster as dg
import duckdb

from rushes import settings
from rushes.settings import Settings
from rushes.store.database import connect
from rushes.store.manifests import read_batch
from rushes.store.objects import Objects


class StoreResource(dg.ConfigurableResource[Objects]):
    """A local folder or an ``s3://`` prefix; credentials are the environment's."""

    uri: str

    @property
    def objects(self) -> Objects:
        """The store's objects."""
        return Objects(self.uri)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open DuckDB with a view for each table; close it after use."""
        return connect(self.objects)

    def settings(self, batch: str) -> Settings:
        """Return the settings that apply to a batch's collection."""
        return settings.load(self.objects, read_batch(self.objects, batch).collection)
