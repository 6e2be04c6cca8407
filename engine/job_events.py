"""What `jobs` is told and what it answers: plain values.

A worker is known by its number: 0, 1, ... in the order of the devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plugin_host.replies import Analysed, Cancelled, Description, Failed, Finished, Progress
from plugin_host.requests import JOB, NAME
from plugin_host.schema import Several, Text, Told, Whole, wire

if TYPE_CHECKING:
    from plugin_host.requests import Cancel, Credit, Describe, Submit

# what a worker says besides replies


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has loaded.

    Attributes:
        description: The restorers; the same from every worker.
        device: ``cpu`` or ``cuda:N``, as the engine counts.
        kind: What its maker calls the device.
        memory: All memory of the device, in bytes; 0 for a CPU.
        others: The devices that are there besides, where ``auto`` asked for all.
    """

    description: Description = wire(Told(Description))  # noqa: RUF009 - see `schema`
    device: str = wire(NAME, "cpu")
    kind: str = wire(NAME, "CPU")
    memory: int = wire(Whole(), 0)
    others: tuple[str, ...] = wire(Several(NAME), ())


@dataclass(frozen=True, slots=True)
class Declined:
    """A job was not begun: its device has not the memory now; `has` says what it has."""

    job: str = wire(JOB)
    has: str = wire(Text())


# events


@dataclass(frozen=True, slots=True)
class Began:
    """The engine is there."""


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
    """A worker has loaded, knows its restorers, and waits."""

    ready: Ready
    worker: int = 0


@dataclass(frozen=True, slots=True)
class WorkerSaid:
    """A worker reports on its job."""

    message: Said
    worker: int = 0


@dataclass(frozen=True, slots=True)
class WorkerEnded:
    """A worker process is gone; `reason` says how."""

    reason: str
    worker: int = 0


Said = Analysed | Progress | Finished | Failed | Cancelled | Declined
Event = Asked | Began | Joined | Left | WorkerReady | WorkerSaid | WorkerEnded


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to a session, as an answer to one of its requests."""

    session: str
    request: str
    message: Any


@dataclass(frozen=True, slots=True)
class Start:
    """Hand a job to a worker, its request as it travels."""

    job: str
    body: dict[str, Any]
    worker: int = 0


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Tell a worker to stop its job at the next window, for good or for an urgent one."""

    job: str
    worker: int = 0


@dataclass(frozen=True, slots=True)
class SpawnWorker:
    """Start a fresh worker process on a device, in place of one that has ended."""

    worker: int = 0
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Dismiss:
    """End a session: what it has not heard is forgotten, and it must learn that it has to ask."""

    session: str


Instruction = Send | Start | Interrupt | SpawnWorker | Dismiss
