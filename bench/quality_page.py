"""The page that `bench.quality` writes: what the figures say in words, then the figures."""

from __future__ import annotations

from dataclasses import dataclass, is_dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import cv2

from bench.baselines import NLM_STRENGTHS
from bench.measures import Figures, interval
from bench.plates import HELD_OUT, SOURCES, Extent, Source, Subject
from training.degrade import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.restorer import Task
    from training.degrade import Recipe

INPUT = "input"
EXACT = 119.9  # dB; the measure ends at 120
NOTICEABLE = 0.1  # dB, or units of CIELAB; less is no clear change, however sure


@dataclass(frozen=True, slots=True)
class Result:
    """What one method made of one clip at one level.

    Attributes:
        level: Name of the level.
        task: What had to be done.
        subject: The clip.
        method: Name of the method.
        figures: How close it came.
        ms: CPU milliseconds per frame.
    """

    level: str
    task: Task
    subject: Subject
    method: str
    figures: Figures
    ms: float


@dataclass(frozen=True, slots=True)
class Column:
    """One measure: its name, how to take it, its decimals, and whether more of it is better."""

    name: str
    of: Callable[[Figures], float]
    decimals: int
    more: bool
    unit: str = ""

    def mean(self, results: Iterable[Result]) -> float:
        """Return the mean over clips."""
        return fmean(self.of(r.figures) for r in results)


PSNR = Column("PSNR", lambda f: f.psnr, 2, more=True, unit="dB")
SSIM = Column("SSIM", lambda f: f.ssim, 3, more=True)
FLICKER = Column("flicker", lambda f: f.flicker, 2, more=False)
COLOUR = Column("colour error", lambda f: f.colour, 2, more=False, unit="units")
COLUMNS = (PSNR, SSIM, FLICKER, COLOUR)
HEADLINE: dict[Task, Column] = {"bfr": PSNR, "colour": COLOUR, "inpaint": PSNR}
"""The measure that decides whether a task was done."""


_PAGE = Path(__file__).with_suffix(".md")


def page(results: Sequence[Result], restorers: Sequence[str], extent: Extent) -> str:
    """Return the page, in Markdown."""
    recipes = {level: LEVELS[level] for level in _by(results, lambda r: r.level)}
    return _PAGE.read_text("utf-8").format(
        noticeable=NOTICEABLE,
        verdicts=verdicts(results, restorers),
        table=table(results),
        clips=extent.clips,
        views=extent.views,
        frames=extent.frames,
        size=extent.size,
        held_out=HELD_OUT,
        levels="\n".join(f"  - {level}: {_recipe(recipe)}" for level, recipe in recipes.items()),
        opencv=cv2.__version__,
        strengths=", ".join(map(str, NLM_STRENGTHS)),
    )


def _recipe(recipe: Recipe) -> str:
    parts: list[object] = [*recipe.steps]
    if recipe.grey is not None:
        parts.append(f"colour weighed away in {recipe.grey}")
    if recipe.brush is not None:
        parts.append(recipe.brush)
    return ", ".join(f"`{part}`" if is_dataclass(part) else str(part) for part in parts) or "as is"


def table(results: Sequence[Result]) -> str:
    """Return the one table: a row per level and method, a column per measure and source."""
    heads = [f"{column.name} {source}" for column in COLUMNS for source in SOURCES]
    rows = [["level", "method", *heads, "CPU ms"], [":--", ":--", *["--:"] * (len(heads) + 1)]]
    for level, here in _by(results, lambda r: r.level).items():
        methods = _by(here, lambda r: r.method)
        columns = [_cells(methods, column, source) for column in COLUMNS for source in SOURCES]
        for method, own in methods.items():
            ms = fmean(r.ms for r in own)
            cost = "" if method == INPUT else f"{ms:.{0 if ms >= 10 else 1}f}"
            rows.append([level, method, *(cells[method] for cells in columns), cost])
    return _markdown(rows)


