"""Who hears of which job, as far as each has room.

Rules of this file:
    - Nobody loses an event: what finds no room waits in the job, and is sent in order.
    - Every change costs as much as it sends, however many jobs there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.job import Job, Watcher
from engine.job_events import Send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugin_host.replies import Analysed


@dataclass(slots=True)
class Seat:
    """A session among the audience.

    Attributes:
        room: Events that may be sent before it gives more credits.
        watching: Jobs of which it has still something to hear.
        behind: Those of them that have events which found no room.
    """

    room: int = 0
    watching: dict[Job, Watcher] = field(default_factory=dict[Job, Watcher])
    behind: dict[Job, Watcher] = field(default_factory=dict[Job, Watcher])


class Audience:
    """All sessions, and what each has heard."""

    def __init__(self) -> None:
        self.seats: dict[str, Seat] = {}

    def join(self, session: str, credit: int) -> None:
        """Give a session room for so many events."""
        self.seats[session] = Seat(credit)

    def leave(self, session: str) -> None:
        """Forget a session; its jobs go on."""
        seat = self.seats.pop(session, Seat())
        for job in seat.watching:
            del job.watchers[session]

    def attach(self, job: Job, session: str, request: str) -> None:
        """Let a session hear a job's events from the first, as answers to its latest request."""
        seat = self.seats.setdefault(session, Seat())
        seat.behind.pop(job, None)
        job.watchers[session] = seat.watching[job] = Watcher(session, request)

    def credit(self, session: str, amount: int) -> Iterator[Send]:
        """Give a session more room; yield what can be sent now."""
        seat = self.seats.setdefault(session, Seat())
        seat.room += amount
        for job, watcher in list(seat.behind.items()):
            if not seat.room:
                return
            yield from self._catch_up(seat, job, watcher)

    def tell(self, job: Job) -> Iterator[Send]:
        """Yield what watchers have not heard yet, as far as they have room."""
        for watcher in list(job.watchers.values()):
            yield from self._catch_up(self.seats[watcher.session], job, watcher)

    def mention(self, job: Job, message: Analysed) -> Iterator[Send]:
        """Yield what is soon out of date: for those who have room now, and not remembered."""
        for watcher in job.watchers.values():
            seat = self.seats[watcher.session]
            if seat.room:
                seat.room -= 1
                yield Send(watcher.session, watcher.request, message)

    def _catch_up(self, seat: Seat, job: Job, watcher: Watcher) -> Iterator[Send]:
        while watcher.heard < len(job.events) and seat.room:
            event = job.events[watcher.heard]
            watcher.heard += 1
            seat.room -= 1
            yield Send(watcher.session, watcher.request, event)
        if watcher.heard < len(job.events):
            seat.behind[job] = watcher
            return
        seat.behind.pop(job, None)
        if not job.open:
            del job.watchers[watcher.session], seat.watching[job]
