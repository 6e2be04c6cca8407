r"""What happens to jobs: events in, instructions out.

Rules of this file:
    - No socket, no clock, no process, no file. Every test is a call of `handle`.
    - Everything that decides a job's fate lives here; the server only carries out instructions.
    - A job's events are remembered until the job is forgotten, so that whoever submits it again
      hears them from the first. Their number is bounded by the job's frames, and for all jobs that
      have ended together by MOST_EVENTS. A session that has not heard what must be forgotten is
      ended: its client says Hello and submits again, and its frames are kept.
    - Where an urgent job waits, a running one that is not steps aside: it is interrupted, and goes
      on where it was as soon as no urgent one waits. Its watchers hear nothing of that. An urgent
      job never steps aside.
    - Whose turn it is: `turns`. Who submits a job that waits in another's turn, as after a broken
      connection, takes it into his own where he has fewer waiting.

    queued     running, cancelled, failed (the worker does not start)
    running    finished, failed, cancelled; queued again when the worker dies, or it steps aside
"""

from __future__ import annotations

from collections import Counter, deque
from itertools import islice
from typing import TYPE_CHECKING

from engine.audience import Audience
from engine.job import Job
from engine.job_events import (
    Asked,
    Dismiss,
    Event,
    Instruction,
    Interrupt,
    Joined,
    Left,
    Send,
    SpawnWorker,
    Start,
    WorkerEnded,
    WorkerReady,
    WorkerSaid,
)
from engine.turns import Turns
from plugin_host.errors import EngineBusy, FaceplateError, UnknownJob, WorkerDied
from plugin_host.protocol import check_submit, failed, job_id
from plugin_host.replies import (
    Accepted,
    Analysed,
    Cancelled,
    Description,
    Failed,
    Finished,
    JobText,
    Progress,
)
from plugin_host.requests import Cancel, Credit, Describe, Submit

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_DEATHS = 3  # of the worker, without a frame delivered in between, before a job is given up
MOST_FALSE_STARTS = 3  # of the worker in a row, before waiting jobs are given up
MOST_JOBS = 10000  # waiting; one more is refused,
MOST_RESERVED = 1000  # but so many more of those who have none waiting, or sit and wait
MOST_ENDED = 1000  # jobs remembered for those who ask again,
MOST_EVENTS = 200000  # and their events, of 0.3 KB each


