"""Memory that a session's client and this engine share: a ring of slots, never one for a picture.

Rules of this file:
    - The engine makes the memory, allots every page of it and seals its size, so that nobody can
      make the engine touch a page that is not there. A client's file is never mapped.
    - A session reaches its own ring alone, and what it writes there is copied, not believed.
    - Whether a client lives is told by the lock that it holds, which the system drops with it.
"""

from __future__ import annotations

import logging
import mmap
import os
import sys
import time
from threading import Lock
from typing import TYPE_CHECKING

from plugin_host.errors import EngineBusy, SettingsError
from plugin_host.replies import Attached, Echoed
from plugin_host.requests import MOST_RING_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugin_host.requests import Attach, Echo

MOST_BYTES = 4 << 30  # of all sessions, or a quarter of the machine's memory
ATTACH_S = 10.0  # until the client must hold its lock
_PROOF_BYTES = 16
_log = logging.getLogger("faceplate.server")


class Ring:
    """One session's slots.

    Args:
        attach: What the client asks for.

    Raises:
        SettingsError: It is more than one session may have.
        EngineBusy: The system has no memory for it.
    """

    def __init__(self, attach: Attach) -> None:
        import fcntl  # noqa: PLC0415 - not on Windows

        self.slot_bytes = -(-attach.slot_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
        self.slots = attach.slots
        self.size = self.slot_bytes * self.slots
        if self.size > MOST_RING_BYTES:
            raise SettingsError(f"a ring holds at most {MOST_RING_BYTES} bytes, not {self.size}")
        self._file = os.memfd_create("faceplate-ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.fchmod(self._file, 0o600)
            os.posix_fallocate(self._file, 0, self.size)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self._file, fcntl.F_ADD_SEALS, seals)
            self._memory = mmap.mmap(
                self._file, self.size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE
            )
        except OSError as error:
            os.close(self._file)
            raise EngineBusy(f"no memory for {self.size} bytes of ring: {error.strerror}") from None
        self._proof = os.urandom(_PROOF_BYTES)
        self._memory[:_PROOF_BYTES] = self._proof
        self._made, self._held = time.monotonic(), False

    def attached(self) -> Attached:
        """Return what the client is told."""
        path = f"/proc/{os.getpid()}/fd/{self._file}"
        return Attached(path, self.slot_bytes, self.slots, self._proof.hex())

    def slot(self, index: int) -> memoryview:
        """Return the bytes of a slot; the ring cannot be closed while there is a view of them.

        Raises:
            SettingsError: There is no such slot.
        """
        if index >= self.slots:
            raise SettingsError(f"the ring has no slot {index}, only 0 to {self.slots - 1}")
        self._held = True  # who names a slot has opened the ring
        begin = index * self.slot_bytes
        return memoryview(self._memory)[begin : begin + self.slot_bytes]

    def is_left(self) -> bool:
        """Return whether the client that had it is gone, or never came."""
        import fcntl  # noqa: PLC0415 - not on Windows

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._held = True
            return False
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return self._held or time.monotonic() - self._made > ATTACH_S

    def close(self) -> bool:
        """Give the memory back, unless a slot is being written to; return whether it was."""
        try:
            self._memory.close()
        except BufferError:
            return False
        os.close(self._file)
        return True


def slot_of(ring: Ring | None, index: int) -> memoryview:
    """Return the bytes of a slot.

    Raises:
        SettingsError: The session has no ring, or no such slot.
    """
    if ring is None:
        raise SettingsError("the session has no ring: send Attach first")
    return ring.slot(index)


def echo(
    request: Echo, buffers: tuple[bytes, ...], ring: Ring | None
) -> tuple[Echoed, tuple[bytes, ...]]:
    """Return the reply to an `Echo`, its slot written.

    Raises:
        SettingsError: The session has no such slot, or it is smaller than what is to be copied.
    """
    if request.source is not None and request.target is not None:
        with slot_of(ring, request.source) as source, slot_of(ring, request.target) as target:
            if request.size > len(target):
                raise SettingsError(f"a slot holds {len(target)} bytes, not {request.size}")
            _copy(source, target, request.size)
    return Echoed(), buffers


def _copy(source: memoryview, target: memoryview, size: int) -> None:
    """Copy bytes without keeping other threads from running, as a slice of a view would."""
    import numpy as np  # noqa: PLC0415 - an engine must listen before

    np.copyto(np.frombuffer(target, np.uint8)[:size], np.frombuffer(source, np.uint8)[:size])


class Rings:
    """The rings of all sessions, for several threads at once."""

    def __init__(self) -> None:
        self._of: dict[str, Ring] = {}
        self._closing: list[Ring] = []
        self._lock = Lock()

    def attach(self, session: str, attach: Attach, *, is_local: bool = True) -> Attached:
        """Make a session's ring, in place of its former one.

        Args:
            session: Its id.
            attach: How large.
            is_local: Whether the client is connected on this machine.

        Raises:
            SettingsError: There is no shared memory that would be safe, or not of that size.
            EngineBusy: There is no memory for it now.
        """
        if not is_local or sys.platform != "linux":
            why = "the client is on another machine" if not is_local else "this is no Linux"
            raise SettingsError(f"no ring: {why}; fetch frames as EXR bytes, or read their paths")
        with self._lock:
            self._let_go(session)
            taken = sum(ring.size for ring in [*self._of.values(), *self._closing])
            most = min(MOST_BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)
            if taken + attach.slot_bytes * attach.slots > most:
                raise EngineBusy(f"rings hold {taken} of {most} bytes; try again later")
            ring = self._of[session] = Ring(attach)
        return ring.attached()

    def get(self, session: str) -> Ring | None:
        """Return a session's ring, if it has one."""
        return self._of.get(session)

    def sweep(self, sessions: Callable[[str], object]) -> None:
        """Let go of the rings whose session or client is gone.

        Args:
            sessions: Returns a session by its id, or None.
        """
        if not self._lock.acquire(blocking=False):
            return  # one is being made; there is time
        try:
            for session, ring in list(self._of.items()):
                if sessions(session) is None or ring.is_left():
                    _log.info("a ring of %d bytes is let go", ring.size)
                    self._let_go(session)
            self._let_go("")
        finally:
            self._lock.release()

    def _let_go(self, session: str) -> None:
        if session in self._of:
            self._closing.append(self._of.pop(session))
        self._closing = [ring for ring in self._closing if not ring.close()]
