"""What the tasks of a bundle run on a farm's machine: an engine for a session, a task's frames.

    enter DIR            start the session's engine; its environment says where it is
    leave DIR            stop it, and say what it logged
    task ... -- COMMAND  run a command with the frames of whole windows

Rules of this file:
    - The engine lives in a folder of its own in the session's. It ends with that folder, or when
      nobody was heard for a while: whoever runs the session may be killed at any time.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.dialects import one_line
from engine.serving import leave_to_the_users_own
from plugin_host.chunks import Grid, owned
from plugin_host.client import EngineClient
from plugin_host.errors import EngineBusy, EngineUnreachable, SettingsError
from plugin_host.farms.openjd_template import from_openjd_range
from plugin_host.frame_range import FrameRange
from plugin_host.launcher import find, find_or_start

if TYPE_CHECKING:
    import argparse

LEASE_S = 60
"""Seconds without a task after which a session's engine ends itself."""
_START_S = 240.0  # on a cold disk, over a network
_STOP_S = 30.0
_POLL_S = 0.05
_WORDS = 20000  # characters of the engine's log that are repeated
_FRAMES = "--frames="


def add_farm_session(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `farm-session`."""
    commands = parser.add_subparsers(required=True, metavar="enter|leave|task", dest="what")
    for name, text in (
        ("enter", "start the engine of a session"),
        ("leave", "stop it, and say what it logged"),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("folder", metavar="DIR", help="the session's own")
    text = "run a command with the frames of whole windows"
    sub = commands.add_parser("task", help=text, description=text)
    sub.add_argument("--asked", required=True, metavar="R", help="the frames of all tasks")
    sub.add_argument("--grid", required=True, metavar="R", help="all frames of the shot")
    sub.add_argument("--stride", required=True, type=int, metavar="N", help="between windows")
    sub.add_argument("--overlap", required=True, type=int, metavar="N", help="of windows")
    sub.add_argument("words", nargs="...", metavar="COMMAND", help="with --frames=R")


def farm_session(args: argparse.Namespace) -> int:
    """Do what a session needs."""
    if args.what == "enter":
        return _enter(Path(args.folder))
    return _leave(Path(args.folder)) if args.what == "leave" else _task(args)


def _enter(folder: Path) -> int:
    home = folder.absolute() / "faceplate"
    home.mkdir(mode=0o700, exist_ok=True)
    path = str(home / "engine.json")
    leave_to_the_users_own()
    find_or_start(path, deadline_s=_START_S, lease_s=LEASE_S, held="cancel", held_by=str(home))
    _say(f"openjd_env: FACEPLATE_CONNECTION={path}")
    _say(f"openjd_env: FACEPLATE_LEASE={LEASE_S}")  # should a task have to start it anew
    return 0


def _leave(folder: Path) -> int:
    home = folder.absolute() / "faceplate"
    path = home / "engine.json"
    try:
        connection = find(str(path))
        with EngineClient(connection, "farm session") as client:
            client.stop()
    except EngineUnreachable as error:
        connection = None
        _say(f"the engine does not answer: {one_line(error.message)}")
    if not _ended(path) and connection is not None:
        os.kill(connection.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    _repeat(Path(f"{path}.log"))
    shutil.rmtree(home, ignore_errors=True)
    return 0


def _ended(path: Path) -> bool:
    """Wait until the engine has let its lock go, and whether it did."""
    from engine.connection import EngineLock  # noqa: PLC0415 - commands load what they need

    end = time.monotonic() + _STOP_S
    while time.monotonic() < end:
        try:
            with EngineLock(path):
                return True
        except EngineBusy:
            time.sleep(_POLL_S)
        except SettingsError:  # there never was one
            return True
    return False


def _repeat(log: Path) -> None:
    try:
        said = log.read_text("utf-8", "replace")[-_WORDS:]
    except OSError:
        return
    for line in said.splitlines():
        _say(f"engine: {line}")


def _task(args: argparse.Namespace) -> int:
    words: list[str] = args.words[args.words[:1] == ["--"] :]
    at = next((index for index, word in enumerate(words) if word.startswith(_FRAMES)), None)
    if at is None:
        raise SettingsError("the command of a task says --frames=R")
    frames = FrameRange.parse(from_openjd_range(words[at][len(_FRAMES) :]))
    grid = Grid(FrameRange.parse(args.grid), args.stride, args.overlap)
    ours = owned(frames, FrameRange.parse(args.asked), grid)
    if not ours:
        _say(f"{frames}: the tasks beside it hold the windows of these frames")
        return 0
    words[at] = f"{_FRAMES}{FrameRange(ours)}"
    _say(f"frames {FrameRange(ours)}, whole windows of {frames}")
    code: int = args.main(words)
    return code


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the scheduler reads it
