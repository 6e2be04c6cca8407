"""The media below some folders: image sequences and movies, by name; what their headers say.

Rules of this file:
    - Files are named once, when the folders are walked. Headers are read when a clip asks, once.
    - Links to folders are not followed, and what Faceplate delivered is no media.
"""

from __future__ import annotations

import errno
import os
import re
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.frame_io.exr_layout import read_headers
from engine.frame_io.pictures import EXTENSIONS
from engine.frame_io.plates import frames_of, read_frame_of
from engine.frame_io.timecode import Timecode, exr_timecode, rational_rate
from plugin_host.errors import FaceplateError, PlateError, TimelineError
from plugin_host.frame_range import FrameRange
from plugin_host.plate import MOVIES, Plate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

    import OpenEXR

READ = (".exr", *EXTENSIONS, *MOVIES)
"""How the names of media end that can be restored."""
_MOST_FILES = 5_000_000
_MOST_HEADER = 1 << 20  # bytes; a cryptomatte's manifest may stand in it
_TRIED = 3  # frames whose headers are asked, before a sequence is taken for one that says nothing
_FRAME = re.compile(r"[._ -]*(?:%0?[0-9]*d|#+|@+|\[-?[0-9]+-[0-9]+\])$")
_NUMBER = re.compile(r"[._]-?[0-9]+$")


@dataclass(frozen=True)
class Facts:
    """What the media says of itself.

    Attributes:
        rate: Frames a second; None where it does not say.
        reel: The reel that its header names; empty for none.
    """

    rate: Fraction | None = None
    reel: str = ""
    _timecode: OpenEXR.TimeCode | None = None
    _at: int = 0

    def start(self, first: int, rate: Fraction) -> Timecode | None:
        """Return the timecode of the first frame at a rate; None where the media has none."""
        found = self._timecode and Timecode.from_exr(self._timecode, rate)
        return found.later(first - self._at) if found else None


class Media:
    """One image sequence or movie.

    Args:
        plate: Where it is.
        frames: Those that are there; None where the plate is to be asked.
    """

    def __init__(self, plate: Plate, frames: FrameRange | None = None) -> None:
        self.plate = plate
        self._frames = frames

    @cached_property
    def frames(self) -> FrameRange:
        """The frames that are there.

        Raises:
            PlateError: None is, or it cannot be read at all.
        """
        return self._frames or frames_of(self.plate)

    @cached_property
    def facts(self) -> Facts:
        """What its header says; nothing where it cannot be read."""
        try:
            tried = list(self.frames)[:_TRIED]
        except PlateError:
            return Facts()
        for frame in tried:
            try:
                return _facts(self.plate, frame)
            except (FaceplateError, OSError, ValueError, LookupError, struct.error):
                continue
        return Facts()

    @property
    def folder(self) -> str:
        """The name of the folder that it is in."""
        return Path(self.plate.prefix).parent.name

    def __str__(self) -> str:
        return self.plate.pattern


def _facts(plate: Plate, frame: int) -> Facts:
    """Return what a frame says of its media; of an EXR, only its header is read."""
    path = plate.path(frame)
    if not path.lower().endswith(".exr"):
        image, _ = read_frame_of(plate, frame)
        said = image.beauty.attributes
        rate = rational_rate(float(said.get("framesPerSecond", 0)))
        return Facts(rate, "", said.get("timeCode"), frame)
    if not Path(path).is_file():  # a pipe would be waited for
        raise OSError(errno.EINVAL, "it is no regular file", path)
    with Path(path).open("rb") as file:
        _, headers, _ = read_headers(file.read(_MOST_HEADER))
    found = {one.name: one.value for one in headers[0]}
    above, below = struct.unpack("<iI", found.get(b"framesPerSecond", bytes(8)))
    rate = rational_rate(above / below) if below else None
    time = found.get(b"timeCode")
    timecode = None if time is None else exr_timecode(struct.unpack("<I4x", time)[0])
    return Facts(rate, found.get(b"reelName", b"").decode("utf-8", "replace"), timecode, frame)


def stem_of(name: str) -> str:
    """Return a file's or clip's name as it is compared: no extension, no frame, small letters."""
    base = re.split(r"[\\/]", name)[-1].strip()
    root, extension = os.path.splitext(base)  # noqa: PTH122 - a name, of whatever system
    base = root if extension.lower() in READ else base
    shorter = _FRAME.sub("", base)
    if shorter == base and extension.lower() in READ and extension.lower() not in MOVIES:
        shorter = _NUMBER.sub("", base)
    return (shorter or base).rstrip("._- ").lower()


class Library:
    """The media below some folders.

    Args:
        roots: The folders.
        without: A folder below them that is passed over, such as the output.

    Raises:
        TimelineError: A folder is not there, or holds more files than are looked through.
    """

    def __init__(self, roots: Iterable[Path], without: Path) -> None:
        self.roots = tuple(roots)
        for root in self.roots:
            if not root.is_dir():
                raise TimelineError("--media-root is no folder", path=str(root))
        self.media = list(_found(self.roots, without))
        self._stems: dict[str, list[Media]] = {}
        for media in self.media:
            self._stems.setdefault(stem_of(media.plate.pattern), []).append(media)

    def named(self, stem: str) -> list[Media]:
        """Return the media whose name that is."""
        return self._stems.get(stem, [])

    def beginning(self, stem: str) -> list[Media]:
        """Return the media whose name begins with that, by letters and digits alone."""
        wanted = _plain(stem)
        return [
            media
            for name, several in self._stems.items()
            if wanted and _plain(name).startswith(wanted)
            for media in several
        ]

    def within(self, folder: str) -> list[Media]:
        """Return the media in folders that are called so."""
        return [media for media in self.media if media.folder.lower() == folder]

    def on_reel(self, reel: str) -> list[Media]:
        """Return the media whose own header names a reel."""
        return [media for media in self.media if media.facts.reel.lower() == reel]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _found(roots: Iterable[Path], without: Path) -> Iterator[Media]:
    seen: set[str] = set()
    count = 0
    for root in roots:
        for folder, folders, files in os.walk(root):
            here = os.path.realpath(folder)
            if here in seen or Path(here) == without:
                folders.clear()
                continue
            seen.add(here)
            folders[:] = sorted(f for f in folders if not f.endswith(".take") and f[0] != ".")
            count += len(files)
            if count > _MOST_FILES:
                raise TimelineError(f"more than {_MOST_FILES} files", path=str(root))
            yield from _of_folder(folder, sorted(files))


def _of_folder(folder: str, files: list[str]) -> Iterator[Media]:
    sequences: dict[tuple[str, str], dict[int, str]] = {}
    for name in files:
        if not name.lower().endswith(READ) or name.startswith("."):
            continue
        plate = Plate.parse(str(Path(folder).absolute() / name))
        if plate.is_movie or not plate.digits:
            yield Media(plate)
        else:
            frames = sequences.setdefault((plate.prefix, plate.suffix), {})
            assert plate.single is not None
            frames[plate.single] = name
    for (prefix, suffix), frames in sequences.items():
        around = len(os.path.basename(prefix)) + len(suffix)  # noqa: PTH119 - no path, a prefix
        digits = min(len(name) for name in frames.values()) - around
        plate = Plate(prefix, digits, suffix)
        there = [f for f, name in frames.items() if plate.path(f).endswith(name)]
        if there:
            yield Media(plate, FrameRange(there))
