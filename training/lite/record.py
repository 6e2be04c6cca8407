"""What a training leaves to read: two tables and a drawing.

steps.csv     step, minutes, loss, learning_rate, frames
held_out.csv  step, level, psnr, flicker, psnr_before, flicker_before
curve.png     loss over steps, and dB gained at each level
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

STEPS = ("step", "minutes", "loss", "learning_rate", "frames")
HELD_OUT = ("step", "level", "psnr", "flicker", "psnr_before", "flicker_before")

WIDTH, HEIGHT, MARGIN = 900, 420, 50  # pixels, of each of the two charts
_COLOURS = (
    (180, 80, 30),
    (40, 40, 200),
    (40, 140, 40),
    (150, 40, 150),
    (0, 130, 200),
    (90, 90, 90),
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of numbers and words in a CSV file; whoever reads it sees whole steps."""

    path: Path
    columns: tuple[str, ...]

    def keep_before(self, step: int) -> None:
        """Drop the rows from a step on, and begin the table where there is none."""
        rows = [row for row in self.rows() if int(row["step"]) < step]
        with self.path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.columns)
            writer.writeheader()
            writer.writerows(rows)

    def append(self, *values: object) -> None:
        """Add a row."""
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(values)

    def rows(self) -> list[dict[str, str]]:
        """Return the rows written so far; a torn last one is left out."""
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if None not in row.values()]


def draw_curve(path: Path, steps: Table, held_out: Table) -> None:
    """Draw both tables as one picture."""
    loss = [(int(row["step"]), float(row["loss"])) for row in steps.rows()]
    gains: dict[str, list[tuple[int, float]]] = {}
    for row in held_out.rows():
        gain = float(row["psnr"]) - float(row["psnr_before"])
        if row["level"] != "clean":  # which can only be lost, from 100 dB
            gains.setdefault(row["level"], []).append((int(row["step"]), gain))
    charts = (_chart("loss", {"loss": _smooth(loss)}), _chart("held out, dB gained", gains))
    cv2.imwrite(str(path), np.concatenate(charts))


def _smooth(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return at most 300 means of equally many points each."""
    size = max(1, len(points) // 300)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(group[-1][0], float(np.mean([value for _, value in group]))) for group in groups]


def _chart(title: str, lines: dict[str, list[tuple[int, float]]]) -> NDArray[np.uint8]:
    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    points = [point for line in lines.values() for point in line]
    _write(picture, title, (MARGIN, 20), (0, 0, 0))
    if not points:
        return picture
    last = max(1, *(step for step, _ in points))
    values = [value for _, value in points]
    low, high = min(values), max(values)
    span = max(high - low, 1e-9)
    cv2.rectangle(picture, (MARGIN, 30), (WIDTH - 150, HEIGHT - 30), (200, 200, 200), 1)
    _write(picture, f"{high:.3g}", (2, 40), (0, 0, 0))
    _write(picture, f"{low:.3g}", (2, HEIGHT - 30), (0, 0, 0))
    _write(picture, f"step {last}", (WIDTH - 220, HEIGHT - 10), (0, 0, 0))
    for place, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        x = [MARGIN + step / last * (WIDTH - 150 - MARGIN) for step, _ in line]
        y = [HEIGHT - 30 - (value - low) / span * (HEIGHT - 60) for _, value in line]
        track = np.rint(np.stack((x, y), axis=1)).astype(np.int32)
        cv2.polylines(picture, [track], isClosed=False, color=colour, lineType=cv2.LINE_AA)
        _write(picture, name, (WIDTH - 140, 45 + 20 * place), colour)
    return picture


def _write(
    picture: NDArray[np.uint8], words: str, place: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
