"""FrameRange and FrameRanges: "1-10x2", spaces join."""

import re

from .threads import guarded

_RANGE = re.compile(r"(-?\d+)(?:-(-?\d+)(?:x(-?\d+))?)?$")


def parsed(text):
    """Return first, last, increment of one range."""
    match = _RANGE.match(text.strip())
    if not match:
        raise RuntimeError(f"FrameRange: {text!r} is not a frame range")
    first = int(match.group(1))
    last = int(match.group(2)) if match.group(2) is not None else first
    increment = int(match.group(3) or 1)
    if increment == 0:
        raise RuntimeError(f"FrameRange: {text!r} has an increment of zero")
    return first, last, increment


@guarded
class FrameRange:
    """A first frame, a last one (inclusive) and a step."""

    def __init__(self, *args):
        if not args:
            args = (0, 0, 1)
        elif len(args) == 1:
            args = parsed(args[0])
        first, last, increment = ((*tuple(args), 1))[:3]
        for number in (first, last, increment):
            if not isinstance(number, int):
                raise TypeError(f"FrameRange takes integers, not {number!r}")
        self._first, self._last, self._increment = first, last, increment

    def first(self):
        return self._first

    def last(self):
        return self._last

    def increment(self):
        return self._increment

    def stepFrame(self):
        return abs(self._increment)

    def setFirst(self, n):
        self._first = n

    def setLast(self, n):
        self._last = n

    def setIncrement(self, n):
        self._increment = n

    def frames(self):
        return len(self._list())

    def getFrame(self, n):
        return self._list()[n]

    def isInRange(self, n):
        return n in self._list()

    def minFrame(self):
        return min(self._first, self._last)

    def maxFrame(self):
        return max(self._first, self._last)

    def _list(self):
        step = self.stepFrame()
        if self._first <= self._last:
            return list(range(self._first, self._last + 1, step))
        return list(range(self._first, self._last - 1, -step))

    def __iter__(self):
        return iter(self._list())

    def __str__(self):
        if self._first == self._last:
            return str(self._first)
        step = "" if self._increment == 1 else f"x{self._increment}"
        return f"{self._first}-{self._last}{step}"


@guarded
class FrameRanges:
    """Several ranges in a row."""

    def __init__(self, *args):
        self._ranges = []
        for arg in args:
            if isinstance(arg, str):
                self._ranges += [FrameRange(piece) for piece in arg.split()]
            elif isinstance(arg, FrameRange):
                self._ranges.append(arg)
            elif isinstance(arg, FrameRanges):
                self._ranges += arg._ranges
            elif isinstance(arg, int):
                self._ranges.append(FrameRange(arg, arg, 1))
            else:
                for piece in arg:
                    self._ranges += FrameRanges(piece)._ranges

    def add(self, r):
        self._ranges.append(FrameRange(r) if isinstance(r, str) else r)

    def clear(self):
        self._ranges = []

    def compact(self):
        """Join what touches; here every frame once, in order, as runs of step 1."""
        frames = sorted(set(self.toFrameList()))
        runs = []
        for frame in frames:
            if runs and runs[-1]._last == frame - 1:
                runs[-1].setLast(frame)
            else:
                runs.append(FrameRange(frame, frame, 1))
        self._ranges = runs

    def minFrame(self):
        return min(r.minFrame() for r in self._ranges)

    def maxFrame(self):
        return max(r.maxFrame() for r in self._ranges)

    def size(self):
        return len(self._ranges)

    def toFrameList(self):
        """Frames range by range, as given: what overlaps comes twice."""
        return [frame for r in self._ranges for frame in r]

    def __iter__(self):
        return iter(self._ranges)

    def __str__(self):
        return " ".join(str(r) for r in self._ranges)
