"""A ZeroMQ DEALER for a host's own Python: ZMTP 3.0 over loopback TCP or ipc.

Rules of this file:
    - Every wait has a deadline, and a wait for room to write goes on reading.
    - Reading comes before writing, so that nothing is given to a connection known to be closed.
    - What the bytes mean stands in `zmtp_codec`; here they only travel.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import os
import selectors
import socket
import sys
import time
from typing import Any, Callable, Sequence

from plugin_host.endpoint import address_of
from plugin_host.errors import DeadlineExceeded, EngineUnreachable, ProtocolError
from plugin_host.zmtp_codec import HANDSHAKE, MAX_MESSAGE, Decoder, encode

MAX_WAITING = 1024  # received messages that nobody asked for yet; beyond it reading pauses
MAX_WAITING_BYTES = MAX_MESSAGE
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0  # between attempts to connect
LONGEST_STEP_S = 1.0  # Windows hears no Ctrl-C inside a wait
_CHUNK = 256 * 1024  # bytes read at once: still in the cache when they are copied into their part
_MOST_AT_ONCE = 16  # reads or writes, before the clock is looked at
# A host may have left SIGPIPE deadly; an engine that goes away must not take the host along.
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
_DARWIN_SO_NOSIGPIPE = 0x1022
_CONNECTING = (0, errno.EINPROGRESS, getattr(errno, "WSAEWOULDBLOCK", 0))


class Dealer:
    """Sends messages to one engine and receives its messages, through lost connections too.

    Connects at the first `send` or `receive`, and again whenever the connection was lost, after
    pauses from 50 ms doubling to 1 s; also after `close`. Not for several threads at once.

    What a lost connection does to messages:
        - A message whose sending broke off is sent again as a whole on the next connection.
        - A message wholly handed to the operating system is never repeated; it may be lost. Who
          waits for its answer over that connection is told at once, and may repeat it.
        - A message received in part is dropped. Those received as a whole stay.

    Args:
        endpoint: ``tcp://127.0.0.1:port``, ``tcp://[::1]:port`` or ``ipc:///path``.
        connect_deadline_s: Seconds that a call may go on without a connection that was greeted,
            counted from the call or from the loss; its own deadline may end it sooner.

    Raises:
        SettingsError: The endpoint is not understood, not on this machine, or its path too long;
            or this Python has no ipc.
    """

    def __init__(self, endpoint: str, *, connect_deadline_s: float = 5.0) -> None:
        self._endpoint = endpoint
        self._family, self._address = address_of(endpoint)
        self._connect_deadline_s = connect_deadline_s
        self._link: _Link | None = None
        self._unsent: list[bytes] = []
        self._inbox: collections.deque[list[bytes]] = collections.deque()
        self._inbox_bytes = self._connections = 0
        self._pause_s = FIRST_PAUSE_S
        self._retry_at = self._lost_at = 0.0
        self._reason = "the deadline left no time to connect"

    @property
    def connections(self) -> int:
        """Return how many connections were greeted so far; more than one means a reconnect."""
        return self._connections

    @property
    def lost(self) -> bool:
        """Return whether the connection that there was is gone, as far as can be told at once."""
        if self._link is not None and self._link.decoder.ready:
            self._step(0.0)
        return self._connections > 0 and self._link is None

    def send(self, parts: Sequence[bytes], deadline_s: float) -> None:
        """Hand a whole message to the operating system, within `deadline_s` seconds.

        While the engine does not read, its messages are read and kept for `receive`.

        Raises:
            MessageMalformed: There is no part.
            MessageOversized: A part, their sum or their number is above the limit.
            EngineUnreachable: No connection could be made.
            DeadlineExceeded: The engine did not greet, or did not read. If a piece of the message
                was sent already, the connection was dropped, and the message says so.
            ProtocolError: What answers is no engine, or it refused the connection.
        """
        self._unsent = encode(parts)
        try:
            self._run(lambda: not self._unsent, deadline_s)
        finally:
            self._abandon()

    def receive(self, deadline_s: float, *, over: int = 0) -> list[bytes]:
        """Return the parts of the next message, waiting for at most `deadline_s` seconds.

        Where `over` is not 0, only as long as that connection lasts, as `connections` counts.

        Raises:
            EngineUnreachable: No connection could be made, or that one was lost.
            DeadlineExceeded: The engine did not greet, or sent no whole message.
            ProtocolError: What answers is no engine, it refused the connection, or its bytes
                break ZMTP; the connection was dropped.
        """
        if not self._inbox:
            self._run(lambda: bool(self._inbox), deadline_s, over)
        message = self._inbox.popleft()
        self._inbox_bytes -= sum(map(len, message))
        return message

    def close(self) -> None:
        """Drop the connection and what was received but not asked for; waits for nothing.

        What the engine has not read yet may be lost: wait for its answer first.
        """
        self._drop("it was closed here")
        self._inbox, self._inbox_bytes = collections.deque(), 0

    def __enter__(self) -> Dealer:  # noqa: PYI034  # typing.Self is younger than 3.7
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, done: Callable[[], bool], deadline_s: float, over: int = 0) -> None:
        start = time.monotonic()
        while True:
            self._step(max(0.0, min(self._left_s(start, deadline_s), LONGEST_STEP_S)))
            if done():
                return
            if over and (self._link is None or self._connections != over):
                raise EngineUnreachable(f"the engine at {self._endpoint} is gone: {self._reason}")
            if self._left_s(start, deadline_s) <= 0:
                raise self._overdue(deadline_s)

    def _left_s(self, start: float, deadline_s: float) -> float:
        end = start + deadline_s
        if self._link is None or not self._link.decoder.ready:
            end = min(end, max(start, self._lost_at) + self._connect_deadline_s)
        return end - time.monotonic()

    def _step(self, wait_s: float) -> None:
        """Wait for one thing to happen, and do it: connect, read, write, or notice a loss."""
        try:
            if self._link is None:
                pause_s = self._retry_at - time.monotonic()
                time.sleep(max(0.0, min(pause_s, wait_s)))
                if pause_s <= wait_s:
                    self._link = _Link(self._family, self._address)
            else:
                self._pump(self._link, wait_s)
        except (OSError, ProtocolError) as error:
            self._drop(str(error))
            if isinstance(error, ProtocolError):
                raise

    def _pump(self, link: _Link, wait_s: float) -> None:
        ready = link.decoder.ready
        # RFC 23, worked example: messages follow the peer's READY. libzmq hangs up if they precede.
        if ready and not link.outgoing:
            link.carry(self._unsent)
        full = len(self._inbox) >= MAX_WAITING or self._inbox_bytes >= MAX_WAITING_BYTES
        events = link.wait(wait_s, reading=not (ready and full))
        if events & selectors.EVENT_READ:
            for message in link.read():
                self._inbox.append(message)
                self._inbox_bytes += sum(map(len, message))
            if link.decoder.ready and not ready:
                self._connections += 1
                self._pause_s = FIRST_PAUSE_S
        if events & selectors.EVENT_WRITE:
            link.write()
            if link.carries and not link.outgoing:
                self._unsent = []

    def _drop(self, reason: str) -> None:
        now = time.monotonic()
        if self._link is not None:
            if self._link.decoder.ready:
                self._lost_at = now
            elif self._link.connected:
                reason += ", before it greeted (does it want CURVE, or is it another program?)"
            self._link.close()
        self._link, self._reason = None, reason
        # RFC 23, error handling: reconnect after a short interval that grows with every attempt.
        self._retry_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def _abandon(self) -> None:
        """Forget a message that was not sent, with the connection if it carries a piece of it."""
        if self._unsent and self._link is not None and self._link.carries:
            if self._link.sent:
                self._drop("it carried a piece of a message whose deadline had passed")
            else:
                self._link.outgoing.clear()
        self._unsent = []

    def _overdue(self, deadline_s: float) -> EngineUnreachable:
        link, engine = self._link, f"the engine at {self._endpoint}"
        if link is None or not link.connected:
            what = f"no connection to {engine}: {self._reason}"
            return EngineUnreachable(f"{what}; start the engine with `faceplate serve`")
        if not link.decoder.ready:
            return DeadlineExceeded(f"{engine} took the connection but did not greet; is it one?")
        if not self._unsent:
            return DeadlineExceeded(f"{engine} sent no whole message within {deadline_s:g} s")
        fate = "nothing of the message was sent"
        if link.sent:
            fate = f"{link.sent} bytes of the message were sent, so the connection was dropped"
        return DeadlineExceeded(f"{engine} did not read for {deadline_s:g} s; {fate}")


class _Link:
    """One attempt at a connection, and the connection that it becomes."""

    def __init__(self, family: int, address: Any) -> None:
        self.connected = False
        self.carries = False  # whether the message was begun here
        self.sent = 0  # bytes of it
        self.decoder = Decoder()
        # RFC 23, NULL: each side sends READY before it waits for the other's.
        self.outgoing: collections.deque[memoryview] = collections.deque([memoryview(HANDSHAKE)])
        self._chunk = memoryview(bytearray(_CHUNK))
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._selector = selectors.DefaultSelector()
        try:
            self._socket.setblocking(False)
            self._selector.register(self._socket, selectors.EVENT_WRITE)
            if sys.platform == "darwin":
                self._socket.setsockopt(socket.SOL_SOCKET, _DARWIN_SO_NOSIGPIPE, 1)
            if family in (socket.AF_INET, socket.AF_INET6):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _check(self._socket.connect_ex(address), *_CONNECTING)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._selector.close()
        self._socket.close()

    def carry(self, pieces: Sequence[bytes]) -> None:
        self.outgoing.extend(map(memoryview, pieces))
        self.carries, self.sent = bool(pieces), 0

    def wait(self, wait_s: float, *, reading: bool) -> int:
        """Return what can be done now, as the selectors module names it."""
        self.decoder.feed(b"")  # raises what was wrong after the last whole message
        wanted = selectors.EVENT_READ if self.connected and reading else 0
        if self.outgoing or not self.connected:
            wanted |= selectors.EVENT_WRITE
        self._selector.modify(self._socket, wanted)
        possible = sum(events for _, events in self._selector.select(wait_s))
        if self.connected or not possible:
            return possible
        _check(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)
        # The port of an absent engine may be lent to this very socket, which then meets itself.
        if self._socket.getsockname() == self._socket.getpeername():
            _check(errno.ECONNREFUSED, 0)
        self.connected = True
        return 0

    def read(self) -> list[list[bytes]]:
        with contextlib.suppress(BlockingIOError):
            for _ in range(_MOST_AT_ONCE):
                room = self.decoder.room()
                count = self._socket.recv_into(self._chunk if room is None else room)
                if not count:
                    raise ConnectionResetError("the other side closed the connection")
                if room is None:
                    messages = self.decoder.feed(self._chunk[:count])
                else:
                    messages = self.decoder.placed(count)
                if messages or self.decoder.room() is None:
                    return messages
        return []

    def write(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(_MOST_AT_ONCE):
                count = self._socket.send(self.outgoing[0], _NO_SIGNAL)
                self.sent += count
                piece = self.outgoing.popleft()[count:]
                if piece:
                    self.outgoing.appendleft(piece)
                if not self.outgoing:
                    return


def _check(code: int, *harmless: int) -> None:
    if code not in harmless:
        raise OSError(code, os.strerror(code))
