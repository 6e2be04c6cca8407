"""Frames of a source that the engine cannot read, rendered by Resolve to half EXR, untouched.

A timeline of its own holds the one clip, at the media's own rate and size, without grade or retime;
what the user's timeline has above, below or beside it cannot get in.

Rules of this file:
    - Settings apply on top of whatever preset was loaded last: a known one is loaded first.
    - The user's render settings are kept as a preset before, loaded after, and that is deleted;
      where a version cannot delete one, format, codec and mode are set back and no more.
    - A format or codec is chosen by its id, looked up and read back: ids differ between builds.
    - A job is known by its own id and by nothing else; it is deleted, whatever came of it.
    - What came of it is told by Error, CompletionPercentage and the files, never by its status,
      which is in the user's language; "not rendering" is not success.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generator, Mapping, NamedTuple, cast

from plugin_host.errors import FaceplateError, OutputError, PlateError
from plugin_host.hosts.resolve.api import present
from plugin_host.hosts.resolve.rendered_files import begin, finish, is_done, stamp, verified

if TYPE_CHECKING:
    from plugin_host.hosts.resolve.api import Media, Timeline
    from plugin_host.hosts.resolve.application import Application
    from plugin_host.hosts.resolve.clip import Facts
    from plugin_host.plate import Plate

PRESETS = ("H.264 Master", "ProRes 422 HQ", "ProRes Master", "H.265 Master", "QuickTime")
"""Presets with a picture that Resolve brings along, in the order in which they are tried."""
LOSSY = ("dwa", "b44", "pxr")
STALLED_S = 120.0  # without a step of a render before it is given up
_POLL_S = 0.2
_LISTED_S = 5.0  # for a new job to be in the list


class Wanted(NamedTuple):
    """What is to be rendered.

    Attributes:
        media: Of which clip of the media pool.
        facts: What Resolve says of it.
        first, last: Which of its frames, from 0, both included.
        folder: Where to; a folder that holds nothing else.
        preset: The render preset to begin with; empty for one of `PRESETS`.
    """

    media: Media
    facts: Facts
    first: int
    last: int
    folder: str
    preset: str = ""

    @property
    def length(self) -> int:
        """How many frames."""
        return self.last - self.first + 1


def rendered(application: Application, wanted: Wanted) -> Plate:
    """Return the frames as a plate; what was rendered before and is whole is not again.

    Raises:
        FaceplateError: Resolve does not do it, or not as it was asked.
        FrameMissing, FrameCorrupt: The render ended and a frame is not there, or is no EXR.
        OutputError: The folder cannot be written, or holds something else.
    """
    path, first, last = wanted.facts.path, wanted.first, wanted.last
    asked = {"path": path, "first": first, "last": last, "stamp": stamp(path, first, last)}
    if is_done(wanted.folder, asked):
        return verified(wanted.folder, wanted.length)
    begin(wanted.folder)
    before = application.timeline
    with application.as_it_was(), application.in_our_bin(), _settings_kept(application, wanted):
        timeline = _one_clip(application, wanted)
        try:
            application.resolve.OpenPage("deliver")
            application.show(timeline)
            _set(application, wanted, timeline)
            _run(application, wanted)
        finally:
            application.project.SetCurrentTimeline(before)
            application.remove(timeline)
    plate = verified(wanted.folder, wanted.length)
    finish(wanted.folder, asked)
    return plate


@contextmanager
def _settings_kept(application: Application, wanted: Wanted) -> Generator[None, None, None]:
    """Load a known preset; give the user's settings back at the end."""
    project = application.project
    mode, chosen = project.GetCurrentRenderMode(), project.GetCurrentRenderFormatAndCodec() or {}
    kept = f"Faceplate keeps {uuid.uuid4().hex[:12]}"
    is_kept = "DeleteRenderPreset" in dir(project) and project.SaveAsNewRenderPreset(kept)
    names = {_name(preset) for preset in project.GetRenderPresetList() or ()}
    try:
        known = [wanted.preset] if wanted.preset else [name for name in PRESETS if name in names]
        if not known or not project.LoadRenderPreset(known[0]):
            words = f"{wanted.preset!r}" if wanted.preset else " or ".join(PRESETS)
            raise FaceplateError(
                f"Resolve has no render preset {words}; name one with a picture as render_preset"
            )
        yield
    finally:
        if is_kept:
            project.LoadRenderPreset(kept)
            project.DeleteRenderPreset(kept)
        if chosen.get("format") and chosen.get("codec"):
            project.SetCurrentRenderFormatAndCodec(chosen["format"], chosen["codec"])
        if mode is not None:
            project.SetCurrentRenderMode(1 if mode else 0)


def _name(preset: Any) -> str:
    """Return a preset's name: a text in some versions, a record in others."""
    if isinstance(preset, dict):
        return str(cast("Mapping[str, Any]", preset).get("RenderPresetName", ""))
    return str(preset)


