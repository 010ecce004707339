"""A headless Chromium that a test steers through its DevTools protocol, without any other program."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from websockets.sync.client import connect

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE_S = 30


def find() -> str | None:
    """Return the path of a Chromium, if this machine has one."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Page:
    """A page, or one inside of another page."""

    def __init__(self, wire: _Wire, target: str) -> None:
        self._wire = wire
        self._session = wire.ask("Target.attachToTarget", None, targetId=target, flatten=True)["sessionId"]

    def open(self, address: str) -> None:
        """Go to an address."""
        self._ask("Page.navigate", url=address)

    def first(self, script: str) -> None:
        """Run a script in every page that is opened from now on, before its own."""
        self._ask("Page.enable")
        self._ask("Page.addScriptToEvaluateOnNewDocument", source=script)

    def look(self, width: int, height: int, scheme: str = "light") -> None:
        """Take the size of another screen, and the colours that its owner prefers: ``light`` or ``dark``."""
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def js(self, expression: str) -> Any:
        """Return the value of an expression, or of the promise that it is."""
        told = self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, expression: str, patience_s: float = _PATIENCE_S) -> Any:
        """Wait until an expression is true; return its value."""
        return _wait_for(lambda: self.js(expression), expression, patience_s)

    def press(self, key: str, *, shift: bool = False, alt: bool = False) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 and not alt else {}
        code = {"code": f"Key{key.upper()}"} if key.isalpha() and len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, modifiers=8 * shift + alt, **text, **code)

    def click(self, x: float, y: float) -> None:
        """Click at a place of the page."""
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self) -> bytes:
        """Return the page as PNG."""
        return base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])

    def canvas(self, selector: str) -> np.ndarray:
        """Return a canvas's pixels, uint8 (h, w, 3) RGB."""
        data = self.js(f"document.querySelector({selector!r}).toDataURL('image/png')").partition(",")[2]
        return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]

    def _ask(self, method: str, **parameters: Any) -> Any:
        return self._wire.ask(method, self._session, **parameters)


class Chromium(Page):
    """A browser with one page, for a ``with``. ``profile`` is a folder of its own."""

    def __init__(self, program: str, profile: Path, size: tuple[int, int] = (1280, 800)) -> None:
        flags = [
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--disable-background-networking", "--mute-audio", "--hide-scrollbars", "--remote-debugging-port=0"),
            # A page inside a page of another site is a target of its own, as in browsers with windows.
            *("--site-per-process", f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"),
        ]
        self._process = subprocess.Popen([program, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port, path = _wait_for(lambda: (profile / "DevToolsActivePort").read_text().split(), "the browser")
            self._closing = ExitStack()
            wire = _Wire(self._closing, f"ws://127.0.0.1:{port}{path}")
            super().__init__(wire, wire.ask("Target.createTarget", None, url="about:blank")["targetId"])
        except BaseException:
            self._process.kill()
            raise

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()
        self._process.terminate()
        self._process.wait()

    def frame(self, address: str) -> Page:
        """Return the page inside this one whose address has a part."""

        def found() -> str | None:
            targets = self._wire.ask("Target.getTargets", None)["targetInfos"]
            return next((t["targetId"] for t in targets if t["type"] == "iframe" and address in t["url"]), None)

        return Page(self._wire, _wait_for(found, f"a frame of {address}"))


class _Wire:
    """Questions to the browser and their answers, one at a time."""

    def __init__(self, closing: ExitStack, address: str) -> None:
        self._socket = closing.enter_context(connect(address, max_size=None, compression=None))
        self._number = 0

    def ask(self, method: str, session: str | None, **parameters: Any) -> Any:
        self._number += 1
        question = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(question | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv(timeout=_PATIENCE_S))
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]


def _wait_for(what: Callable[[], Any], name: str, patience_s: float = _PATIENCE_S) -> Any:
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            if value := what():
                return value
        except FileNotFoundError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"waited in vain for {name}")
