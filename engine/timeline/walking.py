"""A cut's clips, one after the other: what each shows, and what its media may be called.

Rules of this file:
    - Every clip of a video track is accounted for: it is to be restored, or it is left as it is and
      says why, or it cannot be restored and says why. Sound is never looked at.
    - Of a nested cut, only what its trim lets through is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from opentimelineio import schema
from opentimelineio.core import Composition
from opentimelineio.opentime import RationalTime, TimeRange

from engine.timeline import edl_cut, xml_cut
from engine.timeline.names import Names, names_of
from engine.timeline.retimes import Shown, shown_by, speed_of
from engine.timeline.spans import Span, exact, rate_of, timecode_text
from plugin_host.errors import TimelineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from opentimelineio.core import Item

    from engine.timeline.edl import Event
    from engine.timeline.reading import Cut

_MOST_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Edit:
    """One clip of a cut.

    Attributes:
        number: Its place among the cut's clips, from 1.
        name: What it is called.
        track: The name of its track.
        record: Timecode where it begins in the cut; of a nested one, where its nest does.
        clip: What OpenTimelineIO made of it.
        names: What its media may be called, and where it is said to be.
        shown: What it shows of its media; None where that is not told.
        drop: Whether its source timecode is drop-frame; None where that is not told.
        problem: Why it cannot be restored; empty for nothing.
        left: Why it is left as it is; empty where it is to be restored.
        event: The EDL's event that it came from.
        element: The XML element it came from.
    """

    number: int
    name: str
    track: str
    record: str
    clip: schema.Clip
    names: Names
    shown: Shown | None = None
    drop: bool | None = None
    problem: str = ""
    left: str = ""
    event: Event | None = None
    element: Element | None = None


@dataclass(frozen=True, slots=True)
class _Nest:
    """What is true of all that lies in a composition."""

    track: str
    record: str = ""
    left: str = ""
    problem: str = ""
    depth: int = 0


def edits_of(cut: Cut) -> list[Edit]:
    """Return every clip of the cut's video tracks, in its order.

    Raises:
        TimelineError: Not all of them could be read.
    """
    found: list[Edit] = []
    tracks = {} if cut.xml is None else _tracks_of(cut.xml)
    for index, track in enumerate(cut.timeline.video_tracks()):
        nest = _Nest(track.name or f"V{index + 1}")
        for clip, window, inner in _clips(cut, track, None, nest):
            found.append(_edit(cut, clip, window, inner, number=len(found) + 1, tracks=tracks))
    for item in cut.timeline.find_children():
        xml_cut.number_of(item)
    _check_all_read(cut, found)
    return found


def _check_all_read(cut: Cut, found: list[Edit]) -> None:
    """Refuse a cut of which OpenTimelineIO lost a clip: it would be missing without a word."""
    read = {id(edit.element) for edit in found}
    there = [] if cut.xml is None else xml_cut.shown_in(cut.xml)
    lost = [element.findtext("name") or "" for element in there if id(element) not in read]
    if lost:
        raise TimelineError(
            f"OpenTimelineIO does not read {len(lost)} of its clips ({', '.join(lost[:5])}); hand "
            "over an .otio or an EDL",
            path=str(cut.path),
        )


def _tracks_of(root: Element) -> dict[int, Element]:
    return {id(item): track for track in root.iter("track") for item in track}


def _clips(
    cut: Cut, parent: Composition, window: TimeRange | None, nest: _Nest
) -> Iterator[tuple[schema.Clip, TimeRange | None, _Nest]]:
    """Yield each clip with what of its own time is shown; None for all of it."""
    if not parent.enabled:
        nest = replace(nest, left=nest.left or "it is disabled")
    if nest.depth > _MOST_DEPTH:
        raise TimelineError(f"cuts within cuts, more than {_MOST_DEPTH} deep")
    for child in parent:
        if not isinstance(child, schema.Clip | Composition):
            continue
        seen, own = _seen(cut, parent, child, window, nest)
        if isinstance(child, schema.Clip):
            yield child, seen, own
        elif not isinstance(child, schema.Track) or child.kind == schema.TrackKind.Video:
            inner = replace(own, depth=own.depth + 1)
            if _is_retimed(child):
                what = "it is nested in a cut whose speed is changed; restore that cut by itself"
                inner = replace(inner, problem=inner.problem or what)
            yield from _clips(cut, child, seen, inner)


def _seen(
    cut: Cut, parent: Composition, child: Item, window: TimeRange | None, nest: _Nest
) -> tuple[TimeRange | None, _Nest]:
    """Return what is shown of a child, in its own time, and what is true of it."""
    seen: TimeRange | None = None
    try:
        placed = parent.range_of_child(child)
        if not nest.record:
            nest = replace(nest, record=_record(cut, placed.start_time))
        seen = _through(child, placed, window)
    except Exception as error:  # noqa: BLE001 - OpenTimelineIO's, of a clip without a length
        if window is not None:
            nest = replace(nest, problem=f"where it stands in its nested cut is unknown: {error}")
    else:
        if seen is None and window is not None:
            nest = replace(nest, left=nest.left or "its nested cut is trimmed, and never shows it")
    return seen, nest


def _through(child: Item, placed: TimeRange, window: TimeRange | None) -> TimeRange | None:
    """Return what a window upon a parent shows of a child, in the child's own time."""
    if window is None:  # only a nested cut is trimmed by what it lies in
        return child.source_range
    rate = placed.start_time.rate

    def at(time: RationalTime) -> Fraction:
        return exact(time.rescaled_to(rate).value)

    head = max(at(window.start_time) - at(placed.start_time), Fraction(0))
    tail = max(at(placed.end_time_exclusive()) - at(window.end_time_exclusive()), Fraction(0))
    length = at(placed.duration) - head - tail
    if length <= 0:
        return None
    start = child.trimmed_range().start_time
    later = RationalTime(float(head), rate).rescaled_to(start.rate)
    return TimeRange(start + later, RationalTime(float(length), rate).rescaled_to(start.rate))


