"""What the command line shows: a bar on a terminal, percent lines elsewhere, JSON on request."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from plugin_host.replies import Analysed
from plugin_host.schema import to_json

if TYPE_CHECKING:
    from plugin_host.errors import FaceplateError
    from plugin_host.replies import Finished, Progress

_BAR = 30  # characters


class Console:
    """Tells of a job.

    Args:
        as_json: One JSON object a line on the output; else words for a person.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._percent = -1
        self._terminal = sys.stderr.isatty() and not as_json

    def heard(self, event: Analysed | Progress) -> None:
        """Something happened to the job."""
        if isinstance(event, Analysed):
            self._analysed(event)
        else:
            self._progress(event)

    def _analysed(self, analysed: Analysed) -> None:
        if self._as_json:
            self._line("analysed", {"done": analysed.done, "total": analysed.total})
        elif self._terminal:
            sys.stderr.write(f"\r\033[Klooking for faces: {analysed.done} of {analysed.total}")
            sys.stderr.flush()

    def _progress(self, progress: Progress) -> None:
        percent = 100 * progress.done // max(progress.total, 1)
        if self._as_json:
            data = to_json(progress)
            self._line(
                "frame", {n: data[n] for n in ("frame", "status", "path", "code", "message")}
            )
            self._line("progress", {"done": progress.done, "total": progress.total})
            return
        if progress.code is not None:
            self._say(f"frame {progress.frame}: {progress.message} [{progress.code}]")
        if self._terminal:
            filled = _BAR * progress.done // max(progress.total, 1)
            bar = "#" * filled + "." * (_BAR - filled)
            sys.stderr.write(
                f"\r\033[K[{bar}] {percent:3d}%  frame {progress.frame} {progress.status}"
            )
            sys.stderr.flush()
        elif percent != self._percent:
            sys.stdout.write(f"{percent}%\n")
            sys.stdout.flush()
        self._percent = percent

    def finished(self, finished: Finished) -> None:
        """The job is done."""
        seconds = {name: ms / 1000 for name, ms in finished.milliseconds.items()}
        total = seconds.pop("total", 0.0)
        if self._as_json:
            data = to_json(finished)
            fields = {n: data[n] for n in ("faceless", "errors", "notes", "take")}
            times = {"seconds": total, "stages": seconds}
            self._line("finished", {"frames": finished.delivered, **times, **fields})
            return
        if self._terminal:
            sys.stderr.write("\n")
        for note in finished.notes:
            self._say(f"note: {note}")
        stages = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
        self._say(
            f"{finished.delivered} frames delivered in {total:.1f} s ({stages}); "
            f"{len(finished.errors)} errors; take {finished.take}"
        )

    def failed(self, error: FaceplateError) -> None:
        """The job, or the command, came to nothing more."""
        if self._as_json:
            where = {"frame": error.frame, "path": error.path}
            self._line("failed", {"code": error.code, "message": error.message, **where})
            return
        if self._terminal and self._percent >= 0:
            sys.stderr.write("\n")
        sys.stderr.write(f"faceplate: {error} [{error.code}]\n")

    def _line(self, event: str, fields: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
        sys.stdout.flush()

    def _say(self, text: str) -> None:
        if self._terminal and self._percent >= 0:
            sys.stderr.write("\r\033[K")
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
