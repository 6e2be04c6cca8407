"""Rates as Resolve writes them, and timecode: "23.976", "29.97 DF", "01:00:00:00"."""

import math
from fractions import Fraction

_NTSC = {"23.976", "23.98", "29.97", "47.952", "47.95", "59.94", "95.904", "119.88"}


def rate_of(text):
    """Return the exact rate of a setting: "23.976" is 24000/1001."""
    name = str(text).replace("DF", "").strip()
    name = name[:-2] if name.endswith(".0") else name
    if name in _NTSC:
        return Fraction(nominal(name) * 1000, 1001)
    return Fraction(name)


def nominal(text):
    """Return how many frames a second of timecode counts: "23.976" counts 24."""
    return math.ceil(Fraction(str(text).replace("DF", "").strip()))


def _drops(text):
    return nominal(text) // 15 if "DF" in str(text) else 0


def to_frames(timecode, rate):
    """Return the number of the frame that a timecode names."""
    hours, minutes, seconds, frames = (int(part) for part in timecode.replace(";", ":").split(":"))
    whole = hours * 60 + minutes
    dropped = _drops(rate) * (whole - whole // 10)
    return (whole * 60 + seconds) * nominal(rate) + frames - dropped


def to_timecode(frame, rate):
    """Return the timecode of a frame number."""
    drops, base = _drops(rate), nominal(rate)
    if drops:
        ten = base * 600 - drops * 9
        tens, rest = divmod(frame, ten)
        minute = base * 60 - drops
        frame += drops * 9 * tens
        if rest >= base * 60:
            frame += drops * ((rest - base * 60) // minute + 1)
    seconds, frames = divmod(frame, base)
    mark = ";" if drops else ":"
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:02d}"
