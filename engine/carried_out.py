"""A request of the command line carried out in this process."""

from __future__ import annotations

import signal
from functools import cache
from typing import TYPE_CHECKING

from engine import logs
from engine.compute import pin
from engine.pipeline import restore_shot
from engine.restorers import declared, ready
from engine.serving import settings_of
from plugin_host.protocol import job_id

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from engine.restorer import Restorer
    from plugin_host.replies import Analysed, Finished, Progress
    from plugin_host.requests import Submit

    Hear = Callable[[Analysed | Progress], None]


def here(args: argparse.Namespace) -> Callable[[Submit, Hear], Finished]:
    """Return what restores in this process, one request after the other, until it is interrupted.

    Args:
        args: `--device` and `--threads`.

    Raises:
        SettingsError: There is no such device.
    """
    settings = settings_of(args, "device", "threads")
    device = pin(settings.threads, settings.device)
    cancelled: list[int] = []

    @cache
    def loaded(name: str) -> Restorer:
        return ready(declared(name), device)

    def restore(request: Submit, hear: Hear) -> Finished:
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
    return restore
