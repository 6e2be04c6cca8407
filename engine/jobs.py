r"""What happens to jobs: events in, instructions out.

Rules of this file:
    - No socket, no clock, no process, no file. Every test is a call of `handle`.
    - Everything that decides a job's fate lives here; the server only carries out instructions.
    - A job's events are remembered until the job is forgotten, so that whoever submits it again
      hears them from the first. Their number is bounded by the job's frames, and for all jobs that
      have ended together by `past`. A session that has not heard what must be forgotten is
      ended: its client says Hello and submits again, and its frames are kept.
    - Where an urgent job waits, one that runs and is not steps aside: it is interrupted, and goes
      on where it was as soon as no urgent one waits. Its watchers hear nothing of that.
    - Whose turn it is: `turns`. Who submits a job that waits in another's turn, as after a broken
      connection, takes it into his own where he has fewer waiting.
    - Who is given it: `posts`. A job runs at one post at a time; one that nobody can take fails.

    queued     running, cancelled, failed (nobody can take it)
    running    finished, failed, cancelled; queued again when its worker dies or declines it, or
               it steps aside
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from engine.audience import Audience
from engine.job import Job
from engine.job_events import (
    Asked,
    Began,
    Declined,
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
from engine.past import Past
from engine.posts import Posts
from engine.turns import Turns
from plugin_host.errors import FaceplateError, UnknownJob, WorkerDied
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

    from engine.job_events import Ready, Said
    from engine.posts import Post

MOST_DEATHS = 3  # of its worker, without a frame delivered in between, before a job is given up


class Jobs:
    """All jobs of an engine.

    Args:
        devices: Of its workers, as the settings name them.
    """

    def __init__(self, devices: Iterable[str] = ("cpu",)) -> None:
        self.known: dict[str, Job] = {}
        self.posts = Posts(devices)
        self.description: Description | None = None
        self._curious: list[tuple[str, str]] = []  # who asked before there was a description
        self._turns = Turns()
        self._past = Past()
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
            case Began():
                self._spawn(self.posts.all)
            case WorkerReady(ready, worker):
                self._meet(self.posts[worker], ready)
            case WorkerSaid(message, worker):
                self._hear(self.posts[worker], message)
            case WorkerEnded(reason, worker):
                self._mourn(self.posts[worker], reason)
        self._start_next()
        return self._out

    @property
    def idle(self) -> bool:
        """Whether nothing is running or waiting."""
        return not self._turns and not any(self.posts.jobs())

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are in each state, less states without one."""
        ended = Counter(job.state for job in self._past.latest(self.known))
        running = len(list(self.posts.jobs()))
        counts = {"running": running, "queued": len(self._turns), **ended}
        return {state: count for state, count in counts.items() if count}

    def foremost(self, most: int) -> list[JobText]:
        """Return how so many jobs stand: what runs, what runs next, then what ended last."""
        told = [*self.posts.jobs(), *islice(self._turns, most)]
        told += islice(self._past.latest(self.known), max(most - len(told), 0))
        return [job.describe() for job in told[:most]]

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
                self._turns.check_room(session, urgent=submit.urgent)
            except FaceplateError as error:
                self._out.append(Send(session, request, failed(error)))
                return
            job = self.known[name] = Job.of(name, submit, session)
        elif job.state == "queued" and not job.events:
            self._turns.pass_on(job, session)
        self._audience.attach(job, session, request)
        take = f"{submit.output}/{submit.shot.plate.stem}.take"
        self._out.append(Send(session, request, Accepted(job.id, job.total, take, attached)))
        self._out.extend(self._audience.tell(job))
        if not attached:
            self._wait(job)

    def _cancel(self, session: str, request: str, name: str) -> None:
        job = self.known.get(name)
        if job is None:
            error = UnknownJob(f"no job is called {name}; `faceplate status` lists them")
            self._out.append(Send(session, request, failed(error, name)))
            return
        self._out.append(Send(session, request, Cancelled(name, len(job.done))))
        post = next((post for post in self.posts.all if post.job is job), None)
        if post is not None:
            job.cancelling = True
            self._out.append(Interrupt(name, post.number))
        elif job.state == "queued":
            self._turns.remove(job)
            self._end(job, Cancelled(name, len(job.done)))

    # the workers

    def _spawn(self, posts: Iterable[Post]) -> None:
        for post in posts:
            post.state = "starting"
            self._out.append(SpawnWorker(post.number, post.device))

    def _meet(self, post: Post, ready: Ready) -> None:
        self._spawn(self.posts.ready(post, ready))
        self.description = ready.description
        self.posts.know(ready.description)
        self._satisfy(ready.description)
        self._sift()

    def _satisfy(self, answer: Description | Failed) -> None:
        self._out.extend(Send(*who, answer) for who in self._curious)
        self._curious.clear()

    def _hear(self, post: Post, message: Said) -> None:
        job = post.job
        if job is None or message.job != job.id:
            return
        if isinstance(message, Analysed):
            self._out.extend(self._audience.mention(job, message))
        elif isinstance(message, Progress):
            self._note(job, message)
        else:
            self.posts.release(post, self.known.get(job.id))
            aside = isinstance(message, Cancelled) and job.yielding
            if isinstance(message, Declined):
                job.declined[post.number] = message.has
                aside, message = True, Cancelled(job.id, len(job.done))
            if aside and not job.cancelling:
                self._go_back(job)
            else:
                self._end(job, message)

    def _note(self, job: Job, progress: Progress) -> None:
        if progress.frame in job.done:  # said before it went back; its receipt is on disk
            return
        job.deaths = 0
        event = replace(progress, done=len(job.done) + 1, total=job.total)
        job.done[progress.frame] = event
        job.events.append(event)
        self._out.extend(self._audience.tell(job))

    def _mourn(self, post: Post, reason: str) -> None:
        job = self.posts.end(post, reason)
        if job is not None:
            self._retry(job, reason)
        if post.state != "broken":
            self._spawn([post])
            return
        self._sift()
        if self.posts.broken:
            self._satisfy(failed(self.posts.lost()))

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
        self._wait(job, first=True)

    def _wait(self, job: Job, *, first: bool = False) -> None:
        """Let a job wait; where nobody can take it, try those again who did not start."""
        if not self.posts.takers(job):
            self._spawn(self.posts.repairable(job))
        if self.posts.takers(job):
            self._turns.add(job, first=first)
            self.posts.feed(job)
        else:
            self._end(job, failed(self.posts.refusal(job), job.id))

    def _sift(self) -> None:
        """End what waits in vain, now that more is known of the workers."""
        for job in [job for job in self._turns if not self.posts.takers(job)]:
            self._turns.remove(job)
            self._end(job, failed(self.posts.refusal(job), job.id))

    def _start_next(self) -> None:
        for post in self.posts.hungry() if self._turns else ():
            job = self._turns.take(partial(self.posts.suits, post))
            post.starved = job is None
            if job is not None:
                self.posts.begin(post, job)
                self._out.append(Start(job.id, job.body, post.number))
        if self._turns.urgent:
            for post, job in self.posts.to_interrupt(self._turns.those_urgent()):
                job.yielding = True
                self._out.append(Interrupt(job.id, post.number))

    # the end

    def _end(self, job: Job, message: Finished | Failed | Cancelled) -> None:
        job.state = type(message).__name__.lower()
        job.events.append(message)
        self._out.extend(self._audience.tell(job))
        for forgotten in self._past.add(job):
            self._forget(forgotten)

    def _forget(self, job: Job) -> None:
        if self.known.get(job.id) is job:
            del self.known[job.id]
        for session in list(job.watchers):
            self._audience.leave(session)
            self._out.append(Dismiss(session))
