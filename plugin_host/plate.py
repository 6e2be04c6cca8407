"""A plate: one picture a frame, named by a path pattern.

`a.%04d.exr`, `a.####.exr`, `a.@@@@.exr` and Resolve's `a.[1001-1100].exr` are patterns; any other
path is a single picture, whose frame is the last number in its name (1 where there is none).
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from plugin_host.errors import FrameRangeError, PlateError
from plugin_host.frame_range import FrameRange

_TOKEN = re.compile(r"%(?:0?(\d{1,2}))?d|(#+|@+)|\[(-?\d+)-(-?\d+)\]")
_LAST_NUMBER = re.compile(r"^(.*?)(-?\d+)([^\d]*)$")
_STEM_END = " ._-"


class Plate(NamedTuple):
    """A source image sequence.

    Attributes:
        prefix: Absolute path before the frame number.
        digits: Frame numbers are zero-padded to this many digits; 0 for a picture without one.
        suffix: What follows the frame number, extension included.
        colourspace: Name of the colourspace of the pixels, where the user named it.
        single: The frame of a plate that is one picture; None for a sequence.
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
            PlateError: Empty, or more than one frame token.
        """
        if not text or "\0" in text:
            raise PlateError(f"a plate is a path such as /shots/a.%04d.exr, not {text!r}")
        folder, name = os.path.split(os.path.abspath(text))
        tokens = list(_TOKEN.finditer(name))
        if len(tokens) > 1:
            raise PlateError(f"{name!r} holds more than one frame token; keep one")
        if not tokens:
            return cls._of_single(folder, name, colourspace)
        token = tokens[0]
        prefix = os.path.join(folder, name[: token.start()])
        return cls(prefix, _digits(token), name[token.end() :], colourspace)

    @classmethod
    def _of_single(cls, folder: str, name: str, colourspace: str | None) -> Plate:
        root, extension = os.path.splitext(name)
        match = _LAST_NUMBER.match(root)
        if match is None:
            return cls(os.path.join(folder, root), 0, extension, colourspace, 1)
        before, number, after = match.groups()
        prefix = os.path.join(folder, before)
        digits = len(number.lstrip("-"))
        return cls(prefix, digits, after + extension, colourspace, int(number))

    @property
    def pattern(self) -> str:
        """The path with ``%0Nd`` in place of the frame number."""
        return self.prefix + (f"%0{self.digits}d" if self.digits else "") + self.suffix

    @property
    def folder(self) -> str:
        """The folder that holds the frames."""
        return os.path.dirname(self.prefix)

    @property
    def stem(self) -> str:
        """The name without frame number and extension, for naming what is made from the plate."""
        name = os.path.basename(self.prefix).rstrip(_STEM_END)
        return name or os.path.splitext(self.suffix)[0].strip(_STEM_END) or "plate"

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
        if not self.digits:
            return ""
        sign, number = ("-", -frame) if frame < 0 else ("", frame)
        return sign + str(number).zfill(self.digits)

    def frames_on_disk(self) -> FrameRange:
        """Return the frames whose files are there now.

        Raises:
            PlateError: None is.
        """
        if self.single is not None:
            found = [self.single] if os.path.isfile(self.path(self.single)) else []
        else:
            found = self._scan()
        try:
            return FrameRange(found)
        except FrameRangeError:
            raise PlateError("no frame of the plate is there", path=self.pattern) from None

    def _scan(self) -> list[int]:
        start, end = os.path.basename(self.prefix), self.suffix
        number = re.compile(re.escape(start) + r"(-?\d+)" + re.escape(end) + r"\Z")
        try:
            names = os.listdir(self.folder)
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
    if first is not None:
        return len(first.lstrip("-"))
    return int(width or 1)


def rate_text(rate: tuple[int, int]) -> str:
    """Print a rational frame rate: (24000, 1001) is ``24000/1001``."""
    return str(rate[0]) if rate[1] == 1 else "{}/{}".format(*rate)
