"""Where workers work: one post a device, what the worker there does, and what it may be given.

Rules of this file:
    - A worker that dies is replaced at its post. One that does not start leaves the post broken,
      until a job comes that nobody else can take.
    - A job goes to a device where all that its restorer declares fits, if there is one; else to one
      where its smallest step fits.
    - A job that was begun goes on, on a device of the same kind, if there is one: others may give
      other bits.
    - Of idle workers, the one with the smallest device is served first: it may not suit the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.admission import least, refusal, total_words
from plugin_host.errors import FaceplateError, WorkerDied
from plugin_host.replies import WorkerText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.admission import Needs
    from engine.job import Job
    from engine.job_events import Ready
    from plugin_host.replies import Description

STATES = ("busy", "idle", "starting", "broken")
MOST_FALSE_STARTS = 3  # of a worker in a row, before it is given up


@dataclass(slots=True, eq=False)
class Post:
    """The place of one worker.

    Attributes:
        number: Of the worker.
        device: What it is told to compute on; what it has found, once it was ready.
        kind: What the device is; empty before it was ready.
        memory: Of the device, in bytes; 0 for no limit, and before it was ready.
        state: One of `STATES`.
        job: What it is busy with.
        begun: Which of all jobs begun that was.
        false_starts: How often in a row it did not start.
        lost: Why it is broken.
        starved: Whether nothing that waits suits it.
    """

    number: int
    device: str
    kind: str = ""
    memory: int = 0
    state: str = "starting"
    job: Job | None = None
    begun: int = 0
    false_starts: int = 0
    lost: str = ""
    starved: bool = False

    @property
    def leaving(self) -> bool:
        """Whether its job was told to stop, for good or for an urgent one."""
        return self.job is not None and (self.job.cancelling or self.job.yielding)

    @property
    def patient(self) -> bool:
        """Whether its job would step aside for an urgent one."""
        return self.job is not None and not (self.job.urgent or self.leaving)

    def holds(self, size: int) -> bool:
        """Whether so many bytes are no more than its device has, as far as is known."""
        return not self.memory or size <= self.memory

    def has(self, job: Job) -> str:
        """Return why it does not take a job, for people."""
        if self.state == "broken":
            return f"the worker on {self.device} does not start ({self.lost})"
        return job.declined.get(self.number) or total_words(self.device, self.memory)


class Posts:
    """All posts of an engine.

    Args:
        devices: Of each the device, as the settings name it.
    """

    def __init__(self, devices: Iterable[str]) -> None:
        self.all = [Post(number, device) for number, device in enumerate(devices)]
        self._needs: dict[str, Needs] = {}
        self._begun = 0

    def __getitem__(self, number: int) -> Post:
        return self.all[number]

    @property
    def state(self) -> str:
        """The states that there are, each once."""
        states = {post.state for post in self.all}
        return ", ".join(state for state in STATES if state in states)

    @property
    def broken(self) -> bool:
        """Whether no worker starts."""
        return all(post.state == "broken" for post in self.all)

    def jobs(self) -> Iterator[Job]:
        """Yield what runs."""
        return (post.job for post in self.all if post.job is not None)

    def describe(self) -> tuple[WorkerText, ...]:
        """Return what `Reported` says of them."""
        return tuple(
            WorkerText(
                post.device,
                post.kind,
                post.memory,
                post.state,
                post.job.id if post.job else None,
            )
            for post in self.all
        )

    # what happens to them

    def ready(self, post: Post, ready: Ready) -> list[Post]:
        """Take in what a worker found; return the posts that there are besides, which are new."""
        post.state, post.false_starts = "idle", 0
        post.device, post.kind, post.memory = ready.device, ready.kind, ready.memory
        first = len(self.all)
        self.all += [Post(first + index, device) for index, device in enumerate(ready.others)]
        self.feed()
        return self.all[first:]

    def know(self, description: Description) -> None:
        """Take in what restorers declare."""
        self._needs = {told.name: told for told in description.restorers}

    def begin(self, post: Post, job: Job) -> None:
        """Give a worker a job."""
        self._begun += 1
        post.state, post.job, post.begun = "busy", job, self._begun
        job.state, job.kind = "running", post.kind

    def release(self, post: Post, successor: Job | None) -> None:
        """Let a worker be idle; `successor` is what is known by the name of its job."""
        job, post.job = post.job, None
        post.state = "idle"
        if successor is not None and successor is not job:  # it had to wait for the end of this
            self.feed(successor)

    def end(self, post: Post, reason: str) -> Job | None:
        """Take in that a worker has ended, and how; return what it was busy with."""
        job, post.job = post.job, None
        post.false_starts += post.state == "starting"
        post.state = "starting"
        if post.false_starts >= MOST_FALSE_STARTS:
            post.state, post.false_starts, post.lost = "broken", 0, reason
        self.feed()
        return job

    def feed(self, job: Job | None = None) -> None:
        """Something waits, or may be taken, that was not; `job`, where it is one alone."""
        for post in self.all:
            post.starved = post.starved and job is not None and not self.suits(post, job)

    # who may take what

    def hungry(self) -> list[Post]:
        """Return the idle ones for whom there may be something, in the order they are served."""
        idle = [post for post in self.all if post.state == "idle" and not post.starved]
        return sorted(idle, key=lambda post: post.memory)

    def suits(self, post: Post, job: Job) -> bool:
        """Whether a worker may be given a job, now or when it is idle."""
        return post in self.takers(job) and all(job.id != other.id for other in self.jobs())

    def takers(self, job: Job) -> list[Post]:
        """Return those that may be given a job."""
        living = [p for p in self.all if p.state != "broken" and p.number not in job.declined]
        needs = self._needs.get(job.restorer)
        if needs is not None and needs.vram:
            roomy = [post for post in living if post.holds(needs.vram)]
            living = roomy or [post for post in living if post.holds(least(needs))]
        return [post for post in living if job.kind and post.kind == job.kind] or living

    def repairable(self, job: Job) -> list[Post]:
        """Return the broken ones that may be given a job if only they start."""
        needs = self._needs.get(job.restorer)
        size = least(needs) if needs is not None else 0
        return [post for post in self.all if post.state == "broken" and post.holds(size)]

    def refusal(self, job: Job) -> FaceplateError:
        """Return the error of a job that nobody may be given."""
        needs = self._needs.get(job.restorer)
        if needs is None or self.broken:
            return self.lost()
        return refusal(needs, [post.has(job) for post in self.all])

    def lost(self) -> WorkerDied:
        """Return the error of an engine none of whose workers starts."""
        reasons = ", ".join(dict.fromkeys(post.lost for post in self.all))
        return WorkerDied(f"the worker does not start ({reasons}); see the engine's log")

    def to_interrupt(self, urgent: Iterable[Job]) -> Iterator[tuple[Post, Job]]:
        """Yield the jobs that must step aside, and where, so that each urgent one has a place.

        Args:
            urgent: The urgent jobs that wait, in the order in which they will run.
        """
        patient = sorted((p for p in self.all if p.patient), key=lambda p: p.begun)
        soon = [post for post in self.all if post.leaving or post.state == "starting"]
        for job in urgent if patient else ():
            takers = self.takers(job)
            free = next((post for post in soon if post in takers), None)
            if free is not None:
                soon.remove(free)
                continue
            last = next((post for post in reversed(patient) if post in takers), None)
            if last is not None and last.job is not None:
                patient.remove(last)
                yield last, last.job
            if not patient:
                return
