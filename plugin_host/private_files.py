"""Files that are one user's alone: keys are read only where nobody else can have a hand in them.

Rules of this file:
    - What was opened is what is judged, so that nobody swaps it in between.
    - A refusal says what is wrong and the command that mends it.
    - Where the system has no file modes (Windows), a file is as private as its folder.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from shlex import quote
from typing import BinaryIO

MOST_BYTES = 65536
_MODES = sys.platform != "win32"
# A pipe in the file's place must not be waited for.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def read_private(path: str, *, secret: bool = True) -> bytes:
    """Return the first 64 KiB of a file that only its user can change, and read if it is secret.

    Raises:
        FileNotFoundError: There is none.
        PermissionError: It or its folder is another's, or open to others; says what mends it.
        OSError: It cannot be read, or is no regular file.
    """
    check_folder(path)
    descriptor = os.open(path, _READ)
    try:
        found = os.fstat(descriptor)
        _check_owned(found, path)
        mode = stat.S_IMODE(found.st_mode)
        if _MODES and mode & (0o077 if secret else 0o022):
            what, command = ("read or change", "600") if secret else ("change", "go-w")
            raise _refused(f"others can {what} it (mode {mode:04o})", f"chmod {command}", path)
        return os.read(descriptor, MOST_BYTES)
    finally:
        os.close(descriptor)


def append_own(path: str) -> BinaryIO:
    """Open a file of one's own for appending, made with mode 0600; a link is not followed.

    Raises:
        PermissionError: It is a link or another's, or others can write in its folder.
        OSError: It cannot be opened, or is no regular file.
    """
    check_folder(path)
    try:
        descriptor = os.open(path, _APPEND | _NO_LINK, 0o600)
    except OSError as error:
        if os.path.islink(path):
            raise _refused("it is a link, which is not followed", "rm", path) from None
        raise error from None
    try:
        _check_owned(os.fstat(descriptor), path)
        return os.fdopen(descriptor, "ab")
    except BaseException:
        os.close(descriptor)
        raise


def check_folder(path: str) -> None:
    """Check that nobody else can put another file in a file's place.

    Raises:
        PermissionError: The folder is another's, or others can write in it.
        FileNotFoundError: There is no folder.
    """
    folder = os.path.dirname(os.path.abspath(path))
    found = os.stat(folder)
    mode = stat.S_IMODE(found.st_mode)
    if not _MODES:
        return
    if found.st_uid not in (0, os.geteuid()):
        raise _refused(f"its folder is user {found.st_uid}'s", "sudo chown $USER", folder)
    if mode & 0o022 and not mode & stat.S_ISVTX:
        raise _refused(f"others can write in its folder (mode {mode:04o})", "chmod go-w", folder)


def _check_owned(found: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", path)
    if _MODES and found.st_uid != os.geteuid():
        raise _refused(f"it is user {found.st_uid}'s", "sudo rm", path)


def _refused(why: str, command: str, path: str) -> PermissionError:
    return PermissionError(errno.EPERM, f"{why}; mend it with `{command} {quote(path)}`", path)
