"""What the command line shows: a bar on a terminal, percent lines elsewhere, JSON on request.

A scheduler's own lines take the place of the percent lines where it asks for them; see `dialects`.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from engine import logs
from engine.dialects import DIALECTS, PLAIN, chosen, one_line
from plugin_host.errors import SettingsError
from plugin_host.replies import Analysed
from plugin_host.schema import to_json

if TYPE_CHECKING:
    import argparse

    from plugin_host.errors import FaceplateError
    from plugin_host.replies import Finished, Progress

_BAR = 30  # characters


def add_progress(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say how a command tells of its progress."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--progress", choices=tuple(DIALECTS), help="whose lines tell of progress")


def console_of(args: argparse.Namespace, *, strict: bool = True) -> Console:
    """Return the console that a command's arguments and the environment ask for.

    Args:
        args: Of any command.
        strict: Whether to refuse an unknown dialect; else it is ``plain``.

    Raises:
        SettingsError: `$FACEPLATE_PROGRESS` names no dialect.
    """
    try:
        dialect = chosen(getattr(args, "progress", None))
    except SettingsError:
        if strict:
            raise
        dialect = PLAIN
    delivers = getattr(args, "until", "end") == "end"
    return Console(as_json=getattr(args, "json", False), dialect=dialect, delivers=delivers)


class Console:
    """Tells of a job.

    Args:
        as_json: One JSON object a line on the output; else words for a person.
        dialect: A key of `dialects.DIALECTS`: whose lines they are.
        delivers: Whether frames are to come; else to look through the shot is all there is.
    """

    def __init__(self, *, as_json: bool, dialect: str = PLAIN, delivers: bool = True) -> None:
        self._as_json = as_json
        self._dialect = DIALECTS[dialect]
        self._delivers = delivers
        self._percent = self._looked_through = -1
        self._terminal = sys.stderr.isatty() and not as_json and dialect == PLAIN

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
        else:
            percent = 100 * analysed.done // max(analysed.total, 1)
            if percent != self._looked_through:
                self._order(
                    self._dialect.status, f"looking for faces: {analysed.done} of {analysed.total}"
                )
                if not self._delivers:
                    self._order(self._dialect.progress, str(percent))
            self._looked_through = percent

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
            self._order(self._dialect.progress, str(percent))
            self._order(self._dialect.status, f"{progress.done} of {progress.total} frames")
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
        if finished.errors:
            first = finished.errors[0]
            words = f"{len(finished.errors)} frames failed; frame {first.frame}: {first.message}"
            self._order(self._dialect.failure, f"{words} [{first.code}]")

    def failed(self, error: FaceplateError) -> None:
        """The job, or the command, came to nothing more."""
        if self._as_json:
            where = {"frame": error.frame, "path": error.path}
            self._line("failed", {"code": error.code, "message": error.message, **where})
            return
        if self._terminal and self._percent >= 0:
            sys.stderr.write("\n")
        logs.tell(f"faceplate: {one_line(str(error))} [{error.code}]")
        self._order(self._dialect.failure, f"{error} [{error.code}]")

    def _line(self, event: str, fields: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
        sys.stdout.flush()

    def _say(self, text: str) -> None:
        if self._terminal and self._percent >= 0:
            sys.stderr.write("\r\033[K")
        sys.stdout.write(one_line(text) + "\n")
        sys.stdout.flush()

    def _order(self, line: str, said: str) -> None:
        """Say something to a scheduler, if it listens to such things."""
        if line:
            self._say(line.format(one_line(said)))
