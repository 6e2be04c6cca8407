"""Which drops are whole: nobody has written to them for a while, and every file opens.

A file server's clock is not ours, so no time of a file is compared with the time that it is here:
only whether it is still the same.
"""

from __future__ import annotations

import hashlib
import os
import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from engine.frame_io.exr_layout import LEADERS, MAGIC, MULTIPART, kind_of, read_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from engine.watch.drops import Drop, Entry

PATIENCE = 10
"""A drop that is still for so many times as long is restored though a frame of it is torn."""
_PIECE = 1 << 18
_LEADER = 64  # bytes that hold a chunk's coordinates and sizes
_MOST_HEAD = 1 << 24  # bytes of a file's headers and tables; what claims more fills no memory


class Seen(NamedTuple):
    """A drop's files as they are, and since when they have been so by our own clock, seconds."""

    files: tuple[Entry, ...]
    since: float


def seen(before: Seen | None, drop: Drop, now: float) -> Seen:
    """Return what is seen of a drop now; its time goes on where nothing has changed."""
    if before is not None and before.files == drop.files:
        return before
    return Seen(drop.files, now)


def is_still(drop: Drop, known: Seen, now: float, settle_s: float) -> bool:
    """Whether nobody seems to write to a drop any more, or somebody says so."""
    return drop.marked or now - known.since >= settle_s


def is_given_up(known: Seen, now: float, settle_s: float) -> bool:
    """Whether nothing more is to be hoped for: a torn frame will stay so."""
    return now - known.since >= PATIENCE * settle_s


def digest(entries: Iterable[Entry]) -> str:
    """Return what tells these files from any others: names, sizes, times."""
    told = "\n".join(f"{e.size} {e.changed} {e.path!r}" for e in entries)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def torn(folder: Path, drop: Drop, meanwhile: Callable[[], None] = lambda: None) -> str:
    """Return which file of a drop is not whole, and why; empty where all are.

    Args:
        folder: The watch folder.
        drop: What was dropped.
        meanwhile: Called before each file: ten thousand of them take minutes.
    """
    for entry in drop.media:
        meanwhile()
        why = _why(folder / entry.path, entry)
        if why:
            return f"{entry.path}: {why}"
    return ""


def _why(path: Path, entry: Entry) -> str:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            size = os.fstat(file.fileno()).st_size  # of a file server: opened, it is as it is now
            if size != entry.size:
                return "it grows"
            if not size:
                return "it is empty"
            if entry.name.lower().endswith(".exr"):
                _check_exr(file, size)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except (ValueError, LookupError, struct.error) as error:
        return str(error) if isinstance(error, ValueError) else "it is truncated"
    return ""


def _check_exr(file: BinaryIO, size: int) -> None:
    """Read what lies around the samples of an EXR file.

    Raises:
        ValueError: It is no EXR file, or not complete.
        LookupError, struct.error: It ends too early.
    """
    data = file.read(_PIECE)
    if not data.startswith(MAGIC):
        raise ValueError("it is not an EXR file")
    while True:
        try:
            flags, headers, position = read_headers(data)
            break
        except (LookupError, ValueError, struct.error):
            data = _longer(file, data)  # an attribute may be long, a picture even
    first, last = size, 0
    while position < first:
        if position + 8 > len(data):
            data = _longer(file, data)
        (offset,) = struct.unpack_from("<Q", data, position)
        if not offset:
            raise ValueError("its writer has not finished it")
        first, last, position = min(first, offset), max(last, offset), position + 8
    file.seek(last)
    leader = file.read(_LEADER)
    multipart = bool(flags & MULTIPART)
    (part,) = struct.unpack_from("<I", leader) if multipart else (0,)
    known = LEADERS[kind_of(headers[part], flags)]
    start = 4 * multipart
    if last + start + known.size + sum(known.unpack_from(leader, start)) > size:
        raise ValueError("it is truncated")


def _longer(file: BinaryIO, data: bytes) -> bytes:
    """Return twice as much of a file's beginning.

    Raises:
        ValueError: There is no more, or too much.
    """
    more = file.read(len(data)) if len(data) < _MOST_HEAD else b""
    if not more:
        raise ValueError("it is truncated")
    return data + more
