"""The values behind a key's name: where they are looked for, in which order, how long they hold, what is refused."""

import json
import pickle
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import CredentialsError, SettingsError
from rushes.ranges import credentials
from rushes.ranges.credentials import populate, resolve

KEYS = {"aws_access_key_id": "k", "aws_secret_access_key": "hush"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's own configurations: profiles of AWS and a configuration of gcloud."""
    (tmp_path / "config").write_text("[profile both]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    gcloud = tmp_path / "gcloud"
    (gcloud / "configurations").mkdir(parents=True)
    (gcloud / "configurations/config_both").write_text("[core]\naccount = me@studio.org\nproject = film\n")
    (gcloud / "configurations/config_out").write_text("[core]\naccount = gone@studio.org\n")
    login = gcloud / "legacy_credentials/me@studio.org/adc.json"
    login.parent.mkdir(parents=True)
    login.write_text("{}")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(gcloud))
    return tmp_path


def test_no_key_and_the_environment_give_nothing_of_ours() -> None:
    assert resolve(None, "s3") == resolve("ENV", "s3") == resolve("ENV", "gs") == {}


def test_what_was_populated_comes_before_the_environment_and_that_before_a_profile(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert resolve("both", "s3") == {"profile_name": "both"}
    login = home / "gcloud/legacy_credentials/me@studio.org/adc.json"
    assert resolve("both", "gs") == {"token": str(login), "project": "film"}
    monkeypatch.setenv("RUSHES_CREDS_BOTH", json.dumps({"endpoint_url": "http://env"}))
    assert resolve("both", "s3") == {"endpoint_url": "http://env"}
    monkeypatch.setattr(credentials, "_populated", {})
    populate("both", KEYS)
    assert resolve("both", "s3") == KEYS


def test_a_keys_variable_is_its_name_in_capitals() -> None:
    assert credentials.variable("my-key.2") == "RUSHES_CREDS_MY_KEY_2"


@pytest.mark.parametrize(
    ("protocol", "ways"),
    [
        ("s3", ["store.populate_creds('none'", "RUSHES_CREDS_NONE", "~/.aws/config"]),
        ("gs", ["store.populate_creds('none'", "RUSHES_CREDS_NONE", "gcloud"]),
        ("https", ["store.populate_creds('none'", "RUSHES_CREDS_NONE"]),
    ],
)
def test_a_key_without_values_names_the_ways_to_give_them(protocol: str, ways: list[str]) -> None:
    with pytest.raises(CredentialsError, match="'none' are not populated") as caught:
        resolve("none", protocol)
    assert all(way in str(caught.value) for way in ways)


def test_a_configuration_of_gcloud_without_a_login_says_so() -> None:
    with pytest.raises(CredentialsError, match="no login: gcloud auth login"):
        resolve("out", "gs")


def test_a_service_accounts_own_fields_are_googles_token() -> None:
    account = {"type": "service_account", "private_key": "hush", "client_email": "a@b"}
    populate("account", account)
    assert resolve("account", "gs") == {"token": account}


def test_a_token_of_google_that_is_no_file_is_named_and_not_shown() -> None:
    populate("lost", {"token": "/nowhere/hush.json"})
    with pytest.raises(CredentialsError, match="'lost': 'token' is no file, nor one of google_default, ") as caught:
        resolve("lost", "gs")
    assert "hush" not in str(caught.value)


def test_other_drivers_are_given_all_fields() -> None:
    populate("azure", {"account_name": "a", "sas_token": "hush"})
    assert resolve("azure", "az") == {"account_name": "a", "sas_token": "hush"}


@pytest.mark.parametrize("protocol", ["s3", "gs", "https"])
def test_unknown_fields_are_named_with_those_that_are_known_and_no_value_is(protocol: str) -> None:
    populate("typo", {"aws_acces_key": "hush"})
    with pytest.raises(CredentialsError, match=f"{protocol}:// takes no 'aws_acces_key'; it takes ") as caught:
        resolve("typo", protocol)
    assert "hush" not in str(caught.value)


def test_what_cannot_be_populated_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, values in (("ENV", KEYS), ("bad name", KEYS), ("none", "hush")):
        with pytest.raises(SettingsError) as caught:
            populate(name, values)  # type: ignore[arg-type]
        assert "hush" not in str(caught.value)
    for text in ("hush{", '["hush"]'):
        monkeypatch.setenv("RUSHES_CREDS_BROKEN", text)
        with pytest.raises(CredentialsError, match="RUSHES_CREDS_BROKEN in the environment is no JSON object") as told:
            resolve("broken", "s3")
        assert "hush" not in str(told.value)


class Issuer:
    """Gives credentials that hold for so many seconds, and counts how often it was asked."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked = 0

    def __call__(self) -> Mapping[str, Any]:
        self.asked += 1
        return {**KEYS, "aws_session_token": f"hush-{self.asked}", "expires": time.time() + self.seconds}


def test_a_function_is_asked_again_when_what_it_gave_expires() -> None:
    lasting, short = Issuer(3600), Issuer(30)
    populate("lasting", lasting)
    populate("short", short)
    for _ in range(3):
        resolve("lasting", "s3")
        values = resolve("short", "s3")
    assert (lasting.asked, short.asked) == (1, 3)
    assert values == {**KEYS, "aws_session_token": "hush-3"}


@pytest.mark.parametrize("form", [lambda at: at, lambda at: at.isoformat(), lambda at: at.timestamp()])
def test_values_that_have_expired_are_an_error(form: Any) -> None:
    populate("old", {**KEYS, "expires": form(datetime.now(UTC) - timedelta(seconds=5))})
    with pytest.raises(CredentialsError, match="'old' have expired"):
        resolve("old", "s3")
    populate("new", {**KEYS, "expires": form(datetime.now(UTC) + timedelta(hours=1))})
    assert resolve("new", "s3") == KEYS
    populate("odd", {**KEYS, "expires": "soon"})
    with pytest.raises(CredentialsError, match="'expires' is to be a datetime"):
        resolve("odd", "s3")


def test_what_was_populated_can_be_handed_to_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_populated", {})
    populate("plain", KEYS)
    populate("function", Issuer(3600))
    populate("local", lambda: {**KEYS, "expires": time.time() + 3600})  # cannot be sent: its values of now are
    sent = pickle.dumps(credentials.carried())
    monkeypatch.setattr(credentials, "_populated", {})
    credentials.receive(pickle.loads(sent))
    assert resolve("plain", "s3") == resolve("local", "s3") == KEYS
    assert resolve("function", "s3")["aws_session_token"] == "hush-1"
