"""Which source frames a clip on a timeline shows: arithmetic on what Resolve says, and refusals.

With p the place in its media where a clip begins, r source frames a timeline frame, d its length:

    left offset     round(p / r)                   timeline frames of media before it
    right offset    round((frames - p) / r - d)    timeline frames of media after it; 0 if not said
    source start    floor(p), one off at times; counted from 0 or from the first file's number
    source end      floor(p + r d)

Each of them holds r between bounds. Of what they have in common the likeliest speed is taken, 100 %
before all others; where they have nothing in common, the clip has no one speed. From 20 on Resolve
says both offsets with fractions, and frames / (left + d + right) is r.

Rules of this file:
    - Nothing here calls Resolve: the same arithmetic serves facts that a Lua script wrote down.
    - Rates and speeds are fractions. Source positions count from 0, whatever the files are called.
    - At 100 % the left offset alone says the place.
    - Source start and end both 0 mean unknown, as of a ramp, never "no retime". Versions without
      such a call (`UNTOLD`) are believed where what lies around the clip says 100 %.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any, Mapping, Tuple, cast

from plugin_host.errors import PlateError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.resolve.rates import likeliest_speed, rate, roundness
from plugin_host.plate import MOVIES, Plate

PICTURES = (".exr", ".dpx", ".tif", ".tiff", ".png")
"""How the names of picture files end that the engine reads; `plate.MOVIES` are read too."""

_UNKNOWN = (
    "is of unknown speed: Resolve says that it shows source frames 0 to 0, as it does of speed "
    "ramps; give it one speed, or restore it before it is retimed"
)
_SLOWEST = Fraction(1, 1000)
_ROUNDED = Fraction(1, 1000)  # how far three decimals are off, twice
_Bounds = Tuple[Fraction, Fraction]
UNTOLD = -1
"""What source start and end are where Resolve has no call for them."""

NUMBERS = re.compile(r"\[(-?[0-9]{1,9})-(-?[0-9]{1,9})\]")
"""Of a sequence's first and last file, in its path as Resolve shows it."""


@dataclass(frozen=True)
class Facts:
    """What Resolve says of one clip on a timeline; the fields are also the keys of its JSON.

    Attributes:
        name: The clip's, for people.
        item: Its unique id; `project`, `timeline` likewise.
        path: 'File Path' of its media; empty for a compound, a generator or what has no file.
        fps: 'FPS' of its media, as Resolve writes it.
        frames: How many the media has.
        first: 'Start': what Resolve calls the media's first frame.
        timecode: 'Start TC' of the media.
        timeline_fps: The timeline's rate.
        track: The video track it lies on, from 1.
        start: The timeline frame at which it begins; `duration` timeline frames long.
        left, right: Timeline frames of media before and after it.
        source_start, source_end: Source frames, the last exclusive; both 0 or `UNTOLD` for unknown.
        size: 'Resolution', such as ``1920x1080``.
        span: Timeline frames that all of the media would last, with three decimals; empty where
            Resolve says whole numbers.
    """

    name: str
    item: str
    path: str
    fps: str
    timeline_fps: str
    frames: int
    start: int
    duration: int
    left: int
    right: int = 0
    source_start: int = UNTOLD
    source_end: int = UNTOLD
    first: int = 0
    track: int = 1
    timecode: str = ""
    size: str = ""
    span: str = ""
    project: str = ""
    timeline: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return them as JSON says them."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Facts:
        """Read facts that a script wrote down; keys that are not known are passed over.

        Raises:
            PlateError: One is missing or not what it should be.
        """
        found = cast("Mapping[str, Any]", data if isinstance(data, dict) else {})
        values: dict[str, Any] = {}
        for field in fields(cls):
            if field.name in found:
                values[field.name] = _read(found[field.name], field.name, str(field.type))
        try:
            return cls(**values)
        except TypeError:
            missing = [f.name for f in fields(cls)[:9] if f.name not in values]
            raise PlateError(f"the facts of a clip lack {', '.join(missing)}") from None


