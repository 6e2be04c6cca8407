"""How far a job is: a bar of Nuke's own and the node's label; in a terminal, lines.

Rules of this file:
    - ``nuke.ProgressTask`` is the one class of Nuke that is made for workers and used on them: on
      the main thread its window would stand before everything else.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plugin_host.host import Progress
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.main_thread import tell_main

if TYPE_CHECKING:
    from plugin_host.hosts.nuke.board import Job


class Bar(Progress):
    """A progress bar with a cancel button, until it is closed.

    Args:
        title: What has begun.
        job: Whose text follows it, and whose cancel it heeds; None for none.
    """

    def __init__(self, title: str, job: Job | None = None) -> None:
        self._title = title
        self._job = job
        self._percent = -1
        self._task: Any = nuke.ProgressTask(title) if nuke.GUI else None

    def say(self, done: int, total: int, message: str) -> None:
        """Show how much is done."""
        percent = 100 * done // max(total, 1)
        if self._job is not None:
            self._job.text = f"{message} {percent}%"
        if self._task is not None:
            self._task.setMessage(message)
            self._task.setProgress(percent)
        if percent != self._percent:
            self._percent = percent
            tell_main(self._show)

    def _show(self) -> None:
        if not nuke.GUI:
            nuke.tprint(f"{self._title}: {self._percent}%")
        elif self._job is not None:
            node = nuke.toNode(self._job.node)
            if node is not None:
                node.redraw()  # it asks for its label anew

    def cancelled(self) -> bool:
        """Whether the user asked to stop, here or in the menu."""
        if self._job is not None and self._job.cancelled():
            return True
        return self._task is not None and bool(self._task.isCancelled())

    def close(self) -> None:
        """Take the bar off the screen: Nuke does so when the object is gone."""
        self._task = None
