"""Requests, the imperative half of the vocabulary. PROTOCOL.md explains each.

Hello -> Welcome            open a session
Describe -> Description     restorers and their parameters
Submit -> Accepted          then Analysed..., Progress..., and one of Finished, Failed, Cancelled
Cancel -> Cancelled         keep what is done
Fetch -> Fetched            one restored frame, as EXR bytes or as pixels in a slot
Look -> Looked              the same of a take on disk, whoever made it
Deposit -> Deposited        a file left with an engine that does not see the client's storage
Discard -> Discarded        such files taken away
Attach -> Attached          a ring of slots in memory that client and engine share
Echo -> Echoed              the same bytes back, to see how fast the way is
Status -> Reported          jobs and readiness
Credit                      room for more events; no reply
Stop -> Stopped             end the engine
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plugin_host import picks
from plugin_host.errors import PlateError
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate, is_absolute
from plugin_host.schema import (
    MOST_NAME,
    Choice,
    Codec,
    Flag,
    Frames,
    Maybe,
    Named,
    Nested,
    Record,
    Several,
    Text,
    Whole,
    wire,
)

TASKS = ("bfr", "colour", "inpaint")
LAYERS = ("beauty", "matte", "confidence", "source", "patch")
ON_ERROR = ("stop", "skip", "source")
REDO = ("missing", "differing", "all")
UNTIL = ("analysis", "anchor", "end")
SAMPLES = ("half", "float")
MOST_HANDLES = 10000
MOST_SLOTS = 16
MOST_SLOT_BYTES = 512 * 1024 * 1024
MOST_RING_BYTES = 1024 * 1024 * 1024  # seven slots of 4K RGBA float

PATH = Text(4096)
NAME = Text(MOST_NAME)
JOB = Text(64, shape="[0-9a-f]{16}")
FRAME = Whole(-999999999, 999999999)
SLOT = Whole(0, MOST_SLOTS - 1)
SHELF = Text(32, shape="[0-9a-f]{32}")
FILE = Text(200, shape=r"[^./\\:][^/\\:]*")
SHA256 = Text(64, shape="[0-9a-f]{64}")
FACE = Text(64, shape=picks.SHAPE)


def _plate_to_json(plate: Plate) -> dict[str, Any]:
    path = plate.pattern if plate.single is None else plate.path(plate.single)
    return {"path": path, "colourspace": plate.colourspace}


def _plate_from_json(data: Any, where: str) -> Plate:
    record = Record(_PlateText).from_json(data, where)
    if not is_absolute(record.path):
        raise PlateError(f"{where}.path must be absolute: the engine has another working folder")
    return Plate.parse(record.path, record.colourspace)


@dataclass(frozen=True)
class _PlateText:
    path: str = wire(PATH)
    colourspace: str | None = wire(Maybe(NAME), None)


_PLATE: Codec[Plate] = Nested(_plate_to_json, _plate_from_json)


@dataclass(frozen=True)
class Shot:
    """A plate and the piece of time that is restored as one.

    Attributes:
        plate: The source.
        frames: In to out; what may be delivered.
        handles: Frames before and after it that feed the reference and are not delivered.
    """

    plate: Plate = wire(_PLATE)
    frames: FrameRange = wire(Frames())
    handles: int = wire(Whole(0, MOST_HANDLES), 0)

    @property
    def all_frames(self) -> FrameRange:
        """The shot's frames with its handles."""
        if not self.handles:
            return self.frames
        wide = self.frames.widened(self.handles)
        inside = range(self.frames.first, self.frames.last + 1)
        return FrameRange(f for f in wide if f in self.frames or f not in inside)


@dataclass(frozen=True)
class Settings:
    """What is to be done with a shot; two requests with equal settings share a take.

    Attributes:
        restorer: Name in the engine's table.
        tasks: Any combination of `TASKS`.
        seed: Start of all random numbers.
        layers: What is delivered, of `LAYERS`; beauty is always there, and with ``patch`` only as
            much of it as holds the faces.
        whole_frame: Restore everything, not only faces.
        faces: Tracks that are restored, ``2`` or, with a name for the person, ``2=Anna``; or
            ``-2`` for all but that one; none for all.
        detector: Path of a YuNet ONNX file that finds the faces; None for what ships.
        mask: Path pattern of the inpainting mask.
        references: ``frame:1042`` or picture paths, exemplars of everybody; of one person where
            the name that `faces` gives stands before it, ``Anna=frame:1042``.
        parameters: The restorer's own knobs.
        warm_up: Frames of an approximate start in place of the chain; 0 for the exact chain.
    """

    restorer: str = wire(NAME)
    tasks: tuple[str, ...] = wire(Several(Choice(*TASKS), 3), ("bfr",))
    seed: int = wire(Whole(), 0)
    layers: tuple[str, ...] = wire(Several(Choice(*LAYERS), len(LAYERS)), ("beauty",))
    whole_frame: bool = wire(Flag(), default=False)
    faces: tuple[str, ...] = wire(Several(FACE, 1000), ())
    detector: str | None = wire(Maybe(PATH), None)
    mask: str | None = wire(Maybe(PATH), None)
    references: tuple[str, ...] = wire(Several(PATH, 64), ())
    parameters: dict[str, int] = wire(Named(Whole(-(10**9), 10**9)), {})
    warm_up: int = wire(Whole(0, MOST_HANDLES), 0)


