"""A real browser, steered over a pipe: a page is opened, looked at, typed into, drawn."""

import base64
import itertools
import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--mute-audio")


class Browser:
    """One page of a headless Chromium."""

    def __init__(self, to: int, answers: int) -> None:
        self._to, self._answers = to, os.fdopen(answers, "rb", buffering=0)
        self._numbers, self._held, self._session = itertools.count(1), b"", ""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        made = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = made["sessionId"]

    def ask(self, method: str, **params: Any) -> Any:
        """A command of the DevTools protocol and its answer."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def run(self, script: str) -> Any:
        """The value of a script's last expression; promises are waited for."""
        found = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def open(self, address: str) -> None:
        """Go to an address, until it is loaded."""
        self.ask("Page.enable")
        self.ask("Page.navigate", url=address)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def draw(self, path: Path, width: int, height: int) -> None:
        """A picture of the page."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.run("new Promise(done => setTimeout(done, 500))")
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

    def _next(self) -> Any:
        while b"\0" not in self._held:
            piece = self._answers.read(1 << 16)
            assert piece, "the browser is gone"
            self._held += piece
        message, self._held = self._held.split(b"\0", 1)
        return json.loads(message)

    def close(self) -> None:
        """Let go of the pipe."""
        self._answers.close()
        os.close(self._to)


@contextmanager
def browser(profile: Path) -> Generator[Browser]:
    """A browser with a profile of its own, ended with the block."""
    theirs, to = os.pipe()
    answers, from_them = os.pipe()
    words = ["chromium", *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
    line = f"exec {' '.join(words)} 3<&{theirs} 4>&{from_them}"
    process = subprocess.Popen(
        ["bash", "-c", line],
        pass_fds=(theirs, from_them),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    os.close(from_them)
    try:
        page = Browser(to, answers)
        try:
            yield page
        finally:
            page.close()
    finally:
        process.terminate()
        process.wait()
