"""A host's side of a ring: slots of memory that the engine writes pictures into, read in place.

Rules of this file:
    - The engine makes the memory and seals its size; what is opened is checked before it is mapped,
      so that no other process can put a file in its place or make this one touch missing pages.
    - A slot is this side's until a request names it, and again from the answer on.
    - The pages are touched once, when the ring is mapped, and used again for every picture.
    - Each slot is a mapping of its own, so that it can be told whether something looks at it.
"""

from __future__ import annotations

import mmap
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Any

from plugin_host.errors import EngineBusy, EngineUnreachable, SettingsError

if TYPE_CHECKING:
    from plugin_host.replies import Attached

_F_GET_SEALS, _F_SEAL_SHRINK = 1034, 0x2  # Linux; Python names them since 3.8
_MAP_POPULATE = 0x8000  # ditto since 3.10
_LOCK_S = 5.0  # for the lock that the engine tries for an instant now and then


class Ring:
    """The slots that a session has.

    Args:
        attached: The engine's answer.
        session: The session that asked.

    Raises:
        SettingsError: There is no shared memory here, or the path leads to something else: the
            engine is on another machine, or in another container.
    """

    def __init__(self, attached: Attached, session: str) -> None:
        self.session = session
        self.slot_bytes = attached.slot_bytes
        self._size = attached.slots * attached.slot_bytes
        self._free = list(range(attached.slots))
        if sys.platform != "linux":
            raise SettingsError("no shared memory on this system; fetch frames as EXR bytes")
        try:
            self._file = open(attached.path, "r+b", buffering=0)  # noqa: SIM115 - until `close`
        except OSError as error:
            raise _refused(error.strerror, attached.path) from None
        try:
            self._mappings = self._mapped(attached)
            self._unseen = self._references(0)
        except OSError as error:
            self._file.close()
            raise _refused(error.strerror, attached.path) from None
        except BaseException:
            self._file.close()
            raise

    def take(self) -> Slot:
        """Return a slot that nobody has.

        Raises:
            EngineBusy: All are taken.
        """
        if not self._free:
            raise EngineBusy("every slot of the ring is taken: release() a picture, then ask again")
        index = self._free.pop(0)
        return Slot(self, index, memoryview(self._mappings[index]))

    def give_back(self, index: int) -> None:
        """Take a slot back.

        Raises:
            BufferError: Something still looks at it.
        """
        if self._references(index) > self._unseen:
            raise BufferError("something made from the slot's memory still looks at it")
        self._free.append(index)

    def close(self) -> None:
        """Let go of it; what is still looked at stays, until it is released."""
        import fcntl  # noqa: PLC0415 - not on Windows

        if not self._file.closed:
            fcntl.flock(self._file, fcntl.LOCK_UN)  # what is mapped holds a copy of the file
            self._file.close()

    def _references(self, index: int) -> int:
        return sys.getrefcount(self._mappings[index])  # each memory that looks at it holds one

    def _mapped(self, attached: Attached) -> list[mmap.mmap]:
        import fcntl  # noqa: PLC0415 - not on Windows

        found = os.fstat(self._file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise _refused("it is no file of this user's", attached.path)
        if self.slot_bytes % mmap.ALLOCATIONGRANULARITY:
            raise _refused(f"slots of {self.slot_bytes} bytes are no whole pages", attached.path)
        if found.st_size < self._size:
            raise _refused(f"it has {found.st_size} bytes, not {self._size}", attached.path)
        try:
            seals = fcntl.fcntl(self._file, _F_GET_SEALS)
        except OSError:
            seals = 0
        if not seals & _F_SEAL_SHRINK:
            raise _refused("its size is not sealed", attached.path)
        self._lock(attached.path)
        flags: Any = mmap.MAP_SHARED | _MAP_POPULATE
        proof = bytes.fromhex(attached.proof)
        if self._file.read(len(proof)) != proof:
            raise _refused("it does not begin as the engine says", attached.path)
        return [
            mmap.mmap(self._file.fileno(), self.slot_bytes, flags=flags, offset=begin)
            for begin in range(0, self._size, self.slot_bytes)
        ]

    def _lock(self, path: str) -> None:
        """Say that the ring is in use, until this process ends or closes it."""
        import fcntl  # noqa: PLC0415 - not on Windows

        end = time.monotonic() + _LOCK_S
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > end:
                    raise EngineUnreachable("the ring stays locked", path=path) from None
                time.sleep(0.001)
            else:
                return


class Slot:
    """One slot, taken.

    Attributes:
        ring: Whose it is, or was.
        index: Its number, for requests.
        memory: Its bytes, writable.
    """

    def __init__(self, ring: Ring, index: int, memory: memoryview) -> None:
        self.ring = ring
        self.index = index
        self.memory = memory
        self._taken = True

    def release(self) -> None:
        """Give the slot back; a second time does nothing.

        Raises:
            BufferError: A slice, an array or the like, made from `memory`, still looks at it.
        """
        if self._taken:
            self.memory.release()
            self.ring.give_back(self.index)
            self._taken = False

    def __enter__(self) -> Slot:  # noqa: PYI034 - Self needs a newer Python than hosts have
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _refused(why: str | None, path: str) -> SettingsError:
    return SettingsError(
        f"no ring: {why}; is the engine on this machine, and in the same container? "
        "Fetch frames as EXR bytes",
        path=path,
    )
