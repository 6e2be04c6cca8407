"""Pieces of a source's time: frames counted from a timecode of zero, at a rational rate.

Rules of this file:
    - OpenTimelineIO counts in floats. What is a whole number but for their noise becomes one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Self

from engine.frame_io.timecode import Timecode, rational_rate
from plugin_host.errors import TimelineError

if TYPE_CHECKING:
    from opentimelineio.opentime import TimeRange

_NOISE = 1e-4  # frames; a float of a day's frames is a thousand times more exact
_LONGEST = 2**40  # frames; more is no time that anybody meant


def exact(value: float) -> Fraction:
    """Return a number of frames without the noise of floats.

    Raises:
        TimelineError: It is not finite, or no time that anybody meant.
    """
    if not abs(value) < _LONGEST:
        raise TimelineError(f"{value} is no number of frames")
    whole = round(value)
    return Fraction(whole) if abs(value - whole) < _NOISE else Fraction(value)


def rate_of(rate: float) -> Fraction:
    """Return the rational rate that a float stands for: 23.976 is 24000/1001.

    Raises:
        TimelineError: It is none.
    """
    found = rational_rate(rate)
    if not found:  # also what is too slow to be one
        raise TimelineError(f"{rate} is no frame rate")
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a source's time.

    Attributes:
        start: Frames from a timecode of zero; a fraction where the cut lies between frames.
        length: Frames, at least 0.
        rate: Frames a second.
    """

    start: Fraction
    length: Fraction
    rate: Fraction

    @classmethod
    def of(cls, found: TimeRange) -> Self:
        """Return OpenTimelineIO's range exactly.

        Raises:
            TimelineError: Its start is at another rate than its length, or it is no range.
        """
        rate = rate_of(found.start_time.rate)
        length = exact(found.duration.value)
        if rate_of(found.duration.rate) != rate:
            length = Fraction(length) * rate / rate_of(found.duration.rate)
        if length < 0:
            raise TimelineError(f"a length of {float(length):g} frames")
        return cls(exact(found.start_time.value), length, rate)

    @property
    def first(self) -> int:
        """The first frame that any of it shows."""
        return math.floor(self.start)

    @property
    def last(self) -> int:
        """The last one; of a piece without length, the frame that it stands on."""
        return max(self.first, math.ceil(self.start + self.length) - 1)

    def grown(self, before: Fraction, after: Fraction) -> Self:
        """Return it with that many frames more on either side."""
        return replace(self, start=self.start - before, length=self.length + before + after)


def timecode_of(count: int, rate: Fraction, *, drop: bool) -> Timecode:
    """Return a count of frames as a time of day."""
    return Timecode(0, max(1, round(rate)), drop and round(rate) % 30 == 0).later(count)


def timecode_text(count: int, rate: Fraction, *, drop: bool) -> str:
    """Print a count of frames as timecode, ``01:00:00;00`` where numbers are dropped."""
    time = timecode_of(count, rate, drop=drop)
    hours, minutes, seconds, frame = time.fields
    mark = ";" if time.drop else ":"
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{frame:02d}"
