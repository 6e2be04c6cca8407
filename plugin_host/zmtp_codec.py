"""ZMTP 3.0 without a socket: a DEALER's bytes under the NULL mechanism, both ways.

Rules of this file:
    - Pure: bytes and parts, no socket, no clock.
    - A clause of RFC 23/ZMTP (version 3.0) stands in our words above the line that it forces.
    - Nothing a peer announces is believed: memory grows with the bytes that came.
    - Large parts are read straight into memory that is used again: fresh pages cost several copies.

References:
    RFC 23/ZMTP. We differ: no downgrade to ZMTP 1 or 2; a peer that is refused is only
    disconnected, without an ERROR command. There are no heartbeats (they are ZMTP 3.1).
"""

from __future__ import annotations

import io
from typing import Generator, Sequence, cast

from plugin_host.errors import (
    MessageMalformed,
    MessageOversized,
    ProtocolError,
    VersionMismatch,
)

MAX_PART = 512 * 1024 * 1024  # bytes
MAX_PARTS = 64
MAX_MESSAGE = 1024 * 1024 * 1024  # bytes, all parts together
MAX_COMMAND = 64 * 1024  # bytes; a READY takes some dozens
LARGE = 256 * 1024  # bytes; a part from this size on is received as a view of re-used memory
MOST_KEPT = 192 * 1024 * 1024  # bytes; more than a frame of 4K RGBA floats
_GATHERED = 4096  # bytes; a part up to this size is sent in one piece with its neighbours
_MORE, _LONG, _COMMAND, _RESERVED = 0x01, 0x02, 0x04, 0xF8
_NULL = b"NULL".ljust(20, b"\0")

# RFC 23, greeting: signature, version 3.0, mechanism, as-server 0 (a must of NULL), 31 zeros.
# RFC 23, version negotiation: who does not downgrade sends all 64 octets at once, zero padding.
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + _NULL + bytes(32)
# RFC 23, NULL: READY is a command whose body is name, then properties (name, 4-octet size, value).
# RFC 23, identity: an empty one lets the ROUTER choose.
_READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"
HANDSHAKE = GREETING + bytes([_COMMAND, len(_READY)]) + _READY


def encode(parts: Sequence[bytes]) -> list[bytes]:
    """Return the pieces that carry a message over the wire, in order; large parts uncopied.

    Raises:
        MessageMalformed: There is no part at all.
        MessageOversized: A part, their sum or their number is above the limit.
    """
    # RFC 23, grammar: a message is one part or more.
    if not parts:
        raise MessageMalformed("a message has at least one part")
    _check_size(len(parts), max(map(len, parts)), sum(map(len, parts)))
    pieces = [b""]
    for following, part in zip(range(len(parts) - 1, -1, -1), parts):
        flags = _MORE if following else 0
        # RFC 23, framing: up to 255 octets the size is one octet, else 64 bits in network order.
        if len(part) > 255:
            pieces[-1] += bytes([flags | _LONG]) + len(part).to_bytes(8, "big")
        else:
            pieces[-1] += bytes([flags, len(part)])
        if len(part) > _GATHERED:
            pieces += [part, b""]
        else:
            pieces[-1] += part
    return [piece for piece in pieces if piece]


def _check_size(count: int, largest: int, total: int) -> None:
    if count > MAX_PARTS:
        raise MessageOversized(f"a message has at most {MAX_PARTS} parts")
    if largest > MAX_PART:
        raise MessageOversized(f"a part of {largest} bytes is above the limit of {MAX_PART}")
    if total > MAX_MESSAGE:
        raise MessageOversized(f"a message of {total} bytes is above the limit of {MAX_MESSAGE}")


