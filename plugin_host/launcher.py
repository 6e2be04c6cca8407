"""Finds the running engine, or starts one and waits until it answers.

The engine is a program of its own, in a Python of its own: `$FACEPLATE_ENGINE` (a command line),
else `faceplate` beside this interpreter, else on the `PATH`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time

from plugin_host.connection import Connection, default_path, read_connection
from plugin_host.errors import EngineStartFailed, EngineUnreachable

_POLL_S = 0.05
_WORDS = 2000  # characters of the engine's last words that an error repeats


def find(path: str = "") -> Connection:
    """Return the running engine's connection.

    Raises:
        EngineUnreachable: None runs, or its file is not to be trusted.
    """
    path = path or default_path()
    connection = read_connection(path)
    if sys.platform != "win32" and not _alive(connection.pid):
        raise EngineUnreachable(
            f"the engine (process {connection.pid}) is gone; start one with `faceplate serve`",
            path=path,
        )
    return connection


def find_or_start(path: str = "", *, deadline_s: float = 60.0, lease_s: int = 900) -> Connection:
    """Return the running engine's connection; start an engine where none runs.

    Args:
        path: The connection file; empty for the user's own.
        deadline_s: Seconds until a started engine must listen.
        lease_s: Seconds without client or job after which a started engine ends itself.

    Raises:
        EngineStartFailed: It did not come up; the message repeats its own last words.
        EngineUnreachable: A file lies there that is not to be trusted.
    """
    path = path or default_path()
    try:
        return find(path)
    except EngineUnreachable as error:
        if os.path.exists(path) and "gone" not in error.message:
            raise
    return _start(path, deadline_s, lease_s)


def engine_command() -> list[str]:
    """Return the command line that starts the engine, without arguments.

    Raises:
        EngineStartFailed: Faceplate is not installed where it was looked for.
    """
    named = os.environ.get("FACEPLATE_ENGINE")
    if named:
        return shlex.split(named)
    name = "faceplate.exe" if sys.platform == "win32" else "faceplate"
    beside = os.path.join(os.path.dirname(sys.executable), name)
    found = beside if os.path.isfile(beside) else shutil.which(name)
    if not found:
        raise EngineStartFailed(
            "the program `faceplate` was not found; put it on the PATH, or name it in "
            "FACEPLATE_ENGINE"
        )
    return [found]


def _start(path: str, deadline_s: float, lease_s: int) -> Connection:
    log = path + ".log"
    os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
    command = [*engine_command(), "serve", "--connection", path, "--lease", str(lease_s)]
    try:
        with open(log, "wb") as words:
            process = subprocess.Popen(  # noqa: S603 - the user's own engine
                command,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )
    except OSError as error:
        raise EngineStartFailed(f"cannot run {command[0]}: {error.strerror}") from None
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        try:
            return find(path)
        except EngineUnreachable:
            pass
        code = process.poll()
        if code is not None:
            return _settle(path, log, code)
        time.sleep(_POLL_S)
    process.kill()
    raise EngineStartFailed(
        f"the engine did not listen within {deadline_s:.0f} s; it said: {_last_words(log)}",
        path=log,
    )


def _settle(path: str, log: str, code: int) -> Connection:
    """Our engine ended at once: perhaps another was started at the same moment and won."""
    end = time.monotonic() + 5.0
    while time.monotonic() < end and "runs already" in _last_words(log):
        try:
            return find(path)
        except EngineUnreachable:
            time.sleep(_POLL_S)
    raise EngineStartFailed(
        f"the engine ended with exit code {code}; it said: {_last_words(log)}", path=log
    )


def _last_words(log: str) -> str:
    try:
        with open(log, "rb") as file:
            words = file.read().decode("utf-8", "replace").strip()
    except OSError:
        words = ""
    return words[-_WORDS:] or "nothing"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
