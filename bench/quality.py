"""What each restorer gains on clips that no training has seen, against rivals that cost nothing.

    python -m bench.quality [--restorers temporal-denoise,...] [--clips 8] [--quick] [--write]

Procedural clips of held-out seeds and views of the demonstration plate are degraded at each level
and restored by every method that can do the level's task. `--write` puts the table into
docs/quality.md; `--quick` shows within seconds that everything runs, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.baselines import BASELINES
from bench.drive import restore
from bench.measures import measure
from bench.plates import Extent, Subject
from bench.quality_page import INPUT, Result, page
from engine.compute import pin
from engine.restorers import TABLE, build_restorer, load_restorer
from training.degrade import LEVELS, apply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from engine.restorer import Restorer, Task
    from training.degrade import Degraded, Recipe

PAGE = Path(__file__).parents[1] / "docs" / "quality.md"
QUICK = Extent(clips=1, views=1, frames=3, size=64)


def comparable_restorers() -> tuple[str, ...]:
    """Return whom to compare: who changes pixels and needs no aligned face."""
    return tuple(
        name
        for name in TABLE
        if name != "passthrough" and build_restorer(name).info.content_agnostic
    )


def task_of(recipe: Recipe) -> Task:
    """Return what undoes a recipe: colour taken and holes are tasks of their own."""
    if recipe.brush is not None:
        return "inpaint"
    return "bfr" if recipe.grey is None else "colour"


def results_of(subject: Subject, names: Sequence[str], extent: Extent) -> list[Result]:
    """Measure one clip at every level with every method that can do the level's task."""
    pin(1, "cpu")
    clean = subject.pixels(extent.frames, extent.size)
    truth = _channels_last(clean)
    found: list[Result] = []
    for level, recipe in LEVELS.items():
        task = task_of(recipe)
        degraded = apply(recipe, clean, subject.seed)
        mask = degraded.mask
        holes = np.ones(truth.shape[:3]) if mask is None else mask > 0
        for method, made in _methods(task, names, truth, degraded).items():
            pixels, seconds = made()
            figures = measure(truth, pixels, holes.astype(np.float32))
            ms = 1000 * seconds / extent.frames
            found.append(Result(level, task, subject, method, figures, ms))
    return found


Made = tuple["NDArray[np.float32]", float]


def _methods(
    task: Task, names: Sequence[str], truth: NDArray[np.float32], degraded: Degraded
) -> dict[str, Callable[[], Made]]:
    """Return how to get each method's pixels, ``(T, H, W, 3)``, and the process seconds spent."""
    plate, mask = degraded.pixels, degraded.mask
    seen = _channels_last(plate)
    methods: dict[str, Callable[[], Made]] = {INPUT: lambda: (seen, 0.0)}
    for name, baseline in BASELINES[task].items():
        methods[name] = partial(_timed, baseline(truth, seen, mask))
    for name in names:
        restorer = load_restorer(name)
        if task in restorer.info.tasks:
            methods[name] = partial(_restored, restorer, plate, task, mask)
    return methods


def _timed(made: Callable[[], NDArray[np.float32]]) -> Made:
    begun = time.process_time()
    return made(), time.process_time() - begun


def _restored(
    restorer: Restorer,
    plate: NDArray[np.float32],
    task: Task,
    mask: NDArray[np.float32] | None,
) -> Made:
    pixels, seconds = restore(restorer, plate, task, mask)
    return _channels_last(pixels), seconds


def _channels_last(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1), np.float32)


def run(names: Sequence[str], extent: Extent, processes: int) -> list[Result]:
    """Measure every clip; only the cost depends on the number of processes, 0 for this one alone.

    Raises:
        SettingsError: The table has no restorer of a name, or the ``demo`` extra is missing.
    """
    todo = extent.subjects
    if processes == 0:
        return [r for subject in todo for r in results_of(subject, names, extent)]
    found: list[Result] = []
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        measured = pool.map(partial(results_of, names=names, extent=extent), todo)
        for done, results in enumerate(measured, 1):
            found += results
            print(f"{done} of {len(todo)} clips", file=sys.stderr, flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the page, and write it where that is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality", description=str(__doc__).partition("\n")[0]
    )
    names = comparable_restorers()
    parser.add_argument("--restorers", type=lambda text: tuple(text.split(",")), default=names)
    parser.add_argument("--clips", type=int, default=Extent().clips, help="procedural clips")
    parser.add_argument("--quick", action="store_true", help="seconds; the figures mean nothing")
    parser.add_argument("--write", action="store_true", help="write docs/quality.md")
    asked = parser.parse_args(arguments)
    if asked.quick and asked.write:
        parser.error("--quick measures too little to be written down")
    extent = QUICK if asked.quick else Extent(clips=asked.clips)
    results = run(asked.restorers, extent, 0 if asked.quick else os.cpu_count() or 1)
    text = page(results, asked.restorers, extent)
    print(text, end="")
    if asked.write:
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
