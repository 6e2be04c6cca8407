"""How long an engine outlives those who use it.

Rules of this file:
    - What a job needs goes before what anybody's absence suggests, unless its owner said otherwise.
    - Absence is silence, not a closed connection: it tells of clients that hang, too.

    whoever holds it has gone, and said "cancel"    it ends, jobs or not
    a job runs or waits                             it stays
    whoever holds it has gone                       it ends after `grace` seconds of silence
    nobody is heard                                 it ends after `lease` seconds of silence
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Holder:
    """Whoever started the engine and holds its standard input open, for as long as they live.

    Where a parent's process id were polled, a wrapper's script would be taken for the parent, and a
    number used again for its first bearer; the signal that Linux sends at a parent's death comes
    already when the thread that started us ends. An open pipe says it on every system.

    Args:
        then: What becomes of jobs when they are gone: ``finish`` or ``cancel``.
        descriptor: What is held open.
    """

    def __init__(self, then: str, descriptor: int = 0) -> None:
        self.then = then
        self.gone = False
        threading.Thread(target=self._watch, args=(descriptor,), daemon=True).start()

    def _watch(self, descriptor: int) -> None:
        with contextlib.suppress(OSError):
            while os.read(descriptor, 4096):
                pass
        self.gone = True


class Place:
    """A file or folder that holds the engine for as long as it is there.

    For who started the engine and does not live on, as a step of a farm's session, whose folder is
    taken away at its end.

    Args:
        then: As of `Holder`.
        path: What is looked for.
    """

    def __init__(self, then: str, path: Path) -> None:
        self.then = then
        self._path = path

    @property
    def gone(self) -> bool:
        """Whether it is there no more; what cannot be looked at may be."""
        try:
            self._path.stat()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return False


Held = Holder | Place | None
"""What holds an engine; None for nothing."""


class Lease:
    """Tells when an engine should end; without clock, so that every test is a call.

    Args:
        lease: Seconds of silence; 0 for never.
        grace: The same once the holder is gone.
        held: What happens then: ``finish`` or ``cancel`` the jobs.
        now: Seconds on the clock of all calls.
    """

    def __init__(self, lease: int, grace: int, held: str, now: float) -> None:
        self._lease = lease
        self._grace = grace
        self._held = held
        self._heard_at = now

    def heard(self, now: float) -> None:
        """Take note of a client."""
        self._heard_at = now

    def ends(self, now: float, *, idle: bool, orphaned: bool) -> str:
        """Return why the engine should end; empty while it should not.

        Args:
            now: The time.
            idle: Whether no job runs or waits.
            orphaned: Whether the holder is gone.
        """
        if orphaned and self._held == "cancel":
            return "whoever started it is gone"
        if not idle:
            self._heard_at = now
        silence = now - self._heard_at
        if not idle or not self._lease:
            return ""
        if orphaned and silence >= self._grace:
            return f"whoever started it is gone, and nobody was heard for {self._grace} s"
        return f"nobody was heard for {self._lease} s" if silence >= self._lease else ""
