"""A request of the command line followed in the engine, to its last word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugin_host.errors import FaceplateError, RestorerFailed
from plugin_host.replies import Finished

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugin_host.client import EngineClient
    from plugin_host.path_map import PathMap
    from plugin_host.replies import Analysed, Progress


def followed(
    client: EngineClient, job: str, paths: PathMap, hear: Callable[[Analysed | Progress], None]
) -> Finished:
    """Return the last word of a job of the engine's, with the paths of this machine.

    Raises:
        KeyboardInterrupt: The user interrupted it, and the job is cancelled.
        FaceplateError: It failed.
    """
    try:
        for event in map(paths.event_to_host, client.events(job)):
            if isinstance(event, Finished):
                return event
            hear(event)
    except KeyboardInterrupt:
        client.cancel(job)
        raise
    except FaceplateError as error:
        raise paths.error_to_host(error) from None
    raise RestorerFailed("the engine said no last word")
