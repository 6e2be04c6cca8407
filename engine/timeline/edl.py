"""The events of a CMX 3600 EDL, as its text has them: every line accounted for.

OpenTimelineIO's adapter silently loses a dissolve that stands on one line, an M2 whose event is as
long in the source as in the record, the drop-frame flag of a 29.97 list, and `disabled`. So an EDL
is read here first, and handed to the adapter with all that spelt out; see `edl_cut`.

Rules of this file:
    - A timecode with a semicolon is drop-frame. One without is, too, where the FCM line in force
      says DROP FRAME and the event marks none of its timecodes: that writer marks nothing.
    - FROM comments of a dissolve are of the outgoing side, TO comments of the incoming one.
    - What is wrong with one event is its own problem, said there; the others go on.

References:
    CMX 3600 edit decision lists, as GVG and Avid print them: event, reel, channels, transition,
    length, source in and out, record in and out; FCM and M2 lines; comments begin with an asterisk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.frame_io.timecode import Timecode
from plugin_host.errors import TimelineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TIME = r"([0-9]{1,2}[:;.][0-9]{2}[:;.][0-9]{2}[:;.][0-9]{2})"
_EVENT = re.compile(
    r"([0-9]{1,6})\s+(\S.*?)\s+(NONE|B|V[0-9]{0,2}|A[A0-9]{0,7}(?:/V)?)\s+"
    r"(C|D|W[0-9]{3}|KB|K ?B?O?)\s*([0-9]{1,4})?\s+" + r"\s+".join([_TIME] * 4) + r"\Z"
)
_MOTION = re.compile(r"M2:?\s+(.*?)\s+([-+]?[0-9]{0,4}\.?[0-9]{1,6})\s+[0-9:;.]{8,11}\Z")
_COMMENT = re.compile(r"\*?\s*(FROM|TO|KEY)? ?(CLIP NAME|CLIP|FILE|SOURCE FILE)(?: IS)?:\s*(.*)\Z")
_LONG_REEL = re.compile(r"FINAL CUT PRO REEL:\s*(.+?)\s+REPLACED BY:\s*(\S+)\Z")
_NOT_SAID = "an EDL does not say its frame rate; name it with --rate 24, 23.976, 25, 29.97, ..."
_MOST_LINES, _MOST_LINE = 1 << 20, 2000  # of an EDL; characters of a line
_NEARLY = Fraction(1, 500)  # of a speed: 24 and 23.976 are the same
_TENTH = Fraction(1, 20)  # frames a second; M2 is rounded to a tenth
_CROSSES = 3600  # seconds; a source that ends before it begins may pass midnight within them
BLACK, BARS, AUXILIARY = ("BL", "BLACK"), ("BARS",), "AX"


@dataclass(slots=True)
class Event:
    """One line of an EDL with what its comments say.

    Attributes:
        line: Index of its line in the text.
        end: Index after the last comment of its group; what is added to it goes there.
        number: As it is written.
        reel: As it is written, or the long name that a comment gives.
        channel: ``V``, ``A2``, ``AA/V``, ...
        kind: ``C``, ``D``, ``W001``, ``K``...
        length: Frames of the transition.
        times: Source in and out, record in and out; the ends are excluded.
        side: ``FROM``, or ``TO`` for the incoming side of a dissolve.
        name: The clip's.
        files: Where its media is said to be, or what it is called.
        speed: What it shows of the source a frame of the record; 1 unless an M2 says otherwise.
        problem: Why it cannot be restored; empty for nothing.
    """

    line: int
    end: int
    number: str
    reel: str
    channel: str
    kind: str
    length: int
    times: tuple[Timecode, Timecode, Timecode, Timecode]
    side: str = "FROM"
    name: str = ""
    files: list[str] = field(default_factory=list[str])
    speed: Fraction = Fraction(1)
    problem: str = ""

    @property
    def source(self) -> int:
        """Frames of the source."""
        return between(self.times[0], self.times[1])

    @property
    def record(self) -> int:
        """Frames of the record."""
        return between(self.times[2], self.times[3])


def between(first: Timecode, last: Timecode) -> int:
    """Return how many frames later a timecode is; midnight may lie between."""
    return (last.count - first.count) % last.day


@dataclass(frozen=True, slots=True)
class Edl:
    """A whole EDL.

    Attributes:
        lines: Its text.
        newline: How they end.
        title: What it is called.
        rate: Frames a second.
        events: In its order, sound included.
    """

    lines: list[str]
    newline: str
    title: str
    rate: Fraction
    events: list[Event]


def parse(text: str, rate: Fraction | None) -> Edl:
    """Read an EDL.

    Args:
        text: All of it.
        rate: Frames a second; None where a drop-frame list says it itself.

    Raises:
        TimelineError: It is none, an event cannot be understood, or its rate is not known.
    """
    lines = text.splitlines()
    longest = max(map(len, lines), default=0)
    if len(lines) > _MOST_LINES or longest > _MOST_LINE:
        raise TimelineError(f"an EDL of {len(lines)} lines, one of {longest} characters")
    drops = any(_drop_mode(line) or (_EVENT.match(line.strip()) and ";" in line) for line in lines)
    rate = rate or (Fraction(30000, 1001) if drops else None)
    if rate is None:
        raise TimelineError(_NOT_SAID)
    if drops and round(rate) % 30:
        raise TimelineError(f"the EDL is drop-frame, which {float(rate):g} never is; see --rate")
    events: list[Event] = []
    for start, end in _groups(lines):
        events.extend(_group(lines, start, end, rate))
    if not events:
        raise TimelineError("it holds no event of an EDL")
    titles = (line.partition(":")[2].strip() for line in lines if line.startswith("TITLE:"))
    newline = "\r\n" if "\r\n" in text else "\n"
    return Edl(lines, newline, next(titles, ""), rate, events)


def _drop_mode(line: str) -> bool | None:
    found = re.match(r"\s*FCM:\s*(NON[- ]?)?DROP", line)
    return None if found is None else found[1] is None


def _groups(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where an event with its comments begins and ends; lines of one number go together."""
    starts = [i for i, line in enumerate(lines) if re.match(r"\s*[0-9]", line)]
    first = 0
    for at in range(1, len(starts) + 1):
        if at < len(starts) and _continues(lines[starts[at - 1]], lines[starts[at]]):
            continue
        yield starts[first], starts[at] if at < len(starts) else len(lines)
        first = at


