"""The engine's sockets, as strict as they can be made before a message is read.

One listens on this machine. Another may listen to other machines: with CURVE, to those clients only
whose public keys are known. Such a client is told the key of the signatures where it asks for it
with `ASK`, since it cannot read the connection file.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import zmq
from zmq.auth.thread import ThreadAuthenticator

from engine.curve import Clients, KeyPair, keys_beside
from plugin_host.errors import SettingsError
from plugin_host.private_files import check_folder
from plugin_host.protocol import MOST_PART_BYTES, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.settings import EngineSettings

ASK = [b"", b"connection"]  # no message of the protocol: its first part is VERSION
_MOST_WAITING = 8192  # replies to one client; above the credits that it can have given at once
_log = logging.getLogger("faceplate.server")

Context = zmq.Context[zmq.Socket[bytes]]


def listen(context: Context, address: str, keys: KeyPair | None = None) -> zmq.Socket[bytes]:
    """Return a ROUTER that is bound to an address of this machine.

    Args:
        context: The sockets' own.
        address: The endpoint.
        keys: The server's, where CURVE is to guard it.

    Raises:
        SettingsError: The address cannot be bound, or others can write in the folder of its file.
    """
    router = context.socket(zmq.ROUTER)
    router.setsockopt(zmq.ROUTER_MANDATORY, 1)  # otherwise replies are dropped silently
    router.setsockopt(zmq.MAXMSGSIZE, MOST_PART_BYTES)
    router.setsockopt(zmq.SNDHWM, _MOST_WAITING)
    router.setsockopt(zmq.IPV6, int("[" in address))
    if keys:
        router.setsockopt(zmq.CURVE_SERVER, 1)
        router.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
        router.setsockopt(zmq.TCP_KEEPALIVE, 1)  # a machine may vanish without a word
        router.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 60)
    old = os.umask(0o077)  # what carries pixels unsigned is its user's alone
    try:
        if address.startswith("ipc://"):
            check_folder(address.removeprefix("ipc://"))
        router.bind(address)
    except (zmq.ZMQError, OSError) as error:
        router.close()
        raise SettingsError(f"cannot listen at {address}: {error}") from None
    finally:
        os.umask(old)
    return router


class Listener:
    """What clients connect to; a route begins with a byte that tells the socket.

    Args:
        context: The sockets' own.
        settings: The engine's.
        connection: The connection file, beside which the server's keys and its clients' lie.
        told: What who asks from another machine is told: engine and key.

    Raises:
        SettingsError: An address cannot be bound, or a key is not to be trusted.
    """

    def __init__(
        self, context: Context, settings: EngineSettings, connection: Path, told: dict[str, str]
    ) -> None:
        self._authenticator: ThreadAuthenticator | None = None
        self._told = json.dumps({"version": VERSION.decode(), **told}).encode()
        self.sockets = [listen(context, settings.address)]
        self.address = self.sockets[0].getsockopt_string(zmq.LAST_ENDPOINT)
        if settings.listen:
            try:
                self._listen_to_others(context, settings, connection)
            except BaseException:
                self.close()
                raise

    def _listen_to_others(
        self, context: Context, settings: EngineSettings, connection: Path
    ) -> None:
        keys = keys_beside(connection)
        beside = connection.with_name(connection.name + ".clients")
        folder = Path(settings.clients) if settings.clients else beside
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SettingsError(f"no clients: {error.strerror}", path=str(folder)) from None
        self._authenticator = ThreadAuthenticator(context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback("*", Clients(folder))
        self.sockets.append(listen(context, settings.listen, keys))
        address = self.sockets[1].getsockopt_string(zmq.LAST_ENDPOINT)
        _log.info("serving other machines at %s, key %s", address, keys.public.decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def waiting(self, ready: dict[Any, int], most: int) -> Iterator[tuple[bytes, list[bytes]]]:
        """Yield routes and parts of messages that have come, at most so many of each socket."""
        for number, socket in enumerate(self.sockets):
            if socket not in ready:
                continue
            for _ in range(most):
                try:
                    frames = socket.recv_multipart(zmq.DONTWAIT, copy=False)
                except zmq.Again:
                    break
                route, *parts = [_held(frame) for frame in frames]
                if number and parts == ASK:
                    self._tell(socket, route)
                else:
                    yield bytes([number]) + route, parts

    def send(self, parts: list[bytes]) -> zmq.MessageTracker | None:
        """Send a message, its route first; return what tells when a last part of some size is out.

        Raises:
            zmq.ZMQError: Who should have it is gone, or does not read.
        """
        route, *rest = parts
        socket, large = self.sockets[route[0]], len(rest[-1]) >= zmq.COPY_THRESHOLD
        sent = socket.send_multipart([route[1:], *rest], zmq.DONTWAIT, copy=not large, track=large)
        return sent if large else None

    def close(self) -> None:
        """Close all; what was sent has a second to leave."""
        for socket in self.sockets:
            socket.close(linger=1000)
        if self._authenticator is not None:
            self._authenticator.stop()

    def _tell(self, socket: zmq.Socket[bytes], route: bytes) -> None:
        try:
            socket.send_multipart([route, b"", self._told], zmq.DONTWAIT)
        except zmq.ZMQError as error:
            _log.info("a client is gone: %s", error)


def _held(frame: zmq.Frame) -> bytes:
    """Return a part: a large one as a view of what libzmq received, not copied."""
    return frame.bytes if len(frame) < zmq.COPY_THRESHOLD else cast("bytes", frame.buffer)
