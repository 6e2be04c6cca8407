"""``faceplate watch DIR``: what is dropped into a folder is restored, its results and state beside.

For rooms without scripting. The folder is listed again and again, since file servers do not tell
of changes; a drop that has been still for a while, and whose files open, is restored through an
engine of the folder's own. That engine is a process apart: a crash of a library, or a kill of the
watcher, loses nothing; and the kernel holds its worker to this folder and the configured roots, as
befits a place where anybody drops files.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.arguments import path_map_of
from engine.precedence import variable
from engine.serving import add_connection, add_log, leave_to_the_users_own, settings_of
from plugin_host.connection import default_path
from plugin_host.errors import OutputError, PathRefused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from plugin_host.client import EngineClient


def add_watch(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = parser.add_argument
    add("folder", metavar="DIR", help="where frames, movies and job files are dropped")
    add("--once", action="store_true", help="restore what is whole now, and leave")
    add("--every", type=seconds, default=5.0, metavar="S", help="seconds between two looks; 5")
    add("--settle", type=seconds, default=20.0, metavar="S", help="still for so long is whole; 20")
    add("--at-once", type=int, default=1, metavar="N", help="drops that are restored at once; 1")
    add("--path-map", metavar="RULES", help="what job files call the folders of this machine")
    add_connection(parser)
    add_log(parser)


def seconds(text: str) -> float:
    """Return seconds, as `argparse` asks.

    Raises:
        ValueError: They are none that could pass.
    """
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError
    return value


def watch(args: argparse.Namespace) -> int:
    """Watch a folder until told to stop, or once."""
    logging.getLogger("faceplate").setLevel(logging.INFO)
    folder = Path(os.path.realpath(args.folder))
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise OutputError("no folder that can be read and written", path=str(folder))
    settings = settings_of(args, "log")
    roots = (str(folder), *settings.root_paths)
    os.environ[variable("log")] = settings.log  # the engine's lines are written alike
    from engine.watch.watcher import How, Watcher  # noqa: PLC0415 - --help need not load it

    how = How(roots, path_map_of(args), args.every, args.settle, max(args.at_once, 1))
    watcher = Watcher(folder, how, _engine(args.connection, folder, roots))

    def stop(*_: object) -> None:
        watcher.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if not args.once:
        watcher.run()
        return 0
    watcher.run_once()
    return 4 if watcher.stopping else 3 if watcher.unreachable else int(watcher.failed)


def _engine(connection: str, folder: Path, roots: Sequence[str]) -> Callable[[], EngineClient]:
    """Return what opens a session with the named engine, or with one of the folder's own."""
    from plugin_host.client import EngineClient  # noqa: PLC0415 - see watch
    from plugin_host.launcher import find_or_start  # noqa: PLC0415

    if not connection:
        if any(os.pathsep in root for root in roots):
            what = f"an engine cannot be held to a folder with {os.pathsep!r} in its path"
            raise PathRefused(what, path=str(folder))
        held_to = os.pathsep.join(roots)
        own = hashlib.sha256(os.fsencode(held_to)).hexdigest()[:8]
        connection = str(Path(default_path()).with_name(f"watch-{own}.json"))
        os.environ[variable("roots")] = held_to  # of the engine that this starts
        leave_to_the_users_own()
    again = partial(find_or_start, connection)
    return lambda: EngineClient(again(), "watch", again=again)
