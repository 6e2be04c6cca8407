"""How the C library hands out large blocks: pages that were touched once are used again.

A message of 32 MiB and more would get fresh pages each time, which cost several copies of it.
"""

from __future__ import annotations

import ctypes
import sys

# The C library's own numbers, for its function mallopt.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST = 1 << 30  # bytes; above the largest message, within an int
_KEPT = 256 << 20  # bytes; what is free at the heap's end above that goes back to the system


def keep_large_blocks() -> bool:
    """Serve large blocks from the heap, and one heap for all threads; return whether it is so.

    To be called before threads are started. Only glibc is told; others know better, or nothing.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    asked = ((_M_MMAP_THRESHOLD, _LARGEST), (_M_TRIM_THRESHOLD, _KEPT), (_M_ARENA_MAX, 1))
    answers = [mallopt(what, value) for what, value in asked]
    return answers == [1] * len(asked)
