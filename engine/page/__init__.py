"""A page that shows the engine's jobs and cancels them, for hosts that have no window to spare.

`faceplate page` serves it on the loopback, in a process of its own, and ends when nobody looks.

Rules of this file:
    - Whoever knows the page's address may see and cancel: it holds 32 random hexadecimal digits,
      and everything else is answered 404.
    - A page of another site learns nothing: requests under another host name are refused (DNS
      rebinding), nothing is answered to other origins, no script but our own runs.
    - The engine is found, never started: a page is no reason for an engine to live.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from plugin_host.client import EngineClient
from plugin_host.errors import EngineUnreachable, FaceplateError
from plugin_host.launcher import find
from plugin_host.schema import to_json

if TYPE_CHECKING:
    from collections.abc import Callable

IDLE_S = 120.0
"""Without a look for so long it ends: a shown page asks each second, a hidden one each minute."""
ANSWER_S = 5.0
MOST_JOBS = 100
_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Engine:
    """The engine, asked by one page's threads in turn.

    Args:
        connection: The connection file; empty for the user's own.
    """

    def __init__(self, connection: str) -> None:
        self._path = connection
        self._lock = threading.Lock()
        self._client: EngineClient | None = None

    def jobs(self) -> dict[str, Any]:
        """Return what the page shows: the engine's report, or why there is none."""
        try:
            return {"report": to_json(self._ask(lambda client: client.status(most=MOST_JOBS)))}
        except FaceplateError as error:
            return {"error": error.message}

    def cancel(self, job: str) -> dict[str, Any]:
        """Cancel a job; return how many of its frames are kept, or why it could not be."""
        try:
            return {"kept": self._ask(lambda client: client.cancel(job)).delivered}
        except FaceplateError as error:
            return {"error": error.message}

    def close(self) -> None:
        """Leave the engine."""
        if self._client is not None:
            self._client.close()

    def _ask(self, call: Callable[[EngineClient], Any]) -> Any:
        with self._lock:
            if self._client is None:
                self._client = EngineClient(find(self._path), "page", deadline_s=ANSWER_S)
            try:
                return call(self._client)
            except EngineUnreachable:
                self._client.close()
                self._client = None  # the next look finds another, if there is one
                raise


class Page:
    """The page and the server that it comes from.

    Args:
        engine: Whose jobs it shows.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._secret = secrets.token_hex(16)
        self._seen = time.monotonic()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self._server.server_port}/{self._secret}/"

    def serve(self, idle_s: float = IDLE_S) -> None:
        """Answer until nobody has looked for a while."""
        self._server.timeout = min(idle_s, 1.0)
        while time.monotonic() - self._seen < idle_s:
            self._server.handle_request()
        self._server.server_close()
        self._engine.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # seconds for a request to come; no thread waits for ever
            server_version, sys_version = "faceplate", ""

            def do_GET(self) -> None:
                self._answer(*page.get(self.path, self.headers.get("Host", "")))

            def do_POST(self) -> None:
                self._answer(*page.post(self.path, self.headers.get("Host", "")))

            def _answer(self, status: HTTPStatus, kind: str, data: bytes) -> None:
                self.send_response(status)
                for name, value in {**_HEADERS, "Content-Type": kind}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its names
                """Say nothing: the address is a secret."""

        return Handler

    def get(self, path: str, host: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, type and content of what a browser asks for."""
        name = self._name(path, host)
        if name == "jobs":
            return _told(self._engine.jobs())
        if name not in _FILES:
            return HTTPStatus.NOT_FOUND, "text/plain", b"not here\n"
        file, kind = _FILES[name]
        return HTTPStatus.OK, kind, (files("engine.page") / file).read_bytes()

    def post(self, path: str, host: str) -> tuple[HTTPStatus, str, bytes]:
        """Cancel the job that the path names."""
        words = (self._name(path, host) or "").split("/")
        if len(words) != 2 or words[0] != "cancel":
            return HTTPStatus.NOT_FOUND, "text/plain", b"not here\n"
        return _told(self._engine.cancel(words[1]))

    def _name(self, path: str, host: str) -> str | None:
        """Return what is asked for behind the secret; None for strangers."""
        start = f"/{self._secret}/"
        local = host == f"127.0.0.1:{self._server.server_port}"
        known = secrets.compare_digest(path[: len(start)].encode(), start.encode())
        if not (local and known):
            return None
        self._seen = time.monotonic()
        return path[len(start) :].partition("?")[0]


def _told(value: dict[str, Any]) -> tuple[HTTPStatus, str, bytes]:
    return HTTPStatus.OK, "application/json", json.dumps(value).encode()