class Jobs:
    """All jobs of an engine."""

    def __init__(self) -> None:
        self.known: dict[str, Job] = {}
        self.worker = "starting"  # or idle, busy, broken
        self.description: Description | None = None
        self._curious: list[tuple[str, str]] = []  # who asked before there was a description
        self._false_starts = 0
        self._turns = Turns()
        self._running: Job | None = None
        self._ended: deque[Job] = deque()
        self._events = 0  # of those that have ended
        self._audience = Audience()
        self._out: list[Instruction] = []

    def handle(self, event: Event) -> list[Instruction]:
        """Take an event in; return what is to be done, in order."""
        self._out = []
        match event:
            case Joined(session, credit):
                self._audience.join(session, credit)
            case Left(session):
                self._audience.leave(session)
            case Asked():
                self._answer(event)
            case WorkerReady(description):
                self.worker, self._false_starts = "idle", 0
                self.description = description
                self._out.extend(Send(*who, description) for who in self._curious)
                self._curious.clear()
            case WorkerSaid(message):
                self._hear(message)
            case WorkerEnded(reason):
                self._mourn(reason)
        self._start_next()
        return self._out

    @property
    def idle(self) -> bool:
        """Whether nothing is running or waiting."""
        return self._running is None and not self._turns

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are in each state, less states without one."""
        ended = Counter(job.state for job in self._remembered())
        counts = {"running": int(self._running is not None), "queued": len(self._turns), **ended}
        return {state: count for state, count in counts.items() if count}

    def foremost(self, most: int) -> list[JobText]:
        """Return how so many jobs stand: what runs, what runs next, then what ended last."""
        running = [self._running] if self._running else []
        told = [*running, *islice(self._turns, most)]
        told += islice(self._remembered(), max(most - len(told), 0))
        return [job.describe() for job in told[:most]]

    def _remembered(self) -> Iterator[Job]:
        return (job for job in reversed(self._ended) if self.known.get(job.id) is job)

    # the clients

    def _answer(self, asked: Asked) -> None:
        session, request = asked.session, asked.request
        match asked.message:
            case Submit() as submit:
                self._submit(session, request, submit)
            case Cancel(job):
                self._cancel(session, request, job)
            case Credit(amount):
                self._out.extend(self._audience.credit(session, amount))
            case Describe():
                self._curious.append((session, request))
                if self.description is not None:
                    self._out.append(Send(*self._curious.pop(), self.description))

    def _submit(self, session: str, request: str, submit: Submit) -> None:
        name = job_id(submit)
        job = self.known.get(name)
        attached = job is not None and job.open and not job.cancelling
        if job is None or not attached:
            try:
                check_submit(submit)
                self._check_room(session, submit)
            except FaceplateError as error:
                self._out.append(Send(session, request, failed(error)))
                return
            job = self.known[name] = Job.of(name, submit, session)
            self._turns.add(job)
        elif job.state == "queued" and not job.events:
            self._turns.pass_on(job, session)
        self._audience.attach(job, session, request)
        take = f"{submit.output}/{submit.shot.plate.stem}.take"
        accepted = Accepted(job.id, job.total, take, attached)
        self._out.append(Send(session, request, accepted))
        self._out.extend(self._audience.tell(job))

    def _check_room(self, session: str, submit: Submit) -> None:
        first = submit.urgent or not self._turns.waiting(session)
        if len(self._turns) >= MOST_JOBS + MOST_RESERVED * first:
            raise EngineBusy(f"{len(self._turns)} jobs are waiting; submit again later")

    def _cancel(self, session: str, request: str, name: str) -> None:
        job = self.known.get(name)
        if job is None:
            error = UnknownJob(f"no job is called {name}; `faceplate status` lists them")
            self._out.append(Send(session, request, failed(error, name)))
            return
        self._out.append(Send(session, request, Cancelled(name, len(job.done))))
        if job is self._running:
            job.cancelling = True
            self._out.append(Interrupt(name))
        elif job.state == "queued":
            self._turns.remove(job)
            self._end(job, Cancelled(name, len(job.done)))

    # the worker

    def _hear(self, message: Analysed | Progress | Finished | Failed | Cancelled) -> None:
        job = self._running
        if job is None or message.job != job.id:
            return
        if isinstance(message, Analysed):
            self._out.extend(self._audience.mention(job, message))
        elif isinstance(message, Progress):
            self._note(job, message)
        else:
            self._running, self.worker = None, "idle"
            if isinstance(message, Cancelled) and job.yielding and not job.cancelling:
                self._go_back(job)
            else:
                self._end(job, message)

    def _note(self, job: Job, progress: Progress) -> None:
        if progress.frame in job.done:  # said before it went back; its receipt is on disk
            return
        job.deaths = 0
        fields = (progress.status, progress.path, progress.code, progress.message)
        event = Progress(job.id, len(job.done) + 1, job.total, progress.frame, *fields)
        job.done[progress.frame] = event
        job.events.append(event)
        self._out.extend(self._audience.tell(job))

    def _mourn(self, reason: str) -> None:
        self._false_starts += self.worker == "starting"
        self.worker = "starting"
        job, self._running = self._running, None
        if job is not None:
            self._retry(job, reason)
        if self._false_starts >= MOST_FALSE_STARTS:
            self.worker, self._false_starts = "broken", 0
            lost = WorkerDied(f"the worker does not start ({reason}); see the engine's log")
            self._out.extend(Send(*who, failed(lost)) for who in self._curious)
            self._curious.clear()
            while self._turns:
                waiting = self._turns.take()
                self._end(waiting, failed(lost, waiting.id))
        else:
            self._out.append(SpawnWorker())

    def _retry(self, job: Job, reason: str) -> None:
        job.deaths += 1
        if job.cancelling:
            self._end(job, Cancelled(job.id, len(job.done)))
        elif job.deaths < MOST_DEATHS:
            self._go_back(job)
        else:
            error = WorkerDied(
                f"the worker died {MOST_DEATHS} times at the same place ({reason}); "
                f"{len(job.done)} frames are done and kept"
            )
            self._end(job, failed(error, job.id))

    def _go_back(self, job: Job) -> None:
        job.state, job.yielding = "queued", False
        self._turns.add(job, first=True)

    def _start_next(self) -> None:
        job = self._running
        if self.worker == "idle" and self._turns:
            job = self._running = self._turns.take()
            job.state, self.worker = "running", "busy"
            self._out.append(Start(job.id, job.body))
        elif self.worker == "broken" and self._turns:
            self.worker = "starting"
            self._out.append(SpawnWorker())
        elif job and self._turns.urgent and not (job.urgent or job.cancelling or job.yielding):
            job.yielding = True
            self._out.append(Interrupt(job.id))

    # the end

    def _end(self, job: Job, message: Finished | Failed | Cancelled) -> None:
        states = {Finished: "finished", Failed: "failed", Cancelled: "cancelled"}
        job.state = states[type(message)]
        job.events.append(message)
        self._out.extend(self._audience.tell(job))
        self._ended.append(job)
        self._events += len(job.events)
        while len(self._ended) > MOST_ENDED or (
            self._events > MOST_EVENTS and len(self._ended) > 1
        ):
            self._forget(self._ended.popleft())

    def _forget(self, job: Job) -> None:
        self._events -= len(job.events)
        if self.known.get(job.id) is job:
            del self.known[job.id]
        for session in list(job.watchers):
            self._audience.leave(session)
            self._out.append(Dismiss(session))
