"""Frames between client and engine: as files both ways, or as pixels read where they lie.

Rules of this file:
    - A ring belongs to a session: where the engine granted another, another ring is asked for.
    - Pixels are never copied here; who wants to keep them does.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Sequence

from plugin_host.errors import (
    FrameCorrupt,
    FrameError,
    MessageOversized,
    ProtocolError,
    RequestRefused,
    SettingsError,
)
from plugin_host.pixels import Pixels
from plugin_host.protocol import MOST_PART_BYTES
from plugin_host.replies import Attached, Deposited, Discarded, Echoed, Fetched, Looked
from plugin_host.requests import (
    MOST_RING_BYTES,
    Attach,
    Deposit,
    Discard,
    Echo,
    Fetch,
    Into,
    Look,
)
from plugin_host.ring import Ring

if TYPE_CHECKING:
    from plugin_host.frame_replies import PixelsText
    from plugin_host.protocol import Envelope
    from plugin_host.ring import Slot

SLOTS = 3  # one looked at, one being written, one to spare
ATTEMPTS = 3  # a new session, then larger slots, and once more
RGBA = ("R", "G", "B", "A")


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
        return _file(reply, fetched.sha256, frame)

    def look(self, take: str, frame: int) -> tuple[Looked, bytes]:
        """Return what the receipt of a take's frame says, and the frame as EXR bytes.

        Args:
            take: The take's folder, as the engine's machine calls it.
            frame: Which.

        Raises:
            FrameMissing: The take has no such frame, or none that is as its receipt says.
            FrameCorrupt: The bytes are not those that the engine read.
            PathRefused: The folder lies outside the engine's roots.
        """
        reply = self._ask(Look(take, frame))
        looked: Looked = expect(reply.message, Looked)
        return looked, _file(reply, looked.sha256, frame)

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
        into = Into(None, tuple(channels), samples, interleaved)
        return self._shared(partial(Fetch, job, frame), into)[1]

    def look_pixels(
        self,
        take: str,
        frame: int,
        *,
        channels: Sequence[str] = RGBA,
        samples: str = "half",
        interleaved: bool = False,
        along: bool = False,
    ) -> tuple[Looked, Pixels]:
        """Return what the receipt of a take's frame says, and its pixels.

        Args:
            take: The take's folder, as the engine's machine calls it.
            frame: Which.
            channels: As for `fetch_pixels`; so are `samples` and `interleaved`.
            samples: ``half`` or ``float``.
            interleaved: Whether a pixel's channels are to lie side by side.
            along: Whether they come through the message, where no memory can be shared.

        Raises:
            FrameMissing: The take has no such frame, or none that is as its receipt says.
            PathRefused: The folder lies outside the engine's roots.
            SettingsError, EngineBusy: See `fetch_pixels`.
        """
        into = Into(None, tuple(channels), samples, interleaved)
        if not along:
            return self._shared(partial(Look, take, frame), into)
        reply = self._ask(Look(take, frame, into, along=True))
        layout = _laid(reply)
        if not reply.buffers or len(reply.buffers[0]) != layout.size:
            raise ProtocolError("the engine sent no pixels, or not as many as it says")
        return expect(reply.message, Looked), Pixels(layout, None, reply.buffers[0])

    def _shared(self, request: Callable[[Into], Any], into: Into) -> tuple[Any, Pixels]:
        """Ask for pixels in a slot; return the reply's message and them."""
        size = 0 if self._ring is not None else _laid(self._ask(request(into))).size
        for _ in range(ATTEMPTS):
            ring = self._ring_of(size)
            slot = ring.take()
            try:
                reply = self._lend(slot, request(replace(into, slot=slot.index)))
            except RequestRefused:
                if ring.session == self._session:
                    raise
                continue  # it was the former session's
            layout = _laid(reply)
            if layout.slot is not None:
                return reply.message, Pixels(layout, slot)
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


def _file(reply: Envelope, sha256: str | None, frame: int) -> bytes:
    data = bytes(reply.buffers[0]) if reply.buffers else b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise FrameCorrupt("the frame changed on its way", frame=frame)
    return data


def _laid(reply: Envelope) -> PixelsText:
    message = reply.message
    if not isinstance(message, (Fetched, Looked)) or message.pixels is None:
        raise ProtocolError(f"{type(message).__name__} came without pixels, which were due")
    return message.pixels


def expect(message: Any, cls: Any) -> Any:
    """Return a message that must be of a kind.

    Raises:
        ProtocolError: It is of another.
    """
    if not isinstance(message, cls):
        raise ProtocolError(f"{type(message).__name__} came where {cls.__name__} was due")
    return message
