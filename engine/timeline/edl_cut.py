"""An EDL handed to OpenTimelineIO's adapter, with all spelt out that the adapter would lose.

Rules of this file:
    - The adapter gets frame numbers, no timecodes, counted from the first event, since it knows no
      midnight; a dissolve on two lines; no M2. Source and speeds are set afterwards. Each event is
      found again by a comment of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from opentimelineio import adapters, schema
from opentimelineio.opentime import RationalTime, TimeRange

from engine.timeline.edl import AUXILIARY, BARS, BLACK, between
from plugin_host.errors import TimelineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.timeline.edl import Edl, Event

_MARK = "FACEPLATE EVENT "
_PLACE = "faceplate"


def cut_of(edl: Edl) -> schema.Timeline:
    """Return the cut; its clips say which event they are of, see `event_of`.

    Raises:
        TimelineError: Events overlap in the record, or the adapter refuses them.
    """
    rate = float(edl.rate)
    lines: list[str] = []
    ends: dict[str, int] = {}
    counts = _begins(edl.events)
    for index in sorted(range(len(counts)), key=counts.__getitem__):  # of a C-mode list, too
        event = edl.events[index]
        if "A" not in event.channel or "/V" in event.channel:
            lines += _spelt_out(index, event, counts[index] - min(counts), ends)
    if not lines:
        raise TimelineError("the EDL has no event of a picture")
    text = f"TITLE: {edl.title}\n" + "\n".join(lines)
    timeline = cast("schema.Timeline", adapters.read_from_string(text, "cmx_3600", rate=rate))
    begins: list[tuple[schema.Track, int]] = []
    for track in timeline.video_tracks():
        clips = {_index(child): child for child in track if isinstance(child, schema.Clip)}
        for index, clip in clips.items():
            _complete(clip, edl.events[index], rate)
            clip.metadata["cmx_3600"][_PLACE] = index
        begins.append((track, min(counts[index] for index in clips)))
    begin = min(first for _, first in begins)
    for track, first in begins:
        _place(track, first - begin, rate)
    timeline.global_start_time = RationalTime(begin, rate)
    return timeline


def event_of(clip: schema.Clip) -> int | None:
    """Return the place in its EDL of a clip's event; take it out of the clip."""
    said = clip.metadata.get("cmx_3600")
    place = None if said is None else said.pop(_PLACE, None)
    return None if place is None else int(place)


def _begins(events: Sequence[Event]) -> list[int]:
    """Return where events begin in the record, in frames; past midnight, they count on."""
    times = [event.times[2] for event in events]
    noon = times[0].day // 2
    wraps = max(time.count for time in times) - min(time.count for time in times) > noon
    first = min((t for t in times if not wraps or t.count >= noon), key=lambda time: time.count)
    return [first.count + between(first, time) for time in times]


def _spelt_out(index: int, event: Event, begin: int, ends: dict[str, int]) -> list[str]:
    channel = "V" if event.channel in {"B", "NONE"} or "/V" in event.channel else event.channel
    if event.kind[0] == "K" and event.kind != "KB":
        channel += "K"  # what is keyed lies above what is shown at the same time
    reel = event.reel if event.reel in (*BLACK, *BARS) else "SOURCE"
    span = f"0 {event.record} {begin} {begin + event.record}"
    number = f"{index + 1:06d}"
    if begin < ends.get(channel, begin):
        raise TimelineError(f"line {event.line + 1}: the event before it ends after it begins")
    follows = ends.get(channel) == begin  # else it comes out of black: a fade, no dissolve
    ends[channel] = begin + event.record
    comments = [f"* {_MARK}{index}", f"* FROM CLIP NAME: {event.name or event.reel}"]
    if event.length and event.kind[0] in "DW" and follows:
        kind = event.kind if event.kind[0] == "W" else "D"
        cut = f"{number} {reel} {channel} C 0 0 {begin} {begin}"
        return [cut, f"{number} {reel} {channel} {kind} {event.length:03d} {span}", *comments]
    return [f"{number} {reel} {channel} C {span}", *comments]


def _index(clip: schema.Clip) -> int:
    comments = [str(text) for text in clip.metadata["cmx_3600"]["comments"]]
    (found,) = (text for text in comments if text.startswith(_MARK))
    return int(found[len(_MARK) :])


def _complete(clip: schema.Clip, event: Event, rate: float) -> None:
    """Say of a clip what the adapter could not be told."""
    said = clip.metadata["cmx_3600"]
    del said["comments"]
    said.pop("reel", None)
    if event.reel not in (AUXILIARY, *BLACK, *BARS):
        said["reel"] = event.reel
    if event.files and event.reel not in (*BLACK, *BARS):
        clip.media_reference = schema.ExternalReference(event.files[0])
    start = RationalTime(event.times[0].count, rate)
    clip.source_range = TimeRange(start, RationalTime(event.record, rate))
    if event.speed == 0:
        clip.effects.append(schema.FreezeFrame())
    elif event.speed != 1:
        clip.effects.append(schema.LinearTimeWarp(time_scalar=float(event.speed)))


def _place(track: schema.Track, late: int, rate: float) -> None:
    """Let a track begin where the cut does; the adapter says so in a range that trims all away."""
    track.source_range = None
    if late:
        track.insert(
            0, schema.Gap(source_range=TimeRange(RationalTime(0, rate), RationalTime(late, rate)))
        )
