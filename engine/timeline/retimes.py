"""Which part of its media a clip of OpenTimelineIO shows, its speed and transitions counted in.

Rules of this file:
    - A clip lasts as long as its source range says, whatever its speed: at double speed it shows
      twice as many frames of its media, from the same start.
    - Backwards, it shows the same frames as forwards, last first.
    - What changes its time in a way that is not known is refused, never taken for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from opentimelineio import schema

from engine.timeline.spans import Span
from plugin_host.errors import TimelineError

if TYPE_CHECKING:
    from opentimelineio.core import Item
    from opentimelineio.opentime import TimeRange

_OF_TIME = re.compile(r"time ?(re)?(map|warp)|retime|speed|freeze", re.IGNORECASE)
_POSITIONS = "PARAM_OFFSET_MAP_U"  # of Media Composer; the adapter takes its average for constant
_MOST_SPEED = 1000


@dataclass(frozen=True, slots=True)
class Shown:
    """What a clip shows of its media.

    Attributes:
        core: Without transitions: what must be there.
        whole: With what its transitions show besides.
        speed: Frames of the media for one of the cut; negative backwards, 0 stands still.
    """

    core: Span
    whole: Span
    speed: Fraction


def speed_of(item: Item) -> Fraction:
    """Return the constant speed of a clip, or of what a clip is nested in.

    Raises:
        TimelineError: It changes, or an effect is not known that may change it.
    """
    speed = Fraction(1)
    for effect in item.effects:
        if isinstance(effect, schema.LinearTimeWarp):
            if not abs(effect.time_scalar) <= _MOST_SPEED:
                raise TimelineError(f"a speed of {effect.time_scalar} is none")
            if _POSITIONS in effect.metadata.get("AAF", {}).get("Parameters", {}):
                what = "its speed follows a position graph; constant speeds can be mapped"
                raise TimelineError(what)
            speed *= Fraction(effect.time_scalar).limit_denominator(1_000_000)
        elif isinstance(effect, schema.TimeEffect) or _OF_TIME.search(_called(effect)):
            raise TimelineError(
                f"its speed is changed by {_called(effect)!r}, which cannot be mapped to frames; "
                "constant speeds (LinearTimeWarp, FreezeFrame) can"
            )
    return speed


def _called(effect: schema.Effect) -> str:
    names = (getattr(effect, "effect_name", ""), effect.name, effect.schema_name())
    return next((name for name in names if name and _OF_TIME.search(name)), names[-1])


def shown_by(clip: schema.Clip, window: TimeRange | None, speed: Fraction) -> Shown:
    """Return what a clip shows of its media.

    Args:
        clip: The clip.
        window: As much of its trimmed range as a trimmed nest lets through; None for all.
        speed: That of `speed_of`.

    Raises:
        TimelineError: Its times are no times.
    """
    core = Span.of(clip.trimmed_range() if window is None else window)
    trimmed, visible = Span.of(clip.trimmed_range()), Span.of(clip.visible_range())
    at_begin, at_end = core.start == trimmed.start, _end(core) == _end(trimmed)
    before = (trimmed.start - visible.start) * at_begin
    after = (_end(visible) - _end(trimmed)) * at_end
    if speed == 0:
        held = replace(core, length=Fraction(1))
        return Shown(held, held, speed)
    pace = abs(speed)
    start = trimmed.start + (core.start - trimmed.start) * pace
    if speed < 0:
        start = trimmed.start + (_end(trimmed) - _end(core)) * pace
        before, after = after, before
    core = replace(core, start=start, length=core.length * pace)
    return Shown(core, core.grown(before * pace, after * pace), speed)


def _end(span: Span) -> Fraction:
    return span.start + span.length
