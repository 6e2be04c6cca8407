"""A plate: one picture a frame, named by a path pattern; or a movie.

`a.%04d.exr`, `a.####.exr`, `a.@@@@.exr` and Resolve's `a.[1001-1100].exr` are patterns; a path that
ends as movies do is a movie, its name taken as it is; any other path is a single picture, whose
frame is the last number in its name (1 where there is none).

Rules of this file:
    - A movie's frames are counted from 1, as Nuke does; how many there are, its file knows.
    - `pattern % frame` is the path of a frame: a sign counts as a digit, as it does for printf.
    - A minus before a number is a sign only after a dot, an underscore, a space or nothing:
      `plate-1001.exr` is frame 1001.
    - A path that is absolute on any system stays as it was written; its system may be another.
"""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from plugin_host.errors import FrameRangeError, PlateError
from plugin_host.frame_range import FrameRange

if TYPE_CHECKING:
    from types import ModuleType

# [0-9], not \d, which takes the digits of every script and would name other files.
_TOKEN = re.compile(r"%(?:0?([0-9]{1,2}))?d|(#{1,99}|@{1,99})|\[(-?[0-9]{1,9})-(-?[0-9]{1,9})\]")
_LAST_NUMBER = re.compile(
    r"(.*?)((?:(?<![^ ._])-(?=0*[1-9]))?(?<![0-9])[0-9]{1,9})([^0-9]*)\Z", re.DOTALL
)
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_STEM_END = " ._-"
MOVIES = (".mov", ".mp4", ".m4v", ".mxf")
"""How the names of movies end, in any case."""


def is_absolute(path: str) -> bool:
    """Whether the path is absolute on the system that it was written for."""
    return posixpath.isabs(path) or _WINDOWS.match(path) is not None


def _style(path: str) -> ModuleType:
    return ntpath if _WINDOWS.match(path) else posixpath


class Plate(NamedTuple):
    """A source image sequence or movie.

    Attributes:
        prefix: Absolute path before the frame number.
        digits: Frame numbers are zero-padded to this many characters; 0 for a picture without one
            and for a movie.
        suffix: What follows the frame number, extension included.
        colourspace: Name of the colourspace of the pixels, where the user named it.
        single: The frame of a plate that is one picture; None for a sequence or movie.
    """

    prefix: str
    digits: int
    suffix: str
    colourspace: str | None = None
    single: int | None = None

    @classmethod
    def parse(cls, text: str, colourspace: str | None = None) -> Plate:
        """Read a path pattern or the path of one picture.

        Raises:
            PlateError: It names no file, or holds more than one frame token.
        """
        path = _style(text).normpath(text) if is_absolute(text) else os.path.abspath(text)
        style = _style(path)
        folder, name = style.split(path)
        if not text or not name or "\0" in text:
            raise PlateError(f"a plate is a path such as /shots/a.%04d.exr, not {text!r}")
        if name.lower().endswith(MOVIES):
            root, extension = posixpath.splitext(name)
            return cls(style.join(folder, root), 0, extension, colourspace)
        tokens = list(_TOKEN.finditer(name))
        if len(tokens) > 1:
            raise PlateError(f"{name!r} holds more than one frame token; keep one")
        if not tokens:
            return cls._of_single(folder, name, colourspace)
        token = tokens[0]
        prefix = style.join(folder, name[: token.start()])
        return cls(prefix, _digits(token), name[token.end() :], colourspace)

    @classmethod
    def _of_single(cls, folder: str, name: str, colourspace: str | None) -> Plate:
        root, extension = posixpath.splitext(name)
        match = _LAST_NUMBER.match(root)
        join = _style(folder).join
        if match is None:
            return cls(join(folder, root), 0, extension, colourspace, 1)
        before, number, after = match.groups()
        return cls(join(folder, before), len(number), after + extension, colourspace, int(number))

    @property
    def is_movie(self) -> bool:
        """Whether all frames are in one file."""
        return self.single is None and not self.digits

    @property
    def pattern(self) -> str:
        """The path with ``%0Nd`` in place of the frame number; of a movie, its path."""
        return self.prefix + (f"%0{self.digits}d" if self.digits else "") + self.suffix

    @property
    def folder(self) -> str:
        """The folder that holds the frames."""
        return str(_style(self.prefix).dirname(self.prefix))

    @property
    def stem(self) -> str:
        """The name without frame number and extension, for naming what is made from the plate."""
        name = _style(self.prefix).basename(self.prefix).rstrip(_STEM_END)
        return name or posixpath.splitext("_" + self.suffix)[0].strip(_STEM_END) or "plate"

    def path(self, frame: int) -> str:
        """Return the path of one frame.

        Raises:
            PlateError: The plate is one picture, and of another frame.
        """
        if self.single is not None and frame != self.single:
            raise PlateError(
                f"the plate is one picture, frame {self.single}; there is no frame {frame}",
                path=self.path(self.single),
            )
        return self.prefix + self._number(frame) + self.suffix

    def _number(self, frame: int) -> str:
        return str(frame).zfill(self.digits) if self.digits else ""

    def frames_on_disk(self) -> FrameRange:
        """Return the frames whose files are there now.

        Raises:
            PlateError: None is; or it is a movie, which must be opened to be counted.
        """
        if self.is_movie:
            raise PlateError("only the engine counts the frames of a movie", path=self.pattern)
        if self.single is not None:
            found = [self.single] if os.path.isfile(self.path(self.single)) else []
        else:
            found = self._scan()
        try:
            return FrameRange(found)
        except FrameRangeError:
            raise PlateError("no frame of the plate is there", path=self.pattern) from None

    def _scan(self) -> list[int]:
        start, end = _style(self.prefix).basename(self.prefix), self.suffix
        number = re.compile(re.escape(start) + r"(-?[0-9]{1,9})" + re.escape(end) + r"\Z")
        try:
            names = set(os.listdir(self.folder))
        except OSError as error:
            raise PlateError(
                f"cannot list the plate's folder: {error.strerror}", path=self.folder
            ) from None
        frames = (int(match.group(1)) for match in map(number.match, names) if match)
        return [f for f in frames if start + self._number(f) + end in names]


def _digits(token: re.Match[str]) -> int:
    width, hashes, first, _ = token.groups()
    if hashes:
        return len(hashes)
    if first is None:
        return int(width or 1) or 1
    return 1 if re.match("-[1-9]", first) else len(first)


def rate_text(rate: tuple[int, int]) -> str:
    """Print a rational frame rate: (24000, 1001) is ``24000/1001``."""
    return str(rate[0]) if rate[1] == 1 else "{}/{}".format(*rate)
