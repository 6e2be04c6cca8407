"""The connection file: how a client on this machine finds the engine and proves that it may."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any, NamedTuple

from plugin_host.errors import EngineUnreachable
from plugin_host.private_files import read_private
from plugin_host.protocol import KEY_BYTES, VERSION


class Connection(NamedTuple):
    """What the file holds.

    Attributes:
        address: Endpoint of the engine's socket.
        key: Key of the signatures.
        engine: Id of this engine's life.
        pid: Its process.
    """

    address: str
    key: bytes
    engine: str
    pid: int


def default_path() -> str:
    """Return where the file lies unless told otherwise; one a user and machine.

    `$FACEPLATE_CONNECTION`, else in `$XDG_RUNTIME_DIR`, else among the user's own files.
    """
    named = os.environ.get("FACEPLATE_CONNECTION")
    if named:
        return named
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isdir(runtime):
        return os.path.join(runtime, "faceplate", "connection.json")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", tempfile.gettempdir())
        return os.path.join(base, "Faceplate", "connection.json")
    return os.path.join(os.path.expanduser("~"), ".local", "state", "faceplate", "connection.json")


def read_connection(path: str) -> Connection:
    """Read the file.

    Raises:
        EngineUnreachable: There is none, it is not ours alone, or another version wrote it.
    """
    try:
        data: Any = json.loads(read_private(path).decode("utf-8"))
    except FileNotFoundError:
        raise EngineUnreachable(
            "no engine runs here; start one with `faceplate serve`", path=path
        ) from None
    except PermissionError as error:
        raise EngineUnreachable(
            f"the connection file is not to be trusted: {error.strerror}, then start the engine "
            "anew, for a new key",
            path=path,
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise EngineUnreachable(f"the connection file cannot be read: {error}", path=path) from None
    try:
        if data["version"] != VERSION.decode():
            raise EngineUnreachable(
                f"the engine speaks {data['version']}, this side {VERSION.decode()}: "
                "install the same release on both sides",
                path=path,
            )
        key = bytes.fromhex(data["key"])
        connection = Connection(str(data["address"]), key, str(data["engine"]), int(data["pid"]))
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise EngineUnreachable(f"not a connection file: {error!r}", path=path) from None
    if len(key) != KEY_BYTES:
        raise EngineUnreachable(f"the key is not {KEY_BYTES} bytes long", path=path)
    return connection