def _is_retimed(nest: Item) -> bool:
    try:
        return speed_of(nest) != 1
    except TimelineError:
        return True


def _record(cut: Cut, at: RationalTime) -> str:
    begin = cut.timeline.global_start_time
    rate = rate_of(at.rate if begin is None else begin.rate)
    count = exact(at.rescaled_to(float(rate)).value)
    count += 0 if begin is None else exact(begin.value)
    return timecode_text(round(count), rate, drop=bool(cut.drop))


def _edit(
    cut: Cut,
    clip: schema.Clip,
    window: TimeRange | None,
    nest: _Nest,
    *,
    number: int,
    tracks: dict[int, Element],
) -> Edit:
    place, index = xml_cut.number_of(clip), edl_cut.event_of(clip)
    element = None if place is None else cut.elements.get(place)
    file = None if element is None else xml_cut.file_of(element, cut.files)
    event = None if index is None or cut.edl is None else cut.edl.events[index]
    left = nest.left or _left(clip, element, tracks)
    problem = nest.problem or ("" if event is None else event.problem)
    shown: Shown | None = None
    if not problem and not left:
        try:
            shown = _shown(clip, window, element, file)
        except TimelineError as error:
            problem = error.message
        except Exception as error:  # noqa: BLE001 - OpenTimelineIO's, of what a stranger wrote
            problem = f"which frames it shows is not told: {error}"
    drop = None if event is None else event.times[0].drop
    if file is not None:
        drop = xml_cut.is_drop(file.find("timecode"))
    names = names_of(clip, () if event is None else event.files)
    bare = element is not None and (file is None or file.find("timecode") is None)
    if bare and shown is not None:
        # This format counts from a file's first frame where it does not say its timecode.
        names = replace(names, declared=Span(Fraction(0), Fraction(0), shown.core.rate))
    return Edit(
        *(number, clip.name or f"clip {number}", nest.track, nest.record, clip),
        names=names,
        shown=shown,
        drop=drop,
        problem=problem,
        left=left,
        event=event,
        element=element,
    )


def _left(clip: schema.Clip, element: Element | None, tracks: dict[int, Element]) -> str:
    hidden = element is not None and not xml_cut.is_enabled(tracks.get(id(element)))
    if not clip.enabled or not xml_cut.is_enabled(element) or hidden:
        return "it is disabled"
    if isinstance(clip.media_reference, schema.GeneratorReference):
        return f"it is generated: {clip.media_reference.generator_kind or 'no media'}"
    return ""


def _shown(
    clip: schema.Clip, window: TimeRange | None, element: Element | None, file: Element | None
) -> Shown:
    _check_sequence(clip)
    if element is None:
        return shown_by(clip, window, speed_of(clip))
    visible = Span.of(clip.visible_range())
    told = xml_cut.speed_of(element, file, visible.length)
    if told is None:
        return shown_by(clip, window, Fraction(1))
    speed, first, length = told
    available = clip.media_reference and clip.media_reference.available_range
    begin = exact(available.start_time.value) if available else Fraction(0)
    span = Span(begin + first, length, visible.rate)
    return Shown(span, span, speed)


def _check_sequence(clip: schema.Clip) -> None:
    reference = clip.media_reference
    if not isinstance(reference, schema.ImageSequenceReference):
        return
    if reference.frame_step not in {0, 1}:
        raise TimelineError(f"its image sequence has only one frame in {reference.frame_step}")
    source = rate_of(clip.trimmed_range().start_time.rate)
    if rate_of(reference.rate) != source:
        raise TimelineError(
            f"it counts {source} frames a second, its image sequence {rate_of(reference.rate)}"
        )
