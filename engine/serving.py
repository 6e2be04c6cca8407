"""The commands that stay: `serve` is the engine, `relay` leads to a far one, `page` shows jobs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from plugin_host.connection import default_path
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    import argparse

    from engine.settings import EngineSettings

HELD = ("finish", "cancel")


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a connection file."""
    parser.add_argument("--connection", default="", metavar="FILE", help="the connection file")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a process that restores."""
    parser.add_argument("--device", metavar="D", help="auto, cpu or cuda:N")
    parser.add_argument("--threads", type=int, metavar="N", help="of numerical libraries")


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `serve`."""
    add_device(parser)
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


def add_relay(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `relay`."""
    add_connection(parser)
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


def serve(args: argparse.Namespace) -> int:
    """Be the engine."""
    logging.getLogger("faceplate").setLevel(logging.INFO)
    names = ("address", "listen", "clients", "roots", "spool", "device", "threads")
    names += ("lease", "grace")
    settings = settings_of(args, *names)
    from engine.server import Server  # noqa: PLC0415

    path = args.connection or settings.connection or default_path()
    Server(settings, Path(path), args.held).serve()
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