def _continues(line: str, following: str) -> bool:
    one, two = _EVENT.match(line.strip()), _EVENT.match(following.strip())
    return bool(one and two and one[1] == two[1] and one[3] == two[3] and two[4] != "C")


def _group(lines: Sequence[str], start: int, end: int, rate: Fraction) -> Iterator[Event]:
    mode = next((m for line in lines[start::-1] if (m := _drop_mode(line)) is not None), False)
    own = [at for at in range(start, end) if re.match(r"\s*[0-9]", lines[at])]
    while end > own[-1] + 1 and (
        not lines[end - 1].strip() or _drop_mode(lines[end - 1]) is not None
    ):
        end -= 1  # what stands before the next event is its own
    events = [_event(lines[at].strip(), at, end, rate, drop=mode) for at in own]
    if events[-1].kind != "C":
        events[-1].side = "TO"
    comments = [line.strip() for at, line in enumerate(lines[start:end], start) if at not in own]
    for event in events:
        _take_up(event, comments, alone=len(events) == 1)
    _name_sources(events, comments)
    _move(events, comments, rate)
    if len(events) == 2 and not events[0].record:  # says only where the outgoing side ends
        events = events[1:]
    yield from events


def _event(text: str, at: int, end: int, rate: Fraction, *, drop: bool) -> Event:
    match = _EVENT.match(text)
    if match is None:
        raise TimelineError(f"line {at + 1} is no event of an EDL: {text[:80]!r}")
    written = match.groups()[5:]
    marked = any(";" in time or "." in time for time in written)
    times = [_time(t, rate, drop=drop and not marked, line=at + 1) for t in written]
    kind = match[4].replace(" ", "")
    first, last, begins, ends = times
    event = Event(
        *(at, end, match[1], match[2], match[3], kind, int(match[5] or 0)),
        (first, last, begins, ends),
    )
    if last.count < first.count and event.source > _CROSSES * first.base:
        event.problem = "its source ends before it begins"
    return event


