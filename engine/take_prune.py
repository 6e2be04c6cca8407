"""What a take keeps and nobody needs any more.

    a frame of a window   needed until the frame is delivered
    a reference           needed while a frame is left whose windows begin with it
    a seam's picture      needed until the seam is measured

Rules of this file:
    - Delivered frames, receipts, analysis, notes and manifest are never touched.
    - What was removed can be made again, with the same bits.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from engine.kept import numbered, path_of
from engine.seams import seams_of
from engine.take import REFERENCES, SEAMS, WINDOWS
from engine.windowing import windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.stored_take import StoredTake


class Leftover(NamedTuple):
    """A file that is kept for nobody.

    Attributes:
        kind: ``windows``, ``references`` or ``seams``.
        path: Where.
        size: Bytes.
    """

    kind: str
    path: Path
    size: int


def leftovers(take: StoredTake) -> tuple[Leftover, ...]:
    """Return what is kept and needed no more."""
    left = {f for f in take.shot.frames if f not in take.bad and take.receipt(f) is None}
    measured = {(s.track, s.frame) for s in seams_of(take.folder) if s.codes is not None}
    stored = numbered(take.folder / REFERENCES, 2)
    needed = _needed(take, left, stored)
    unneeded = {
        WINDOWS: [
            *numbered(take.folder / WINDOWS, 2),  # as they were kept once: a file a window
            *(n for n in numbered(take.folder / WINDOWS, 3) if n[-1] not in left),
        ],
        REFERENCES: [numbers for numbers in stored if numbers not in needed],
        SEAMS: [n for n in numbered(take.folder / SEAMS, 2) if n in measured],
    }
    return tuple(_files(take.folder, unneeded))


def _needed(
    take: StoredTake, left: set[int], stored: Sequence[tuple[int, ...]]
) -> set[tuple[int, ...]]:
    """Return which references the windows of the frames that are left begin with."""
    link, length, overlap = (take.manifest.get(name) for name in ("link", "window", "overlap"))
    if link not in {"chained", "anchored"} or not (
        isinstance(length, int) and isinstance(overlap, int)
    ):
        return set(stored if left else ())
    grid = windows(tuple(take.shot.all_frames), length, overlap)
    begun = [window.index for window in grid if not left.isdisjoint(window.frames)]
    of_track: dict[int, list[int]] = defaultdict(list)
    for track, window in stored:
        of_track[track].append(window)
    nearest = min if link == "anchored" else max
    return {
        (track, nearest(before))
        for track, held in of_track.items()
        for index in begun
        if (before := [window for window in held if window < index])
    }


def _files(folder: Path, unneeded: dict[str, list[tuple[int, ...]]]) -> Iterator[Leftover]:
    for kind, found in unneeded.items():
        for numbers in found:
            path = path_of(folder / kind, *numbers)
            with suppress(FileNotFoundError):  # another was faster
                yield Leftover(kind, path, path.stat().st_size)
