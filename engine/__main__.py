"""The command line: ``faceplate restore | submit | serve | relay | status | cancel | stop | ...``.

Exit codes: 0 all delivered, 1 delivered with frame errors, 2 request refused, 3 engine
unreachable, 4 cancelled, 5 restorer failed.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.analysing import add_analyse, analyse
from engine.arguments import add_request, build_request, path_map_of
from engine.catalogue import add_restorers, add_weights, restorers, weights
from engine.console import add_progress, console_of
from engine.farm.command import FARM, joined
from engine.followed import followed
from engine.installing import add_install, install, uninstall
from engine.serving import (
    HELD,
    add_connection,
    add_device,
    add_doctor,
    add_log,
    add_page,
    add_relay,
    add_serve,
    begin_logs,
    page,
    relay,
    serve,
)
from engine.take_commands import add_take, take
from engine.timeline.words import add_timeline, restore_cut, submit_cut
from engine.watch import add_watch, watch
from plugin_host.client import EngineClient
from plugin_host.errors import (
    EngineUnreachable,
    FaceplateError,
    FrameError,
    JobCancelled,
    MessageMalformed,
    ProtocolError,
    RequestRefused,
    RestorerFailed,
    UnknownField,
)
from plugin_host.hosts.resolve.words import add_resolve
from plugin_host.launcher import find, find_or_start
from plugin_host.schema import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXIT_CODES: tuple[tuple[type[FaceplateError], int], ...] = (
    (FrameError, 1),
    (RequestRefused, 2),
    (EngineUnreachable, 3),
    (MessageMalformed, 2),  # what was asked for cannot even be said
    (UnknownField, 2),
    (ProtocolError, 3),
    (JobCancelled, 4),
    (RestorerFailed, 5),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = _parser()
    args = parser.parse_args(joined(sys.argv[1:] if argv is None else argv))
    return copy_context().run(_carry_out, args)  # what one command logs about is not another's


def _carry_out(args: argparse.Namespace) -> int:
    command: Callable[[argparse.Namespace], int] = args.command
    try:
        begin_logs(args)
        code = command(args)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough; nothing more is said, at the exit neither
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 4
    except FaceplateError as error:
        console_of(args, strict=False).failed(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return 4
    except Exception as error:  # a mistake in here must not look like "with frame errors"
        logging.getLogger("faceplate").exception("not foreseen")
        console_of(args, strict=False).failed(RestorerFailed(f"{type(error).__name__}: {error}"))
        return 5
    return code


def exit_code(error: FaceplateError) -> int:
    """Return what the command line ends with after an error."""
    return next((code for cls, code in EXIT_CODES if isinstance(error, cls)), 5)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="faceplate", description="Restores faces in plates.")
    parser.add_argument("--verbose", action="store_true", help="log what happens")
    parser.set_defaults(main=main)  # for commands that run others
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, command: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        return sub

    for name, command, text in (
        ("restore", restore, "restore a plate in this process"),
        ("submit", submit, "restore a plate through the engine; start it where none runs"),
    ):
        sub = add(name, command, text)
        add_request(sub)
        add_timeline(sub)
        add_log(sub)
        add_progress(sub)
        if name == "restore":
            add_device(sub)
        else:
            add_connection(sub)
            sub.add_argument("--detach", action="store_true", help="submit and leave")
            sub.add_argument("--urgent", action="store_true", help="before all that are not")
            sub.add_argument(
                "--held",
                default="",
                choices=HELD,
                help="an engine that this starts does so with its jobs, and ends, when this ends",
            )
    for name, command, text in (
        ("status", status, "how the engine and its jobs stand"),
        ("cancel", cancel, "stop a job and keep its finished frames"),
        ("stop", stop, "end the engine"),
    ):
        sub = add(name, command, text)
        add_connection(sub)
        sub.add_argument("--json", action="store_true", help="JSON")
        if name == "cancel":
            sub.add_argument("job", metavar="JOB")
    for name, command, add_arguments, text in OTHERS:
        add_arguments(add(name, command, text))
    sub = add("demo", demo, "restore a degraded plate of real pixels and measure the gain")
    sub.add_argument("--folder", default="demo", metavar="DIR", help="where to put it all")
    return parser


def restore(args: argparse.Namespace) -> int:
    """Restore in this process."""
    if args.timeline:
        return restore_cut(args)
    request = path_map_of(args).submit_to_engine(build_request(args))
    console = console_of(args)
    from engine.carried_out import here  # noqa: PLC0415

    finished = here(args)(request, console.heard)
    console.finished(finished)
    return 1 if finished.errors else 0


def submit(args: argparse.Namespace) -> int:
    """Restore through the engine."""
    if args.timeline:
        return submit_cut(args)
    request, paths = build_request(args), path_map_of(args)
    request = replace(request, urgent=request.urgent or args.urgent)
    console = console_of(args)

    def again():  # noqa: ANN202 - Connection
        return find_or_start(args.connection, held=args.held)

    with EngineClient(again(), "command line", again=again) as client:
        accepted = paths.event_to_host(client.submit(paths.submit_to_engine(request)))
        if args.detach:
            print(json.dumps(to_json(accepted)) if args.json else accepted.job)
            return 0
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as the other: it cancels
        finished = followed(client, accepted.job, paths, console.heard)
    console.finished(finished)
    return 1 if finished.errors else 0


def status(args: argparse.Namespace) -> int:
    """Say how the engine and its jobs stand."""
    with EngineClient(find(args.connection), "command line") as client:
        reported = client.status()
    if args.json:
        print(json.dumps(to_json(reported)))
        return 0
    from engine.standing import lines_of  # noqa: PLC0415

    for line in lines_of(reported):
        print(line)
    return 0


def cancel(args: argparse.Namespace) -> int:
    """Stop a job."""
    with EngineClient(find(args.connection), "command line") as client:
        cancelled = client.cancel(args.job)
    words = f"{cancelled.job} is told to stop; {cancelled.delivered} frames are kept"
    print(json.dumps(to_json(cancelled)) if args.json else words)
    return 0


def stop(args: argparse.Namespace) -> int:
    """End the engine."""
    with EngineClient(find(args.connection), "command line") as client:
        stopped = client.stop()
    print(json.dumps(to_json(stopped)) if args.json else "the engine ends")
    return 0


def doctor(args: argparse.Namespace) -> int:
    """Look for what could go wrong."""
    from engine.doctor import findings  # noqa: PLC0415

    well = True
    for word, text in findings(vars(args)):
        well &= word != "problem"
        print(f"{word:8} {text}")
    return 0 if well else 1


def resolve(args: argparse.Namespace) -> int:
    """Do what Resolve's scripts do."""
    from plugin_host.hosts.resolve import command  # noqa: PLC0415

    return command.resolve(args)


def demo(args: argparse.Namespace) -> int:
    """Run the demonstration."""
    from engine.demo import run_demo  # noqa: PLC0415

    return run_demo(Path(args.folder))


OTHERS = (
    ("serve", serve, add_serve, "be the engine"),
    ("relay", relay, add_relay, "let clients here reach an engine on another machine"),
    ("page", page, add_page, "show the engine's jobs in a browser, and cancel them there"),
    ("analyse", analyse, add_analyse, "find the faces of a shot and draw them"),
    ("watch", watch, add_watch, "restore what is dropped into a folder"),
    ("take", take, add_take, "look at a take, verify it, or remove what it keeps for nobody"),
    ("restorers", restorers, add_restorers, "what can restore, and with what parameters"),
    ("weights", weights, add_weights, "bring in the weights of a restorer, or list them"),
    ("install", install, add_install, "put Faceplate into Nuke, DaVinci Resolve or OFX hosts"),
    ("uninstall", uninstall, add_install, "take it away again"),
    ("resolve", resolve, add_resolve, "what Resolve's scripts do, from outside it"),
    *FARM,
    ("doctor", doctor, add_doctor, "look for what could go wrong on this machine"),
)


if __name__ == "__main__":
    sys.exit(main())
