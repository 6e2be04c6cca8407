"""Frames laid out as the timeline shows them: one file a timeline frame, without gaps.

Resolve's API can set no speed, so that a retimed clip's frames could not be placed as long as it
is, and a sequence in Resolve has no gaps. The files are the delivered ones under other names:
links where the disk has them, else copies.

Rules of this file:
    - A retimed clip shows, at each timeline frame, the source frame at or before its place.
    - A frame that was not asked for is the plate's own, where it is EXR too; one that was asked for
      and not delivered is the nearest delivered one, and the marker says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from plugin_host.delivered import read_manifest
from plugin_host.errors import OutputError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.resolve.clip import frames_of, source_of
from plugin_host.hosts.resolve.importing import Sequence, start_timecode
from plugin_host.hosts.resolve.origin import BIN_ONLY, TAKE, Origin
from plugin_host.hosts.resolve.rates import number
from plugin_host.plate import Plate

if TYPE_CHECKING:
    from plugin_host.host import Result

DIGITS = 6
LAID_OUT = "laid_out"


class Layout(NamedTuple):
    """A result and the clip that it is to be placed over.

    Attributes:
        result: What was delivered.
        origin: The clip.
    """

    result: Result
    origin: Origin

    @property
    def whole(self) -> FrameRange:
        """The numbers of all frames that the clip shows."""
        return frames_of(source_of(self.origin.facts), self.origin.first)

    @property
    def held(self) -> list[int]:
        """The frames that were asked for and not delivered."""
        return [f for f in self.result.selection.frames if f not in self.result.frames]

    def sequences(self) -> list[Sequence]:
        """Return how the frames may come out as long as their clip, the likeliest first."""
        facts, source = self.origin.facts, source_of(self.origin.facts)
        if self.origin.place == BIN_ONLY:
            return [self.plain()._replace(timecode="")]
        if self.result.frames != self.whole:
            return [self.as_shown()]
        if source.fits(facts.duration):
            return [self.plain()] if source.step == 1 else [self.plain(), self.as_shown()]
        # Whether a take of a retimed clip plays at the clip's speed, no source says.
        takes = self.origin.place == TAKE and source.retimed
        return [self.as_shown(), self.plain()] if takes else [self.as_shown()]

    def plain(self) -> Sequence:
        """Return the delivered frames at their source's rate and timecode."""
        facts, source = self.origin.facts, source_of(self.origin.facts)
        timecode = start_timecode(facts, source)
        return Sequence(self.result.plate, self.result.frames, facts.fps, timecode)

    def as_shown(self) -> Sequence:
        """Return where the frames lie once they are laid out; makes nothing."""
        facts, source = self.origin.facts, source_of(self.origin.facts)
        delivered = self.result.plate
        which = hashlib.sha256(str(self.result.frames).encode()).hexdigest()[:8]
        name = f"{delivered.stem}_{which}_{facts.duration}"
        plate = Plate(
            os.path.join(delivered.folder, LAID_OUT, name, f"{delivered.stem}."),
            DIGITS,
            delivered.suffix,
        )
        timecode = start_timecode(facts, source) if source.step == 1 else ""
        frames, fps = FrameRange.between(1, facts.duration), number(facts.timeline_fps)
        return Sequence(plate, frames, fps, timecode)

    def lay_out(self, sequence: Sequence) -> Sequence:
        """Make the files of `as_shown`; of `plain` they are there.

        Raises:
            OutputError: They cannot be made.
        """
        facts, source = self.origin.facts, source_of(self.origin.facts)
        if sequence.plate == self.result.plate:
            return sequence
        try:
            os.makedirs(sequence.plate.folder, exist_ok=True)
            for offset in range(facts.duration):
                path = self._file(self.origin.first + source.shown(offset))
                _link(path, sequence.plate.path(1 + offset))
        except OSError as error:
            what = f"the frames cannot be laid out: {error.strerror}"
            raise OutputError(what, path=sequence.plate.folder) from None
        return sequence

    def _file(self, frame: int) -> str:
        result, plate = self.result, self.result.selection.shot.plate
        if frame in result.frames:
            return result.plate.path(frame)
        own = "" if plate.is_movie else plate.path(frame)
        if frame not in result.selection.frames and own.lower().endswith(".exr"):
            return own
        there = list(result.frames)
        return result.plate.path(there[max(0, bisect_right(there, frame) - 1)])


def is_ours(path: str) -> bool:
    """Whether media is a result of ours: the take that it is of lies beside it."""
    folder, name = os.path.split(path)
    stem, named, _ = name.rpartition("_restored.")
    if os.path.basename(os.path.dirname(folder)) == LAID_OUT:
        folder = os.path.dirname(os.path.dirname(folder))
    return bool(named) and read_manifest(os.path.join(folder, stem + ".take")) is not None


def _link(path: str, name: str) -> None:
    new = f"{name}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    try:
        os.link(path, new)
    except FileNotFoundError:
        raise
    except OSError:  # a disk without links
        shutil.copyfile(path, new)
    os.replace(new, name)
    with contextlib.suppress(FileNotFoundError):  # renaming a link onto its like keeps both
        os.unlink(new)
