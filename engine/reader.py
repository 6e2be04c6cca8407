"""Reads frames ahead of need, on a thread of its own, never more than a few at a time."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.image import Image


class Reader:
    """Hands out each frame of an order once; the next ones are read meanwhile.

    Args:
        read: Reads one frame; may raise.
        order: Every frame that will be asked for, in that order, as often as it will be.
        ahead: How many frames may wait in memory; 0 reads only when asked.
    """

    def __init__(self, read: Callable[[int], Image], order: Sequence[int], ahead: int) -> None:
        self._read = read
        self._order = list(order)
        self._ahead = ahead
        self._next = 0
        self._waiting: list[tuple[int, Future[Image]]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reader")

    def get(self, frame: int) -> Image:
        """Return a frame.

        Raises:
            FrameError: What reading it raised.
        """
        while frame not in (waiting := [waiting for waiting, _ in self._waiting]):
            self._start_next()
        _, image = self._waiting.pop(waiting.index(frame))
        while self._next < len(self._order) and len(self._waiting) < self._ahead:
            self._start_next()
        return image.result()

    def _start_next(self) -> None:
        frame = self._order[self._next]
        self._next += 1
        self._waiting.append((frame, self._thread.submit(self._read, frame)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
