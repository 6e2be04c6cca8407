"""Timecode and frame rates: how a movie or a DPX says them, and how an EXR header does.

Rules of this file:
    - A rate is rational. Timecode counts at the nearest whole rate; with the drop flag it leaves
      out numbers, never frames (SMPTE ST 12-1, 5.2.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import OpenEXR

_TEXT = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})([:;.])([0-9]{2})")
_PAIRED = 30  # frames a second; ST 12-1 numbers faster ones in pairs
_ROUNDED = 5e-3  # frames a second; 23.98 is 24000/1001 written short


@dataclass(frozen=True, slots=True)
class Timecode:
    """A time of day, counted in frames.

    Attributes:
        count: Frames since midnight.
        base: Frames that a second numbers: 24 for 24000/1001.
        drop: Whether numbers are dropped to keep up with the clock.
    """

    count: int
    base: int
    drop: bool

    @classmethod
    def parse(cls, text: str, rate: Fraction) -> Self | None:
        """Read ``01:00:00:00``, or ``01:00:00;00`` with the drop flag; None if it is neither."""
        match = _TEXT.fullmatch(text.strip())
        base = round(rate)
        if match is None or base < 1:
            return None
        hours, minutes, seconds, frame = (int(match[i]) for i in (1, 2, 3, 5))
        if hours > 23 or minutes > 59 or seconds > 59 or frame >= base:
            return None
        drop = match[4] != ":" and base % 30 == 0
        count = ((hours * 60 + minutes) * 60 + seconds) * base + frame
        if drop:
            whole = hours * 60 + minutes
            count -= _dropped(base) * (whole - whole // 10)
        return cls(count, base, drop)

    @classmethod
    def from_exr(cls, attribute: OpenEXR.TimeCode, rate: Fraction) -> Self | None:
        """Return what an EXR attribute says at a rate; None where it cannot be of that rate."""
        second = attribute.fieldPhase if round(rate) > _PAIRED else 0
        frame = attribute.frame * (2 if round(rate) > _PAIRED else 1) + second
        fields = attribute.hours, attribute.minutes, attribute.seconds
        mark = ";" if attribute.dropFrame else ":"
        return cls.parse(":".join(f"{n:02d}" for n in fields) + f"{mark}{frame:02d}", rate)

    def later(self, frames: int) -> Self:
        """Return the timecode some frames later; midnight follows the last one of a day."""
        return replace(self, count=(self.count + frames) % self.day)

    @property
    def day(self) -> int:
        """How many frames a day has, as they are numbered."""
        return 86400 * self.base - (24 * 54 * _dropped(self.base) if self.drop else 0)

    @property
    def fields(self) -> tuple[int, int, int, int]:
        """Hours, minutes, seconds and frame."""
        number = self.count
        if self.drop:
            dropped = _dropped(self.base)
            minute = 60 * self.base - dropped
            tens, rest = divmod(number, 10 * minute + dropped)
            number += dropped * (9 * tens + max(0, rest - dropped) // minute)
        seconds, frame = divmod(number, self.base)
        return seconds // 3600, seconds // 60 % 60, seconds % 60, frame

    def to_exr(self) -> OpenEXR.TimeCode:
        """Return the EXR attribute.

        References:
            SMPTE ST 12-1, 12.1: above 30 frames a second, pairs of frames are numbered and the
            field mark tells the second one.
        """
        hours, minutes, seconds, frame = self.fields
        second = 0
        if self.base > _PAIRED:
            frame, second = divmod(frame, 2)
        return OpenEXR.TimeCode(
            hours, minutes, seconds, frame, int(self.drop), 0, second, *[0] * 11
        )


def _dropped(base: int) -> int:
    return base // 15  # 2 of 30 numbers, 4 of 60


def exr_timecode(word: int) -> OpenEXR.TimeCode | None:
    """Return the EXR attribute of a 32-bit timecode in binary-coded decimal; None if it is none.

    References:
        SMPTE ST 12-1, 9: tens of frames have two bits, of seconds and minutes three, of hours
        two; bit 6 is the drop flag, bit 7 the colour flag, bit 15 the field mark.
    """
    tens_and_ones = ((24, 3), (16, 7), (8, 7), (0, 3))
    tens = [word >> bit + 4 & mask for bit, mask in tens_and_ones]
    ones = [word >> bit & 15 for bit, _ in tens_and_ones]
    hours, minutes, seconds, frame = (10 * t + o for t, o in zip(tens, ones, strict=True))
    if max(ones) > 9 or hours > 23 or minutes > 59 or seconds > 59:
        return None
    drop, colour, field = (word >> bit & 1 for bit in (6, 7, 15))
    return OpenEXR.TimeCode(hours, minutes, seconds, frame, drop, colour, field, *[0] * 11)


def rational_rate(rate: float) -> Fraction | None:
    """Return the rate that a header's float means: 23.976 is 24000/1001; None for no rate."""
    if not 0 < rate < 1000:  # also NaN
        return None
    whole = round(rate)
    ntsc = Fraction(round(rate * 1.001) * 1000, 1001)
    for near in (Fraction(whole), ntsc):
        if abs(float(near) - rate) < _ROUNDED:
            return near
    return Fraction(rate).limit_denominator(1001)
