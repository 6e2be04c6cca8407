"""Frame rates, timecode and speeds as Resolve means them, exactly: ``23.976`` is 24000/1001.

Rules of this file:
    - A rate is a fraction from the first moment on; no float is ever multiplied.
    - A timecode counts with the whole number above its rate: 23.976 counts 24 frames a second.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from plugin_host.errors import PlateError

_NUMBER = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(?:fps)?\s*(DF)?\s*\Z", re.IGNORECASE)
_TIMECODE = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})([:;.])([0-9]{2,3})\Z")
_NEAR = Fraction(1, 200)  # 23.98 is as far as people round 24000/1001
MOST_RATE = 1000
_ROUND = (1, 2, 4, 3, 10, 20, 100)  # parts of a speed that people choose multiples of


def rate(said: object) -> Fraction:
    """Return the exact rate that Resolve means, in frames a second.

    Args:
        said: ``23.976``, ``29.97 DF``, 25.0: text in some versions, a number in others.

    Raises:
        PlateError: It is no rate.
    """
    match = _NUMBER.match(str(said))
    found = Fraction(match.group(1)) if match else Fraction(0)
    if not 0 < found <= MOST_RATE:
        raise PlateError(f"Resolve names a frame rate of {said!r}; a rate is such as 23.976 or 25")
    whole = math.ceil(found)
    slower = Fraction(whole * 1000, 1001)
    return slower if found != whole and abs(found - slower) < _NEAR else found


def number(said: object) -> str:
    """Return a rate as Resolve writes a clip's: without the ``DF`` of a timeline's."""
    match = _NUMBER.match(str(said))
    return match.group(1) if match else str(said)


def drops_frames(said: object, timecode: str = "") -> bool:
    """Whether timecode at that rate drops numbers: ``29.97 DF``, or a semicolon in a timecode."""
    return "DF" in str(said).upper() or ";" in timecode


def to_frames(timecode: str, rate: Fraction, *, drop: bool = False) -> int:
    """Return the number of frames from 00:00:00:00 to a timecode.

    Raises:
        PlateError: It is no timecode.
    """
    match = _TIMECODE.match(timecode.strip())
    if match is None:
        raise PlateError(f"Resolve names a timecode of {timecode!r}; one is such as 01:00:00:00")
    hours, minutes, seconds, frames = (int(match.group(i)) for i in (1, 2, 3, 5))
    base = math.ceil(rate)
    minute = hours * 60 + minutes
    dropped = _dropped(base) * (minute - minute // 10) if drop else 0
    return (minute * 60 + seconds) * base + frames - dropped


def frame_at(timecode: str, fps: object) -> int:
    """Return the timeline frame at a timecode, at a timeline's rate as Resolve names it.

    Raises:
        PlateError: One of them is none.
    """
    return to_frames(timecode, rate(fps), drop=drops_frames(fps, timecode))


def to_timecode(frame: int, rate: Fraction, *, drop: bool = False) -> str:
    """Return the timecode of a frame; midnight follows 23:59:59."""
    base = math.ceil(rate)
    missing = _dropped(base) if drop else 0
    minute = base * 60 - missing
    ten = minute * 10 + missing
    frame %= ten * 6 * 24
    tens, rest = divmod(frame, ten)
    behind = max(rest - missing, 0) // minute  # whole minutes since the last tenth one
    frame += missing * (9 * tens + behind)
    seconds, frames = divmod(frame, base)
    mark = ";" if drop else ":"
    clock = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    return "{:02}:{:02}:{:02}{}{:02}".format(*clock, mark, frames)


def _dropped(base: int) -> int:
    """Return how many numbers a minute drops: 2 of 30, 4 of 60.

    References:
        SMPTE ST 12-1, drop frame: the first numbers of every minute but each tenth.
    """
    return base // 15


def likeliest_speed(low: Fraction, high: Fraction) -> Fraction:
    """Return the roundest percentage from `low` to `high`, both above 0; else the simplest number.

    Round are, in this order, multiples of 100 %, 50 %, 25 %, a third, 10 %, 5 % and 1 %.
    """
    kind = roundness(low, high)
    if kind == len(_ROUND):
        return _simplest(low, high)
    return Fraction(math.ceil(low * _ROUND[kind]), _ROUND[kind])


def roundness(low: Fraction, high: Fraction) -> int:
    """Return of which kind the roundest percentage from `low` to `high` is: 0 for the roundest."""
    fits = (kind for kind, n in enumerate(_ROUND) if math.ceil(low * n) <= high * n)
    return next(fits, len(_ROUND))


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """Return the fraction of the least numerator and denominator from `low` to `high`."""
    whole = math.ceil(low)
    if whole <= high:
        return Fraction(whole)
    below = math.floor(low)
    return below + 1 / _simplest(1 / (high - below), 1 / (low - below))
