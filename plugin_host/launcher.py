"""Finds the running engine, or starts one and waits until it answers.

The engine is a program of its own, in a Python of its own: `$FACEPLATE_ENGINE` (a command line),
else `faceplate` beside this interpreter, else on the `PATH`. On Windows `$FACEPLATE_ENGINE` is the
path of a program, since backslashes there escape nothing.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from typing import BinaryIO

from plugin_host.connection import Connection, default_path, read_connection
from plugin_host.errors import EngineStartFailed, EngineUnreachable
from plugin_host.private_files import append_own

_POLL_S = 0.05
_OTHER_S = 1.0  # to wait for another's engine before one's own is tried again
_PROBE_S = 1.0  # for a connection on this machine; who is slower is not gone
_HOSTS_OWN = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")  # not for the engine's Python
# Kept, so that no engine is waited for at its end, and its input stays open until ours.
_started: list[subprocess.Popen[bytes]] = []
LEASE_S = 900  # unless asked for, or $FACEPLATE_LEASE says, otherwise
_NO_WINDOW, _NEW_GROUP = 0x08000000, 0x00000200  # CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP
_WORDS = 2000  # characters of the engine's last words that an error repeats


def find(path: str = "") -> Connection:
    """Return the running engine's connection.

    Raises:
        EngineUnreachable: None runs, or its file is not to be trusted.
    """
    path = path or default_path()
    connection = read_connection(path)
    if not _listens(connection.address):
        raise EngineUnreachable(
            f"the engine (process {connection.pid}) is gone; start one with `faceplate serve`",
            path=path,
        )
    return connection


def find_or_start(
    path: str = "",
    *,
    deadline_s: float = 60.0,
    lease_s: int | None = None,
    held: str = "finish",
    held_by: str = "",
) -> Connection:
    """Return the running engine's connection; start an engine where none runs.

    Args:
        path: The connection file; empty for the user's own.
        deadline_s: Seconds until a started engine must listen.
        lease_s: Seconds without client or job after which a started engine ends itself; 0 for
            never, None for `$FACEPLATE_LEASE`, else 900.
        held: What a started engine does when this process has ended, however that was: with
            ``finish`` it ends when its jobs have and no other client asks, with ``cancel`` it
            cancels them and ends at once, and with an empty text only its lease ends it.
        held_by: A file or folder that holds the engine in place of this process, as long as it is
            there; empty for none.

    Raises:
        EngineStartFailed: It did not come up; the message repeats its own last words.
        EngineUnreachable: A file lies there that is not to be trusted.
    """
    path = path or default_path()
    connection = None
    try:
        connection = read_connection(path)
    except EngineUnreachable:
        if os.path.exists(path):
            connection = read_connection(path)  # made meanwhile, or not to be trusted
    if connection is not None and _listens(connection.address):
        return connection
    return _start(path, deadline_s, _lease(lease_s, held, held_by))


def engine_command() -> list[str]:
    """Return the command line that starts the engine, without arguments.

    Raises:
        EngineStartFailed: Faceplate is not installed where it was looked for.
    """
    named = os.environ.get("FACEPLATE_ENGINE")
    if named:
        return shlex.split(named) if sys.platform != "win32" else [named]
    name = "faceplate.exe" if sys.platform == "win32" else "faceplate"
    beside = os.path.join(os.path.dirname(sys.executable), name)
    found = beside if os.path.isfile(beside) else shutil.which(name)
    if not found:
        raise EngineStartFailed(
            "the program `faceplate` was not found; put it on the PATH, or name it in "
            "FACEPLATE_ENGINE"
        )
    return [found]


def engine_environment() -> dict[str, str]:
    """Return this process's environment without what is for a host's own Python."""
    return {name: value for name, value in os.environ.items() if name not in _HOSTS_OWN}


def creation_flags() -> int:
    """Return what Windows is told of a program that outlives this one: to open no console."""
    return _NO_WINDOW | _NEW_GROUP if sys.platform == "win32" else 0


def _lease(lease_s: int | None, held: str, held_by: str) -> list[str]:
    arguments = ["--held", held] if held else []
    if held_by:
        arguments += ["--held-by", held_by]
    if lease_s is None and os.environ.get("FACEPLATE_LEASE"):
        return arguments
    return [*arguments, "--lease", str(LEASE_S if lease_s is None else lease_s)]


def _start(path: str, deadline_s: float, lease: list[str]) -> Connection:
    log = path + ".log"
    command = [*engine_command(), "serve", "--connection", path, *lease]
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
        words = append_own(log)  # not begun anew, since whoever starts one too writes there
    except OSError as error:
        raise EngineStartFailed(f"no engine here: {error.strerror}", path=log) from None
    end = time.monotonic() + deadline_s
    with words:
        while True:
            begun = words.seek(0, os.SEEK_END)
            process = _run(command, words)
            connection = _await(path, end, process)
            if connection is not None:
                return connection
            code = process.poll()
            said = _last_words(log, begun)
            if code is None:
                process.kill()
                what = f"the engine did not listen within {deadline_s:.0f} s"
                raise EngineStartFailed(f"{what}; it said: {said}", path=log)
            # Another starts at this moment and will be found, or ends and makes room.
            if "runs already" in said:
                connection = _await(path, min(end, time.monotonic() + _OTHER_S))
            if connection is not None:
                return connection
            if "runs already" not in said or time.monotonic() >= end:
                what = f"the engine ended with exit code {code}"
                raise EngineStartFailed(f"{what}; it said: {said}", path=log)


def _await(
    path: str, end: float, process: subprocess.Popen[bytes] | None = None
) -> Connection | None:
    """Return the engine's connection; None when it is not there in time, or the process ended."""
    while time.monotonic() < end:
        try:
            return find(path)
        except EngineUnreachable:
            pass
        if process is not None and process.poll() is not None:
            return None
        time.sleep(_POLL_S)
    return None


def _run(command: list[str], words: BinaryIO) -> subprocess.Popen[bytes]:
    for ended in [p for p in _started if p.poll() is not None]:
        _started.remove(ended)
        _let_go(ended)
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own engine
            command,
            bufsize=0,
            stdin=subprocess.PIPE,  # nothing is written: it closes when this process ends
            stdout=words,
            stderr=words,
            start_new_session=True,
            creationflags=creation_flags(),
            env=engine_environment(),
        )
    except OSError as error:
        raise EngineStartFailed(f"cannot run {command[0]}: {error.strerror}") from None
    _started.append(process)
    return process


def _let_go(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _last_words(log: str, begun: int) -> str:
    try:
        with open(log, "rb") as file:
            file.seek(begun)
            words = file.read().decode("utf-8", "replace").strip()
    except OSError:
        words = ""
    return words[-_WORDS:] or "nothing"


def _listens(address: str) -> bool:
    """Whether anyone does; a process id would not tell, since it is used again."""
    scheme, _, rest = address.partition("://")
    host, _, port = rest.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    try:
        if scheme == "ipc":
            family, target = socket.AF_UNIX, rest
        else:
            target = (host.strip("[]"), int(port))
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(_PROBE_S)
            probe.connect(target)
    except socket.timeout:
        return True
    except (OSError, ValueError):
        return False
    return True
