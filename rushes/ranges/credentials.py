"""The values behind the name of a credentials key, which is all that a store ever holds of it.

Where values are looked for, in this order: what ``populate`` was given in this process; the environment, as JSON in
``RUSHES_CREDS_<NAME>``; a profile of that name in the provider's own configuration (``~/.aws/config``, a configuration
of ``gcloud``), which the provider's library renews by itself. The name ``ENV`` stands for the provider's own ways
alone: its variables, files, and the machine's role; on the web ``~/.netrc``. Values are never written, logged or shown:
not even a message about them quotes one.

The environment and profiles reach every process. What was populated lives in this process, in its forks, and in the
workers of a build that it starts (``carried`` and ``receive``, over a pipe); any other process is to have the
environment or a profile. Here: finding values and checking their names. Not here: using them (``http``, ``s3``,
``other``).
"""

from __future__ import annotations

import configparser
import json
import netrc
import os
import pickle
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rushes.errors import CredentialsError
from rushes.store.names import check_name

Values = Mapping[str, Any]
Source = Values | Callable[[], Values]

ENV = "ENV"
EXPIRES = "expires"
_RENEW_BEFORE_S = 60.0

_AWS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_region", "endpoint_url", "profile_name")
_GOOGLE = ("token", "project", "endpoint_url")
_GOOGLE_WAYS = ("google_default", "cache", "cloud", "anon", "browser")
_WEB = ("headers", "query", "user", "password", "token")
_FIELDS = {"s3": _AWS, "s3a": _AWS, "gs": _GOOGLE, "gcs": _GOOGLE, "http": _WEB, "https": _WEB}


class _Held:
    """One populated key: its values, or what gives them, asked again before they expire."""

    def __init__(self, name: str, source: Source) -> None:
        self._name = name
        self._source = source
        self._values: Values | None = None if callable(source) else dict(source)
        self._lock = threading.Lock()

    def values(self) -> Values:
        with self._lock:
            if callable(self._source) and (self._values is None or self._left() < _RENEW_BEFORE_S):
                self._values = dict(self._source())
            if self._left() <= 0:
                raise CredentialsError(f"credentials {self._name!r} have expired: populate them again")
            return self._values or {}

    def portable(self) -> Source:
        """Return what another process can be given: the source, or its values of now where that cannot be sent."""
        try:
            pickle.dumps(self._source)
        except (pickle.PicklingError, AttributeError, TypeError):
            return self.values()
        return self._source

    def _left(self) -> float:
        expires = (self._values or {}).get(EXPIRES)
        if expires is None:
            return float("inf")
        try:
            moment = datetime.fromisoformat(expires) if isinstance(expires, str) else expires
            return float(moment.timestamp() if isinstance(moment, datetime) else moment) - time.time()
        except (TypeError, ValueError):
            raise CredentialsError(
                f"credentials {self._name!r}: {EXPIRES!r} is to be a datetime, its ISO form, or seconds since 1970"
            ) from None


_populated: dict[str, _Held] = {}


def populate(name: str, values: Source) -> None:
    """Give the values of a key to this process: a dict, or a function that returns one.

    For S3 ``aws_access_key_id``, ``aws_secret_access_key``, ``aws_session_token``, ``aws_region``, ``endpoint_url`` and
    ``profile_name``; for Google ``token`` (a path or a dict), ``project``, ``endpoint_url``, or a service account's own
    fields; on the web ``headers`` and ``query`` (dicts), ``user`` with ``password``, or ``token``; for any other
    provider its fsspec driver's options. ``expires`` (a datetime or epoch seconds) says how long they hold: a function
    is then asked again.
    """
    check_key(name)
    if name == ENV:
        raise CredentialsError(f"{ENV!r} stands for the provider's own environment: populate another name")
    if not callable(values) and not isinstance(values, Mapping):
        raise CredentialsError(f"credentials {name!r}: give a dict, or a function that returns one")
    _populated[name] = _Held(name, values)


def carried() -> dict[str, Source]:
    """Return what was populated here, for a worker process to ``receive``. To be sent by a pipe, never written."""
    return {name: held.portable() for name, held in list(_populated.items())}


def receive(sources: Mapping[str, Source]) -> None:
    """Take over what another process has populated."""
    for name, source in sources.items():
        populate(name, source)


