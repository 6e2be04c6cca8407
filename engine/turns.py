"""Jobs that wait, and whose turn it is.

Rules of this file:
    - Urgent jobs go before all others.
    - Then clients take turns, one job each, however many a client has waiting; its own jobs keep
      the order in which they came. Who comes new goes before the client whose job was taken last.
    - A client is a session. Its jobs keep its turn when it has left.
    - A job that had to stop goes on where it was before anything else of its kind.
    - Every change costs the same, however many wait; but to take one that suits costs a look at
      those before it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from plugin_host.errors import EngineBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.job import Job


MOST_JOBS = 10000  # waiting; one more is refused,
MOST_RESERVED = 1000  # but so many more of those who have none waiting, or sit and wait


class _Lane:
    """Jobs of one kind, by session, the session whose turn it is first."""

    def __init__(self) -> None:
        self.by_session: OrderedDict[str, OrderedDict[Job, None]] = OrderedDict()
        self._served: str | None = None  # whose job was taken last: its turn is over with the next

    def add(self, job: Job, *, first: bool) -> None:
        own = self.by_session.setdefault(job.session, OrderedDict())
        own[job] = None
        if first:
            own.move_to_end(job, last=False)
            self.by_session.move_to_end(job.session, last=False)
            self._served = None

    def remove(self, job: Job) -> None:
        own = self.by_session[job.session]
        del own[job]
        if not own:
            del self.by_session[job.session]

    def next_turn(self) -> None:
        if self._served in self.by_session:
            self.by_session.move_to_end(self._served)

    def take(self, suits: Callable[[Job], bool]) -> Job | None:
        self.next_turn()
        if not self.by_session:
            return None
        job: Job | None = next(iter(next(iter(self.by_session.values()))))
        if not suits(job):
            job = next(filter(suits, self), None)
        if job is not None:
            self._served = job.session
            self.remove(job)
        return job

    def __iter__(self) -> Iterator[Job]:
        self.next_turn()
        rows = deque(iter(own) for own in self.by_session.values())
        while rows:
            row = rows.popleft()
            for job in row:
                yield job
                rows.append(row)
                break


class Turns:
    """The jobs that wait, in the order in which they will run."""

    def __init__(self) -> None:
        self._urgent, self._patient = _Lane(), _Lane()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Job]:
        yield from self._urgent
        yield from self._patient

    @property
    def urgent(self) -> bool:
        """Whether an urgent job waits."""
        return bool(self._urgent.by_session)

    def waiting(self, session: str) -> int:
        """Return how many jobs wait in a session's turn."""
        return sum(len(lane.by_session.get(session, ())) for lane in (self._urgent, self._patient))

    def check_room(self, session: str, *, urgent: bool) -> None:
        """Refuse one more job of a session where too many wait.

        Raises:
            EngineBusy: There is no room for it.
        """
        reserved = MOST_RESERVED if urgent or not self.waiting(session) else 0
        if self._count >= MOST_JOBS + reserved:
            raise EngineBusy(f"{self._count} jobs are waiting; submit again later")

    def add(self, job: Job, *, first: bool = False) -> None:
        """Let a job wait; `first` for one that goes on where it was."""
        self._lane(job).add(job, first=first)
        self._count += 1

    def take(self, suits: Callable[[Job], bool] = lambda _: True) -> Job | None:
        """Remove and return the job that runs next, of those that suit; None where none does."""
        job = self._urgent.take(suits) or self._patient.take(suits)
        self._count -= job is not None
        return job

    def those_urgent(self) -> Iterator[Job]:
        """Yield the urgent jobs, in the order in which they will run."""
        yield from self._urgent

    def remove(self, job: Job) -> None:
        """Remove one that will not run."""
        self._lane(job).remove(job)
        self._count -= 1

    def pass_on(self, job: Job, session: str) -> None:
        """Let a job wait in the turn of another who wants it, if that one has fewer even then."""
        if self.waiting(session) + 1 < self.waiting(job.session):
            self.remove(job)
            job.session = session
            self.add(job)

    def _lane(self, job: Job) -> _Lane:
        return self._urgent if job.urgent else self._patient
