"""Replies, the past half of the vocabulary. PROTOCOL.md explains each.

Rules of this file:
    - Records inside a reply are `Told`: a newer engine may say more than this side understands.
    - What is said of frames, files and memory stands in `frame_replies`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plugin_host.frame_replies import Attached, Deposited, Discarded, Echoed, Fetched, Looked
from plugin_host.requests import FRAME, JOB, NAME, PATH, TASKS
from plugin_host.schema import Choice, Flag, Maybe, Named, Several, Text, Told, Whole, wire

MESSAGE = Text(65536)
STATES = ("queued", "running", "finished", "failed", "cancelled")
FRAME_STATUS = ("restored", "no face", "source", "kept", "failed")


@dataclass(frozen=True)
class ParameterText:
    """One knob of a restorer, for a host's panel."""

    name: str = wire(NAME)
    default: int = wire(Whole(-(10**9), 10**9))
    minimum: int = wire(Whole(-(10**9), 10**9))
    maximum: int = wire(Whole(-(10**9), 10**9))
    unit: str = wire(NAME)
    description: str = wire(Text())


@dataclass(frozen=True)
class RestorerText:
    """What a restorer declares, as far as a host needs it."""

    name: str = wire(NAME)
    title: str = wire(NAME)
    tasks: tuple[str, ...] = wire(Several(Choice(*TASKS), 3))
    link: str = wire(Choice("independent", "warmed", "anchored", "chained"))
    window: int = wire(Whole(1))
    overlap: int = wire(Whole())
    guides: tuple[str, ...] = wire(Several(NAME))
    content_agnostic: bool = wire(Flag())
    parameters: tuple[ParameterText, ...] = wire(Several(Told(ParameterText)))
    licence: str = wire(NAME)
    source: str = wire(Text())
    vram: int = wire(Whole(), 0)
    vram_least: int = wire(Whole(), 0)


@dataclass(frozen=True)
class Welcome:
    """The session is open.

    Attributes:
        engine: An id that changes when the engine starts anew.
        session: What later requests carry.
        release: The engine's own version, for people.
        ready: Whether the worker has loaded.
        restorers: Names of what there is.
        most_frames: Most frames in one request.
        most_bytes: Most bytes in one part.
    """

    engine: str = wire(NAME)
    session: str = wire(NAME)
    release: str = wire(NAME)
    ready: bool = wire(Flag())
    restorers: tuple[str, ...] = wire(Several(NAME))
    most_frames: int = wire(Whole())
    most_bytes: int = wire(Whole())


@dataclass(frozen=True)
class Description:
    """The restorers and their parameters."""

    restorers: tuple[RestorerText, ...] = wire(Several(Told(RestorerText)))


@dataclass(frozen=True)
class Accepted:
    """The job is queued, or was there already (`attached`)."""

    job: str = wire(JOB)
    total: int = wire(Whole())
    take: str = wire(PATH)
    attached: bool = wire(Flag(), default=False)


@dataclass(frozen=True)
class Analysed:
    """So many of the shot's frames were looked through, before any can be restored."""

    job: str = wire(JOB)
    done: int = wire(Whole())
    total: int = wire(Whole())


@dataclass(frozen=True)
class Progress:
    """One more frame is done: delivered at `path`, or failed with `code` and `message`."""

    job: str = wire(JOB)
    done: int = wire(Whole())
    total: int = wire(Whole())
    frame: int = wire(FRAME)
    status: str = wire(Choice(*FRAME_STATUS))
    path: str | None = wire(Maybe(PATH), None)
    code: str | None = wire(Maybe(NAME), None)
    message: str | None = wire(Maybe(Text()), None)


@dataclass(frozen=True)
class FrameErrorText:
    """One frame that was not delivered as asked."""

    frame: int = wire(FRAME)
    code: str = wire(NAME)
    message: str = wire(Text())
    path: str | None = wire(Maybe(PATH), None)


@dataclass(frozen=True)
class Finished:
    """Every receipt is on disk.

    Attributes:
        job: Which.
        take: Folder of the take.
        delivered: Number of frames that lie in the output now.
        faceless: How many of them are the plate's own, for want of a face.
        milliseconds: Wall time of the job, and of each stage (stages overlap).
        errors: Frames that were not delivered as asked.
        notes: What a person should know, such as a change of compression.
    """

    job: str = wire(JOB)
    take: str = wire(PATH)
    delivered: int = wire(Whole())
    faceless: int = wire(Whole())
    milliseconds: dict[str, int] = wire(Named(Whole()))
    errors: tuple[FrameErrorText, ...] = wire(Several(Told(FrameErrorText), 1000000), ())
    notes: tuple[str, ...] = wire(Several(Text()), ())


@dataclass(frozen=True)
class Failed:
    """The request, or the job, came to nothing more."""

    code: str = wire(NAME)
    message: str = wire(MESSAGE)
    job: str | None = wire(Maybe(JOB), None)
    frame: int | None = wire(Maybe(FRAME), None)
    path: str | None = wire(Maybe(PATH), None)


@dataclass(frozen=True)
class Cancelled:
    """The job has stopped; `delivered` frames are kept."""

    job: str = wire(JOB)
    delivered: int = wire(Whole())


@dataclass(frozen=True)
class JobText:
    """How one job stands."""

    job: str = wire(JOB)
    state: str = wire(Choice(*STATES))
    done: int = wire(Whole())
    total: int = wire(Whole())
    frames: str = wire(Text(65536))
    plate: str = wire(PATH)
    output: str = wire(PATH)
    restorer: str = wire(NAME)
    urgent: bool = wire(Flag(), default=False)


@dataclass(frozen=True)
class WorkerText:
    """One worker and its device.

    Attributes:
        device: ``cpu`` or ``cuda:N``, as the engine counts; ``auto`` before that is known.
        kind: What the device is, as its maker calls it; empty before that is known.
        memory: All memory of the device, in bytes; 0 for a CPU, and before that is known.
        state: ``starting``, ``idle``, ``busy``, or ``broken``: it does not start.
        job: What it is busy with.
    """

    device: str = wire(NAME)
    kind: str = wire(NAME)
    memory: int = wire(Whole())
    state: str = wire(NAME)
    job: str | None = wire(Maybe(JOB), None)


@dataclass(frozen=True)
class Reported:
    """How things stand.

    Attributes:
        engine: The engine's id.
        ready: Whether a worker has loaded.
        worker: What the workers do: the states that there are.
        sessions: How many clients there are.
        jobs: What runs, then what runs next, in that order, then what ended last.
        counts: How many jobs there are, by state, also those that `jobs` has no room for.
        workers: One for each device.
    """

    engine: str = wire(NAME)
    ready: bool = wire(Flag())
    worker: str = wire(Text())
    sessions: int = wire(Whole())
    jobs: tuple[JobText, ...] = wire(Several(Told(JobText), 100000))
    counts: dict[str, int] = wire(Named(Whole()), {})
    workers: tuple[WorkerText, ...] = wire(Several(Told(WorkerText)), ())


@dataclass(frozen=True)
class Stopped:
    """The engine ends now."""


_WORK = Welcome, Description, Accepted, Analysed, Progress, Finished, Failed, Cancelled
_FILES = Fetched, Looked, Deposited, Discarded, Attached, Echoed
_ALL = *_WORK, *_FILES, Reported, Stopped
REPLIES: dict[str, type[Any]] = {cls.__name__: cls for cls in _ALL}
