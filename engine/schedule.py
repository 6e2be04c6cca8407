"""The order of a run: what is read, cut out, restored and delivered at which window. Pure.

A frame is read once, before the first window that needs it, and let go after the last; it is
delivered at the last window that holds it, when all that is blended into it is known.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from engine.plan import Step
    from engine.windowing import Window


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens at one window of the grid.

    Attributes:
        window: Its index.
        reads: Frames that must be in memory, ascending.
        steps: What is restored, track by track.
        due: Frames that are delivered then, ascending.
    """

    window: int
    reads: tuple[int, ...]
    steps: tuple[Step, ...]
    due: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that one run does, in order.

    Attributes:
        turns: The windows at which something happens, in the grid's order.
        order: Each frame that is read, once, by when it is needed.
        last: Each such frame to the window after which it may be let go.
        tracks: Each frame of a step to the tracks that are cut out of it.
    """

    turns: tuple[Turn, ...]
    order: tuple[int, ...]
    last: dict[int, int]
    tracks: dict[int, tuple[int, ...]]


def schedule(steps: Iterable[Step], pending: Collection[int], grid: Sequence[Window]) -> Schedule:
    """Return the order in which steps are computed and frames delivered.

    Args:
        steps: Those that must be computed; in one window, they keep their order.
        pending: Frames that are to be delivered; each lies in a window.
        grid: The shot's windows.
    """
    at: dict[int, list[Step]] = defaultdict(list)
    tracks: dict[int, list[int]] = defaultdict(list)
    for step in steps:
        at[step.window].append(step)
        for frame in dict.fromkeys((*step.warm_up, *step.frames)):
            if step.track not in tracks[frame]:
                tracks[frame].append(step.track)
    holds = {frame: window.index for window in grid for frame in window.frames}
    due: dict[int, list[int]] = defaultdict(list)
    for frame in sorted(pending):
        due[holds[frame]].append(frame)
    turns = tuple(
        Turn(index, _reads(at[index], due[index]), tuple(at[index]), tuple(due[index]))
        for index in sorted({*at, *due})
    )
    return Schedule(
        turns,
        tuple(dict.fromkeys(frame for turn in turns for frame in turn.reads)),
        {frame: turn.window for turn in turns for frame in turn.reads},
        {frame: tuple(numbers) for frame, numbers in tracks.items()},
    )


def _reads(steps: Iterable[Step], due: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({*due, *(f for step in steps for f in (*step.warm_up, *step.frames))}))
