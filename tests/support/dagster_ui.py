"""Dagster's UI and daemon over a store, as ``make ui`` starts them, and a browser that is led through its pages."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chromium import Chromium
from PIL import Image

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 240
_AGAIN_S = 10
_VISIBLE = """
(text, tag) => [...document.querySelectorAll(tag)].filter(
    e => e.innerText && e.innerText.trim() === text && e.getBoundingClientRect().width)
"""


def environment(store: Path, home: Path) -> dict[str, str]:
    """Return the variables of a project of its own: this store, and a history in a folder with our ``dagster.yaml``."""
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    return {**os.environ, "RUSHES_STORE": str(store), "DAGSTER_HOME": str(home)}


@contextmanager
def serving(variables: dict[str, str], log: Path) -> Iterator[str]:
    """Run UI and daemon; yield the UI's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "orchestration.ui"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**variables, "PORT": str(port)}, stdout=file, stderr=file, start_new_session=True
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_it_answers(process, address, log)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                return
        except OSError:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)


class Tour:
    """A browser on the UI's pages. Pictures of them are kept in a folder, if one is given."""

    def __init__(self, browser: Chromium, address: str, pictures: Path | None) -> None:
        self.browser = browser
        self._address = address
        self._pictures = pictures

    def open(self, path: str, *expected: str) -> None:
        """Go to a page, and wait until it shows all that is expected."""
        self.browser.open(self._address + path)
        self.see(*expected)

    def see(self, *expected: str) -> None:
        """Wait until the page shows these words."""
        for words in expected:
            self.browser.wait(f"document.body && document.body.innerText.includes({words!r})", _PATIENCE_S)

    def gone(self, words: str) -> None:
        """Wait until the page does not show these words any more."""
        self.browser.wait(f"!document.body.innerText.includes({words!r})", _PATIENCE_S)

    def watch(self, path: str, *expected: str) -> None:
        """Go to a page again and again, until it shows all that is expected: not every page tells of news by itself."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            self.browser.open(self._address + path)
            try:
                for words in expected:
                    self.browser.wait(f"document.body && document.body.innerText.includes({words!r})", _AGAIN_S)
                return
            except TimeoutError:
                if time.monotonic() > until:
                    raise

    def click(self, words: str, tag: str = "button") -> None:
        """Click at what says just these words."""
        place = self.browser.wait(
            f"""(() => {{
                const found = ({_VISIBLE})({words!r}, {tag!r});
                if (!found.length || found[found.length - 1].disabled) return null;
                const box = found[found.length - 1].getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }})()""",
            _PATIENCE_S,
        )
        self.browser.click(*place)

    def picture(self, name: str) -> None:
        """Keep a picture of the page as it is."""
        if self._pictures is None:
            return
        self.browser.js("new Promise(done => setTimeout(done, 1500))")  # what moves comes to rest
        self._pictures.mkdir(parents=True, exist_ok=True)
        with Image.open(io.BytesIO(self.browser.screenshot())) as shown:
            shown.convert("RGB").save(self._pictures / f"{name}.jpg", quality=85, optimize=True)
