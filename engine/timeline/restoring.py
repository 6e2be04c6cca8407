"""The shots of a cut restored, one after the other; what became of each clip.

Rules of this file:
    - One shot's error ends that shot, and no other. Only a cancel, or an engine that does not
      answer, ends the cut.
    - Percent are of all frames of all shots. A shot that fails counts as done.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from plugin_host.errors import (
    EngineUnreachable,
    FaceplateError,
    JobCancelled,
    RequestRefused,
    RestorerFailed,
)
from plugin_host.replies import Analysed, FrameErrorText, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.console import Console
    from engine.timeline.shots import CutShot, Planned
    from plugin_host.replies import Finished
    from plugin_host.requests import Submit

    Restore = Callable[[Submit, Callable[[Analysed | Progress], None]], Finished]

_CODES = ((RequestRefused, 2), (RestorerFailed, 5))
_MOST_TOLD = 3  # frame errors in a clip's line


@dataclass(slots=True)
class Outcome:
    """What became of a shot.

    Attributes:
        delivered: How many frames lie in its folder.
        errors: Frames that were not delivered as asked.
        notes: What a person should know.
        failed: What ended it; None where nothing did.
    """

    delivered: int = 0
    errors: tuple[FrameErrorText, ...] = ()
    notes: tuple[str, ...] = ()
    failed: FaceplateError | None = None


@dataclass(slots=True)
class _Bar:
    """Passes on what shots say as what the cut says."""

    console: Console
    total: int
    before: int = 0

    def hear(self, event: Analysed | Progress) -> None:
        if isinstance(event, Progress):
            done = min(self.total, self.before + event.done)
            self.console.heard(replace(event, done=done, total=self.total))
        else:
            self.console.heard(event)


def restore_all(
    shots: Sequence[CutShot],
    build: Callable[[CutShot], Submit],
    restore: Restore,
    console: Console,
    *,
    as_json: bool,
) -> dict[CutShot, Outcome]:
    """Restore every shot.

    Args:
        shots: What to restore, in this order.
        build: Makes the request of a shot.
        restore: Carries a request out.
        console: Hears of the frames.
        as_json: Whether lines are JSON.

    Raises:
        JobCancelled: Somebody wants no more of it; what is delivered stays.
        EngineUnreachable: No engine answers.
    """
    bar = _Bar(console, sum(len(shot.frames) for shot in shots))
    outcomes: dict[CutShot, Outcome] = {}
    for number, shot in enumerate(shots, 1):
        say(
            {
                "event": "shot",
                "shot": shot.folder,
                "number": number,
                "of": len(shots),
                "frames": str(shot.frames),
                "plate": shot.plate.pattern,
            },
            f"shot {number} of {len(shots)}: {shot.folder}, {shot.plate.pattern} {shot.frames}",
            as_json=as_json,
        )
        outcomes[shot] = _restored(shot, build, restore, bar)
        failed = outcomes[shot].failed
        if failed is not None:
            console.failed(failed)
        bar.before += len(shot.frames)
    return outcomes


def _restored(
    shot: CutShot, build: Callable[[CutShot], Submit], restore: Restore, bar: _Bar
) -> Outcome:
    try:
        finished = restore(build(shot), bar.hear)
    except (JobCancelled, EngineUnreachable):
        raise
    except FaceplateError as error:
        return Outcome(failed=error)
    except Exception as error:  # noqa: BLE001 - a mistake in here ends one shot as well
        return Outcome(failed=RestorerFailed(f"{type(error).__name__}: {error}"))
    return Outcome(finished.delivered, finished.errors, finished.notes)


@dataclass(frozen=True, slots=True)
class Said:
    """One clip's line of the report.

    Attributes:
        planned: The clip.
        status: ``restored``, ``in part``, ``failed`` or ``left``.
        message: Why, where it is not restored.
        first: The clip that its shot was restored for, where that is an earlier one.
        code: What the command would end with, if this were all.
    """

    planned: Planned
    status: str
    message: str = ""
    first: int | None = None
    code: int = 0

    @property
    def is_restored(self) -> bool:
        """Whether restored frames lie in its folder."""
        return self.status in {"restored", "in part"}

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        edit, shot = self.planned.edit, self.planned.shot
        return {
            "clip": edit.number,
            "name": edit.name,
            "track": edit.track,
            "record": edit.record,
            "status": self.status,
            "shot": shot.folder if shot else None,
            "frames": str(shot.frames) if shot else None,
            "plate": shot.plate.pattern if shot else None,
            "message": self.message or None,
            "notes": list(self.planned.notes),
        }

    def __str__(self) -> str:
        edit, shot = self.planned.edit, self.planned.shot
        what = f"{shot.folder} {shot.frames}" if shot else ""
        if self.first is not None:
            what += f", as clip {self.first}"
        words = "; ".join(filter(None, (what, self.message, *self.planned.notes)))
        where = f"{edit.number:4d}  {edit.track:4}  {edit.record}"
        return f"{where}  {self.status:8}  {edit.name}: {words}"


def report(planned: Sequence[Planned], outcomes: dict[CutShot, Outcome] | None) -> list[Said]:
    """Return what became of each clip, or with None what will."""
    firsts: dict[CutShot, int] = {}
    said: list[Said] = []
    for one in planned:
        shot = one.shot
        if one.edit.left:
            said.append(Said(one, "left", one.edit.left))
        elif shot is None:
            said.append(Said(one, "failed", one.problem, code=2))
        else:
            number = firsts.setdefault(shot, one.edit.number)
            first = None if number == one.edit.number else number
            judged = ("to do", "", 0) if outcomes is None else _judged(outcomes[shot])
            said.append(Said(one, *judged[:2], first, judged[2]))
    return said


def _judged(outcome: Outcome) -> tuple[str, str, int]:
    """Return the status of a shot's clips, why, and what the command would end with."""
    failed = outcome.failed
    if failed is not None:
        code = next((code for cls, code in _CODES if isinstance(failed, cls)), 1)
        return "failed", f"{failed} [{failed.code}]", code
    if not outcome.errors:
        return "restored", "", 0
    told = [f"frame {error.frame}: {error.message}" for error in outcome.errors[:_MOST_TOLD]]
    more = len(outcome.errors) - _MOST_TOLD
    message = "; ".join(told) + (f"; and {more} frames more" if more > 0 else "")
    return ("in part" if outcome.delivered else "failed"), message, 1


def say(fields: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Write one line: an object, or words, whatever a stranger's names hold."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    sys.stdout.write((json.dumps(fields) if as_json else plain) + "\n")
    sys.stdout.flush()
