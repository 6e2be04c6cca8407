"""How an engine and its jobs stand, in words: for `faceplate status` and `faceplate doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.admission import gib

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugin_host.replies import Reported, WorkerText


def lines_of(reported: Reported) -> Iterator[str]:
    """Yield lines of an engine, its workers where there are several, and its jobs."""
    counts = ", ".join(f"{count} {state}" for state, count in reported.counts.items())
    jobs = f"{reported.sessions} sessions, jobs: {counts or 'none'}"
    yield f"engine {reported.engine[:8]}: {workers_words(reported)}, {jobs}"
    if len(reported.workers) > 1:
        yield from map(_worker, reported.workers)
    where = {worker.job: worker.device for worker in reported.workers[1:] and reported.workers}
    for job in reported.jobs:
        state = job.state + "!" * job.urgent
        on = f" on {where[job.job]}" if job.state == "running" and job.job in where else ""
        yield f"{job.job}  {state:10}  {job.done}/{job.total}  {job.restorer}  {job.plate}{on}"
    left = sum(reported.counts.values()) - len(reported.jobs)
    if left > 0:
        yield f"and {left} more"


def workers_words(reported: Reported) -> str:
    """Return in a few words what an engine's workers do."""
    workers = reported.workers
    if len(workers) > 1:
        return f"{len(workers)} workers ({reported.worker})"
    return f"worker {reported.worker}" + "".join(f" on {worker.device}" for worker in workers)


def _worker(worker: WorkerText) -> str:
    memory = f", {gib(worker.memory)} GiB" if worker.memory else ""
    what = f"{worker.kind}{memory}" if worker.kind else ""
    return "  ".join(filter(None, (f"{worker.device:6}", f"{worker.state:8}", what, worker.job)))
