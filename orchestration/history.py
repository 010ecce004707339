"""Where Dagster keeps what it knows of runs, events and partitions: SQLite, or the Postgres of ``$RUSHES_POSTGRES``.

``dagster.yaml`` names ``History`` and nothing else, so that every process of Dagster's (UI, daemon, runs, on whatever
machine) decides alike, by its own environment; no password is in a file, in an argument or in what they tell each
other. Here: which of the two, and reaching Postgres. Not here: the rest of the instance (``dagster.yaml``, ``run``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dagster import StringSource
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from rushes.errors import SettingsError

VARIABLE = "RUSHES_POSTGRES"
_DRIVER = "postgresql+psycopg2"
_FORM = "write postgresql://user:password@host/database"
_CONNECT_TIMEOUT_S = "10"
# What SQLite's folder holds, besides what others keep there.
_PARTS = ("history", "schedules")
_LOCK = 0x7275736865  # of all programs that use the database, ours: "rushe"


class History(DagsterStorage, ConfigurableClass):
    """What ``dagster.yaml`` names; it is made into Dagster's own storage of either kind when it is loaded."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return what ``dagster.yaml`` says of it: the folder for SQLite."""
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagsterStorage:
        """Return the storage. Raises ``SettingsError`` when Postgres is asked for and cannot be used."""
        address = os.environ.get(VARIABLE)
        if not address:
            return _sqlite(Path(config_value["base_dir"]), inst_data)
        return _postgres(url_of(address), inst_data)


def url_of(address: str) -> URL:
    """Return an address as SQLAlchemy and psycopg2 want it. Raises ``SettingsError``, which quotes none of it.

    What it leaves out is up to libpq: ``PGHOST``, ``PGUSER``, ``PGDATABASE``, ``PGPASSFILE``, ``~/.pgpass`` and so on.
    """
    scheme, found, rest = address.strip().partition("://")
    if not found or scheme not in ("postgres", "postgresql", _DRIVER):
        raise SettingsError(f"{VARIABLE} is no address of a Postgres server: {_FORM}")
    try:
        url = make_url(f"{_DRIVER}://{rest}")
    except (ArgumentError, ValueError):
        raise SettingsError(f"{VARIABLE} cannot be understood: {_FORM}") from None
    if "@" in (url.host or ""):  # the rest of a password, which nobody is to be shown as a host's name
        raise SettingsError(f"{VARIABLE}: an @ in a user's name or password is to be written as %40")
    password = url.query.get("password")
    if isinstance(password, str):  # where SQLAlchemy knows it for one, and shows it nowhere
        url = url.difference_update_query(["password"]).set(password=password)
    if "connect_timeout" not in url.query and not os.environ.get("PGCONNECT_TIMEOUT"):
        url = url.update_query_dict({"connect_timeout": _CONNECT_TIMEOUT_S})
    return url


def _sqlite(folder: Path, inst_data: ConfigurableClassData | None) -> DagsterStorage:
    """Return the storage in a folder. Its files are made beside it and moved into place.

    Dagster does not finish what a process that was killed has begun: it takes a file that is there for a whole one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not all((folder / part).exists() for part in _PARTS):
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as beside:
            DagsterSqliteStorage.from_local(beside).dispose()
            for part in _PARTS:
                with suppress(OSError):  # somebody else was first
                    (Path(beside) / part).rename(folder / part)
    return DagsterSqliteStorage.from_local(str(folder), inst_data)


def _postgres(url: URL, inst_data: ConfigurableClassData | None) -> DagsterStorage:
    try:
        from dagster_postgres import DagsterPostgresStorage
        from dagster_postgres.utils import DagsterPostgresException
    except ImportError:
        raise SettingsError(
            f"{VARIABLE} is set, but dagster-postgres is not installed: pip install dagster-postgres psycopg2-binary"
        ) from None
    try:
        # Whoever comes first makes the tables, and of two at once Dagster lets one fail. It ends with the transaction.
        with create_engine(url, poolclass=NullPool).begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            return DagsterPostgresStorage(url.render_as_string(hide_password=False), inst_data=inst_data)
    except (DBAPIError, DagsterPostgresException) as error:
        raise SettingsError(f"Postgres at {_shown(url)}: {_why(error, url)}; {VARIABLE} says where it is") from None


def _shown(url: URL) -> str:
    host = url.host or url.query.get("host") or os.environ.get("PGHOST") or "its local socket"
    database = url.database or os.environ.get("PGDATABASE")
    return f"{host}{f':{url.port}' if url.port else ''}{f', database {database}' if database else ''}"


def _why(error: Exception, url: URL) -> str:
    """Return what the server or libpq said, in one line, without the password."""
    said = error.__cause__ if not isinstance(error, DBAPIError) and error.__cause__ else error
    line = " ".join(str(getattr(said, "orig", said)).split())
    return line.replace(str(url.password), "***") if url.password else line
