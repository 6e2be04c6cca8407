"""Files of others read whole: only regular ones, never waited for, never above a size.

A pipe in a frame's place would be waited for without end, a device may deliver without end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 1 << 32
"""What a file may hold that is read whole."""
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_QUIET = getattr(os, "O_NOCTTY", 0)  # a terminal in its place does not become ours


def read_regular(path: str | Path, *, most: int = MOST_BYTES, roots: Sequence[str] = ()) -> bytes:
    """Return the bytes of a file as it is when it is opened.

    Args:
        path: The file; links are followed.
        most: Largest size, bytes.
        roots: Real paths of folders, below one of which the opened file must lie; none for any
            place.

    Raises:
        FileNotFoundError: There is none.
        OSError: It cannot be read, is no regular file, is too large, or lies elsewhere.
    """
    descriptor = os.open(path, _READ | _QUIET)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if found.st_size > most:
            what = f"it is {found.st_size} bytes long, {most} are the limit"
            raise OSError(errno.EFBIG, what, str(path))
        # What was opened is what is judged, so that nobody swaps it in between.
        place = Path(os.path.realpath(_opened(descriptor, path))) if roots else Path()
        if roots and not any(place.is_relative_to(root) for root in roots):
            raise OSError(errno.EPERM, "it lies outside the folders of this engine", str(path))
        return file.read(found.st_size)


def _opened(descriptor: int, path: str | Path) -> str:
    """Return the path of an open file; where the system does not tell (not Linux), the name's."""
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return str(path)
