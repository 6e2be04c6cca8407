"""The jobs of this Nuke that run: which node each is for, how far it is, whether it shall stop.

Rules of this file:
    - No Nuke in here; any thread may look and write.
"""

from __future__ import annotations

import threading

from plugin_host.errors import EngineBusy

_lock = threading.Lock()
_jobs: dict[tuple[str, bool], Job] = {}


class Job:
    """One restoration under way.

    Args:
        node: Full name of the group.
        urgent: Whether it is a preview, which may run beside the node's other job.

    Attributes:
        node: Ditto.
        urgent: Ditto.
        text: How it stands, for the node's label.
    """

    def __init__(self, node: str, *, urgent: bool = False) -> None:
        self.node, self.urgent = node, urgent
        self.text = "waits for its turn"
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ask it to stop."""
        self._cancelled.set()

    def cancelled(self) -> bool:
        """Whether it shall stop."""
        return self._cancelled.is_set()

    def __enter__(self) -> Job:  # noqa: PYI034 - Self needs a newer Python than hosts have
        return self

    def __exit__(self, *_: object) -> None:
        with _lock:
            if _jobs.get((self.node, self.urgent)) is self:
                del _jobs[self.node, self.urgent]


def begin_job(node: str, *, urgent: bool = False) -> Job:
    """Return a job for a node; it ends with its ``with``.

    Raises:
        EngineBusy: The node has one of that urgency.
    """
    with _lock:
        if (node, urgent) in _jobs:
            raise EngineBusy("it is being restored already; cancel that first, or wait")
        _jobs[node, urgent] = job = Job(node, urgent=urgent)
        return job


def running_jobs() -> list[Job]:
    """Return the jobs that run or wait, the first one first."""
    with _lock:
        return list(_jobs.values())


def text_of_job(node: str) -> str:
    """Return how a node's jobs stand; empty where it has none."""
    return ", ".join(job.text for job in running_jobs() if job.node == node)
