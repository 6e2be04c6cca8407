"""The two ways in which the shots of a cut are restored: in this process, or through the engine."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from engine.arguments import path_map_of
from engine.carried_out import here
from engine.console import console_of
from engine.followed import followed
from engine.timeline.command import restore_timeline
from plugin_host.client import EngineClient
from plugin_host.errors import JobCancelled, SettingsError
from plugin_host.launcher import find_or_start

if TYPE_CHECKING:
    import argparse

    from engine.carried_out import Hear
    from plugin_host.replies import Finished
    from plugin_host.requests import Submit


def restore_here(args: argparse.Namespace) -> int:
    """Restore a timeline in this process; see `restore_timeline`."""
    paths, carry_out = path_map_of(args), here(args)

    def restore(request: Submit, hear: Hear) -> Finished:
        return carry_out(paths.submit_to_engine(request), hear)

    return restore_timeline(args, console_of(args), restore)


def submit_there(args: argparse.Namespace) -> int:
    """Restore a timeline through the engine, shot after shot; see `restore_timeline`.

    Raises:
        SettingsError: It is to be left; a timeline is written when its last shot is restored.
    """
    if args.detach:
        raise SettingsError("--detach leaves before the timeline can be written; leave it out")
    paths = path_map_of(args)

    def again():  # noqa: ANN202 - Connection
        return find_or_start(args.connection, held=args.held)

    @cache
    def client() -> EngineClient:
        return EngineClient(again(), "command line", again=again).__enter__()

    def restore(request: Submit, hear: Hear) -> Finished:
        request = replace(request, urgent=request.urgent or args.urgent)
        accepted = client().submit(paths.submit_to_engine(request))
        try:
            return followed(client(), accepted.job, paths, hear)
        except KeyboardInterrupt:
            raise JobCancelled("cancelled; what was delivered is kept") from None

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return restore_timeline(args, console_of(args), restore)
    finally:
        if client.cache_info().currsize:
            client().__exit__(None, None, None)
