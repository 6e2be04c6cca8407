"""Files that are whole or not there, whoever is killed when.

A file that is being written is called ``.faceplate-<place>-<process>-<number>.tmp``. The place is
where that process number means something: a machine, since its last start, and a space of
processes. So the rest of a writer that was killed is told from what a living one will rename.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import socket
from contextlib import suppress
from pathlib import Path

FOREIGN_S = 24 * 3600.0  # unchanged for so long, another machine's file is a dead writer's
_NAME = re.compile(r"\.faceplate-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}\.tmp\Z")
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}  # of such a file system


def _place() -> str:
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


_HERE = _place()
_under_way: set[str] = set()  # names that this process writes under now


def time_in(folder: Path) -> float:
    """Return what time it is by a folder's file system, seconds, from a file that is made there.

    Raises:
        OSError: No file can be made there.
    """
    probe = temporary_name(folder)
    _under_way.add(probe.name)
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink()
    finally:
        _under_way.discard(probe.name)
    return now


def temporary_name(folder: Path) -> Path:
    """Return a name in a folder for a file of this process that nobody else has."""
    return folder / f".faceplate-{_HERE}-{os.getpid()}-{secrets.token_hex(4)}.tmp"


def write_atomically(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write under a name of one's own, flush to the disk, rename, flush the folder.

    Args:
        path: The file.
        data: All of it.
        replace: Whether a file that lies there gives way; else the first of several writers wins.

    Raises:
        FileExistsError: A file lies there and was not to be replaced.
        OSError: The file system refused; nothing is left under `path` that was not there before.
    """
    temporary = temporary_name(path.parent)
    _under_way.add(temporary.name)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            _rename_to_new(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    finally:
        _under_way.discard(temporary.name)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and renaming is journalled
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _rename_to_new(temporary: Path, path: Path) -> None:
    """Rename; a file that is there stays, and whoever asks at the same time may come second."""
    if os.name != "posix":
        temporary.rename(path)  # which replaces nothing there
        return
    try:
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        temporary.replace(path)
    else:
        temporary.unlink()


def clear(folder: Path, now: float) -> None:
    """Remove from a folder what killed writers left; never what a living one will rename.

    Args:
        folder: Where; it need not be there.
        now: The file system's own time, seconds: a clock of this machine may differ from it.
    """
    with suppress(OSError):
        with os.scandir(folder) as entries:
            found = [(entry, match) for entry in entries if (match := _NAME.match(entry.name))]
        for entry, match in found:
            if _is_left(match[1], int(match[2]), entry, now):
                with suppress(OSError):  # another was faster, or it is another user's
                    os.unlink(entry)  # noqa: PTH108 - an entry of a folder that was just listed


def here() -> str:
    """Return the place of this process: equal where a process number means the same process."""
    return _HERE


def is_alive(place: str, process: int) -> bool | None:
    """Return whether a process lives; None where that cannot be told from here."""
    if place != _HERE or os.name != "posix":  # elsewhere signal 0 is not the question it is here
        return None
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _is_left(place: str, process: int, entry: os.DirEntry[str], now: float) -> bool:
    if place == _HERE and process == os.getpid():  # of a disk that went and has come back
        return entry.name not in _under_way
    lives = is_alive(place, process)
    if lives is not None:
        return not lives
    try:
        return now - entry.stat().st_mtime > FOREIGN_S
    except OSError:
        return False