def check_key(name: str) -> None:
    """Raise ``SettingsError`` for what cannot be a key's name."""
    check_name(name, "credentials key")


def resolve(key: str | None, protocol: str, host: str = "") -> dict[str, Any]:
    """Return the values to read with: nothing without a key, and nothing for ``ENV`` where the driver finds its own.

    Raises ``CredentialsError`` when a key has no values here, or they are not this provider's.
    """
    if key is None:
        return {}
    if key == ENV:
        return _from_netrc(host) if protocol in ("http", "https") else {}
    held = _populated.get(key)
    values = held.values() if held else _from_environment(key) or _from_profile(key, protocol)
    if not values:
        raise CredentialsError(_not_populated(key, protocol))
    return _checked(key, protocol, values)


def variable(key: str) -> str:
    """Return the environment variable that may hold a key's values."""
    return "RUSHES_CREDS_" + re.sub(r"[^A-Za-z0-9]", "_", key).upper()


def _from_environment(key: str) -> Values | None:
    text = os.environ.get(variable(key))
    if not text:
        return None
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise CredentialsError(f"credentials {key!r}: {variable(key)} in the environment is no JSON object")
    return _Held(key, values).values()


def _from_profile(key: str, protocol: str) -> Values | None:
    if protocol in ("s3", "s3a"):
        return {"profile_name": key} if key in _aws_profiles() else None
    if protocol in ("gs", "gcs"):
        return _gcloud_configuration(key)
    return None


def _aws_profiles() -> list[str]:
    try:
        from botocore.session import Session
    except ImportError:
        return []
    profiles: list[str] = Session().available_profiles
    return profiles


def _gcloud_configuration(name: str) -> Values | None:
    """Return the login that a named configuration of ``gcloud`` uses."""
    folder = Path(os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config/gcloud")
    parser = configparser.ConfigParser(interpolation=None)
    if not parser.read(folder / "configurations" / f"config_{name}"):
        return None
    account = parser.get("core", "account", fallback="")
    token = parser.get("auth", "credential_file_override", fallback="") or (
        str(folder / "legacy_credentials" / account / "adc.json") if account else ""
    )
    if not Path(token).is_file():
        raise CredentialsError(f"credentials {name!r}: that configuration of gcloud has no login: gcloud auth login")
    project = parser.get("core", "project", fallback="")
    return {"token": token, **({"project": project} if project else {})}


def _from_netrc(host: str) -> dict[str, Any]:
    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    try:
        login = netrc.netrc(path).authenticators(host)
    except FileNotFoundError:
        login = None
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        raise CredentialsError(f"credentials {ENV!r}: {path} cannot be read") from None
    if login is None:
        raise CredentialsError(f"credentials {ENV!r}: {path} knows no login for {host}")
    return {"user": login[0], "password": login[2] or ""}


def _checked(key: str, protocol: str, values: Values) -> dict[str, Any]:
    """Return the values without ``expires``, their names being ones that the provider takes."""
    fields = {name: value for name, value in values.items() if name != EXPIRES and value is not None}
    if protocol in ("gs", "gcs") and "private_key" in fields:
        return {"token": fields}  # a service account's key file, as it is
    allowed = _FIELDS.get(protocol)
    unknown = sorted(fields.keys() - set(allowed)) if allowed else []
    if unknown and allowed:
        wrong = ", ".join(map(repr, unknown))
        raise CredentialsError(f"credentials {key!r}: {protocol}:// takes no {wrong}; it takes {', '.join(allowed)}")
    token = fields.get("token")
    if allowed is _GOOGLE and isinstance(token, str) and token not in _GOOGLE_WAYS and not Path(token).is_file():
        raise CredentialsError(f"credentials {key!r}: 'token' is no file, nor one of {', '.join(_GOOGLE_WAYS)}")
    return fields


def _not_populated(key: str, protocol: str) -> str:
    ways = [f"store.populate_creds({key!r}, {{…}})", f"JSON in {variable(key)} of the environment"]
    if protocol in ("s3", "s3a"):
        ways.append("a profile of that name in ~/.aws/config")
    if protocol in ("gs", "gcs"):
        ways.append("a configuration of gcloud of that name")
    return f"credentials {key!r} are not populated: give them by {', by '.join(ways)}"
