"""Reads frames ahead of need, on a thread of its own, never more than a few at a time.

Rules of this file:
    - How far ahead never changes what is read, only when.
    - Where memory is short, nothing is read ahead; where it ran out, what waits is given up and
      read again when it is asked for.
"""

from __future__ import annotations

import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, NamedTuple, Self, TypeVar

from engine.logs import about, inherited
from engine.memory import is_short

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
_log = logging.getLogger("faceplate.reader")


class _Waiting(NamedTuple, Generic[T]):
    frame: int
    future: Future[T]


class Reader(Generic[T]):
    """Hands out each frame of an order once; the next ones are read meanwhile.

    Entering the block begins with the first ones.

    Args:
        read: Reads one frame; may raise.
        order: Every frame that will be asked for, in that order, as often as it will be.
        ahead: How many frames may wait in memory; 0 reads only when asked.
        short: Whether memory is short, so that nothing is to be read ahead now.
    """

    def __init__(
        self,
        read: Callable[[int], T],
        order: Sequence[int],
        ahead: int,
        short: Callable[[], bool] = is_short,
    ) -> None:
        self._read = read
        self._order = list(order)
        self._ahead = ahead
        self._short = short
        self._next = 0
        self._waiting: deque[_Waiting[T]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reader", initializer=inherited())

    def get(self, frame: int) -> T:
        """Return a frame.

        Raises:
            FrameError: What reading it raised.
            MemoryError: There is none for this frame, though nothing else waits.
        """
        while (found := next((w for w in self._waiting if w.frame == frame), None)) is None:
            self._start_next()
        self._waiting.remove(found)
        self._read_ahead()
        try:
            return found.future.result()
        except MemoryError:
            if not self._ahead and not self._waiting:
                raise
        _log.warning("out of memory at frame %d: from here on, nothing is read ahead", frame)
        self._ahead = 0
        self._give_up()
        return self._thread.submit(self._read_one, frame).result()

    def _read_one(self, frame: int) -> T:
        with about(frame=frame):
            return self._read(frame)

    def _read_ahead(self) -> None:
        while self._next < len(self._order) and len(self._waiting) < self._ahead:
            if self._short():
                return
            self._start_next()

    def _start_next(self) -> None:
        frame = self._order[self._next]
        self._waiting.append(_Waiting(frame, self._thread.submit(self._read_one, frame)))
        self._next += 1

    def _give_up(self) -> None:
        """Forget what waits; it is begun again in its turn."""
        again = [frame for frame, _ in self._waiting]
        for waiting in self._waiting:
            waiting.future.cancel()
        self._waiting.clear()
        self._order, self._next = again + self._order[self._next :], 0

    def __enter__(self) -> Self:
        self._read_ahead()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
