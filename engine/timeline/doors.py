"""The two ways in which the shots of a cut are restored: in this process, or through the engine."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from engine import logs
from engine.arguments import path_map_of
from engine.compute import pin
from engine.console import console_of
from engine.pipeline import restore_shot
from engine.restorers import declared, ready
from engine.serving import settings_of
from engine.timeline.command import restore_timeline
from plugin_host.client import EngineClient
from plugin_host.errors import FaceplateError, JobCancelled, RestorerFailed, SettingsError
from plugin_host.launcher import find_or_start
from plugin_host.protocol import job_id
from plugin_host.replies import Finished

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from engine.restorer import Restorer
    from plugin_host.replies import Analysed, Progress
    from plugin_host.requests import Submit

    Hear = Callable[[Analysed | Progress], None]


def restore_here(args: argparse.Namespace) -> int:
    """Restore a timeline in this process; see `restore_timeline`."""
    settings, paths = settings_of(args, "device", "threads"), path_map_of(args)
    device = pin(settings.threads, settings.device)
    cancelled: list[int] = []

    @cache
    def loaded(name: str) -> Restorer:
        return ready(declared(name), device)

    def restore(request: Submit, hear: Hear) -> Finished:
        request = paths.submit_to_engine(request)
        logs.work_on(**logs.of_job(job_id(request), request))
        return restore_shot(
            request,
            declared(request.settings.restorer),
            job=job_id(request),
            emit=hear,
            cancelled=lambda: bool(cancelled),
            ready=lambda restorer: loaded(restorer.info.name),
        )

    signal.signal(signal.SIGINT, lambda number, _: cancelled.append(number))
    signal.signal(signal.SIGTERM, lambda number, _: cancelled.append(number))
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
            for event in map(paths.event_to_host, client().events(accepted.job)):
                if isinstance(event, Finished):
                    return event
                hear(event)
        except KeyboardInterrupt:
            client().cancel(accepted.job)
            raise JobCancelled("cancelled; what was delivered is kept") from None
        except FaceplateError as error:
            raise paths.error_to_host(error) from None
        raise RestorerFailed("the engine said no last word")

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return restore_timeline(args, console_of(args), restore)
    finally:
        if client.cache_info().currsize:
            client().__exit__(None, None, None)
