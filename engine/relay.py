"""A way for this machine's clients to an engine on another: loopback here, CURVE from here on.

Rules of this file:
    - Messages are carried, not read: they are signed from the client to the engine, and back.
    - Each client here has a connection of its own there, as if it had made it itself.
    - A reply that its client does not take yet waits, and nothing more is read for that client. So
      no queue grows beyond `_MOST_WAITING` messages.
    - A connection there that breaks breaks all connections here, since what was on its way is lost:
      clients notice that, as they would there, and ask again.
"""

from __future__ import annotations

import json
import logging
import signal
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import zmq

from engine.connection import EngineLock, write_connection
from engine.curve import keys_beside
from engine.listener import ASK, listen
from plugin_host.errors import EngineUnreachable, SettingsError
from plugin_host.protocol import KEY_BYTES, MOST_PART_BYTES, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_Socket = zmq.Socket[bytes]
_MOST_CLIENTS = 128  # five descriptors each; the least recently heard is let go for one more
_MOST_WAITING = 256  # messages of one client, each way
_MOST_AT_ONCE = 100  # messages of one socket, before others have their turn
_TICK_MS = 250
_HELD_MS = 10  # between attempts to hand over what waits
_REBINDS = 20
_ASK_EVERY_S = 2.0
_LOST_S = 15.0  # without an answer
_log = logging.getLogger("faceplate.relay")


class Relay:
    """Carries messages between clients here and one engine there.

    Args:
        to: The engine's endpoint for other machines, ``tcp://HOST:PORT``.
        server_key: Its public key.
        connection: The file that tells clients here of this relay.
        deadline_s: Seconds until the engine must have answered for the first time.
    """

    def __init__(
        self, to: str, server_key: bytes, connection: Path, deadline_s: float = _LOST_S
    ) -> None:
        self._to = to
        self._server_key = server_key
        self._connection = connection
        self._deadline_s = deadline_s
        self._stopping = False
        self._known = ("", b"")
        self._address = ""

    def run(self) -> None:
        """Carry until told to stop; wait for an engine that went away.

        Raises:
            EngineBusy: An engine or a relay serves this connection file.
            EngineUnreachable: The engine does not answer, or does not know our key.
            SettingsError: Our key or the connection file is not to be trusted, or `to` is no
                endpoint.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        with EngineLock(self._connection), zmq.Context() as context:
            self._keys = keys_beside(self._connection)
            self._context = context
            found = self._ask(self._deadline_s)
            while not self._stopping:
                if found is not None:
                    self._serve(*found)
                found = self._ask(_LOST_S, required=False)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _connect(self) -> Link:
        dealer = self._context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.setsockopt(zmq.SNDHWM, _MOST_WAITING)
        dealer.setsockopt(zmq.RCVHWM, _MOST_WAITING)
        dealer.setsockopt(zmq.MAXMSGSIZE, MOST_PART_BYTES)
        dealer.setsockopt(zmq.TCP_KEEPALIVE, 1)
        dealer.setsockopt(zmq.IPV6, int("[" in self._to))
        dealer.setsockopt(zmq.CURVE_SERVERKEY, self._server_key)
        dealer.setsockopt(zmq.CURVE_PUBLICKEY, self._keys.public)
        dealer.setsockopt(zmq.CURVE_SECRETKEY, self._keys.secret)
        try:
            dealer.connect(self._to)
        except zmq.ZMQError as error:
            dealer.close()
            raise SettingsError(f"cannot connect to {self._to}: {error}") from None
        return Link(dealer)

    def _ask(self, deadline_s: float, *, required: bool = True) -> tuple[str, bytes] | None:
        """Return the engine's id and the key of the signatures, as it tells them."""
        end = time.monotonic() + deadline_s
        link = self._connect()
        try:
            link.socket.send_multipart(ASK)
            while not self._stopping and time.monotonic() < end:
                if link.socket.poll(_TICK_MS):
                    return _told(link.socket.recv_multipart())
        finally:
            link.close()
        if self._stopping or not required:
            return None
        raise EngineUnreachable(
            f"no engine answers at {self._to}: look whether its address and its key are right, and "
            f"whether our key, {self._keys.public.decode()}, lies in its folder of clients"
        )

    def _serve(self, engine: str, key: bytes) -> None:
        front = self._listen((engine, key))
        link = self._connect()
        carrier = Carrier(front, self._connect)
        try:
            write_connection(self._connection, self._address, key, engine)
            _log.info("carrying between %s and %s", self._address, self._to)
            self._carry(carrier, link)
        finally:
            self._connection.unlink(missing_ok=True)
            carrier.close()
            link.close()
            front.close(linger=0)

    def _listen(self, known: tuple[str, bytes]) -> _Socket:
        """Listen where clients of the same engine were, and elsewhere for another engine's."""
        again = known == self._known
        for _ in range(_REBINDS if again else 0):
            try:
                return listen(self._context, self._address)
            except SettingsError:  # closed a moment ago, in the background
                time.sleep(0.05)
        front = listen(self._context, "tcp://127.0.0.1:*")
        self._address, self._known = front.getsockopt_string(zmq.LAST_ENDPOINT), known
        return front

    def _carry(self, carrier: Carrier, link: Link) -> None:
        """Carry until told to stop, or until the engine is gone or another."""
        heard_at, asked_at = time.monotonic(), 0.0
        while not self._stopping:
            if not carrier.carry(link):
                _log.warning("a connection to the engine broke")
                return
            now = time.monotonic()
            while link.socket.poll(0):
                heard_at = now
                if _told(link.socket.recv_multipart()) != self._known:
                    _log.warning("the engine started anew")
                    return
            if now - heard_at > _LOST_S:
                _log.warning("nothing was heard from the engine for %.0f s", _LOST_S)
                return
            if now - asked_at > _ASK_EVERY_S and link.socket.poll(0, zmq.POLLOUT):
                link.socket.send_multipart(ASK)
                asked_at = now


