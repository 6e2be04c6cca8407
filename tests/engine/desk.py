"""A desk at which sessions ask and workers answer, for tests of what happens to jobs."""

from __future__ import annotations

from collections import defaultdict

from engine.job_events import Asked, Joined, Ready, Send, Start, WorkerReady, WorkerSaid
from engine.jobs import Jobs
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.replies import Accepted, Description, Finished, Progress
from plugin_host.requests import Settings, Shot, Submit

READY = Ready(Description(()))
MANY = 10**6


def submit(number=1, frames="1-5", restorer="passthrough", **fields):
    plate = Plate.parse(f"/plates/{number}.%04d.exr", "raw")
    whole = FrameRange.parse("1-5")
    fields = {"output": "/out"} | fields
    return Submit(Shot(plate, whole), FrameRange.parse(frames), Settings(restorer), **fields)


def finished(job, count=5):
    return Finished(job, "/out/1.take", count, 0, {})


class Desk:
    """All jobs, and what was sent to whom."""

    def __init__(self, *, ready=True, credit=MANY, devices=("cpu",)):
        self.jobs = Jobs(devices)
        self.sent = defaultdict(list)
        self.hears = {}  # the job that a session and a request of it hear of
        self.started = []
        self.places = []  # the workers where they were started
        self.other = []
        self.asked = 0
        self.do(Joined("ann", credit))
        self.do(Joined("bob", credit))
        for worker in range(len(devices)) if ready else ():
            self.do(WorkerReady(READY, worker))

    @property
    def running(self):
        """What the only worker is busy with."""
        (post,) = self.jobs.posts.all
        return post.job

    def do(self, event):
        out = self.jobs.handle(event)
        for instruction in out:
            match instruction:
                case Send(session, request, message):
                    self.sent[session].append((request, message))
                case Start(job, _, worker):
                    self.started.append(job)
                    self.places.append(worker)
                case _:
                    self.other.append(instruction)
        return out

    def ask(self, message, session="ann"):
        self.asked += 1
        request = f"{self.asked:032x}"
        self.do(Asked(session, request, message))
        return [said for heard, said in self.sent[session] if heard == request]

    def submit(self, message, session="ann"):
        (first, *rest) = self.ask(message, session)
        assert isinstance(first, Accepted), first
        job = self.jobs.known[first.job]
        self.hears = {w: j for w, j in self.hears.items() if (w[0], j) != (session, job)}
        self.hears[session, f"{self.asked:032x}"] = job
        return first, rest

    def say(self, job, *frames, status="restored"):
        for frame in frames:
            path = f"/out/{frame}.exr"
            self.do(WorkerSaid(Progress(job, 0, 0, frame, status, path)))

    def heard(self, session="ann"):
        return [message for _, message in self.sent[session]]

    def frames(self, session="ann"):
        return [said.frame for said in self.heard(session) if isinstance(said, Progress)]
