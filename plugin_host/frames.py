"""Frames between client and engine: as files both ways, or as pixels read where they lie.

Rules of this file:
    - A ring belongs to a session: where the engine granted another, another ring is asked for.
    - Pixels are never copied here; who wants to keep them does.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Sequence

from plugin_host.errors import (
    FrameCorrupt,
    FrameError,
    MessageOversized,
    ProtocolError,
    RequestRefused,
    SettingsError,
)
from plugin_host.protocol import MOST_PART_BYTES
from plugin_host.replies import Attached, Deposited, Discarded, Echoed, Fetched
from plugin_host.requests import MOST_RING_BYTES, Attach, Deposit, Discard, Echo, Fetch, Into
from plugin_host.ring import Ring

if TYPE_CHECKING:
    from plugin_host.protocol import Envelope
    from plugin_host.replies import PixelsText
    from plugin_host.ring import Slot

SLOTS = 3  # one looked at, one being written, one to spare
ATTEMPTS = 3  # a new session, then larger slots, and once more
RGBA = ("R", "G", "B", "A")


class Pixels:
    """A frame's pixels, scene-linear, in a slot that is this object's until it is released.

    Attributes:
        layout: Where each sample lies, and of what type it is; see `replies.PixelsText`.
        memory: All bytes: ``(C, H, W)`` samples, or ``(H, W, C)`` where they were asked for so.
    """

    def __init__(self, layout: PixelsText, slot: Slot) -> None:
        self.layout = layout
        self.memory = slot.memory[: layout.size]
        self._slot = slot

    def plane(self, channel: str) -> memoryview[Any]:
        """Return one channel of planar pixels, ``(H, W)``: float32, or half as its 16 bits.

        Raises:
            ValueError: There is no such channel, or the channels are interleaved.
        """
        layout = self.layout
        left, top, right, bottom = layout.data_window
        if layout.row_bytes != (right - left + 1) * (4 if layout.samples == "float" else 2):
            raise ValueError("interleaved channels lie in `memory`, not in planes")
        begin = layout.channels.index(channel) * layout.channel_bytes
        form = "f" if layout.samples == "float" else "H"
        rows = bottom - top + 1
        flat = self.memory[begin : begin + rows * layout.row_bytes]
        return flat.cast(form, (rows, right - left + 1))

    def release(self) -> None:
        """Give the slot back; `memory` can be used no more.

        Raises:
            BufferError: A plane, an array or the like, made from it, still looks at it.
        """
        self.memory.release()
        self._slot.release()

    def __enter__(self) -> Pixels:  # noqa: PYI034 - Self needs a newer Python than hosts have
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Frames:
    """The part of a client that is handed frames."""

    _session = ""
    _ring: Ring | None = None

    def _ask(self, message: Any, deadline_s: float | None = None, *buffers: bytes) -> Envelope:
        raise NotImplementedError

    def fetch(self, job: str, frame: int) -> bytes:
        """Return one delivered frame as EXR bytes.

        Raises:
            FrameMissing: It is not delivered yet.
            FrameCorrupt: The bytes are not those that the engine read.
        """
        reply = self._ask(Fetch(job, frame))
        fetched: Fetched = expect(reply.message, Fetched)
        data = bytes(reply.buffers[0]) if reply.buffers else b""
        if hashlib.sha256(data).hexdigest() != fetched.sha256:
            raise FrameCorrupt("the frame changed on its way", frame=frame)
        return data

    def deposit(self, shelf: str, name: str, data: bytes) -> str:
        """Leave a file with an engine that does not see our storage; return its path there.

        Nothing is sent where it lies there already.

        Args:
            shelf: 32 hexadecimal digits: what belongs together, and is discarded together.
            name: Of the file, no path.
            data: All of it.

        Raises:
            SettingsError: The engine keeps no files of clients.
            OutputError: Its disk refuses.
            MessageOversized: It is too large for one message.
        """
        if len(data) > MOST_PART_BYTES:
            what = f"{len(data)} bytes, one message holds {MOST_PART_BYTES}; share storage for it"
            raise MessageOversized(what, path=name)
        asked = Deposit(shelf, name, hashlib.sha256(data).hexdigest())
        deposited: Deposited = expect(self._ask(asked).message, Deposited)
        if not deposited.there:
            deposited = expect(self._ask(asked, None, data).message, Deposited)
        return deposited.path

    def discard(self, shelf: str) -> None:
        """Have the engine forget all files of a shelf, and what was delivered there.

        Raises:
            EngineBusy: A job still works there.
        """
        expect(self._ask(Discard(shelf)).message, Discarded)

    def fetch_pixels(
        self,
        job: str,
        frame: int,
        *,
        channels: Sequence[str] = RGBA,
        samples: str = "half",
        interleaved: bool = False,
    ) -> Pixels:
        """Return one delivered frame as pixels in memory shared with the engine.

        Args:
            job: The job that delivered it.
            frame: Which.
            channels: Which, in this order; a missing ``A`` is 1 everywhere.
            samples: ``half`` or ``float``.
            interleaved: Whether a pixel's channels are to lie side by side.

        Raises:
            FrameMissing: It is not delivered yet.
            SettingsError: There is no such channel; or no memory can be shared, since the engine
                is on another machine, in another container, or not on Linux.
            EngineBusy: As many frames as the ring has slots are held: release one.
        """

        def into(slot: int | None) -> Fetch:
            return Fetch(job, frame, Into(slot, tuple(channels), samples, interleaved))

        size = 0 if self._ring is not None else self._laid(self._ask(into(None))).size
        for _ in range(ATTEMPTS):
            ring = self._ring_of(size)
            slot = ring.take()
            try:
                layout = self._laid(self._lend(slot, into(slot.index)))
            except RequestRefused:
                if ring.session == self._session:
                    raise
                continue  # it was the former session's
            if layout.slot is not None:
                return Pixels(layout, slot)
            slot.release()
            size = layout.size
        raise ProtocolError("the engine does not write to the ring that it granted")

    def echo(self, *buffers: bytes) -> tuple[bytes, ...]:
        """Send buffers to the engine and return them as they come back.

        Large ones come back as views of memory that is used again once nobody looks at it.
        """
        reply = self._ask(Echo(), None, *buffers)
        expect(reply.message, Echoed)
        return reply.buffers

    def borrow(self, size: int) -> Slot:
        """Return a slot of the ring, of at least so many bytes, to write into.

        Raises:
            SettingsError: No memory can be shared with the engine.
            EngineBusy: Every slot is taken: release one.
        """
        return self._ring_of(size).take()

    def echo_slot(self, source: Slot, size: int) -> Slot:
        """Return another slot, into which the engine copied the first bytes of this one.

        Raises:
            SettingsError: The session, and its ring with it, is another than the slot's.
            EngineBusy: Every slot is taken: release one.
        """
        if self._ring is None or source.ring is not self._ring:
            raise SettingsError("that slot is a former ring's: borrow another")
        slot = self._ring.take()
        expect(self._lend(slot, Echo(source.index, slot.index, size)).message, Echoed)
        return slot

    def _lend(self, slot: Slot, request: Any) -> Envelope:
        """Ask for something to be written to a slot; on a refusal it is given back."""
        try:
            return self._ask(request)
        except (RequestRefused, FrameError):
            slot.release()
            raise
        except BaseException:
            self._drop_ring()  # whose the slot is now, nobody knows
            raise

    def _ring_of(self, size: int) -> Ring:
        """Return the session's ring; another where it has none, or one of smaller slots."""
        ring = self._ring
        if ring is None or ring.session != self._session or ring.slot_bytes < size:
            wanted = max(size, ring.slot_bytes if ring is not None else 1)
            self._drop_ring()
            slots = max(min(SLOTS, MOST_RING_BYTES // wanted), 1)
            attached: Attached = expect(self._ask(Attach(wanted, slots)).message, Attached)
            self._ring = ring = Ring(attached, self._session)
        return ring

    def _drop_ring(self) -> None:
        if self._ring is not None:
            self._ring.close()
            self._ring = None

    def _laid(self, reply: Envelope) -> PixelsText:
        fetched: Fetched = expect(reply.message, Fetched)
        if fetched.pixels is None:
            raise ProtocolError("the engine sent a file where pixels were due")
        return fetched.pixels


def expect(message: Any, cls: Any) -> Any:
    """Return a message that must be of a kind.

    Raises:
        ProtocolError: It is of another.
    """
    if not isinstance(message, cls):
        raise ProtocolError(f"{type(message).__name__} came where {cls.__name__} was due")
    return message
