"""The engine's side of the connection file: one engine a file, readable by its user alone."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Self

from engine.atomic import write_atomically
from plugin_host.errors import EngineBusy
from plugin_host.protocol import VERSION

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO


class EngineLock:
    """Holds the lock beside a connection file as long as the engine lives.

    The system drops it with the process, however that ends, so it never has to be cleaned up.
    """

    def __init__(self, connection: Path) -> None:
        self._connection = connection
        self._path = connection.with_name(connection.name + ".lock")

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = self._path.open("ab")
        try:
            _lock(self._file)
        except OSError:
            self._file.close()
            raise EngineBusy(
                "an engine runs already with this connection file", path=str(self._connection)
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _lock(file: BinaryIO) -> None:
    """Lock without waiting.

    Raises:
        OSError: Another process holds it.
    """
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - there only

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415 - elsewhere only

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def write_connection(path: Path, address: str, key: bytes, engine: str) -> None:
    """Write the file, mode 0600 from its first instant."""
    data = {
        "version": VERSION.decode(),
        "address": address,
        "key": key.hex(),
        "engine": engine,
        "pid": os.getpid(),
    }
    old = os.umask(0o077)
    try:
        write_atomically(path, json.dumps(data, indent=1).encode() + b"\n")
    finally:
        os.umask(old)
