r"""What happens to jobs: events in, instructions out.

Rules of this file:
    - No socket, no clock, no process, no file. Every test is a call of `handle`.
    - Everything that decides a job's fate lives here; the server only carries out instructions.
    - A job's events are remembered until the job is forgotten, so that whoever submits it again
      hears them from the first. Their number is bounded by the job's frames.

    queued     running, cancelled, failed (the worker does not start)
    running    finished, failed, cancelled; queued again when the worker dies
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.job_events import (
    Asked,
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
    from collections.abc import Iterable

MOST_DEATHS = 3  # of the worker, without a frame delivered in between, before a job is given up
MOST_FALSE_STARTS = 3  # of the worker in a row, before waiting jobs are given up
MOST_JOBS = 10000  # waiting; one more is refused
MOST_ENDED = 1000  # remembered for those who ask again


@dataclass(slots=True)
class _Watcher:
    session: str
    request: str
    heard: int = 0  # how many of the job's events were sent


@dataclass(slots=True)
class Job:
    """One request on its way."""

    id: str
    submit: Submit
    take: str
    state: str = "queued"
    events: list[Any] = field(default_factory=list[Any])
    watchers: list[_Watcher] = field(default_factory=list[_Watcher])
    done: set[int] = field(default_factory=set[int])
    deaths: int = 0
    cancelling: bool = False

    def describe(self) -> JobText:
        """Return what `Reported` says of it."""
        submit = self.submit
        return JobText(
            self.id,
            self.state,
            len(self.done),
            len(submit.frames),
            str(submit.frames),
            submit.shot.plate.pattern,
            submit.output,
            submit.settings.restorer,
        )


class Jobs:
    """All jobs of an engine."""

    def __init__(self) -> None:
        self.known: dict[str, Job] = {}
        self.worker = "starting"  # or idle, busy, broken
        self.description: Description | None = None
        self._curious: list[tuple[str, str]] = []  # who asked before there was a description
        self._false_starts = 0
        self._queue: deque[Job] = deque()
        self._running: Job | None = None
        self._credits: dict[str, int] = {}
        self._out: list[Instruction] = []

    def handle(self, event: Event) -> list[Instruction]:
        """Take an event in; return what is to be done, in order."""
        self._out = []
        match event:
            case Joined(session, credit):
                self._credits[session] = credit
            case Left(session):
                self._leave(session)
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
        return self._running is None and not self._queue

    def _answer(self, asked: Asked) -> None:
        session, request = asked.session, asked.request
        match asked.message:
            case Submit() as submit:
                self._submit(session, request, submit)
            case Cancel(job):
                self._cancel(session, request, job)
            case Credit(amount):
                self._credits[session] = self._credits.get(session, 0) + amount
                self._tell_all(self.known.values())
            case Describe():
                self._curious.append((session, request))
                if self.description is not None:
                    self._out.append(Send(*self._curious.pop(), self.description))

    def _submit(self, session: str, request: str, submit: Submit) -> None:
        name = job_id(submit)
        job = self.known.get(name)
        attached = job is not None and job.state in {"queued", "running"} and not job.cancelling
        if not attached:
            try:
                check_submit(submit)
                if len(self._queue) >= MOST_JOBS:
                    raise EngineBusy(f"{MOST_JOBS} jobs are waiting; submit again later")
            except FaceplateError as error:
                self._out.append(Send(session, request, failed(error)))
                return
            job = self._enqueue(name, submit)
        assert job is not None
        job.watchers = [w for w in job.watchers if w.session != session]
        job.watchers.append(_Watcher(session, request))
        self._out.append(
            Send(session, request, Accepted(name, len(submit.frames), job.take, attached))
        )
        self._tell_all([job])

    def _enqueue(self, name: str, submit: Submit) -> Job:
        take = f"{submit.output}/{submit.shot.plate.stem}.take"
        self.known.pop(name, None)
        job = self.known[name] = Job(name, submit, take)
        self._queue.append(job)
        ended = [job for job in self.known.values() if job.state not in {"queued", "running"}]
        for old in ended[: max(len(ended) - MOST_ENDED, 0)]:
            del self.known[old.id]
        return job

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
            self._queue.remove(job)
            self._end(job, Cancelled(name, len(job.done)))

    def _hear(self, message: Analysed | Progress | Finished | Failed | Cancelled) -> None:
        job = self._running
        if job is None or message.job != job.id:
            return
        if isinstance(message, Analysed):
            self._mention(job, message)
            return
        if isinstance(message, Progress):
            if message.frame in job.done:  # said before a worker died; its receipt is on disk
                return
            job.done.add(message.frame)
            job.deaths = 0
            total = len(job.submit.frames)
            fields = (message.frame, message.status, message.path, message.code, message.message)
            job.events.append(Progress(job.id, len(job.done), total, *fields))
            self._tell_all([job])
            return
        self._running = None
        self.worker = "idle"
        self._end(job, message)

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
            while self._queue:
                waiting = self._queue.popleft()
                self._end(waiting, failed(lost, waiting.id))
        else:
            self._out.append(SpawnWorker())

    def _retry(self, job: Job, reason: str) -> None:
        job.deaths += 1
        if job.cancelling:
            self._end(job, Cancelled(job.id, len(job.done)))
        elif job.deaths < MOST_DEATHS:
            job.state = "queued"
            self._queue.appendleft(job)
        else:
            error = WorkerDied(
                f"the worker died {MOST_DEATHS} times at the same place ({reason}); "
                f"{len(job.done)} frames are done and kept"
            )
            self._end(job, failed(error, job.id))

    def _end(self, job: Job, message: Finished | Failed | Cancelled) -> None:
        states = {Finished: "finished", Failed: "failed", Cancelled: "cancelled"}
        job.state = states[type(message)]
        job.events.append(message)
        self._tell_all([job])

    def _start_next(self) -> None:
        if self.worker == "idle" and self._queue:
            job = self._running = self._queue.popleft()
            job.state, self.worker = "running", "busy"
            self._out.append(Start(job.id, job.submit))
        elif self.worker == "broken" and self._queue:
            self.worker = "starting"
            self._out.append(SpawnWorker())

    def _tell_all(self, jobs: Iterable[Job]) -> None:
        """Send what watchers have not heard yet, as far as their sessions have room."""
        for job in jobs:
            for watcher in job.watchers:
                while watcher.heard < len(job.events) and self._credits.get(watcher.session, 0):
                    event = job.events[watcher.heard]
                    watcher.heard += 1
                    self._credits[watcher.session] -= 1
                    self._out.append(Send(watcher.session, watcher.request, event))

    def _mention(self, job: Job, message: Analysed) -> None:
        """Tell what is soon out of date: to those who have room now, and not remembered."""
        for watcher in job.watchers:
            if self._credits.get(watcher.session, 0):
                self._credits[watcher.session] -= 1
                self._out.append(Send(watcher.session, watcher.request, message))

    def _leave(self, session: str) -> None:
        self._credits.pop(session, None)
        for job in self.known.values():
            job.watchers = [w for w in job.watchers if w.session != session]
