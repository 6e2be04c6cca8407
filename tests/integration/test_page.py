"""The page in a real browser: Chromium, driven through chromedriver (W3C WebDriver)."""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import urllib.request

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium with chromium-driver"
)


class Browser:
    """A window of Chromium."""

    def __init__(self, port, profile):
        self._root = f"http://127.0.0.1:{port}"
        options = {"binary": CHROMIUM, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"alwaysMatch": {"goog:chromeOptions": options}}
        made = self._ask("POST", "/session", {"capabilities": wanted})
        self._root += "/session/" + made["sessionId"]

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._root + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, address):
        self._ask("POST", "/url", {"url": address})

    def run(self, script):
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def click(self, selector):
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        (element,) = found.values()
        self._ask("POST", f"/element/{element}/click", {})

    def picture(self):
        return base64.b64decode(self._ask("GET", "/screenshot"))

    def close(self):
        self._ask("DELETE", "")


@pytest.fixture
def browser(tmp_path, tools):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environment = {**os.environ, "HOME": str(tmp_path)}
    quiet = subprocess.DEVNULL
    with subprocess.Popen([DRIVER, f"--port={port}"], env=environment, stdout=quiet) as driver:

        def up():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        try:
            tools.wait_until(up, "chromedriver listens")
            window = Browser(port, tmp_path / "profile")
            yield window
            window.close()
        finally:
            driver.terminate()


@pytest.fixture
def shown(engine_of, tools):
    """An engine, and the address of its page."""
    engine = engine_of()
    command = [*tools.COMMAND, "page", "--connection", engine.path]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=tools.environment(), text=True
    ) as page:
        yield engine, page.stdout.readline().strip()
        page.terminate()


@needs_browser
def test_when_a_job_runs_then_the_page_shows_it_and_its_button_cancels_it(
    browser, shown, tmp_path, tools
):
    engine, address = shown
    name = "<img src=x onerror=document.title='spoilt'>"
    pattern = tools.write_plate(tmp_path / name, range(1001, 1065), size=(240, 176))
    browser.open(address)
    tools.wait_until(lambda: browser.run("return !nothing.hidden"), "the page says: no job")
    with engine.client() as client:
        job = client.submit(tools.request(pattern, tmp_path / "out", "1001-1064")).job
        tools.wait_until(
            lambda: browser.run(
                f"let row = document.getElementById('{job}');"
                "return row && row.querySelector('progress').value > 0"
            ),
            "the page counts its frames",
        )
        assert pattern in browser.run("return document.querySelector('.plate').textContent")
        assert browser.run("return document.title") == "Faceplate"
        assert browser.picture().startswith(b"\x89PNG")
        browser.click(f'[id="{job}"] button')
        tools.wait_until(
            lambda: (
                browser.run("return document.querySelector('td.state').textContent") == "cancelled"
            ),
            "the page shows that it is cancelled",
        )
        assert client.status().jobs[0].state == "cancelled"
    assert browser.run("return document.querySelector('button').hidden")


@needs_browser
def test_when_the_engine_is_gone_then_the_page_says_so_and_finds_the_next(browser, shown, tools):
    engine, address = shown
    browser.open(address)

    def says(word):
        return lambda: word in browser.run("return document.querySelector('#engine').textContent")

    tools.wait_until(says("Worker"), "the page shows the worker")
    engine.end()
    tools.wait_until(says("No engine"), "the page shows that the engine has gone")
    engine.start()
    tools.wait_until(says("Worker"), "the page has found the next engine")
