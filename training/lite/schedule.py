"""How fast to learn and how far to look, by what part of the training is done."""

from __future__ import annotations

import math
from dataclasses import dataclass

PEAK = 1.2e-3  # single frames diverge at 2.5e-3, clips, which come later, at 2e-3
FLOOR = 0.01  # of the peak, at the end
WARM_UP = 25  # steps
LINKED = 0.5  # from which part of the training on frames follow each other
FRAMES = ((0.0, 3), (LINKED, 4), (0.75, 6), (0.92, 10))
"""From which part of the training on clips have how many frames."""

DECAY = 0.999  # of the averaged weights, per lesson


@dataclass(frozen=True, slots=True)
class Schedule:
    """An end by steps, by minutes, or by whichever comes first.

    Attributes:
        steps: The last step, excluded; None for no end by steps.
        minutes: Wall time, over all the processes that a training was resumed in; None for none.

    Raises:
        ValueError: Neither is given, or one is not above 0.
    """

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        given = [end for end in (self.steps, self.minutes) if end is not None]
        if not given or min(given) <= 0:
            raise ValueError("say when training ends: steps or minutes, above 0")

    def progress(self, step: int, minutes: float) -> float:
        """Return what part is done, in [0, 1]; 1 is the end.

        By steps alone, it does not depend on the time.
        """
        by_steps = 0.0 if self.steps is None else step / self.steps
        by_time = 0.0 if self.minutes is None else minutes / self.minutes
        return min(1.0, max(by_steps, by_time))


def learning_rate(step: int, progress: float) -> float:
    """Return a cosine from the peak down to the floor, after a warm-up."""
    cosine = FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * progress)) / 2
    return PEAK * cosine * min(1.0, (step + 1) / WARM_UP)


def clip_frames(progress: float) -> int:
    """Return the frames of a clip."""
    return max(frames for start, frames in FRAMES if progress >= start)


def linked(progress: float) -> bool:
    """Return whether frames are learnt along their clips, and no longer one by one."""
    return progress >= LINKED


def decay(lessons: int) -> float:
    """Return how much of the averaged weights a lesson keeps: little at first."""
    return min(DECAY, (1 + lessons) / (10 + lessons))