class Decoder:
    """Turns the bytes of a peer into whole messages, wherever the bytes were cut.

    Attributes:
        ready: Whether greeting and handshake are complete.
    """

    def __init__(self) -> None:
        self.ready = False
        self._data = memoryview(b"")
        self._memory = _Memory()
        self._room: memoryview | None = None
        self._placed = 0
        self._messages: list[list[bytes]] = []
        self._failure: ProtocolError | None = None
        self._parser = self._parse()

    def feed(self, data: bytes | memoryview) -> list[list[bytes]]:
        """Take the next bytes and return the messages that they complete.

        Messages that precede a fault are returned first; the next call raises, also `feed(b"")`.

        Raises:
            VersionMismatch: The peer speaks no ZMTP 3, or wants another mechanism than NULL.
            MessageOversized: A part, a message or a command is above the limit.
            MessageMalformed: The bytes break the grammar.
            ProtocolError: The peer refused the connection and said why.
        """
        if self._room is not None:
            self._room.release()  # memory that is looked at cannot grow
            self._room = None
        if self._failure is None:
            self._data = memoryview(data)
            try:
                next(self._parser)
            except ProtocolError as error:
                self._failure = error
        messages, self._messages = self._messages, []
        if self._failure is not None and not messages:
            raise self._failure
        return messages

    def room(self) -> memoryview | None:
        """Return where the next bytes belong, if they need no `feed`: tell `placed` how many came.

        It is there inside a large part only, and until the next call of `feed` or `placed`.
        """
        return self._room

    def placed(self, count: int) -> list[list[bytes]]:
        """Take note that `count` bytes were put where `room` said; else as `feed`."""
        self._placed = count
        return self.feed(b"")

    def _large(self, size: int) -> Generator[None, None, memoryview]:
        memory, came = self._memory.take(size), 0
        while True:
            came += self._placed
            piece = self._data[: size - came]
            memory[came : came + len(piece)] = piece  # beyond its end, it grows
            came += len(piece)
            self._placed, self._data = 0, self._data[len(piece) :]
            if came == size:
                return memoryview(memory)[:size]
            if came < len(memory):
                self._room = memoryview(memory)[came:size]
            yield

    def _exactly(self, size: int) -> Generator[None, None, bytes]:
        collected = io.BytesIO()  # grows with what came, not with what was announced
        while True:
            piece = self._data[: size - collected.tell()]
            collected.write(piece)
            self._data = self._data[len(piece) :]
            if collected.tell() == size:
                return collected.getvalue()  # the buffer itself, not a copy
            yield

    def _parse(self) -> Generator[None, None, None]:
        yield from self._greeting()
        parts: list[bytes] = []
        while True:
            flags = (yield from self._exactly(1))[0]
            # RFC 23, framing: bits 7 to 3 are zero; a command never has MORE.
            if flags & _RESERVED or (flags & _COMMAND and flags & _MORE):
                raise MessageMalformed(f"flags 0x{flags:02x} are not ZMTP 3.0")
            size_octets = yield from self._exactly(8 if flags & _LONG else 1)
            size = int.from_bytes(size_octets, "big")
            if flags & _COMMAND:
                if size > MAX_COMMAND:
                    raise MessageOversized(f"a command of {size} bytes")
                self._command((yield from self._exactly(size)))
                continue
            # RFC 23, grammar: traffic comes after the handshake.
            if not self.ready:
                raise MessageMalformed("a message before READY")
            _check_size(len(parts) + 1, size, sum(map(len, parts)) + size)
            if size < LARGE:
                parts.append((yield from self._exactly(size)))
            else:
                parts.append(cast("bytes", (yield from self._large(size))))
            # RFC 23, messages: all parts are delivered together, or none.
            if not flags & _MORE:
                self._messages.append(parts)
                parts = []

    def _greeting(self) -> Generator[None, None, None]:
        # RFC 23, greeting: FF, eight octets that nobody may interpret, 7F.
        first = yield from self._exactly(1)
        if first != b"\xff" or not (yield from self._exactly(9)).endswith(b"\x7f"):
            raise VersionMismatch("the other side does not speak ZMTP; it is no Faceplate engine")
        # RFC 23, version negotiation: accept every higher version, close on one too low.
        major = (yield from self._exactly(1))[0]
        if major < 3:
            raise VersionMismatch(f"the other side speaks ZMTP {major}; 3 or later is needed")
        # RFC 23, topology: as-server says nothing under NULL; so it is read over, with the filler.
        mechanism = (yield from self._exactly(53))[1:21]
        # RFC 23, authentication: close when the mechanism is not exactly one's own.
        if mechanism != _NULL:
            name = mechanism.rstrip(b"\0").decode("ascii", "backslashreplace")
            raise VersionMismatch(f"the other side wants the mechanism {name}; NULL is needed")

    def _command(self, body: bytes) -> None:
        name, data = _cut(body, 1)
        if name == b"ERROR":
            # RFC 23, error handling: an ERROR is fatal; its reason is for people.
            reason = _cut(data, 1)[0].decode("ascii", "backslashreplace")
            raise ProtocolError(f"the other side refused the connection: {reason!r}")
        if name == b"READY":
            properties: dict[bytes, bytes] = {}
            while data:
                key, data = _cut(data, 1)
                value, data = _cut(data, 4)
                # RFC 23, metadata: the case of names does not count; an empty one is not valid.
                if not key:
                    raise MessageMalformed("a READY property without a name")
                properties[key.lower()] = value
            # RFC 23, Socket-Type: should be sent; a DEALER goes with these three.
            peer = properties.get(b"socket-type", b"ROUTER")
            if peer not in (b"ROUTER", b"DEALER", b"REP"):
                raise MessageMalformed(f"a DEALER cannot talk to the socket type {peer[:40]!r}")
            self.ready = True
        # Other names belong to later versions and are ignored.


class _Memory:
    """Memory of large parts, given out again when nobody looks at it any more."""

    def __init__(self) -> None:
        self._kept: list[bytearray] = []

    def take(self, size: int) -> bytearray:
        """Return what is free, or what is empty and will grow to `size`."""
        if size > MOST_KEPT:
            return bytearray()
        free = [memory for memory in self._kept if _is_unseen(memory)]
        memory = max(free, key=len, default=bytearray())
        # One that a caller looks at while the next comes; more are not kept.
        self._kept = [*[other for other in self._kept if other is not memory][-1:], memory]
        return memory


def _is_unseen(memory: bytearray) -> bool:
    try:
        memory.append(0)  # refused while there is a view of it
    except BufferError:
        return False
    memory.pop()
    return True


def _cut(data: bytes, octets: int) -> tuple[bytes, bytes]:
    """Return the string that stands behind its size of `octets` octets, and the rest."""
    end = octets + int.from_bytes(data[:octets], "big")
    if len(data) < max(octets, end):
        raise MessageMalformed("a ZMTP command ends before its content")
    return data[octets:end], data[end:]