class Link:
    """A DEALER to the engine, and what tells that its connection broke.

    Args:
        socket: The DEALER.
    """

    def __init__(self, socket: _Socket) -> None:
        self.socket = socket
        self.alarm = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)

    def close(self) -> None:
        """Close it, whatever still waits."""
        self.socket.disable_monitor()
        self.alarm.close(linger=0)
        self.socket.close(linger=0)


class Carrier:
    """Each client's connection there, and what waits for it here.

    Args:
        front: The ROUTER that clients here connect to.
        connect: Makes one more connection there.
    """

    def __init__(self, front: _Socket, connect: Callable[[], Link]) -> None:
        self._front = front
        self._connect = connect
        self._backs: OrderedDict[bytes, Link] = OrderedDict()
        self._held: dict[bytes, list[bytes]] = {}  # what a client had no room for

    def __len__(self) -> int:
        return len(self._backs)

    def carry(self, also: Link) -> bool:
        """Wait for messages, or for a tick; carry those that have come.

        Args:
            also: A link whose messages are waited for, and left to the caller.

        Returns:
            Whether all connections to the engine stand.
        """
        poller = zmq.Poller()
        links = [also, *self._backs.values()]
        waiting = [back.socket for route, back in self._backs.items() if route not in self._held]
        for socket in (self._front, also.socket, *waiting, *(link.alarm for link in links)):
            poller.register(socket, zmq.POLLIN)
        ready = dict(poller.poll(_TICK_MS if not self._held else _HELD_MS))
        for route, back in list(self._backs.items()):
            if route in self._held or back.socket in ready:
                self._carry_back(route, back.socket)
        if any(link.alarm in ready for link in links):
            return False
        if self._front in ready:
            self._carry_there()
        return True

    def close(self) -> None:
        """Let all clients go."""
        for route in list(self._backs):
            self._drop(route)

    def _carry_there(self) -> None:
        for _ in range(_MOST_AT_ONCE):
            try:
                route, *parts = self._front.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            if route not in self._backs:
                self._backs[route] = self._connect()
            self._backs.move_to_end(route)
            while len(self._backs) > _MOST_CLIENTS:
                self._drop(next(iter(self._backs)))
            try:
                if parts != ASK:  # that is between the engine and us
                    self._backs[route].socket.send_multipart(parts, zmq.DONTWAIT)
            except zmq.ZMQError as error:  # lost, as it may be: whoever asked has a deadline
                _log.warning("no room for a message to the engine: %s", error)

    def _carry_back(self, route: bytes, back: _Socket) -> None:
        for _ in range(_MOST_AT_ONCE):
            try:
                parts = self._held.pop(route, None) or back.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            try:
                self._front.send_multipart([route, *parts], zmq.DONTWAIT)
            except zmq.Again:
                self._held[route] = parts
                return
            except zmq.ZMQError:  # MANDATORY tells that it is gone
                self._drop(route)
                return

    def _drop(self, route: bytes) -> None:
        self._held.pop(route, None)
        self._backs.pop(route).close()


def _told(parts: list[bytes]) -> tuple[str, bytes]:
    """Return what an engine tells of itself.

    Raises:
        EngineUnreachable: It is no engine of our version.
    """
    try:
        told: Any = json.loads(parts[1])
        version, engine, key = str(told["version"]), str(told["engine"]), bytes.fromhex(told["key"])
    except (IndexError, KeyError, RecursionError, TypeError, ValueError):
        raise EngineUnreachable("what answers there is no engine") from None
    if version != VERSION.decode() or len(key) != KEY_BYTES:
        raise EngineUnreachable(
            f"the engine speaks {version[:100]}, this side {VERSION.decode()}: "
            "install the same release on both sides"
        )
    return engine, key
