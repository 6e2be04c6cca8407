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


def anchors(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps of a track that begin it and that others need; at most one."""
    needed = {step.needs for step in steps}
    return tuple(step for step in steps if step.needs is None and step.window in needed)


def required(
    steps: Sequence[Step],
    pending: Collection[int],
    *,
    has_pixels: Callable[[int], bool],
    has_reference: Callable[[int], bool],
    asked: Collection[int] = (),
    warm_up: int = 0,
) -> tuple[Step, ...]:
    """Choose the steps that must be computed, in the grid's order.

    Args:
        steps: All steps of one track.
        pending: Frames that are to be delivered.
        has_pixels: Whether a window's pixels are kept.
        has_reference: Whether the reference after a window is stored.
        asked: All frames of the request, delivered or not.
        warm_up: Where above 0, a step before which nothing is asked for begins anew this many
            frames early, instead of with the reference before it; whatever is stored or kept.
    """
    if warm_up:
        steps = _begun_early(steps, frozenset(asked), warm_up)
    of_window = {step.window: step for step in steps}
    chosen: dict[int, Step] = {}
    for step in steps:
        kept = not warm_up and has_pixels(step.window)  # which another start may have made
        if kept or not any(frame in pending for frame in step.frames):
            continue
        current = step
        while current.window not in chosen:
            chosen[current.window] = current
            if current.needs is None:
                break
            before = of_window[current.needs]
            if not before.approximate and has_reference(before.window):
                break
            current = before
    return tuple(chosen[window] for window in sorted(chosen))


def _begun_early(steps: Sequence[Step], asked: Collection[int], warm_up: int) -> tuple[Step, ...]:
    frames = tuple(frame for step in steps for frame in step.frames)
    reached = {step.window for step in steps if any(frame in asked for frame in step.frames)}
    return tuple(
        step
        if step.needs is None or step.needs in reached
        else replace(
            step,
            warm_up=_before(frames, step.frames[0], warm_up),
            needs=None,
            follows=None,
            approximate=True,
        )
        for step in steps
    )


def _before(frames: Sequence[int], first: int, count: int) -> tuple[int, ...]:
    earlier = sorted({frame for frame in frames if frame < first})
    return tuple(earlier[max(len(earlier) - count, 0) :])