def _one_clip(application: Application, wanted: Wanted) -> Timeline:
    """Return a new timeline that holds the frames and nothing else.

    What `startFrame` counts from, and whether `endFrame` is still played, differs between reports:
    what came is read back, and another reading tried.
    """
    facts, heard = wanted.facts, ""
    for zero in dict.fromkeys((0, facts.first)):
        for beyond in (1, 0):
            timeline = _empty(application, facts)
            first, end = zero + wanted.first, zero + wanted.last + beyond
            place = {"startFrame": first, "endFrame": end, "mediaType": 1, "trackIndex": 1}
            application.pool.AppendToTimeline(
                [{"mediaPoolItem": wanted.media, "recordFrame": timeline.GetStartFrame(), **place}]
            )
            found = present(timeline.GetItemListInTrack("video", 1))
            said = [(item.GetLeftOffset(), item.GetDuration()) for item in found]
            if said == [(wanted.first, wanted.length)]:
                return timeline
            heard = heard or f"{said}"
            application.remove(timeline)
    raise PlateError(
        f"Resolve does not put frames {wanted.first} to {wanted.last} of {facts.name!r} alone on a "
        f"timeline; it put {heard or 'nothing'}"
    )


def _empty(application: Application, facts: Facts) -> Timeline:
    name = f"Faceplate {uuid.uuid4().hex[:12]}"
    timeline: Timeline | None = application.pool.CreateEmptyTimeline(name)
    if timeline is None:
        raise FaceplateError("Resolve makes no timeline to render from; is the project read-only?")
    width, _, height = facts.size.partition("x")
    wanted = {"timelineFrameRate": facts.fps}
    if width.isdigit() and height.isdigit():
        wanted.update(timelineResolutionWidth=width, timelineResolutionHeight=height)
    timeline.SetSetting("useCustomSettings", "1")
    for key, value in wanted.items():
        timeline.SetSetting(key, value)
    for key, value in wanted.items():
        said = str(timeline.GetSetting(key))
        if _number(said) != _number(value):
            application.remove(timeline)
            raise FaceplateError(f"Resolve makes no timeline with {key} {value}: it is {said}")
    return timeline


def _number(text: str) -> float:
    digits = re.match(r"[0-9.]+", text)
    return float(digits.group()) if digits else -1.0


def _set(application: Application, wanted: Wanted, timeline: Timeline) -> None:
    project = application.project
    formats = (project.GetRenderFormats() or {}).values()
    name = next((each for each in formats if each.lower() == "exr"), "exr")
    codecs = (project.GetRenderCodecs(name) or {}).values()
    fitting = [c for c in codecs if "half" in c.lower() and not any(w in c.lower() for w in LOSSY)]
    if not fitting:
        raise FaceplateError(f"Resolve renders no half EXR here; it has {sorted(codecs)}")
    codec = min(fitting, key=lambda each: (len(each), each))
    project.SetCurrentRenderFormatAndCodec(name, codec)
    said = project.GetCurrentRenderFormatAndCodec() or {}
    if (said.get("format"), said.get("codec")) != (name, codec):
        raise FaceplateError(f"Resolve was told to render {name} {codec} and has {dict(said)}")
    project.SetCurrentRenderMode(1)
    start = timeline.GetStartFrame() or 0
    settings: dict[str, Any] = {
        "SelectAllFrames": False,
        "MarkIn": start,
        "MarkOut": start + wanted.length - 1,  # GetEnd is exclusive, a mark is not
        "TargetDir": wanted.folder,
        "CustomName": "source",
        "ExportVideo": True,
        "ExportAudio": False,
    }
    width, _, height = wanted.facts.size.partition("x")
    if width.isdigit() and height.isdigit():
        settings.update(FormatWidth=int(width), FormatHeight=int(height))
    if not project.SetRenderSettings(settings) or project.GetCurrentRenderMode() != 1:
        raise FaceplateError("Resolve does not take the settings to render one clip as EXR")


def _run(application: Application, wanted: Wanted) -> None:
    project = application.project
    job = project.AddRenderJob()
    if not job:
        raise OutputError("Resolve does not add a render job there", path=wanted.folder)
    try:
        _await_listed(application, job)
        if not project.StartRendering([job], False):
            raise FaceplateError("Resolve does not begin to render; does it render something else?")
        try:
            _await_end(application, job, wanted)
        except BaseException:
            project.StopRendering()
            raise
    finally:
        project.DeleteRenderJob(job)


def _await_listed(application: Application, job: str) -> None:
    end = time.monotonic() + _LISTED_S
    while job not in _listed(application):
        if time.monotonic() >= end:
            raise FaceplateError("Resolve lost the render job that it was given")
        time.sleep(_POLL_S)


def _listed(application: Application) -> list[Any]:
    jobs = application.project.GetRenderJobList() or ()
    return [each.get("JobId") for each in jobs if each]


def _await_end(application: Application, job: str, wanted: Wanted) -> None:
    project = application.project
    before, end = (-1, -1), 0.0
    while True:
        busy = project.IsRenderingInProgress()
        status = project.GetRenderJobStatus(job) or {}
        if status.get("Error"):
            raise FaceplateError(f"Resolve could not render {wanted.facts.path}: {status['Error']}")
        now = (int(status.get("CompletionPercentage") or 0), len(os.listdir(wanted.folder)))
        if not busy:
            if now[0] < 100:
                raise FaceplateError(f"the render of {wanted.facts.path} stopped at {now[0]} %")
            return
        if now != before:
            before, end = now, time.monotonic() + STALLED_S
        elif time.monotonic() >= end:
            raise FaceplateError(f"the render of {wanted.facts.path} stands still at {now[0]} %")
        time.sleep(_POLL_S)
