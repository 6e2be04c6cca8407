"""The plan: which windows of which track must be computed to deliver which frames. Pure functions.

This file keeps the promise of range invariance. The grid and every step follow from the shot and
the restorer alone; a request only chooses among the steps. So whatever is asked for, in whatever
order, a step always reads the same frames and the same reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from engine.restorer import RestorerInfo
    from engine.windowing import Window


@dataclass(frozen=True, slots=True)
class Step:
    """One call of `restore`: a window of one track.

    Attributes:
        track: Number of the track.
        window: Index of the window in the grid.
        frames: The track's frames in the window, ascending.
        warm_up: Frames of the track that are read before them and never delivered.
        needs: Index of the window whose reference is read; None to begin anew.
        follows: Last frame of that window.
        approximate: Whether it begins anew where the exact chain would not.
    """

    track: int
    window: int
    frames: tuple[int, ...]
    warm_up: tuple[int, ...] = ()
    needs: int | None = None
    follows: int | None = None
    approximate: bool = False


def steps_of(
    track: int, frames: Sequence[int], grid: Sequence[Window], info: RestorerInfo
) -> tuple[Step, ...]:
    """Return every step of a track, in the grid's order.

    Args:
        track: Its number.
        frames: Its usable frames, ascending.
        grid: The shot's windows.
        info: How the restorer's windows depend on each other.
    """
    held = frozenset(frames)
    steps: list[Step] = []
    for window in grid:
        inside = tuple(frame for frame in window.frames if frame in held)
        if not inside:
            continue
        before: Step | None = None
        if steps and info.link == "chained":
            before = steps[-1]
        elif steps and info.link == "anchored":
            before = steps[0]
        steps.append(
            Step(
                track,
                window.index,
                inside,
                warm_up=_before(frames, inside[0], info.warm_up) if info.link == "warmed" else (),
                needs=before.window if before else None,
                follows=before.frames[-1] if before else None,
            )
        )
    return tuple(steps)


def required(
    steps: Sequence[Step],
    pending: Collection[int],
    *,
    has_pixels: Callable[[int], bool],
    has_reference: Callable[[int], bool],
    warm_up: int = 0,
) -> tuple[Step, ...]:
    """Choose the steps that must be computed, in the grid's order.

    Args:
        steps: All steps of one track.
        pending: Frames that are to be delivered.
        has_pixels: Whether a window's pixels are kept.
        has_reference: Whether the reference after a window is stored.
        warm_up: Where above 0, a step whose reference is missing begins anew this many frames
            early, instead of computing the chain before it.
    """
    frames = tuple(frame for step in steps for frame in step.frames)
    of_window = {step.window: step for step in steps}
    chosen: dict[int, Step] = {}
    for step in steps:
        if not any(frame in pending for frame in step.frames) or has_pixels(step.window):
            continue
        current = step
        while current.window not in chosen:
            chosen[current.window] = current
            if current.needs is None or has_reference(current.needs):
                break
            if warm_up and current.needs not in chosen:
                early = _before(frames, current.frames[0], warm_up)
                chosen[current.window] = replace(
                    current, warm_up=early, needs=None, follows=None, approximate=True
                )
                break
            current = of_window[current.needs]
    return tuple(chosen[window] for window in sorted(chosen))


def _before(frames: Sequence[int], first: int, count: int) -> tuple[int, ...]:
    earlier = sorted({frame for frame in frames if frame < first})
    return tuple(earlier[max(len(earlier) - count, 0) :])
