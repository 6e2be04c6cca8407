"""What Deadline and OpenCue share: how they count frames, and what no line of theirs can hold.

They know a first frame, a last one, and how many a task has.

Deadline and OpenCue know of no windows, and what they make of gaps is not certain; OpenCue gives
the last task frames beyond the end. So they are told of every frame from the first to the last, and
`faceplate farm-session task` finds which of a task's are asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from plugin_host.farm import FarmStep

LINE_BREAK = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""What somebody reads as a line's end, and what neither UTF-8 nor XML can hold."""


class Counted(NamedTuple):
    """A step's frames.

    Attributes:
        first: The first one.
        last: The last one.
        chunk: How many a task has.
    """

    first: int
    last: int
    chunk: int


def counted(step: FarmStep) -> Counted:
    """Return the frames of a step; a single task without frames has one."""
    if step.frames is None:
        return Counted(0, 0, 1)
    chunk = max(task.last - task.first + 1 for task in step.tasks)
    return Counted(step.frames.first, step.frames.last, chunk)
