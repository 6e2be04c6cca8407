"""What a training must show, from its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from training.degrade import TASKS
from training.lite.record import Table
from training.svfr.loop import SCORES

if TYPE_CHECKING:
    from pathlib import Path


class Measure(NamedTuple):
    """A claim; it is met where `value` is below `limit`."""

    name: str
    value: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether it holds."""
        return self.value < self.limit

    def __str__(self) -> str:
        word = "pass" if self.met else "FAIL"
        return f"{word}  {self.name}: {self.value:.4f} < {self.limit:.4f}"


def measures(folder: Path, without: Path) -> list[Measure]:
    """Return what was learnt, by the first and the last rows of the held-out tables.

    Args:
        folder: Of a training with the facial prior.
        without: Of the same without.

    Raises:
        ValueError: One of them has no rows, or they end at different steps.
    """
    (first, last), (_, other) = _ends(folder), _ends(without)
    if last["step"] != other["step"]:
        raise ValueError(
            f"{folder} ends at step {last['step']:.0f}, {without} at {other['step']:.0f}; "
            "train both as long"
        )
    return [
        Measure("held-out noise loss, last < first", last["noise"], first["noise"]),
        Measure("landmark error, with the prior < without", last["landmarks"], other["landmarks"]),
        *(
            Measure(f"{task}, right vector < best wrong one", last[task], last[f"{task}_wrong"])
            for task in TASKS
        ),
    ]


def _ends(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    rows = Table(folder / "held_out.csv", SCORES).rows()
    if not rows:
        raise ValueError(f"{folder} holds no training; python -m training.svfr makes one")
    first, *_, last = (
        {name: float(value) for name, value in row.items()} for row in [*rows, rows[-1]]
    )
    return first, last
