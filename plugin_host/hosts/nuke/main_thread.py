"""Nuke is called from its main thread only; restoring happens on workers.

Rules of this file:
    - Who is on the main thread, or in a terminal, where no event loop would answer, calls
      directly. So nothing waits for itself.
    - ``executeInMainThreadWithResult`` is not used: it prints what went wrong and returns None.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import threading
from typing import Any, Callable, TypeVar

from plugin_host.errors import DeadlineExceeded
from plugin_host.hosts.nuke.application import nuke

T = TypeVar("T")
BEGIN_S = 600.0  # for the main thread to come to it: it may be rendering
END_S = 86400.0  # for a call that has begun; a render there has a cancel button of its own


class _Call:
    """A call on its way to the main thread, which may be given up before it begins."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._given_up = False
        self.begun = threading.Event()
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        with self._lock:
            if self._given_up:
                return
            self.begun.set()
        try:
            self.result = self._work()
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
            self.error = error
        finally:
            self.done.set()

    def give_up(self) -> bool:
        """Whether it had not begun, and now never will."""
        with self._lock:
            self._given_up = not self.begun.is_set()
            return self._given_up


def on_main(work: Callable[[], T]) -> T:
    """Return what `work` returns, run on Nuke's main thread.

    Raises:
        DeadlineExceeded: The main thread was busy for too long; the call will not be made.
        BaseException: What `work` raised.
    """
    if not must_ask():
        return work()
    call = _Call(work)
    nuke.executeInMainThread(call.run)
    if not call.begun.wait(BEGIN_S) and call.give_up():
        what = f"Nuke did not come to it within {BEGIN_S:.0f} s: does a dialog wait for an answer?"
        raise DeadlineExceeded(what)
    if not call.done.wait(END_S):
        raise DeadlineExceeded(f"Nuke did not get ready with it within {END_S:.0f} s")
    if call.error is not None:
        raise call.error
    return call.result


def tell_main(work: Callable[[], None]) -> None:
    """Have the main thread run `work` soon, without waiting for it."""
    if must_ask():
        nuke.executeInMainThread(work)
    else:
        work()


def must_ask() -> bool:
    """Whether this thread has to ask the main thread, which listens."""
    return nuke.GUI and threading.current_thread() is not threading.main_thread()
