"""Files that are whole or not there, written by a host; `engine.atomic` is the engine's own.

A file that is being written is called as the engine's are, so that it clears what a host that was
killed left in a take: a day later, since it cannot know the host's processes.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from typing import Any, Dict, Mapping, cast

_ELSEWHERE = "00000000"  # in place of the machine, which only the engine tells


def write_whole(path: str, data: bytes, *, private: bool = False) -> None:
    """Write under a name of one's own, flush to the disk, rename.

    Args:
        path: The file; what lies there gives way.
        data: All of it.
        private: Whether nobody but the user may read it.

    Raises:
        OSError: The file system refused; nothing is left that was not there before.
    """
    name = f".faceplate-{_ELSEWHERE}-{os.getpid()}-{secrets.token_hex(4)}.tmp"
    temporary = os.path.join(os.path.dirname(path), name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o600 if private else 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened, and renaming is journalled
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """Return the text of a file of JSON."""
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def read_json(path: str) -> dict[str, Any] | None:
    """Return the object that a file holds; None for what is not there, or is no whole object."""
    try:
        with open(path, "rb") as file:
            data: Any = json.loads(file.read().decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return cast("Dict[str, Any]", data) if isinstance(data, dict) else None


def digest_of(path: str) -> str:
    """Return the sha256 of a file in hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()
