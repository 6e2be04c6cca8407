"""The engine's side of the connection file: one engine a file, its user's alone."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Self

from engine.atomic import write_atomically
from plugin_host.errors import EngineBusy, SettingsError
from plugin_host.private_files import append_own, read_private
from plugin_host.protocol import VERSION

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO


class EngineLock:
    """Holds the lock beside a connection file as long as the engine lives.

    The system drops it with the process, however that ends, so it never has to be cleaned up.

    Raises:
        EngineBusy: Another engine holds it.
        SettingsError: The folder, or what lies there, is not this user's alone.
    """

    def __init__(self, connection: Path) -> None:
        self._connection = connection
        self._path = connection.with_name(connection.name + ".lock")

    def __enter__(self) -> Self:
        path = str(self._connection)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = append_own(str(self._path))
        except OSError as error:
            raise SettingsError(f"no engine here: {error.strerror}", path=error.filename) from None
        try:
            _lock(self._file)
        except OSError:
            self._file.close()
            raise EngineBusy(
                "an engine runs already with this connection file", path=path
            ) from None
        try:
            _check(path)
        except SettingsError:
            self._file.close()
            raise
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
    """Write the file, mode 0600 from its first instant; a link in its place is replaced.

    Raises:
        SettingsError: It cannot be written, or the file system does not keep it private.
    """
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
    except OSError as error:
        raise SettingsError(f"cannot write it: {error.strerror}", path=str(path)) from None
    finally:
        os.umask(old)
    _check(str(path))


def _check(path: str) -> None:
    """Refuse what a client would refuse, before anybody connects."""
    try:
        read_private(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SettingsError(
            f"the connection file is not to be trusted: {error.strerror}", path=path
        ) from None
