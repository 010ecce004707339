"""Viewing from Python, from a notebook and from the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import types
import urllib.request
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

import rushes
from rushes.errors import RushesError
from rushes.packaging.reader import Dataset
from rushes.view import find
from rushes.view.strip import strip


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file in which $BROWSER writes down what it is to open."""
    told, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {told}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    return told


def test_a_data_set_shows_itself_inline_in_a_notebook(
    ds: Dataset, opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: kernel))
    with ds.visualize() as viewing:
        address = re.search(r'<iframe src="([^"]+)"', viewing._repr_html_())
        assert address
        with urllib.request.urlopen(address[1]) as page:
            assert b'id="grid"' in page.read()
    assert not opened.exists()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))


def test_a_strip_is_the_first_sequences_with_their_pictures_within_it(ds: Dataset) -> None:
    found = _Tags()
    found.feed(ds[:6]._repr_html_())
    pictures = [attributes for tag, attributes in found.found if tag == "img"]
    assert [picture["alt"] for picture in pictures] == ds.sequence_ids[:6]
    assert all(str(picture["src"]).startswith("data:image/jpeg;base64,") for picture in pictures)
    assert {tag for tag, _ in found.found} <= {"p", "div", "img", "b", "br"}


def test_a_strip_of_an_empty_data_set_says_that_it_is(empty: Path) -> None:
    assert strip(rushes.open_dataset(empty)) == "<p>&lt;data set of 0 sequences, 0 frames&gt;</p><div></div>"


# ── what is found by a name ──


def test_a_name_is_a_data_set_of_the_store_and_a_path_is_a_folder(
    zoo: Path, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = rushes.open(zoo.parents[1])
    monkeypatch.chdir(zoo.parent.parent)
    for name in ("zoo", str(zoo), str(zoo / "v1"), str(zoo / "v1" / "native"), "./datasets/zoo", f"file://{zoo}"):
        assert find(store, name).sequence_ids == ds.sequence_ids


def test_a_folder_here_is_found_where_the_store_has_no_such_name(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(zoo.parent)
    assert len(find(rushes.open(tmp_path / "store"), "zoo")) == 130


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nothing", r"there is no folder 'nothing', and no data set of that name in .*; see: rushes status"),
        ("/nowhere", r"/nowhere: no data set there, neither index.json nor dataset.json.*"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, name: str, line: str) -> None:
    with pytest.raises(RushesError, match=line):
        find(rushes.open(tmp_path), name)


def test_a_data_set_of_other_formats_alone_is_told_to_add_native(tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / "street"
    folder.mkdir(parents=True)
    (folder / "dataset.json").write_text(json.dumps({"version": "v1", "recipe": {"formats": ["mot"]}}))
    for name in ("street", str(folder)):
        with pytest.raises(RushesError, match="not packaged as native: add that to its recipe's formats"):
            find(rushes.open(tmp_path), name)


def test_a_data_set_made_by_hand_is_told_how_to_be_opened(tmp_path: Path) -> None:
    rushes.empty(tmp_path / "zoo").create_tensor("boxes", htype="sequence[bbox]")
    with pytest.raises(RushesError, match="was made by hand, not packaged: open it with rushes"):
        find(rushes.open(tmp_path / "store"), str(tmp_path / "zoo"))


# ── the command line ──


@pytest.fixture
def command(zoo: Path) -> Callable[..., subprocess.Popen[str]]:
    def run(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "rushes.cli", "--store", str(zoo.parents[1]), "view", *words],
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


def test_the_command_serves_until_it_is_interrupted(
    command: Callable[..., subprocess.Popen[str]], opened: Path
) -> None:
    process = command("zoo", "--no-browser")
    assert process.stdout is not None
    line = process.stdout.readline()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}  opens once; Ctrl-C ends it\n", line)
    process.send_signal(signal.SIGINT)
    said, complaints = process.communicate(timeout=30)
    assert (said.splitlines()[-1], complaints, process.returncode) == ("ended", "", 0)
    assert not opened.exists()


def test_the_command_refuses_in_one_line(command: Callable[..., subprocess.Popen[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        processes = [command("nothing"), command("zoo", "--port", str(port), "--no-browser")]
        told = [process.communicate(timeout=30)[1] for process in processes]
    assert told[0].startswith("rushes: there is no folder 'nothing', and no data set of that name")
    assert told[1].startswith(f"rushes: port {port} cannot be had")
    assert [len(one.splitlines()) for one in told] == [1, 1], told
    assert [process.returncode for process in processes] == [1, 1]