def _read(value: Any, name: str, kind: str) -> str | int:
    if kind == "str":
        return str(value)
    try:
        return math.floor(float(value))  # Lua writes 10.0; a file that says 10.5 means within 10
    except (TypeError, ValueError, OverflowError):
        raise PlateError(f"{name} = {value!r} among the facts of a clip; it is a number") from None


@dataclass(frozen=True)
class Source:
    """The part of its media that a clip shows.

    Attributes:
        first, last: Source frames from 0, both included.
        step: Source frames a timeline frame.
        natural: What `step` is at 100 %, where rates differ.
        rate: The media's, frames a second.
        frames: How many the media has.
    """

    first: int
    last: int
    step: Fraction
    natural: Fraction
    rate: Fraction
    frames: int

    @property
    def retimed(self) -> bool:
        """Whether it plays faster or slower than its media's rate says."""
        return self.step != self.natural

    def handles(self, wanted: int) -> int:
        """Return how many handles there are on the side that has more; at most `wanted`."""
        return max(0, min(wanted, max(self.first, self.frames - 1 - self.last)))

    def shown(self, offset: int) -> int:
        """Return the source frame at a timeline frame, counted from the clip's first one."""
        return min(self.last, self.first + math.floor(self.step * offset))

    def fits(self, duration: int) -> bool:
        """Whether its frames, placed at 100 %, last that long on the timeline."""
        whole = (self.last - self.first + 1) / self.natural
        return not self.retimed and math.floor(whole) == duration


def source_of(facts: Facts) -> Source:
    """Return which frames of its media a clip shows.

    Raises:
        PlateError: It shows none, backwards, with a speed that changes, or Resolve does not say.
    """
    _check_plain(facts)
    clip_rate = rate(facts.fps)
    natural = clip_rate / rate(facts.timeline_fps)
    start, end = facts.source_start, facts.source_end
    if start == end == 0:
        raise _refused(facts, _UNKNOWN)
    if start == end == UNTOLD:
        start, end = _without_source_frames(facts, natural)
    zero, step = _counted(facts, start, end - start, natural)
    start, end = start - zero, end - zero
    first = start
    last = max(end - 1, start + math.floor(step * (facts.duration - 1)))
    if step == 1:
        first, last = facts.left, facts.left + facts.duration - 1
    last -= last == facts.frames  # an end rounded up
    if not 0 <= first <= last < facts.frames:
        words = f"it shows frames {first} to {last} of {facts.frames}, counted from 0"
        raise _refused(facts, f"reaches beyond its media: {words}; relink it, or trim it")
    return Source(first, last, step, natural, clip_rate, facts.frames)


def plate_of(facts: Facts, colourspace: str | None = None) -> tuple[Plate, int]:
    """Return a clip's media as a plate, and the number of its first frame.

    Raises:
        PlateError: Its files cannot be counted: a subclip, or a name that says something else.
    """
    plate = Plate.parse(facts.path, colourspace)
    if plate.is_movie:
        if facts.first:
            words = f"a subclip, which begins at frame {facts.first} of its movie"
            raise _refused(facts, f"is {words}; use the whole movie in its place")
        return plate, 1
    numbers = NUMBERS.search(facts.path)
    if numbers is None:
        raise _refused(facts, "is one picture, held; restore it with `faceplate restore`")
    first, last = int(numbers.group(1)), int(numbers.group(2))
    if last - first + 1 != facts.frames or facts.first not in {0, first}:
        words = f"{facts.frames} frames from {facts.first}, its files are {first} to {last}"
        raise _refused(facts, f"is a subclip or lacks files: Resolve counts {words}")
    return plate, first


def is_readable(path: str) -> bool:
    """Whether the engine reads such files; all others are rendered to EXR first."""
    return path.lower().endswith(PICTURES + MOVIES)


