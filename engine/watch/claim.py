"""Which watcher works on a drop: a file beside it that is made anew as long as somebody does.

Rules of this file:
    - No lock is relied upon, and no two clocks are compared: a claim that is older than a lease, by
      the file system's own time, is nobody's any more; so is one of a process of this machine that
      has ended.
    - To make a claim is exclusive; to take a dead one away is a rename, which one watcher wins. If
      two should ever hold one, the same frames are made twice and are the same: takes are safe.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from engine.atomic import here, is_alive, temporary_name, time_in, write_atomically
from engine.regular import read_regular
from engine.watch.drops import CLAIM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEASE_S = 120.0  # file servers show another machine's file a minute late
_BEATS = 12  # that a living claim makes in a lease
_MOST = 4096  # bytes of a claim


class Claims:
    """The claims that one watcher has.

    Args:
        folder: The watch folder.
        clock: Seconds that only rise.
        time_there: What time it is by a folder's file system, seconds.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        time_there: Callable[[Path], float] = time_in,
    ) -> None:
        self._folder, self._clock, self._time_there = folder, clock, time_there
        self._me = {"place": here(), "process": os.getpid(), "watcher": secrets.token_hex(8)}
        self._said: dict[str, float] = {}  # when we last said that a drop is ours

    def take(self, name: str) -> bool:
        """Claim a drop; False where another works on it.

        Raises:
            OSError: The folder cannot be written.
        """
        for _ in range(2):
            try:
                write_atomically(self._path(name), self._text(), replace=False)
            except FileExistsError:
                if not self._clear_dead(name):
                    return False
            else:
                self._said[name] = self._clock()
                return True
        return False

    def keep(self, name: str) -> bool:
        """Say that this one still works on a drop; False where it is another's by now.

        Raises:
            OSError: The folder cannot be written.
        """
        if name not in self._said:
            return False
        if self._clock() - self._said[name] < LEASE_S / _BEATS:
            return True
        if not self._is_ours(name):
            del self._said[name]
            return False
        write_atomically(self._path(name), self._text())
        self._said[name] = self._clock()
        return True

    def let_go(self, name: str) -> None:
        """Leave a drop to whoever wants it."""
        if self._said.pop(name, None) is not None and self._is_ours(name):
            with suppress(OSError):
                self._path(name).unlink()

    def is_held(self, name: str) -> bool:
        """Whether any watcher claims a drop, be it dead."""
        return self._path(name).exists()

    def _path(self, name: str) -> Path:
        return self._folder / (name + CLAIM)

    def _text(self) -> bytes:
        return json.dumps(self._me).encode() + b"\n"

    def _is_ours(self, name: str) -> bool:
        return self._me["watcher"] == _claimant(self._path(name)).get("watcher")

    def _is_dead(self, path: Path) -> bool:
        match _claimant(path):
            case {"place": str(place), "process": int(process)} if not _lives(place, process):
                return True
            case _:
                age = self._time_there(self._folder) - path.lstat().st_mtime
                return age >= LEASE_S

    def _clear_dead(self, name: str) -> bool:
        """Take a dead claim away; whether there is none now."""
        path, aside = self._path(name), temporary_name(self._folder)
        try:
            if not self._is_dead(path):
                return False
            path.rename(aside)
        except FileNotFoundError:
            return True  # let go, or another was faster: who is first now has it
        if not self._is_dead(aside):  # another was faster, and it is a living one's
            with suppress(OSError):
                write_atomically(path, aside.read_bytes(), replace=False)
        with suppress(OSError):
            aside.unlink()
        return True


def _lives(place: str, process: int) -> bool:
    """Whether a process may live still."""
    return is_alive(place, process) is not False


def _claimant(path: Path) -> dict[str, Any]:
    try:
        told: Any = json.loads(read_regular(path, most=_MOST))
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}
