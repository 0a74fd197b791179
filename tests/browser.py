"""Headless Chromium for page tests, driven over a pipe (Chrome DevTools Protocol)."""

import itertools
import json
import os
import select
import shutil
import subprocess
import time

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


UNSEEN = "no Chromium found: pages are not looked at, the explorer is not compared with Python"
needs_browser = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason=UNSEEN)]


class Browser:
    """One page; `events` holds what the browser reported: console messages, log entries, requests."""

    def __init__(self, profile):
        commands, self.write = os.pipe()
        self.read, answers = os.pipe()
        switches = (
            "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
            f"--disable-background-networking --remote-debugging-pipe --user-data-dir={profile}"
        )
        pipes = f'exec "$0" "$@" 3</dev/fd/{commands} 4>/dev/fd/{answers}'
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        self.process = subprocess.Popen(
            ["sh", "-c", pipes, CHROMIUM, *switches.split()], pass_fds=(commands, answers), **quiet
        )
        os.close(commands)
        os.close(answers)
        self.numbers, self.buffer, self.events, self.session = itertools.count(1), b"", [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def message(self, seconds=60):
        """The next message of the browser."""
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            if not select.select([self.read], [], [], max(end - time.monotonic(), 0))[0]:
                raise TimeoutError("Chromium gives no answer")
            part = os.read(self.read, 1 << 20)
            if not part:
                raise ConnectionError("Chromium ended")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def ask(self, method, **params):
        """The answer to a command."""
        number = next(self.numbers)
        command = {"id": number, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        text = json.dumps(command).encode() + b"\0"
        while text:
            text = text[os.write(self.write, text) :]
        while True:
            said = self.message()
            if said.get("id") == number:
                assert "error" not in said, said
                return said["result"]
            self.events.append(said)

    def open(self, path, width=1440, height=900):
        """Show a file in a window of this size and wait until it is loaded."""
        self.events.clear()
        window = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **window)
        self.ask("Page.navigate", url=path.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def value(self, expression):
        """The value of a JavaScript expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, code):
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def complaints(self):
        """The console messages of the page and the browser's log entries about it."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event["params"] for event in self.events if event.get("method") in kinds]

    def requests(self):
        """The addresses that the page requested."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def close(self):
        """Close the browser."""
        self.process.terminate()
        self.process.wait(30)
        os.close(self.read)
        os.close(self.write)
