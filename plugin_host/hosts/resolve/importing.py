"""Delivered frames as a clip of the media pool, in the bin Faceplate.

Rules of this file:
    - Resolve imports into the bin that is current: ours is made current, and the user's again.
    - What is in the bin already is used again.
    - Rate and start timecode are those of the source, set and read back. A wrong rate would place
      another length and is an error; a timecode that Resolve does not take is not.
    - An input colour space that the user gave the source is given to the result too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from plugin_host.errors import FaceplateError
from plugin_host.hosts.resolve.api import present
from plugin_host.hosts.resolve.rates import drops_frames, rate, to_frames, to_timecode

if TYPE_CHECKING:
    from plugin_host.frame_range import FrameRange
    from plugin_host.hosts.resolve.api import Media
    from plugin_host.hosts.resolve.application import Application
    from plugin_host.hosts.resolve.clip import Facts, Source
    from plugin_host.plate import Plate

COLOUR = ("IDT", "Input Color Space")


class Sequence(NamedTuple):
    """Frames to import.

    Attributes:
        plate: Where they lie.
        frames: Their numbers, without gaps.
        fps: Their rate, as Resolve writes it.
        timecode: Of the first; empty for none.
    """

    plate: Plate
    frames: FrameRange
    fps: str
    timecode: str = ""

    @property
    def path(self) -> str:
        """Their path as Resolve shows it: ``a.[1001-1100].exr``."""
        frames = (self.frames.first, self.frames.last)
        numbers = "-".join(str(frame).zfill(self.plate.digits) for frame in frames)
        return f"{self.plate.prefix}[{numbers}]{self.plate.suffix}"

    @property
    def paths(self) -> set[str]:
        """What Resolve may show: of one frame, its file too."""
        single = len(self.frames) == 1
        return {self.path, self.plate.path(self.frames.first) if single else self.path}


def start_timecode(facts: Facts, source: Source) -> str:
    """Return the timecode of the first frame that a clip shows; empty where its media has none."""
    try:
        drop = drops_frames(facts.fps, facts.timecode)
        start = to_frames(facts.timecode, source.rate, drop=drop)
    except FaceplateError:
        return ""
    return to_timecode(start + source.first, source.rate, drop=drop)


def path_of(media: Media | None) -> str:
    """Return a clip's path as Resolve shows it; empty for none."""
    return "" if media is None else str(media.GetClipProperty("File Path") or "")


def imported(application: Application, sequence: Sequence, like: Media | None = None) -> Media:
    """Return frames as a clip of the media pool.

    Args:
        application: The running Resolve.
        sequence: What.
        like: The clip of the source, for its input colour space.

    Raises:
        FaceplateError: Resolve did not import them, or not all, or at another rate.
    """
    with application.in_our_bin() as folder:
        found = [m for m in present(folder.GetClipList()) if path_of(m) in sequence.paths]
        if not found:
            first, last = sequence.frames.first, sequence.frames.last
            wanted: dict[str, Any] = {"FilePath": sequence.plate.pattern}
            wanted.update(StartIndex=first, EndIndex=last)
            found = present(application.pool.ImportMedia([wanted]))
    media: Media | None = found[0] if found else None
    said = "" if media is None else str(media.GetClipProperty("Frames") or "")
    if media is None or said not in {str(len(sequence.frames)), ""}:
        raise FaceplateError(
            f"Resolve did not import {len(sequence.frames)} frames of {sequence.path}: it has "
            f"{said or 'none'}; import them by hand"
        )
    _set_rate(media, sequence)
    if sequence.timecode:
        media.SetClipProperty("Start TC", sequence.timecode)
    for name in COLOUR if like is not None else ():
        value = like.GetClipProperty(name) if like is not None else None
        if value and media.GetClipProperty(name) != value:
            media.SetClipProperty(name, value)
    return media


def _set_rate(media: Media, sequence: Sequence) -> None:
    wanted = rate(sequence.fps)
    if rate(media.GetClipProperty("FPS")) != wanted:
        media.SetClipProperty("FPS", sequence.fps)
    said = media.GetClipProperty("FPS")
    if rate(said) != wanted:
        raise FaceplateError(
            f"Resolve reads {sequence.path} at {said} frames a second and does not take "
            f"{sequence.fps}; set it in its clip attributes and collect again"
        )
