"""The worker processes of an engine, by their numbers: one at each post."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from engine.job_events import Event, Ready, WorkerEnded, WorkerReady, WorkerSaid
from engine.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from engine.settings import EngineSettings

_log = logging.getLogger("faceplate.server")


class Workers:
    """All worker processes.

    Args:
        settings: The engine's.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._processes: dict[int, WorkerProcess] = {}

    @property
    def outputs(self) -> list[int]:
        """The descriptors of what living workers say."""
        return [process.output for process in self._processes.values() if process.alive]

    def start(self, worker: int, device: str) -> None:
        """Start a worker, in place of one that has ended."""
        self._processes[worker] = WorkerProcess(self._settings, device)

    def say(self, worker: int, order: dict[str, Any]) -> None:
        """Give a worker an order."""
        self._processes[worker].say(order)

    def hear(self, ready: Container[int]) -> Iterator[Event]:
        """Yield what has happened to those whose outputs are ready; some may be started between."""
        for worker, process in list(self._processes.items()):
            if not process.alive or process.output not in ready:
                continue
            messages, ended = process.hear()
            for message in messages:
                if isinstance(message, Ready):
                    yield WorkerReady(message, worker)
                else:
                    yield WorkerSaid(message, worker)
            if ended:
                reason = process.bury()
                _log.warning("worker %d ended: %s", worker, reason)
                yield WorkerEnded(reason, worker)

    def kill(self) -> None:
        """End them all now."""
        for process in self._processes.values():
            process.kill()
