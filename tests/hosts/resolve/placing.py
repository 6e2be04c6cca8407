"""How items get onto timelines, and how they do not.

What AppendToTimeline does not say: its `endFrame` is exclusive; where rates differ, the length is
rounded down; nothing is ever overwritten, what would overlap is dropped; on a locked track nothing
comes back; a dict that is not in a list freezes the application; and what comes back may not be
there, or not for long.
"""

import math

from . import clock, model
from .api import Proxy
from .failures import Frozen


def new_timeline(project, name):
    """Add a timeline, with its clip in the current bin, and make it the current one."""
    settings = project.settings
    size = (settings["timelineResolutionWidth"], settings["timelineResolutionHeight"])
    timeline = model.Timeline(name, settings["timelineFrameRate"], "01:00:00:00", size)
    project.timelines.append(timeline)
    project.timeline = timeline
    media = model.Media(name, "", 0, 0, timeline.rate, timeline.size, "timeline")
    media.timeline = timeline
    project.folder.media.append(media)
    return timeline


def delete_timeline(project, timeline):
    """Take a timeline away, with its clip in the media pool."""
    timeline.gone = True
    project.timelines.remove(timeline)
    for folder in project.every_folder():
        folder.media = [media for media in folder.media if media.timeline is not timeline]
    if project.timeline is timeline:
        project.timeline = project.timelines[0] if project.timelines else None


def instances(project, media):
    """Return every item of every timeline that plays a clip."""
    return [
        item
        for timeline in project.timelines
        for item in timeline.every_item()
        if item.media is media
    ]


def remove(item):
    """Take an item off its track."""
    item.gone = True
    item.track.items.remove(item)


def edited(kit, timeline):
    """Remember that a timeline was edited: its playhead finds nothing for a while."""
    timeline.blind = kit.lies.blind_after_edit


def append(kit, project, clips, more):
    """Do what AppendToTimeline does; return its proxies."""
    if isinstance(clips, dict):
        raise Frozen("AppendToTimeline([{...}]) takes a list; a bare dict freezes Resolve")
    wanted = [clips, *list(more)] if isinstance(clips, Proxy) else list(clips)
    timeline = project.timeline
    if timeline is None:
        return []
    found, errors = [], False
    for each in wanted:
        item, came = _place(kit, timeline, each)
        errors = errors or came == "error"
        found.append((item, came))
    edited(kit, timeline)
    if errors:
        for item, came in found:
            if came == "placed":
                item.vanishes = True
    return [_returned(kit, item, came) for item, came in found if came not in ("locked", "absent")]


def _returned(kit, item, came):
    if came == "placed":
        return kit.wrap(item)
    return kit.phantom() if came == "phantom" else None


def _place(kit, timeline, wanted):
    info = wanted if isinstance(wanted, dict) else {"mediaPoolItem": wanted}
    proxy = info.get("mediaPoolItem")
    number = int(info.get("trackIndex") or 1)
    if not isinstance(proxy, Proxy) or not proxy._exists:
        return None, "error"
    if not 1 <= number <= len(timeline.video):
        return None, "error"
    item = _item(kit, timeline, proxy._truth, info)
    track = timeline.video[number - 1]
    if track.locked:
        return None, "locked"
    if info.get("recordFrame") is None:
        item.start = max([each.end for each in track.items], default=timeline.start)
    if item.duration < 1 or not track.free(item.start, item.end):
        return None, kit.lies.overlap
    if kit.lies.happens("append_phantoms"):
        return None, "phantom"
    item.vanishes = kit.lies.happens("append_vanish")
    track.add(item)
    if item.media.audio and info.get("mediaType") is None:
        _add_sound(timeline, item)
    return item, "placed"


def _add_sound(timeline, item):
    sound = model.Item(item.name, item.media, item.start, item.duration, item.source_in, item.speed)
    if timeline.tracks["audio"][0].free(sound.start, sound.end):
        timeline.tracks["audio"][0].add(sound)
        item.linked, sound.linked = [sound], [item]


def _item(kit, timeline, media, info):
    base = media.first if kit.lies.frames_absolute else 0
    first = int(info.get("startFrame") or base) - base
    end = info.get("endFrame")
    end = media.frames if end is None else int(end) - base + (not kit.lies.end_exclusive)
    end = min(end, media.frames) if first >= 0 else first
    item = model.Item(media.name, media, int(info.get("recordFrame") or 0), 0, first)
    fit(timeline, item, end - first)
    return item


def fit(timeline, item, frames):
    """Give an item the length of that many media frames, at the media's own rate."""
    speed = clock.rate_of(item.media.fps) / clock.rate_of(timeline.rate)
    item.speed = speed
    item.duration = math.floor(frames / speed)


def save(project):
    """Let go of what was never saved, as saving does."""
    for timeline in project.timelines:
        for item in timeline.every_item():
            if item.vanishes:
                remove(item)
    project.saves += 1
