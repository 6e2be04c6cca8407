"""Replies that hand over frames, files and memory. PROTOCOL.md explains each."""

from __future__ import annotations

from dataclasses import dataclass

from plugin_host.requests import FRAME, JOB, NAME, PATH, SAMPLES, SHA256, SHELF, SLOT
from plugin_host.schema import Choice, Flag, Maybe, Several, Text, Told, Whole, wire

WINDOW = Several(Whole(-(2**31), 2**31 - 1), 4)
LOOK_STATUS = ("restored", "no face", "source")


@dataclass(frozen=True)
class PixelsText:
    """How a frame's pixels lie in a slot.

    The sample of channel c at (x, y) begins `y - top` times `row_bytes`, `x - left` times
    `pixel_bytes` and c times `channel_bytes` behind the beginning of the slot.

    Attributes:
        slot: Where they lie; None where they were not written, since no slot was named or `size`
            is more than it holds.
        size: Bytes in all.
        channels: Their names, in order.
        samples: What each sample is, of `SAMPLES`.
        data_window: Where they lie in the picture: left, top, right, bottom, all included.
        display_window: What is looked at, ditto.
        row_bytes: From one row to the next, downward; `pixel_bytes` and `channel_bytes` likewise.
    """

    slot: int | None = wire(Maybe(SLOT))
    size: int = wire(Whole())
    channels: tuple[str, ...] = wire(Several(NAME, 64))
    samples: str = wire(Choice(*SAMPLES))
    data_window: tuple[int, ...] = wire(WINDOW)
    display_window: tuple[int, ...] = wire(WINDOW)
    row_bytes: int = wire(Whole())
    pixel_bytes: int = wire(Whole())
    channel_bytes: int = wire(Whole())


@dataclass(frozen=True)
class Fetched:
    """One frame: its EXR bytes are the message's only buffer, or its pixels lie in a slot.

    Attributes:
        job: Of which job.
        frame: Which.
        sha256: Of the EXR bytes; None for pixels.
        pixels: How the pixels lie; None for EXR bytes.
    """

    job: str = wire(JOB)
    frame: int = wire(FRAME)
    sha256: str | None = wire(Maybe(SHA256), None)
    pixels: PixelsText | None = wire(Maybe(Told(PixelsText)), None)


@dataclass(frozen=True)
class Looked:
    """One frame of a take: its EXR bytes or its pixels are the only buffer, or lie in a slot.

    Attributes:
        take: Of which take.
        frame: Which.
        status: What became of it, of `LOOK_STATUS`.
        sha256: Of the EXR file, whatever was sent: another one is another picture.
        pixels: How the pixels lie; None for EXR bytes.
    """

    take: str = wire(PATH)
    frame: int = wire(FRAME)
    status: str = wire(Choice(*LOOK_STATUS))
    sha256: str = wire(SHA256)
    pixels: PixelsText | None = wire(Maybe(Told(PixelsText)), None)


@dataclass(frozen=True)
class Deposited:
    """A file's place on the engine's side, and whether it lies there whole."""

    path: str = wire(PATH)
    there: bool = wire(Flag())


@dataclass(frozen=True)
class Discarded:
    """Nothing lies on the shelf any more."""

    shelf: str = wire(SHELF)


@dataclass(frozen=True)
class Attached:
    """The session has a ring.

    Attributes:
        path: Where it is to be opened.
        slot_bytes: From one slot to the next.
        slots: How many there are.
        proof: The bytes with which it begins, so that nobody takes another file for it.
    """

    path: str = wire(PATH)
    slot_bytes: int = wire(Whole(1))
    slots: int = wire(Whole(1))
    proof: str = wire(Text(64, shape="[0-9a-f]{32}"))


@dataclass(frozen=True)
class Echoed:
    """The buffers are the request's; so is the content of the slot that it named."""
