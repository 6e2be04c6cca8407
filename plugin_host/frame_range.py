"""Frame ranges: inclusive, gaps and steps allowed, written as Nuke and fileseq write them.

range   = segment *("," segment)        spaces may stand for commas
segment = frame ["-" frame ["x" step]]  1001-1100x2 is every second frame
frame   = ["-"] 1*DIGIT
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator

from plugin_host.errors import FrameRangeError

MOST_FRAMES = 1000000  # eleven hours at 24 frames per second: more is a typing error
_SEGMENT = re.compile(r"^(-?\d{1,9})(?:-(-?\d{1,9})(?:x(\d{1,6}))?)?$")


class FrameRange:
    """An immutable, ascending, non-empty set of frame numbers.

    Args:
        frames: Frame numbers in any order; repeated ones count once.

    Raises:
        FrameRangeError: `frames` is empty or holds more than `MOST_FRAMES`.
    """

    __slots__ = ("_frames", "_lookup")

    def __init__(self, frames: Iterable[int]) -> None:
        self._lookup = frozenset(frames)
        self._frames = tuple(sorted(self._lookup))
        if not self._frames:
            raise FrameRangeError("a frame range holds at least one frame, like 1001-1100")
        if len(self._frames) > MOST_FRAMES:
            raise FrameRangeError(f"more than {MOST_FRAMES} frames in one range")

    @classmethod
    def parse(cls, text: str) -> FrameRange:
        """Read a range such as ``1001-1010,1020-1040x2``.

        Raises:
            FrameRangeError: The text is empty, malformed, reversed, or too long a range.
        """
        frames: set[int] = set()
        for segment in text.replace(",", " ").split():
            first, last, step = _parse_segment(segment)
            if (last - first) // step >= MOST_FRAMES:
                raise FrameRangeError(f"{segment!r} is more than {MOST_FRAMES} frames")
            frames.update(range(first, last + 1, step))
        if not frames:
            raise FrameRangeError("an empty frame range; write it like 1001-1100 or 1001-1100x2")
        return cls(frames)

    @classmethod
    def between(cls, first: int, last: int) -> FrameRange:
        """Return every frame from `first` to `last`, both included."""
        return cls(range(first, last + 1))

    @property
    def first(self) -> int:
        """The lowest frame number."""
        return self._frames[0]

    @property
    def last(self) -> int:
        """The highest frame number."""
        return self._frames[-1]

    def widened(self, handles: int) -> FrameRange:
        """Return every frame from `handles` before the first to `handles` after the last."""
        return FrameRange.between(self.first - handles, self.last + handles)

    def intersection(self, others: Iterable[int]) -> tuple[int, ...]:
        """Return the frames of this range that `others` holds too, ascending, maybe none."""
        return tuple(sorted(self._lookup.intersection(others)))

    def split(self, size: int) -> list[FrameRange]:
        """Cut into consecutive ranges of at most `size` frames."""
        if size < 1:
            raise FrameRangeError(f"cannot split into ranges of {size} frames")
        return [
            FrameRange(self._frames[start : start + size])
            for start in range(0, len(self._frames), size)
        ]

    def __iter__(self) -> Iterator[int]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __contains__(self, frame: object) -> bool:
        return frame in self._lookup

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrameRange) and self._frames == other._frames

    def __hash__(self) -> int:
        return hash(self._frames)

    def __str__(self) -> str:
        return ",".join(_print_run(run) for run in _runs(self._frames))

    def __repr__(self) -> str:
        return f"FrameRange.parse({str(self)!r})"


def _parse_segment(segment: str) -> tuple[int, int, int]:
    match = _SEGMENT.match(segment)
    if match is None:
        raise FrameRangeError(
            f"{segment!r} is not a frame range; write it like 1001, 1001-1100 or 1001-1100x2"
        )
    first = int(match.group(1))
    last = first if match.group(2) is None else int(match.group(2))
    step = int(match.group(3) or 1)
    if last < first:
        raise FrameRangeError(f"{segment!r} is reversed; write {last}-{first}")
    if step < 1:
        raise FrameRangeError(f"{segment!r} has a step of 0; the smallest is x1")
    return first, last, step


def _runs(frames: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Group ascending frames into runs of one step; a step above 1 needs three frames."""
    runs: list[tuple[int, ...]] = []
    start = 0
    while start < len(frames):
        end = start + 1
        while (
            end < len(frames) and frames[end] - frames[end - 1] == frames[start + 1] - frames[start]
        ):
            end += 1
        if end - start == 2 and frames[start + 1] - frames[start] > 1:
            end = start + 1
        runs.append(frames[start:end])
        start = end
    return runs


def _print_run(run: tuple[int, ...]) -> str:
    if len(run) == 1:
        return str(run[0])
    step = run[1] - run[0]
    return "{}-{}{}".format(run[0], run[-1], "" if step == 1 else f"x{step}")
