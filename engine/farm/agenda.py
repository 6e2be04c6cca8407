"""What of a job is to be run next: steps wait for steps, what failed comes again. Pure.

Rules of this file:
    - It knows no process and no clock; whoever runs tasks asks it, and tells it how they ended.
    - A step is done when all its tasks are. What waits for a step that cannot be done is left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSED = 2
"""The exit code of a request that would be refused again."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One task, equal to itself only.

    Attributes:
        step: Name of its step.
        label: What tells it from the step's others, such as its frames; empty for an only one.
        weight: Its part of the job, in frames.
        what: Whatever is needed to run it.
    """

    step: str
    label: str
    weight: int
    what: Any = None

    def __str__(self) -> str:
        return f"{self.step} {self.label}".strip()


@dataclass(frozen=True, slots=True)
class Step:
    """Tasks that may run at the same time, once all steps that they wait for are done."""

    name: str
    after: tuple[str, ...]
    tasks: tuple[Task, ...]


class Agenda:
    """Keeps account of a job.

    Args:
        steps: In an order in which they may run.
        retries: How many times a task that failed is run again.
    """

    def __init__(self, steps: Iterable[Step], retries: int) -> None:
        self._steps = {step.name: step for step in steps}
        self._retries = retries
        self._waiting = [task for step in self._steps.values() for task in step.tasks]
        self._running: dict[Task, float] = {}
        self._done: set[Task] = set()
        self._failures: Counter[Task] = Counter()
        self._codes: dict[Task, int] = {}
        self._whole = sum(task.weight for task in self._waiting)

    def take(self) -> Task | None:
        """Return the next task to be run, which runs from now on; None while there is none."""
        for task in self._waiting:
            step = self._steps[task.step]
            if all(self._is_done(name) for name in step.after):
                self._waiting.remove(task)
                self._running[task] = 0.0
                return task
        return None

    def heard(self, task: Task, percent: float) -> None:
        """A running task told of its progress."""
        self._running[task] = percent

    def succeeded(self, task: Task) -> None:
        """A task came to its end."""
        del self._running[task]
        self._done.add(task)

    def failed(self, task: Task, code: int) -> bool:
        """A task failed; return whether it will be run again.

        Args:
            task: It.
            code: Its exit code.
        """
        del self._running[task]
        self._failures[task] += 1
        if code != REFUSED and self._failures[task] <= self._retries:
            self._waiting.insert(0, task)
            return True
        self._codes[task] = code
        return False

    @property
    def over(self) -> bool:
        """Whether nothing runs and nothing more can."""
        return not self._running and not any(map(self._can_come, self._waiting))

    @property
    def complete(self) -> bool:
        """Whether everything is done."""
        return not self._waiting and not self._running and not self._codes

    @property
    def percent(self) -> int:
        """How much of the whole job is done."""
        done = sum(task.weight for task in self._done)
        done += sum(task.weight * percent / 100 for task, percent in self._running.items())
        return int(100 * done / max(self._whole, 1))

    @property
    def left_out(self) -> list[str]:
        """The steps of which a task could not be run, since one before it failed."""
        return list(dict.fromkeys(task.step for task in self._waiting))

    @property
    def codes(self) -> dict[Task, int]:
        """The tasks that failed for good, with their exit codes."""
        return dict(self._codes)

    def _is_done(self, step: str) -> bool:
        return self._done.issuperset(self._steps[step].tasks)

    def _can_come(self, task: Task) -> bool:
        """Whether no step that the task waits for has failed."""
        return all(map(self._can_be_done, self._steps[task.step].after))

    def _can_be_done(self, step: str) -> bool:
        mine = self._steps[step]
        return not self._codes.keys() & set(mine.tasks) and all(map(self._can_be_done, mine.after))