def _markdown(rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(methods: dict[str, list[Result]], column: Column, source: Source) -> dict[str, str]:
    """Return the cell of each method; the best that is not the input's is bold."""
    means: dict[str, float] = {}
    cells: dict[str, str] = {}
    for method, results in methods.items():
        values = [column.of(r.figures) for r in results if r.subject.source == source]
        if not values:
            cells[method] = "-"
            continue
        means[method] = fmean(values)
        low, high = interval(values)
        digits = column.decimals
        cells[method] = f"{means[method]:.{digits}f} ± {(high - low) / 2:.{digits}f}"
        if column is PSNR and means[method] > EXACT:
            cells[method] = "exact"
    if means:
        best = (max if column.more else min)(means, key=lambda method: means[method])
        cells[best] = f"**{cells[best]}**"
    return cells


def verdicts(results: Sequence[Result], restorers: Sequence[str]) -> str:
    """Return what each restorer does at each level, in words and as gains."""
    heads = [f"{what}, {source}" for what in _GAINS for source in SOURCES]
    lines: list[str] = []
    for name in restorers:
        words: dict[str, list[str]] = {}
        rows = [["level", "in short", *heads], [":--", ":--", *["--:"] * len(heads)]]
        for level, here in _by(results, lambda r: r.level).items():
            word, rank, cells = _verdict(_by(here, lambda r: r.method), name, restorers)
            words.setdefault(f"**{word}**", []).append(level)
            if rank:
                words.setdefault(f"against the best cheap baseline, {rank}", []).append(level)
            rows.append([level, word, *cells])
        said = sorted(words, key=lambda word: not word.startswith("*"))
        summary = "; ".join(f"{word} at {', '.join(words[word])}" for word in said)
        lines += [f"`{name}`: {summary}.", "", _markdown(rows), ""]
    return "\n".join(lines).rstrip()


_GAINS = ("over the input", "over the best cheap baseline", "flicker over the input's")


def _verdict(
    methods: dict[str, list[Result]], name: str, restorers: Sequence[str]
) -> tuple[str, str, list[str]]:
    """Return what it does at one level, how it ranks, and a cell for each gain and source."""
    if name not in methods:
        return "cannot do the task", "", [""] * len(_GAINS) * len(SOURCES)
    column = HEADLINE[methods[name][0].task]
    rivals = [method for method in methods if method not in (INPUT, *restorers)]
    words: dict[str, str] = {}
    ranks: dict[str, str] = {}
    cells: list[tuple[str, str, str]] = []
    for source in SOURCES:
        at = {method: _at(results, source) for method, results in methods.items()}
        own, before = at[name], at[INPUT]
        if not own:
            cells.append(("", "", ""))
            continue
        best = max(rivals, key=lambda rival: fmean(_gains(at[rival], before, column)))
        rival = _gains(own, at[best], column)
        over = f"{_signed(rival, column)} ({best})"
        ranks[source] = _side(rival, "above", "below", "level")
        flicker = FLICKER.mean(before)
        calm = f"{FLICKER.mean(own) / flicker:.2f}" if flicker else ""
        if column is PSNR and PSNR.mean(before) > EXACT:
            exact = PSNR.mean(own) > EXACT
            words[source] = "leaves what is right" if exact else "changes what is right"
            gain = f"{PSNR.mean(own):.1f} dB from the truth"
        else:
            words[source] = _side(_gains(own, before, column), "helps", "harms", "changes little")
            gain = _signed(_gains(own, before, column), column)
        cells.append((gain, over, calm))
    return (
        _joined(words),
        _joined(ranks),
        [cell for row in zip(*cells, strict=True) for cell in row],
    )


def _joined(words: dict[str, str]) -> str:
    if len(said := set(words.values())) == 1:
        return said.pop()
    return ", ".join(f"{word} ({source})" for source, word in words.items())


def _side(gains: Sequence[float], up: str, down: str, neither: str) -> str:
    (low, high), mean = interval(gains), fmean(gains)
    if low > 0 and mean >= NOTICEABLE:
        return up
    return down if high < 0 and mean <= -NOTICEABLE else neither


def _gains(own: Sequence[Result], other: Sequence[Result], column: Column) -> list[float]:
    """Return by how much each clip is better, in the measure's unit."""
    sign = 1 if column.more else -1
    return [
        sign * (column.of(a.figures) - column.of(b.figures))
        for a, b in zip(own, other, strict=True)
    ]


def _signed(gains: Sequence[float], column: Column) -> str:
    low, high = interval(gains)
    return f"{fmean(gains):+.2f} {column.unit} [{low:+.2f}, {high:+.2f}]"


def _at(results: Iterable[Result], source: Source) -> list[Result]:
    return sorted((r for r in results if r.subject.source == source), key=lambda r: r.subject.index)


def _by(results: Iterable[Result], key: Callable[[Result], str]) -> dict[str, list[Result]]:
    """Return results in groups, in the order of their first."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return groups
