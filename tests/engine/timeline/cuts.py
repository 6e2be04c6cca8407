"""Small media with timecode, cuts of them, and what becomes of the cuts without any restoring."""

from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from opentimelineio import schema
from opentimelineio.opentime import RationalTime, TimeRange

from engine.frame_io.exr import encode_image
from engine.frame_io.timecode import Timecode
from engine.image import Box, Image, Part
from engine.timeline.media import Library
from engine.timeline.reading import read_cut
from engine.timeline.restoring import Outcome, report
from engine.timeline.shots import plan, shots_of
from engine.timeline.walking import edits_of
from engine.timeline.writing import write_cut
from plugin_host.replies import FrameErrorText

NTSC24, NTSC30 = Fraction(24000, 1001), Fraction(30000, 1001)
RATE = Fraction(24)


def write_media(folder, stem, frames, timecode=None, *, rate=RATE, reel="", size=(8, 8)):
    """Write an EXR sequence; its first frame has the timecode."""
    folder.mkdir(parents=True, exist_ok=True)
    start = timecode and Timecode.parse(timecode, rate)
    for index, frame in enumerate(frames):
        (folder / f"{stem}.{frame:04d}.exr").write_bytes(_picture(index, start, rate, reel, size))
    return folder / f"{stem}.%04d.exr"


@cache
def _picture(index, start, rate, reel, size):
    attributes = {"colorInteropID": "lin_rec709_scene"}
    if rate:
        attributes["framesPerSecond"] = rate
    if start:
        attributes["timeCode"] = start.later(index).to_exr()
    if reel:
        attributes["reelName"] = reel
    pixels = np.full((3, *size), 0.01 * (index % 90), np.float16)
    box = Box(0, 0, size[1] - 1, size[0] - 1)
    image = Image((Part(dict(zip("RGB", pixels, strict=True)), box, attributes),), box)
    return encode_image(image)


def span(start, length, rate=24.0):
    """Return a range of OpenTimelineIO."""
    return TimeRange(RationalTime(start, float(rate)), RationalTime(length, float(rate)))


def clip(name, start, length, *, rate=24.0, url=None, available=None, effects=(), **metadata):
    """Return a clip of OpenTimelineIO."""
    reference = schema.MissingReference()
    if url is not None:
        reference = schema.ExternalReference(str(url), available)
    made = schema.Clip(name, reference, span(start, length, rate), metadata=metadata)
    made.effects.extend(effects)
    return made


def timeline_of(*children, begin=86400, rate=24.0):
    """Return a timeline of one video track."""
    track = schema.Track("V1", kind=schema.TrackKind.Video)
    track.extend(children)
    made = schema.Timeline("cut")
    made.tracks.append(track)
    made.global_start_time = RationalTime(begin, float(rate))
    return made


def write_otio(path, timeline):
    """Write a timeline; return its path."""
    path.write_text(timeline.to_json_string(), "utf-8")
    return path


def write_text(path, text):
    """Write a timeline's text; return its path."""
    path.write_text(text, "utf-8")
    return path


def planned(path, *roots, rate=None, handles=0, output=Path("/nowhere")):
    """Return what becomes of each clip of a timeline file."""
    cut = read_cut(path, rate)
    library = Library(roots, output)
    return plan(edits_of(cut), library, path.parent, handles=handles)


def told(path, *roots, **how):
    """Return each clip's frames, or why there are none."""
    return [
        str(one.shot.frames) if one.shot else one.problem or one.edit.left
        for one in planned(path, *roots, **how)
    ]


def conformed(path, output, *roots, rate=None, handles=0, bad=()):
    """Write the outgoing cut as if all shots but `bad` ones were restored; say what is written."""
    cut = read_cut(path, rate)
    library = Library(roots, output.resolve())
    made = plan(edits_of(cut), library, path.parent, handles=handles)
    outcomes = {shot: Outcome(len(shot.frames)) for shot in shots_of(made)}
    for shot, outcome in outcomes.items():
        error = bad.get(shot.folder) if bad else None
        if isinstance(error, FrameErrorText):
            outcome.errors = (error,)
        else:
            outcome.failed = error
        if error is None or outcome.errors:
            touch(shot, output)
    said = report(made, outcomes)
    written, notes = write_cut(cut, said, output)
    return {found.suffix: found for found in written}, notes


def touch(shot, output):
    """Leave copies of the media's frames where restored ones would be."""
    folder = output / shot.folder
    folder.mkdir(parents=True)
    for frame in shot.frames:
        data = Path(shot.plate.path(frame)).read_bytes()
        (folder / f"{shot.plate.stem}_restored.{frame:04d}.exr").write_bytes(data)
