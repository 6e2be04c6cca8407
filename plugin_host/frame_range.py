"""Frame ranges: inclusive, gaps and steps allowed, written as Nuke and fileseq write them.

range   = segment *("," segment)        any run of spaces and commas may stand for a comma
segment = frame ["-" frame ["x" step]]  1001-1100x2 is every second frame
frame   = ["-"] 1*9DIGIT                0 to 9 and no other script's digits
step    = 1*10DIGIT                     at least 1
"""

from __future__ import annotations

import operator
import re
from typing import Iterable, Iterator

from plugin_host.errors import FrameRangeError

MOST_FRAMES = 1000000  # eleven hours at 24 frames per second: more is a typing error
GREATEST_FRAME = 999999999  # nine digits, on either side of 0: what `parse` can read again
_SEGMENT = re.compile(r"(-?[0-9]{1,9})(?:-(-?[0-9]{1,9})(?:x([0-9]{1,10}))?)?\Z")


class FrameRange:
    """An immutable, ascending, non-empty set of frame numbers.

    Args:
        frames: Frame numbers in any order; repeated ones count once.

    Raises:
        FrameRangeError: `frames` is empty, holds more than `MOST_FRAMES`, or one beyond
            `GREATEST_FRAME`.
    """

    __slots__ = ("_frames", "_lookup")

    def __init__(self, frames: Iterable[int]) -> None:
        self._lookup = frozenset(map(operator.index, frames))
        self._frames = tuple(sorted(self._lookup))
        if not self._frames:
            raise FrameRangeError("a frame range holds at least one frame, like 1001-1100")
        if len(self._frames) > MOST_FRAMES:
            raise FrameRangeError(f"more than {MOST_FRAMES} frames in one range")
        if max(-self._frames[0], self._frames[-1]) > GREATEST_FRAME:
            raise FrameRangeError(
                f"a frame number beyond {GREATEST_FRAME}: {self._frames[0]} to {self._frames[-1]}"
            )

    @classmethod
    def parse(cls, text: str) -> FrameRange:
        """Read a range such as ``1001-1010,1020-1040x2``.

        Raises:
            FrameRangeError: The text is empty, malformed, reversed, or too long a range.
        """
        frames: set[int] = set()
        counted = 0  # a repeated frame counts again, so that a short text cannot cost much
        for segment in filter(None, re.split("[ ,]+", text)):
            first, last, step = _parse_segment(segment)
            counted += (last - first) // step + 1
            if counted > MOST_FRAMES:
                raise FrameRangeError(f"more than {MOST_FRAMES} frames, at {segment!r}")
            frames.update(range(first, last + 1, step))
        if not frames:
            raise FrameRangeError("an empty frame range; write it like 1001-1100 or 1001-1100x2")
        return cls(frames)

    @classmethod
    def between(cls, first: int, last: int) -> FrameRange:
        """Return every frame from `first` to `last`, both included.

        Raises:
            FrameRangeError: Reversed, or too long a range.
        """
        if last - first >= MOST_FRAMES:
            raise FrameRangeError(f"{first}-{last} is more than {MOST_FRAMES} frames")
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
        """Cut into consecutive ranges of at most `size` frames.

        Raises:
            FrameRangeError: `size` is below 1.
        """
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
            f"{segment[:40]!r} is not a frame range; write it like 1001, 1001-1100 or 1001-1100x2"
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
