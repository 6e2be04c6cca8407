"""The commands that stay: `serve` is the engine, `relay` leads to a far one, `page` shows jobs."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine import logs
from engine.precedence import variable
from engine.settings import FORMS, EngineSettings
from plugin_host.connection import default_path
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    import argparse

HELD = ("finish", "cancel")
_SHIPPED = EngineSettings()


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a connection file."""
    parser.add_argument("--connection", default="", metavar="FILE", help="the connection file")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a process that restores."""
    parser.add_argument(
        "--device", metavar="D", help="auto, cpu, cuda:N, or several: cuda:0,cuda:1"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="of numerical libraries")


def add_log(parser: argparse.ArgumentParser) -> None:
    """Add the argument that says how lines of the log are written."""
    parser.add_argument("--log", choices=FORMS, help="lines of the error output")


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `doctor`, which shows them among the settings."""
    add_connection(parser)
    add_device(parser)
    parser.add_argument("--path-map", metavar="RULES", help="'S:\\shows=/mnt/shows;...'")


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `serve`."""
    add_device(parser)
    add_log(parser)
    add_connection(parser)
    add = parser.add_argument
    add("--address", metavar="ENDPOINT", help="tcp://127.0.0.1:PORT or ipc://PATH")
    add("--listen", metavar="ENDPOINT", help="tcp://0.0.0.0:PORT: other machines too, with CURVE")
    add("--clients", metavar="DIR", help="public keys of those who may connect there")
    add("--roots", metavar="DIRS", help="folders that requests may touch")
    add("--spool", metavar="DIR", help="keep files of clients without storage in common there")
    add("--lease", type=int, metavar="S", help="end after S seconds without a client or job")
    add("--grace", type=int, metavar="S", help="the same once who holds the engine is gone")
    add(
        "--held",
        default="",
        choices=HELD,
        help="who starts this engine holds its standard input open; when it closes, finish or "
        "cancel the jobs and end",
    )
    add("--held-by", metavar="PATH", help="the same when this file or folder is there no more")


def add_relay(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `relay`."""
    add_connection(parser)
    add_log(parser)
    add = parser.add_argument
    add("--to", metavar="ENDPOINT", help="the engine's --listen, tcp://HOST:PORT")
    add("--server-key", metavar="KEY", help="the engine's public key, or a file of it")
    add("--deadline", type=float, default=15.0, metavar="S", help="for the engine's first answer")


def add_page(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `page`."""
    add_connection(parser)
    parser.add_argument("--job", default="", metavar="JOB", help="mark this one")
    parser.add_argument("--open", action="store_true", help="in the user's browser")


def settings_of(args: argparse.Namespace, *names: str) -> EngineSettings:
    """Return the settings in force, given those that the command line names."""
    from engine.settings import resolve_settings  # noqa: PLC0415 - commands load what they need

    return resolve_settings({name: getattr(args, name) for name in names})


def leave_to_the_users_own() -> None:
    """Let engines that this process starts take no port and no spool, of which there is one each.

    The user's own engine has them, where the settings say so.
    """
    for name in ("address", "listen", "spool"):
        os.environ[variable(name)] = getattr(_SHIPPED, name)


def begin_logs(args: argparse.Namespace) -> None:
    """Log as a command asks."""
    form = settings_of(args, "log").log if hasattr(args, "log") else "text"
    full = args.verbose or form == "json"
    logs.begin(form, logging.INFO if full else logging.WARNING)
    # Else the console tells the same.
    logging.getLogger("faceplate.job").setLevel(logging.NOTSET if full else logging.CRITICAL)


def serve(args: argparse.Namespace) -> int:
    """Be the engine."""
    logging.getLogger("faceplate").setLevel(logging.INFO)
    names = ("address", "listen", "clients", "roots", "spool", "device", "threads")
    names += ("lease", "grace", "log")
    settings = settings_of(args, *names)
    os.environ[variable("log")] = settings.log  # the worker's lines are written alike
    from engine.lease import Holder, Place  # noqa: PLC0415
    from engine.server import Server  # noqa: PLC0415

    path = args.connection or settings.connection or default_path()
    holder = Holder(args.held) if args.held else None
    if args.held_by:
        holder = Place(args.held or "finish", Path(args.held_by))
    Server(settings, Path(path), holder).serve()
    return 0


def relay(args: argparse.Namespace) -> int:
    """Carry messages to an engine on another machine; without one, show the key to be known by."""
    logging.getLogger("faceplate").setLevel(logging.INFO)
    from engine.connection import EngineLock  # noqa: PLC0415
    from engine.curve import keys_beside, public_key  # noqa: PLC0415
    from engine.relay import Relay  # noqa: PLC0415

    path = Path(args.connection or default_path())
    if args.to and args.server_key:
        Relay(args.to, public_key(args.server_key), path, args.deadline).run()
    elif args.to or args.server_key:
        raise SettingsError("--to and --server-key go together")
    else:
        with EngineLock(path):
            keys = keys_beside(path)
        print(keys.public.decode())  # noqa: T201 - what was asked for
    return 0


def page(args: argparse.Namespace) -> int:
    """Show the engine's jobs to a browser, until nobody looks any more."""
    import webbrowser  # noqa: PLC0415

    from engine.page import Engine, Page  # noqa: PLC0415

    shown = Page(Engine(args.connection))
    address = shown.address + (f"#{args.job}" if args.job else "")
    print(address, flush=True)  # noqa: T201 - for who started us
    if args.open:
        webbrowser.open(address)
    shown.serve()
    return 0