@dataclass(frozen=True)
class Hello:
    """Open a session; `credits` is how many events the client has room for."""

    client: str = wire(NAME)
    credits: int = wire(Whole(1, 4096), 64)


@dataclass(frozen=True)
class Describe:
    """Ask for the restorers and their parameters."""


@dataclass(frozen=True)
class Submit:
    """Ask for frames of a shot. The same request sent twice is the same job.

    Attributes:
        shot: The piece of time that is restored as one.
        frames: Those of it that are wanted now.
        settings: How.
        output: Folder of the delivered frames and of the take.
        on_error: What becomes of a frame that cannot be restored.
        urgent: Whether somebody sits and waits, as for a preview: such a job goes first.
        redo: Which are made: those that are missing; those that differ from receipts too; all.
        until: What must lie in the take then: the analysis, the anchors too, or all frames.
    """

    shot: Shot = wire(Record(Shot))
    frames: FrameRange = wire(Frames())
    settings: Settings = wire(Record(Settings))
    output: str = wire(PATH)
    on_error: str = wire(Choice(*ON_ERROR), "skip")
    urgent: bool = wire(Flag(), default=False)
    redo: str = wire(Choice(*REDO), "missing")
    until: str = wire(Choice(*UNTIL), "end")


@dataclass(frozen=True)
class Cancel:
    """Stop a job and keep its finished frames."""

    job: str = wire(JOB)


@dataclass(frozen=True)
class Into:
    """Where a frame's pixels go, and how they lie there.

    Attributes:
        slot: A slot of the session's ring, the engine's until it answers; None to be told only how
            the pixels would lie.
        channels: Which, in this order; a missing ``A`` is 1 everywhere.
        samples: What each is, of `SAMPLES`, in the machine's byte order.
        interleaved: Whether a pixel's channels lie side by side; else each channel lies whole.
    """

    slot: int | None = wire(Maybe(SLOT), None)
    channels: tuple[str, ...] = wire(Several(NAME, 64), ("R", "G", "B", "A"))
    samples: str = wire(Choice(*SAMPLES), "half")
    interleaved: bool = wire(Flag(), default=False)


@dataclass(frozen=True)
class Fetch:
    """Ask for one delivered frame of a job: as EXR bytes, or as pixels `into` a slot."""

    job: str = wire(JOB)
    frame: int = wire(FRAME)
    into: Into | None = wire(Maybe(Record(Into)), None)


@dataclass(frozen=True)
class Look:
    """Ask for one frame of a take on disk: as EXR bytes, or as pixels `into` a slot.

    Attributes:
        take: The take's folder, as the engine's machine calls it.
        frame: Which.
        into: How its pixels are to lie; None for EXR bytes.
        along: Whether pixels without a slot are sent along, and not only told of.
    """

    take: str = wire(PATH)
    frame: int = wire(FRAME)
    into: Into | None = wire(Maybe(Record(Into)), None)
    along: bool = wire(Flag(), default=False)


@dataclass(frozen=True)
class Deposit:
    """Leave a file with the engine: the message's only buffer. Without one: is it there already?

    Attributes:
        shelf: With which others it lies; 32 hexadecimal digits that the client chooses.
        name: What it is called there: no path.
        sha256: Of the file.
    """

    shelf: str = wire(SHELF)
    name: str = wire(FILE)
    sha256: str = wire(SHA256)


@dataclass(frozen=True)
class Discard:
    """Take all files off a shelf, and whatever was delivered there."""

    shelf: str = wire(SHELF)


@dataclass(frozen=True)
class Attach:
    """Ask for a ring of this many slots, in place of the session's former one."""

    slot_bytes: int = wire(Whole(1, MOST_SLOT_BYTES))
    slots: int = wire(Whole(1, MOST_SLOTS), 3)


@dataclass(frozen=True)
class Echo:
    """Ask for this message's buffers to come back.

    Attributes:
        source: A slot whose first `size` bytes are to come back too; None for none.
        target: The slot that they are to be written to.
        size: How many.
    """

    source: int | None = wire(Maybe(SLOT), None)
    target: int | None = wire(Maybe(SLOT), None)
    size: int = wire(Whole(0, MOST_SLOT_BYTES), 0)


@dataclass(frozen=True)
class Status:
    """Ask how things stand; `most` is how many jobs are to be told of."""

    most: int = wire(Whole(0, 1000), 100)


@dataclass(frozen=True)
class Credit:
    """Give the engine room for more events; it does not answer."""

    amount: int = wire(Whole(1, 4096))


@dataclass(frozen=True)
class Stop:
    """End the engine; running jobs are cancelled and keep their finished frames."""


_WORK = Hello, Describe, Submit, Cancel
_FILES = Fetch, Look, Deposit, Discard, Attach, Echo
_ALL = *_WORK, *_FILES, Status, Credit, Stop
REQUESTS: dict[str, type[Any]] = {cls.__name__: cls for cls in _ALL}
