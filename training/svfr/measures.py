"""What a training must show, from its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from training.degrade import TASKS
from training.lite.record import Table
from training.svfr.evaluate import COLUMNS, SIGMAS, Mean, Score

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


class Measure(NamedTuple):
    """A claim; it is met where `gain` is above 0 by more than two standard errors."""

    name: str
    gain: Mean
    detail: str = ""

    @property
    def met(self) -> bool:
        """Whether it holds."""
        return self.gain.clear

    def __str__(self) -> str:
        word = "pass" if self.met else "FAIL"
        return f"{word}  {self.name} by {self.gain}{self.detail}"


def measures(folder: Path, without: Path) -> list[Measure]:
    """Return what was learnt, by the first and the last scores of the held-out tables.

    Args:
        folder: Of a training with the facial prior.
        without: Of the same without.

    Raises:
        ValueError: One of them has no scores, or they end at different steps.
    """
    (_, first), (end, last) = _ends(folder)
    _, (other_end, other) = _ends(without)
    if end != other_end:
        raise ValueError(
            f"{folder} ends at step {end}, {without} at {other_end}; train both as long"
        )
    found = [
        _falls("held-out noise loss falls", first.noise() - last.noise(), first.noise()),
        _falls(
            "landmark error is less with the prior than without",
            other.distances() - last.distances(),
            other.distances(),
        ),
    ]
    for place, task in enumerate(TASKS):
        margins = last.margins(place)
        levels = (
            f"{one:.4f} at {sigma:g}" for sigma, one in zip(SIGMAS, margins.mean(1), strict=True)
        )
        name = f"{task}: its vector is better than the best wrong one"
        detail = f" of {last.losses[place, :, place].mean():.4f} (by sigma: {', '.join(levels)})"
        found.append(Measure(name, Mean.of(margins.mean(0)), detail))
    return found


def _falls(name: str, gain: Tensor, before: Tensor) -> Measure:
    return Measure(name, Mean.of(gain), f" from {before.mean():.4f}")


def _ends(folder: Path) -> list[tuple[int, Score]]:
    """Return the first and the last step that were judged, with their scores."""
    rows = Table(folder / "held_out.csv", COLUMNS).rows()
    if not rows:
        raise ValueError(f"{folder} holds no training; python -m training.svfr makes one")
    steps = {int(row["step"]) for row in rows}
    return [
        (step, Score.of(row for row in rows if int(row["step"]) == step))
        for step in (min(steps), max(steps))
    ]
