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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.analysing import add_analyse, analyse
from engine.arguments import add_request, build_request
from engine.catalogue import add_restorers, add_weights, restorers, weights
from engine.console import Console
from engine.installing import add_install, install, uninstall
from engine.serving import (
    HELD,
    add_connection,
    add_device,
    add_page,
    add_relay,
    add_serve,
    page,
    relay,
    serve,
    settings_of,
)
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
from plugin_host.protocol import job_id
from plugin_host.replies import Finished
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
    args = parser.parse_args(argv)
    logging.basicConfig(
        level=logging.INFO if args.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    command: Callable[[argparse.Namespace], int] = args.command
    try:
        code = command(args)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough; nothing more is said, at the exit neither
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 4
    except FaceplateError as error:
        Console(as_json=getattr(args, "json", False)).failed(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return 4
    except Exception as error:  # a mistake in here must not look like "with frame errors"
        logging.getLogger("faceplate").exception("not foreseen")
        Console(as_json=getattr(args, "json", False)).failed(
            RestorerFailed(f"{type(error).__name__}: {error}")
        )
        return 5
    return code


def exit_code(error: FaceplateError) -> int:
    """Return what the command line ends with after an error."""
    return next((code for cls, code in EXIT_CODES if isinstance(error, cls)), 5)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="faceplate", description="Restores faces in plates.")
    parser.add_argument("--verbose", action="store_true", help="log what happens")
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
        sub.add_argument("--json", action="store_true", help="one JSON object a line")
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
    request = build_request(args)
    settings = settings_of(args, "device", "threads")
    console = Console(as_json=args.json)
    from engine.compute import pin  # noqa: PLC0415
    from engine.pipeline import restore_shot  # noqa: PLC0415
    from engine.restorers import load_restorer  # noqa: PLC0415

    device = pin(settings.threads, settings.device)
    cancelled: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: cancelled.append(number))
    signal.signal(signal.SIGTERM, lambda number, _: cancelled.append(number))
    finished = restore_shot(
        request,
        load_restorer(request.settings.restorer, device),
        job=job_id(request),
        emit=console.heard,
        cancelled=lambda: bool(cancelled),
    )
    console.finished(finished)
    return 1 if finished.errors else 0


def submit(args: argparse.Namespace) -> int:
    """Restore through the engine."""
    request = build_request(args)
    request = replace(request, urgent=request.urgent or args.urgent)
    console = Console(as_json=args.json)

    def again():  # noqa: ANN202 - Connection
        return find_or_start(args.connection, held=args.held)

    with EngineClient(again(), "command line", again=again) as client:
        accepted = client.submit(request)
        if args.detach:
            print(json.dumps(to_json(accepted)) if args.json else accepted.job)
            return 0
        try:
            for event in client.events(accepted.job):
                if isinstance(event, Finished):
                    console.finished(event)
                    return 1 if event.errors else 0
                console.heard(event)
        except KeyboardInterrupt:
            client.cancel(accepted.job)
            raise
    return 5


def status(args: argparse.Namespace) -> int:
    """Say how the engine and its jobs stand."""
    with EngineClient(find(args.connection), "command line") as client:
        reported = client.status()
    if args.json:
        print(json.dumps(to_json(reported)))
        return 0
    counts = ", ".join(f"{count} {state}" for state, count in reported.counts.items())
    words = f"worker {reported.worker}, {reported.sessions} sessions, jobs: {counts or 'none'}"
    print(f"engine {reported.engine[:8]}: {words}")
    for job in reported.jobs:
        state = job.state + "!" * job.urgent
        print(f"{job.job}  {state:10}  {job.done}/{job.total}  {job.restorer}  {job.plate}")
    left = sum(reported.counts.values()) - len(reported.jobs)
    if left > 0:
        print(f"and {left} more")
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
    from engine.doctor import examine  # noqa: PLC0415

    problems = 0
    for good, text in examine(args.connection):
        problems += not good
        print(("ok       " if good else "problem  ") + text)
    return 1 if problems else 0


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
    ("restorers", restorers, add_restorers, "what can restore, and with what parameters"),
    ("weights", weights, add_weights, "bring in the weights of a restorer, or list them"),
    ("install", install, add_install, "put Faceplate's scripts into Nuke or DaVinci Resolve"),
    ("uninstall", uninstall, add_install, "take them away again"),
    ("resolve", resolve, add_resolve, "what Resolve's scripts do, from outside it"),
    ("doctor", doctor, add_connection, "look for what could go wrong on this machine"),
)


if __name__ == "__main__":
    sys.exit(main())
