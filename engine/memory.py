"""How much memory is left for this process, as far as the system tells.

References:
    Linux, proc(5), /proc/meminfo: MemAvailable. Control Group v2, memory.max and memory.current.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

SCARCE = 512 * 1024 * 1024
"""Bytes that must stay free for what is being restored and written."""
_MEMINFO = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def available(meminfo: Path = _MEMINFO, group: Path = _GROUP) -> int | None:
    """Return how many bytes can still be had without swapping; None where nobody tells.

    Args:
        meminfo: The machine's account.
        group: The account of the container that this process is in.
    """
    left: list[int] = []
    with suppress(OSError, ValueError, KeyError, IndexError):
        held = dict(line.split(":", 1) for line in meminfo.read_text("ascii").splitlines())
        left.append(1024 * int(held["MemAvailable"].split()[0]))
    with suppress(OSError, ValueError, KeyError):  # of no limit it says "max"
        most = int((group / "memory.max").read_text("ascii"))
        used = int((group / "memory.current").read_text("ascii"))
        lines = (group / "memory.stat").read_text("ascii").splitlines()
        files = dict(line.split() for line in lines)["inactive_file"]  # given back on demand
        left.append(most - used + int(files))
    return min(left, default=None)


def is_short() -> bool:
    """Return whether so little is left that nothing should be read ahead of need."""
    left = available()
    return left is not None and left < SCARCE
