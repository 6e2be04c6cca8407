"""Jobs that have ended, as long as they are remembered for those who ask again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.job import Job

MOST_ENDED = 1000  # jobs,
MOST_EVENTS = 200000  # and their events, of 0.3 KB each


class Past:
    """Jobs that have ended."""

    def __init__(self) -> None:
        self._ended: deque[Job] = deque()
        self._events = 0

    def add(self, job: Job) -> Iterator[Job]:
        """Remember one that has ended; yield those for which there is no room any more."""
        self._ended.append(job)
        self._events += len(job.events)
        while len(self._ended) > MOST_ENDED or (
            self._events > MOST_EVENTS and len(self._ended) > 1
        ):
            forgotten = self._ended.popleft()
            self._events -= len(forgotten.events)
            yield forgotten

    def latest(self, known: Mapping[str, Job]) -> Iterator[Job]:
        """Yield those that were not submitted again, the latest first."""
        return (job for job in reversed(self._ended) if known.get(job.id) is job)
