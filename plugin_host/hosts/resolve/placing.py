"""A proven result is put beside the original: as a take of the same clip, or on a track of its own.

Rules of this file:
    - The original is never replaced, moved, trimmed or deleted. What did not come out as it should
      is taken away again, and said.
    - What Resolve returns is not believed: everything is asked anew, and again after saving, which
      drops what was never really there.
    - A result whose clip is gone or was trimmed is not lost: it goes into the bin.
    - What was placed before is found by its media and not placed again.
    - Frames that would not last as long as their clip are laid out first; see `layout`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from plugin_host.errors import FaceplateError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.resolve.api import ask, present
from plugin_host.hosts.resolve.application import video_items
from plugin_host.hosts.resolve.importing import imported, path_of
from plugin_host.hosts.resolve.layout import Layout
from plugin_host.hosts.resolve.origin import BIN_ONLY, TAKE, Origin

if TYPE_CHECKING:
    from plugin_host.host import Result
    from plugin_host.hosts.resolve.api import Item, Media, Timeline
    from plugin_host.hosts.resolve.application import Application
    from plugin_host.hosts.resolve.clip import Facts

NAME = "Faceplate"
_MARKERS = 25  # frames at which a marker is tried, since a frame holds one


class Placed(NamedTuple):
    """Where a result is.

    Attributes:
        where: In words.
        new: Whether it was placed now; else it was there.
        saved: Whether the project was saved since, and all read again.
    """

    where: str
    new: bool
    saved: bool


class _Job(NamedTuple):
    """A result and its clip, where that is now."""

    application: Application
    layout: Layout
    timeline: Timeline
    item: Item
    facts: Facts


def place(application: Application, result: Result) -> Placed:
    """Place a result; do nothing where it lies already.

    Raises:
        OutputError: Its frames cannot be laid out.
        FaceplateError: Another project is open, or Resolve did not keep it.
    """
    origin = Origin.from_text(result.selection.origin)
    with application.as_it_was():
        if origin.place == BIN_ONLY:
            return _kept_in_bin(application, Layout(result, origin))
        job = _found(application, result, origin)
        if isinstance(job, str):
            return _kept_in_bin(application, Layout(result, origin), f", since {job}")
        application.show(job.timeline)
        there = _there(job)
        if there:
            return Placed(there, new=False, saved=False)
        where = _placed(job, origin.place)
        _mark(job, where)
        saved = application.save()
        again = _found(application, result, origin)
        if isinstance(again, str) or not _there(again):
            job.item.DeleteMarkerByCustomData(result.finished.job)
            raise FaceplateError(
                f"Resolve dropped what it had placed for {job.facts.name!r} when it saved; the "
                f"frames are in the bin {NAME}"
            )
        return Placed(where, new=True, saved=saved)


def _kept_in_bin(application: Application, layout: Layout, why: str = "") -> Placed:
    media = imported(application, layout.lay_out(layout.sequences()[0]))
    return Placed(f"{media.GetName()} in the bin {NAME}{why}", new=True, saved=False)


def _found(application: Application, result: Result, origin: Origin) -> _Job | str:
    """Return the clip that a result is of, where it is; or why it cannot be placed there."""
    facts, project = origin.facts, application.project
    if project.GetUniqueId() != facts.project:
        raise FaceplateError(
            f"the result of {facts.name!r} belongs to another project than {project.GetName()!r}; "
            "open that one and collect again"
        )
    for timeline in application.timelines():
        items = video_items(timeline) if timeline.GetUniqueId() == facts.timeline else []
        for track, item in items:
            if item.GetUniqueId() == facts.item:
                duration = item.GetDuration() or 0
                if duration != facts.duration:
                    return f"its clip was {facts.duration} frames long and is {duration} now"
                now = origin.moved(item.GetStart() or 0, track)
                return _Job(application, Layout(result, now), timeline, item, now.facts)
    return "its clip is not on its timeline any more"


def _there(job: _Job) -> str:
    """Return where the result lies already, in words; empty where it does not."""
    facts = job.facts
    paths = {path for sequence in job.layout.sequences() for path in sequence.paths}
    for index in range(1, (job.item.GetTakesCount() or 0) + 1):
        if path_of((job.item.GetTakeByIndex(index) or {}).get("mediaPoolItem")) in paths:
            return f"take {index} of {facts.name}"
    for track, item in video_items(job.timeline):
        other = item.GetUniqueId() != facts.item and item.GetStart() == facts.start
        if other and path_of(item.GetMediaPoolItem()) in paths:
            return f"video track {track}, over {facts.name}"
    return ""


def sentence(layout: Layout) -> str:
    """Return what a marker says of a result."""
    result, finished, held = layout.result, layout.result.finished, layout.held
    words = [
        f"{result.submit.settings.restorer}, frames {result.frames}",
        f"{finished.faceless} without a face, {len(finished.errors)} with errors",
        *([f"not delivered, the nearest is held: {FrameRange(held)}"] if held else []),
        *finished.notes,
        result.take,
    ]
    return "\n".join(words)


def _placed(job: _Job, way: str) -> str:
    """Place the frames in the first way that comes out as long as the clip; return where."""
    facts = job.facts
    put, wrong = (_as_take if way == TAKE else _on_track), ""
    for sequence in job.layout.sequences():
        job.layout.lay_out(sequence)
        media = imported(job.application, sequence, job.item.GetMediaPoolItem())
        where, wrong = put(job, media, len(sequence.frames))
        if not wrong:
            return where
    raise FaceplateError(
        f"Resolve did not keep the result of {facts.name!r}: {wrong}; the frames are in the bin "
        f"{NAME}, and the original is as it was"
    )


def _as_take(job: _Job, media: Media, count: int) -> tuple[str, str]:
    """Add a take and select it; return where it is, and what is wrong with it."""
    item, facts = job.item, job.facts
    before, selected = item.GetTakesCount() or 0, item.GetSelectedTakeIndex() or 0
    item.AddTake(media)
    index = item.GetTakesCount() or 0
    if index <= before:
        locked = ask(job.timeline, "GetIsTrackLocked", "video", facts.track)
        why = f"video track {facts.track} is locked; unlock it" if locked else "it adds no take"
        return "", why
    item.SelectTakeByIndex(index)
    wrong = _differs(job, item, media, count)
    if item.GetSelectedTakeIndex() != index:
        wrong = wrong or "it does not select the take"
    if wrong:
        item.SelectTakeByIndex(max(selected, 1))
        item.DeleteTakeByIndex(index)
        if (item.GetStart(), item.GetDuration()) != (facts.start, facts.duration):
            raise FaceplateError(f"{wrong}, and the clip is not as it was: undo once in Resolve")
    return f"take {index} of {facts.name}", wrong


def _differs(job: _Job, item: Item, media: Media, count: int) -> str:
    """Return how a clip does not show the new frames from first to last; empty where it does."""
    said, facts = item.GetMediaPoolItem(), job.facts
    if said is None or said.GetUniqueId() != media.GetUniqueId():
        return "it shows other media"
    place = (item.GetStart(), item.GetDuration())
    if place != (facts.start, facts.duration):
        return f"it is {place[1]} frames at {place[0]}, not {facts.duration} at {facts.start}"
    start, end = ask(item, "GetSourceStartFrame"), ask(item, "GetSourceEndFrame")
    if start is not None and end is not None and (start or end) and abs(end - start - count) > 1:
        return f"it shows {end - start} of {count} frames"
    return f"it leaves out {item.GetLeftOffset()} frames" if item.GetLeftOffset() else ""


def _on_track(job: _Job, media: Media, count: int) -> tuple[str, str]:
    """Put the frames on a track of ours, over the clip; return where, and what is wrong."""
    timeline, facts = job.timeline, job.facts
    track, added = _free_track(timeline, facts)
    if not track:
        return "", "it adds no track"
    # No source says what `startFrame` counts from: first the whole clip, which names none.
    said = str(media.GetClipProperty("Start"))
    zeros = dict.fromkeys((int(said) if said.isdigit() else 0, 0))
    spans = [{}, *({"startFrame": start, "endFrame": start + count} for start in zeros)]
    wrong = ""
    for span in spans:
        wrong = _appended(job, media, count, {"trackIndex": track, **span})
        if not wrong:
            break
    if wrong and added:
        ask(timeline, "DeleteTrack", "video", track)
    return f"video track {track}, over {facts.name}", wrong


def _appended(job: _Job, media: Media, count: int, place: dict[str, int]) -> str:
    """Put media on a track; return what is wrong with what came, which is then taken away."""
    timeline, before = job.timeline, {item.GetUniqueId() for _, item in video_items(job.timeline)}
    place = {"recordFrame": job.facts.start, "mediaType": 1, **place}
    job.application.pool.AppendToTimeline([{"mediaPoolItem": media, **place}])
    new = [each for each in video_items(timeline) if each[1].GetUniqueId() not in before]
    wrong = "nothing is on the track"
    if new:
        track, item = new[0]
        alone = len(new) == 1 and track == place["trackIndex"]
        wrong = _differs(job, item, media, count) if alone else f"it is on video track {track}"
    if new and wrong:
        job.application.resolve.OpenPage("edit")  # elsewhere nothing can be deleted
        ask(timeline, "DeleteClips", [item for _, item in new], False)
    return wrong


def _free_track(timeline: Timeline, facts: Facts) -> tuple[int, bool]:
    """Return a track of ours that is free where a clip is, and whether it was added now."""
    count, end = timeline.GetTrackCount("video") or 0, facts.start + facts.duration
    for track in range(facts.track + 1, count + 1):
        if timeline.GetTrackName("video", track) != NAME:
            continue
        over = [
            item
            for item in present(timeline.GetItemListInTrack("video", track))
            if (item.GetStart() or 0) < end
            and (item.GetStart() or 0) + (item.GetDuration() or 0) > facts.start
        ]
        if not over and not ask(timeline, "GetIsTrackLocked", "video", track):
            return track, False
    ask(timeline, "AddTrack", "video")  # since 18.5, as is all that has to do with locks
    if timeline.GetTrackCount("video") != count + 1:
        return 0, False
    timeline.SetTrackName("video", count + 1, NAME)
    return count + 1, True


def _mark(job: _Job, where: str) -> None:
    """Say on the original clip what was done; its data is the job's id."""
    finished = job.layout.result.finished
    job.item.DeleteMarkerByCustomData(finished.job)  # of a former time
    note, colour = f"{where}\n{sentence(job.layout)}", "Yellow" if finished.errors else "Green"
    # Whether a clip's marker counts from its media or from its own start, no source says.
    for frame in [start + n for start in (job.facts.left, 0) for n in range(_MARKERS)]:
        if job.item.AddMarker(frame, colour, NAME, note, 1, finished.job):
            return
