"""A process that can touch nothing outside the roots: the kernel's own word, whatever opens a file.

Rules of this file:
    - It holds for the calling thread and all that it starts, for ever: call it first of all.
    - What is held is a folder, not its name, so links, `..` and folders that are swapped while a
      job runs lead nowhere else, also for the libraries that open files by themselves.
    - What the process lives on can be read: the interpreter, the libraries, the system.

References:
    Linux, userspace-api/landlock.rst. Linux 5.13 has it, where the kernel was built with it.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1  # flag of the first: asks for the version
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38  # prctl
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_FIRST_VERSION = (1 << 13) - 2  # all rights of it, but to execute
_REFER, _TRUNCATE = 1 << 13, 1 << 14  # of versions 2 and 3
_READ = _READ_FILE | _READ_DIR
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys", "/run")
_DRIVERS = ("~/.nv",)
"""Where a graphics driver keeps what it compiled."""


def confine_process(roots: Sequence[str], read: Sequence[str] = ()) -> bool:
    """Let this process read and write below some folders only, and read what it lives on.

    Args:
        roots: Folders that are there.
        read: Folders that may be read besides.

    Returns:
        Whether the system can do that and has done it.
    """
    version = _call(_CREATE_RULESET, None, 0, _VERSION) if sys.platform == "linux" else -1
    if version < 1:
        return False
    every = _FIRST_VERSION | _REFER * (version >= 2) | _TRUNCATE * (version >= 3)
    ruleset = _call(_CREATE_RULESET, struct.pack("=Q", every), 8, 0)
    if ruleset < 0:
        return False
    try:
        for path in roots:
            _allow(ruleset, path, every)
        for path in (*_lived_on(), *read):
            _allow(ruleset, path, _READ)
        _allow(ruleset, "/dev", _READ | _WRITE_FILE)
        for path in _DRIVERS:
            _allow(ruleset, os.path.expanduser(path), every)  # noqa: PTH111  # paths are text here
        library = ctypes.CDLL(None)
        return (
            library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
            and _call(_RESTRICT_SELF, ruleset, 0) == 0
        )
    finally:
        os.close(ruleset)


def shut_out(roots: Iterable[str]) -> set[str]:
    """Return the folders that are there and cannot be listed.

    What is held is a folder, not its name: one that was mounted anew, or made anew, is another.
    """
    return {root for root in roots if os.path.isdir(root) and not _lists(root)}  # noqa: PTH112


def _lists(folder: str) -> bool:
    try:
        os.scandir(folder).close()
    except OSError:
        return False
    return True


def _lived_on() -> Iterable[str]:
    """Return the folders of the interpreter, the packages, this code and the colour config."""
    ours = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[1]))
    config = os.environ.get("OCIO", "")
    folder = os.path.dirname(config) if os.path.isabs(config) else ""  # noqa: PTH117, PTH120
    return filter(os.path.isdir, {*_SYSTEM, *ours, *sys.path, folder} - {"", "/"})


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_DIRECTORY)
    except OSError:  # what is not there needs no leave
        return
    try:
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, folder), 0)
    finally:
        os.close(folder)


def _call(number: int, *arguments: object) -> int:
    """Return what a system call returns; -1 for every error."""
    call = ctypes.CDLL(None).syscall
    call.restype = ctypes.c_long
    return int(call(ctypes.c_long(number), *arguments))
