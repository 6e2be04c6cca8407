"""Which clips are meant, and what Resolve says of them.

Selected ones where the API tells (21.0.4 and later), else the clip under the playhead, else all of
a colour or of a track, where the user's choices name one.

Rules of this file:
    - For seconds after an edit there is no clip under the playhead: it is asked again, up to a
      deadline.
    - A number that Resolve does not say is not made up: source frames are then unknown.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generator

from plugin_host.errors import PlateError
from plugin_host.hosts.resolve.api import ask, present
from plugin_host.hosts.resolve.application import SUBFRAMES, video_items
from plugin_host.hosts.resolve.clip import UNTOLD, Facts
from plugin_host.hosts.resolve.importing import path_of
from plugin_host.hosts.resolve.layout import is_ours
from plugin_host.hosts.resolve.rates import frame_at

if TYPE_CHECKING:
    from plugin_host.hosts.resolve.api import Item, Media, Timeline
    from plugin_host.hosts.resolve.application import Application

PLAYHEAD_S = 6.0  # for Resolve to know again what lies under it
_POLL_S = 0.25
WAYS = ("auto", "selected", "playhead", "colour", "track")


def chosen(
    application: Application, way: str = "auto", *, colour: str = "", track: int = 0
) -> list[tuple[int, Item]]:
    """Return the clips that are meant, each with its video track.

    Args:
        application: The running Resolve.
        way: One of `WAYS`.
        colour: Which colour's clips, as Resolve's English names say, such as ``Orange``.
        track: Which video track's clips, from 1.

    Raises:
        PlateError: There are none; says what would help.
    """
    timeline = application.timeline
    everything = video_items(timeline)
    found: list[tuple[int, Item]] = []
    if way in {"auto", "selected"} and "GetSelectedClips" in dir(timeline):
        found = _on_video(everything, present(timeline.GetSelectedClips()))
    if way == "playhead" or (way == "auto" and not found):
        found = _on_video(everything, [_under_playhead(timeline, everything)])
    if way == "colour" or (way == "auto" and not found and colour):
        found = [(t, item) for t, item in everything if item.GetClipColor() == colour]
    if way == "track" or (way == "auto" and not found and track):
        found = [(t, item) for t, item in everything if t == track]
    found = _originals(found, everything)
    if not found:
        raise PlateError(
            "no clip is chosen: select some, put the playhead on one, or name a colour or a track "
            "in the choices"
            if everything
            else f"the timeline {timeline.GetName()!r} has no clip on a video track"
        )
    return found


def _on_video(everything: list[tuple[int, Item]], wanted: list[Any]) -> list[tuple[int, Item]]:
    """Return those that lie on a video track: selections hold sound and titles too."""
    ids = {item.GetUniqueId() for item in wanted if item is not None}
    return [(track, item) for track, item in everything if item.GetUniqueId() in ids]


def _originals(
    found: list[tuple[int, Item]], everything: list[tuple[int, Item]]
) -> list[tuple[int, Item]]:
    """Return clips, in place of each that we put on a track the one that it lies over."""
    originals: dict[str, tuple[int, Item]] = {}
    for track, item in found:
        now = (track, item)
        if is_ours(path_of(item.GetMediaPoolItem())) and not item.GetTakesCount():
            below = [
                (t, each)
                for t, each in everything
                if t < track
                and each.GetStart() == item.GetStart()
                and (each.GetTakesCount() or not is_ours(path_of(each.GetMediaPoolItem())))
            ]
            now = below[-1] if below else now
        originals.setdefault(now[1].GetUniqueId() or "", now)
    return list(originals.values())


def _under_playhead(timeline: Timeline, everything: list[tuple[int, Item]]) -> Any:
    end = time.monotonic() + PLAYHEAD_S
    while True:
        item = timeline.GetCurrentVideoItem()
        if item is not None or not everything or time.monotonic() >= end:
            return item
        time.sleep(_POLL_S)


def under_playhead(application: Application) -> tuple[int, Item, int]:
    """Return the clip under the playhead, its video track, and the timeline frame.

    Where Resolve does not say where the playhead is, as on its media page, that is the clip's
    first frame.

    Raises:
        PlateError: There is no clip.
    """
    track, item = chosen(application, "playhead")[0]
    timeline = application.timeline
    said = ask(timeline, "GetCurrentTimecode")
    if not said:
        return track, item, item.GetStart() or 0
    return track, item, frame_at(str(said), timeline.GetSetting("timelineFrameRate"))


def facts_of(application: Application, item: Item, track: int) -> Facts:
    """Return what Resolve says of a clip; of one that shows a take of ours, of its original.

    Raises:
        PlateError: A number is none.
    """
    with _original_shown(item):
        return _facts(application, item, track)


@contextmanager
def _original_shown(item: Item) -> Generator[None, None, None]:
    """Show the take that the clip was restored from, where one of ours is shown."""
    now = item.GetSelectedTakeIndex() or 0
    theirs = [
        index
        for index in range(1, (item.GetTakesCount() or 0) + 1)
        if not is_ours(path_of((item.GetTakeByIndex(index) or {}).get("mediaPoolItem")))
    ]
    if not theirs or now in theirs:
        yield
        return
    item.SelectTakeByIndex(theirs[0])
    try:
        yield
    finally:
        item.SelectTakeByIndex(now)


def _facts(application: Application, item: Item, track: int) -> Facts:
    timeline, media = application.timeline, item.GetMediaPoolItem()
    said = {
        "name": item.GetName() or "",
        "item": item.GetUniqueId() or "",
        "path": _text(media, "File Path"),
        "fps": _text(media, "FPS"),
        "timeline_fps": str(timeline.GetSetting("timelineFrameRate") or ""),
        "frames": _text(media, "Frames") or 0,
        "start": item.GetStart() or 0,
        "duration": item.GetDuration() or 0,
        "left": item.GetLeftOffset() or 0,
        "right": item.GetRightOffset() or 0,
        "source_start": _source(item, "GetSourceStartFrame"),
        "source_end": _source(item, "GetSourceEndFrame"),
        "first": _text(media, "Start") or 0,
        "track": track,
        "timecode": _text(media, "Start TC"),
        "size": _text(media, "Resolution"),
        "span": _span(application, item),
        "project": application.project.GetUniqueId() or "",
        "timeline": timeline.GetUniqueId() or "",
    }
    return Facts.from_json(said)


def _span(application: Application, item: Item) -> str:
    """Return how long all of a clip's media would last; whole offsets may have been rounded."""
    if application.edition.version < SUBFRAMES:
        return ""
    left, right = float(item.GetLeftOffset(True) or 0), float(item.GetRightOffset(True) or 0)
    if right <= 0 or (left.is_integer() and right.is_integer()):
        return ""
    return f"{left + (item.GetDuration() or 0) + right:.3f}"


def _source(item: Item, name: str) -> int:
    return (ask(item, name) or 0) if name in dir(item) else UNTOLD


def _text(media: Media | None, name: str) -> str:
    value = None if media is None else media.GetClipProperty(name)
    return "" if value is None else str(value)
