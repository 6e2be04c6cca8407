"""What `jobs` is told and what it answers: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plugin_host.replies import Analysed, Cancelled, Description, Failed, Finished, Progress
    from plugin_host.requests import Cancel, Credit, Describe, Submit

# events


@dataclass(frozen=True, slots=True)
class Asked:
    """A session sent a request."""

    session: str
    request: str
    message: Submit | Cancel | Credit | Describe


@dataclass(frozen=True, slots=True)
class Joined:
    """A session was opened, with room for so many events."""

    session: str
    credits: int


@dataclass(frozen=True, slots=True)
class Left:
    """A session can no longer be reached."""

    session: str


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """The worker has loaded, knows its restorers, and waits."""

    description: Description


@dataclass(frozen=True, slots=True)
class WorkerSaid:
    """The worker reports on its job."""

    message: Analysed | Progress | Finished | Failed | Cancelled


@dataclass(frozen=True, slots=True)
class WorkerEnded:
    """The worker process is gone; `reason` says how."""

    reason: str


Event = Asked | Joined | Left | WorkerReady | WorkerSaid | WorkerEnded


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to a session, as an answer to one of its requests."""

    session: str
    request: str
    message: Any


@dataclass(frozen=True, slots=True)
class Start:
    """Hand a job to the worker, its request as it travels."""

    job: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Tell the worker to stop its job at the next window, for good or for an urgent one."""

    job: str


@dataclass(frozen=True, slots=True)
class SpawnWorker:
    """Start a fresh worker process."""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """End a session: what it has not heard is forgotten, and it must learn that it has to ask."""

    session: str


Instruction = Send | Start | Interrupt | SpawnWorker | Dismiss
