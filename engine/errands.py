"""What would keep the server from answering is done beside it.

Rules of this file:
    - A session has one errand on its way at a time, from its beginning until its result has left
      for the client; more wait. So a client that asks and does not read costs one result.
    - Results come back to the server's own thread, which alone touches sockets and sessions.
    - Threads that hang with a file system die with the process.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from plugin_host.errors import EngineBusy, FaceplateError, RestorerFailed
from plugin_host.protocol import failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import zmq

THREADS = 2  # one reads while the other hashes
MOST_WAITING = 256  # of one session

_log = logging.getLogger("faceplate.server")


class Errand(NamedTuple):
    """What a session asked for: `work` returns the reply and the buffers that ride along."""

    session: str
    request: str
    work: Callable[[], tuple[Any, tuple[bytes, ...]]]


class Result(NamedTuple):
    """What is to be sent."""

    session: str
    request: str
    message: Any
    buffers: tuple[bytes, ...] = ()


@dataclass(slots=True)
class _Line:
    """A session's errands: those that wait, and whether one is on its way."""

    waiting: deque[Errand] = field(default_factory=deque[Errand])
    busy: bool = False
    leaving: zmq.MessageTracker | None = None  # what of it is still on its way to the client


class Errands:
    """Work on threads of its own."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._orders: SimpleQueue[Errand] = SimpleQueue()
        self._results: SimpleQueue[Result] = SimpleQueue()
        self.output, self._wake = os.pipe()  # as many bytes to read as there are results
        for _ in range(THREADS):
            threading.Thread(target=self._work, daemon=True).start()

    def ask(self, errand: Errand) -> None:
        """Have something done.

        Raises:
            EngineBusy: The session has asked for too much at once.
        """
        line = self._lines.setdefault(errand.session, _Line())
        if len(line.waiting) >= MOST_WAITING:
            raise EngineBusy(f"{MOST_WAITING} frames were asked for and are not read yet")
        line.waiting.append(errand)
        self.advance()

    def waiting(self, session: str) -> int:
        """Return how many errands of a session have not begun."""
        return len(self._lines[session].waiting) if session in self._lines else 0

    def results(self) -> Iterator[Result]:
        """Yield what is done; each must be told to `sent`."""
        while not self._results.empty():
            os.read(self.output, 1)
            yield self._results.get()

    def sent(self, session: str, leaving: zmq.MessageTracker | None) -> None:
        """Take note that a result was given to its socket, or to nobody."""
        line = self._lines[session]
        line.leaving, line.busy = leaving, leaving is not None
        self.advance()

    def leave(self, session: str) -> None:
        """Forget what a session asked for."""
        if session in self._lines:
            self._lines[session].waiting.clear()

    def advance(self) -> bool:
        """Begin what can be begun; return whether something waits until a client has read."""
        for session, line in list(self._lines.items()):
            if line.leaving is not None and line.leaving.done:
                line.leaving, line.busy = None, False
            if line.waiting and not line.busy:
                line.busy = True
                self._orders.put(line.waiting.popleft())
            if not line.busy:
                del self._lines[session]
        return any(line.waiting and line.leaving is not None for line in self._lines.values())

    def _work(self) -> None:
        while True:
            self._results.put(_result_of(self._orders.get()))
            os.write(self._wake, b".")


def _result_of(errand: Errand) -> Result:
    who = (errand.session, errand.request)
    try:
        return Result(*who, *errand.work())
    except FaceplateError as error:
        return Result(*who, failed(error))
    except Exception as error:  # noqa: BLE001 - whatever a file may hold, the engine goes on
        _log.exception("request %s", errand.request)
        return Result(*who, failed(RestorerFailed(f"{type(error).__name__}: {error}")))