def frames_of(source: Source, first: int) -> FrameRange:
    """Return the numbers of the frames that a clip shows, of media that begins at `first`."""
    return FrameRange.between(first + source.first, first + source.last)


def _refused(facts: Facts, words: str) -> PlateError:
    return PlateError(f"the clip {facts.name!r} {words}")


def _check_plain(facts: Facts) -> None:
    if not facts.path:
        raise _refused(
            facts,
            "has no file: it is a compound, a multicam clip, a timeline, a title, a generator or a "
            "transition; open it and select the clips inside",
        )
    if facts.duration < 1 or facts.frames < 1:
        raise _refused(facts, f"has {facts.duration} frames, of {facts.frames} of its media")


def _without_source_frames(facts: Facts, natural: Fraction) -> tuple[int, int]:
    """Return the source frames by what lies around the clip, which must say 100 %."""
    span = facts.left + facts.duration + facts.right
    if abs(natural * span - facts.frames) > 1 + natural:
        words = f"its media has {facts.frames} frames, of which it would span {span} at 100 %"
        raise _refused(facts, f"may be retimed: {words}, and this Resolve does not say more")
    start = math.floor(facts.left * natural)
    return start, start + math.ceil(facts.duration * natural)


def _counted(facts: Facts, start: int, length: int, natural: Fraction) -> tuple[int, Fraction]:
    """Return what source frames count from, 0 or the first file's number, and the step."""
    steps = {zero: _step(facts, start - zero, length, natural) for zero in (0, facts.first)}
    found = [(zero, step) for zero, step in steps.items() if step is not None]
    if found:
        return min(found, key=lambda each: abs(start - each[0] - facts.left * each[1]))
    if length < 0:
        raise _refused(facts, "plays backwards; restore it forwards and reverse it afterwards")
    if length <= 1:
        raise _refused(facts, f"is one frame held for {facts.duration}; restore it unfrozen")
    words = f"{length} source frames from {start} in {facts.duration}"
    around = f"{facts.left} before and {facts.right} after them, of {facts.frames} in all"
    raise _refused(
        facts,
        f"has a speed ramp, or Resolve contradicts itself: {words}, {around}; give it one speed, "
        "or restore it before it is retimed",
    )


def _step(facts: Facts, start: int, length: int, natural: Fraction) -> Fraction | None:
    """Return source frames a timeline frame; None where no one number fits all that is said."""
    half, left, right = Fraction(1, 2), facts.left, facts.right
    low, high = Fraction(length - 1, facts.duration), Fraction(length + 1, facts.duration)
    in_source_frames = abs(left - start) <= 1 and abs(start + length + right - facts.frames) <= 1
    if not in_source_frames or natural == 1:  # where rates differ, some say offsets in those
        low = max(low, (start - 1) / (left + half))
        high = min(high, (start + 2) / (left - half)) if left else high
        span = left + facts.duration + right
        if right > 0:
            low = max(low, Fraction(facts.frames, span + 1))
            high = min(high, Fraction(facts.frames, span - 1))
    if not low <= high or high <= 0:
        return None
    low, high = _by_span(facts, low, high, natural)
    return natural * likeliest_speed(max(low / natural, _SLOWEST), high / natural)


def _by_span(facts: Facts, low: Fraction, high: Fraction, natural: Fraction) -> _Bounds:
    """Return narrower bounds, where the fractions of the offsets agree with the others.

    Some say offsets in source frames: of both readings that is meant which makes a rounder speed.
    """
    if not facts.span:
        return low, high
    span, duration = Fraction(facts.span), facts.duration
    inside = facts.frames - (span - duration)
    both = (
        (facts.frames / (span + _ROUNDED), facts.frames / (span - _ROUNDED)),
        ((inside - _ROUNDED) / duration, (inside + _ROUNDED) / duration),
    )
    found = [each for each in both if low <= each[1] and 0 < each[0] <= high]
    return min(found, key=lambda r: roundness(r[0] / natural, r[1] / natural), default=(low, high))