def _time(text: str, rate: Fraction, *, drop: bool, line: int) -> Timecode:
    mark = ";" if drop or ";" in text or "." in text else ":"
    parts = re.split("[:;.]", text.zfill(11))
    if parts == ["24", "00", "00", "00"]:  # some say so that an event ends with the day
        parts[0] = "00"
    time = Timecode.parse(":".join(parts[:3]) + mark + parts[3], rate)
    if time is None or list(time.fields) != [int(part) for part in parts]:
        what = "drop-frame " * (mark == ";")
        raise TimelineError(f"line {line}: {text} is no {what}timecode at {float(rate):g}")
    return time


def _take_up(event: Event, comments: Sequence[str], *, alone: bool) -> None:
    """Take what the comments say of an event."""
    told = [match.groups() for line in comments if (match := _COMMENT.match(line))]
    both = any(side in {"TO", "KEY"} for side, _, _ in told)
    for side, what, text in told:
        mine = event.side if (side is None or (alone and not both)) else side.replace("KEY", "TO")
        if mine != event.side or not text:
            continue
        if what == "CLIP NAME":
            event.name = event.name or text
        elif what != "SOURCE FILE" or side:
            event.files.append(text)
    for line in comments:
        long = _LONG_REEL.match(line)
        if long and long[2] == event.reel:
            event.reel = long[1]


def _name_sources(events: Sequence[Event], comments: Sequence[str]) -> None:
    """Give each event the SOURCE FILE that names no side, in turn; else it is not told whose."""
    found = [match.groups() for line in comments if (match := _COMMENT.match(line))]
    sources = [text for side, what, text in found if what == "SOURCE FILE" and not side and text]
    if len(events) == 1:
        events[0].files += sources
    elif len(events) == len(sources):
        for event, text in zip(events, sources, strict=True):
            event.files.append(text)


def _move(events: Sequence[Event], comments: Sequence[str], rate: Fraction) -> None:
    """Give each event the M2 that names its reel, in turn; the last one what is left."""
    motions = [match for line in comments if (match := _MOTION.match(line))]
    frozen = any("FREEZE FRAME" in line for line in comments)
    for event in events:
        mine = [m for m in motions if m[1] == event.reel] or motions * (event is events[-1])
        motion = mine[-1] if event is events[-1] and mine else next(iter(mine), None)
        if frozen and event is events[-1]:
            event.speed = Fraction(0)
        elif motion is not None:
            event.speed = _speed(event, Fraction(motion[2]), rate)
        elif event.source != event.record and event.record and not event.problem:
            event.problem = (
                f"its source lasts {event.source} frames and its record {event.record}, "
                "and no M2 says why"
            )


def _speed(event: Event, written: Fraction, rate: Fraction) -> Fraction:
    """Return the exact speed: what the event's own lengths say, if they agree with its M2."""
    if not written or not event.record:
        return Fraction(0) if not written else Fraction(1)
    sign = 1 if written > 0 else -1
    for per_second in (Fraction(round(rate)), rate):
        speed = abs(written) / per_second
        if event.source == event.record and abs(speed - 1) <= _NEARLY:
            return Fraction(sign)
        room = event.record * _TENTH / per_second + 1
        if abs(speed * event.record - event.source) <= room and event.source:
            return sign * Fraction(event.source, event.record)
    event.problem = event.problem or (
        f"its M2 says {float(written):g} frames a second, but its source lasts {event.source} "
        f"frames and its record {event.record}"
    )
    return Fraction(1)
