"""What is found in a shot, once: usable frames, colourspace, cuts, faces and their tracks.

Every request that restores a part of the shot reads the same analysis from the take. It covers the
whole shot with its handles, whatever was asked for first, because smoothing and tracks look both
ways in time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from engine.faces.analysis import Analysis, Proxy, analyse
from engine.faces.yunet import YuNet
from engine.frame_io.colour import PlateColour
from engine.frame_io.colourspace import Resolved, resolve_colourspace
from engine.frame_io.exr import to_float32
from engine.frame_io.plates import read_frame_of
from engine.image import BEAUTY, MOST_PIXELS, Box, Image
from engine.reader import Reader
from plugin_host.errors import (
    FrameChanged,
    FrameError,
    FrameSizeChanged,
    FrameUnsupported,
    from_code,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from plugin_host.plate import Plate
    from plugin_host.requests import Shot

_NOWHERE = Box(0, 0, 0, 0)
AHEAD = 2  # frames that are read while faces are looked for
TILE = 16  # plate pixels; where non-finite pixels lie is remembered this finely


@dataclass(frozen=True, slots=True)
class ShotAnalysis:
    """What every request for a shot agrees on.

    Attributes:
        frames: Usable frames of the shot with its handles, ascending.
        bad: Why the others are not, frame to (wire code, message).
        sources: What tells each usable frame from any other; see `frame_io.plates`.
        display: The display window of all of them.
        bounds: What all their data windows span together.
        not_finite: Tiles of `TILE` x `TILE` plate pixels that hold NaN or infinity, frame to
            tile columns and rows.
        colour: The plate's colourspace and what named it; None where no frame is usable.
        faces: Cuts and tracks.
    """

    frames: tuple[int, ...]
    bad: dict[int, tuple[str, str]]
    sources: dict[int, str]
    display: Box
    bounds: Box
    not_finite: dict[int, tuple[tuple[int, int], ...]]
    colour: Resolved | None
    faces: Analysis

    def error(self, frame: int, plate: Plate) -> FrameError | None:
        """Return why a frame cannot be restored, None where it can."""
        if frame not in self.bad:
            return None
        code, message = self.bad[frame]
        error = from_code(code, message, frame=frame, path=plate.path(frame))
        return error if isinstance(error, FrameError) else FrameError(message, frame=frame)

    def is_finite(self, frame: int, box: Box) -> bool:
        """Whether a frame holds only finite pixels in a box, to the nearest tile."""
        return not any(
            box.intersection(Box(x * TILE, y * TILE, (x + 1) * TILE - 1, (y + 1) * TILE - 1))
            for x, y in self.not_finite.get(frame, ())
        )

    def to_json(self) -> dict[str, Any]:
        """Return what the take keeps."""
        return {
            "frames": list(self.frames),
            "bad": {str(frame): list(why) for frame, why in self.bad.items()},
            "sources": {str(frame): digest for frame, digest in self.sources.items()},
            "display": _corners(self.display),
            "bounds": _corners(self.bounds),
            "not_finite": {str(frame): tiles for frame, tiles in self.not_finite.items()},
            "colour": None
            if self.colour is None
            else [self.colour.space, self.colour.interop, self.colour.evidence],
            "faces": self.faces.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ShotAnalysis:
        """Read what `to_json` wrote.

        Raises:
            AttributeError, LookupError, OverflowError, TypeError, ValueError: It is anything else.
        """
        return cls(
            frames=tuple(sorted(map(int, data["sources"]))),  # each has one, whatever the file says
            bad={int(frame): (why[0], why[1]) for frame, why in data["bad"].items()},
            sources={int(frame): digest for frame, digest in data["sources"].items()},
            display=Box(*data["display"]),
            bounds=Box(*data["bounds"]),
            not_finite={
                int(frame): tuple((x, y) for x, y in tiles)
                for frame, tiles in data["not_finite"].items()
            },
            colour=None if data["colour"] is None else Resolved(*data["colour"]),
            faces=Analysis.from_json(data["faces"]),
        )


def read_frame(
    plate: Plate, frame: int, analysis: ShotAnalysis, rows: range | None = None
) -> Image:
    """Read a usable frame again and make sure that it is still the one that was analysed.

    Args:
        plate: The source.
        frame: Which.
        analysis: What was found when it was read whole.
        rows: See `frame_io.plates.read_frame_of`.

    Raises:
        FrameChanged: Its file is another one now.
        FrameError: It was never usable, or can no longer be read.
    """
    error = analysis.error(frame, plate)
    if error is not None:
        raise error
    image, digest = read_frame_of(plate, frame, rows)
    if digest != analysis.sources[frame]:
        raise changed(plate, frame)
    return image


def changed(plate: Plate, frame: int) -> FrameChanged:
    """Return the error of a frame that is no longer the one that was looked at."""
    why = "the plate changed after this take was begun; restore it into another --output"
    return FrameChanged(why, frame=frame, path=plate.path(frame))


def beauty_planes(image: Image, box: Box | None = None) -> NDArray[np.float32]:
    """Return R, G and B as ``(3, H, W)`` float32 in plate space, of the data window or a box."""
    part = image.beauty
    rows, columns = (slice(None), slice(None)) if box is None else box.slices(part.data_window)
    return np.stack([to_float32(part.channels[name][rows, columns]) for name in BEAUTY])


@dataclass(slots=True)
class _Survey:
    """What the first pass over the frames gathers."""

    shot: Shot
    heard: Callable[[int], None]
    frames: list[int] = field(default_factory=list[int])
    bad: dict[int, tuple[str, str]] = field(default_factory=dict[int, "tuple[str, str]"])
    sources: dict[int, str] = field(default_factory=dict[int, str])
    display: Box = _NOWHERE
    bounds: Box = _NOWHERE
    not_finite: dict[int, tuple[tuple[int, int], ...]] = field(
        default_factory=dict[int, "tuple[tuple[int, int], ...]"]
    )
    resolved: Resolved | None = None
    colour: PlateColour | None = None

    def images(self) -> Iterator[tuple[int, Image]]:
        """Read every frame once; yield the usable ones."""
        frames = tuple(self.shot.all_frames)
        with Reader(self._read, frames, AHEAD) as reader:
            for frame in frames:
                try:
                    image, digest, tiles = reader.get(frame)
                    self._admit(image, frame)
                except FrameError as error:
                    self.bad[frame] = (error.code, error.message)
                else:
                    self.frames.append(frame)
                    self.sources[frame] = digest
                    if tiles:
                        self.not_finite[frame] = tiles
                    yield frame, image
                self.heard(len(self.frames) + len(self.bad))

    def _read(self, frame: int) -> tuple[Image, str, tuple[tuple[int, int], ...]]:
        image, digest = read_frame_of(self.shot.plate, frame)
        planes = beauty_planes(image)
        return image, digest, _not_finite_tiles(planes, image.beauty.data_window)

    def pictures(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the usable frames as proxy pictures."""
        for frame, image in self.images():
            assert self.colour is not None
            yield frame, proxy_picture(image, self.colour, self.display)

    def _admit(self, image: Image, frame: int) -> None:
        part = image.beauty
        if self.resolved is None:
            self.resolved = resolve_colourspace(self.shot.plate.colourspace, part.attributes)
            self.colour = PlateColour(self.resolved)
            self.display, self.bounds = image.display_window, part.data_window
        if image.display_window != self.display:
            raise FrameSizeChanged(
                f"the display window is {_size(image.display_window)}, "
                f"the shot's is {_size(self.display)}",
                frame=frame,
            )
        bounds = self.bounds.union(part.data_window)
        if bounds.width * bounds.height > MOST_PIXELS:  # as many are held where faces are not
            raise FrameUnsupported(
                f"its data window {part.data_window} lies too far from those before it", frame=frame
            )
        self.bounds = bounds


def analyse_shot(
    shot: Shot,
    *,
    find_faces: bool,
    detector: str | None = None,
    heard: Callable[[int], None] = lambda _: None,
) -> ShotAnalysis:
    """Read every frame of a shot once and find what is in it.

    Args:
        shot: The plate and its frames.
        find_faces: Whether to look for faces; not needed for whole frames.
        detector: Path of a YuNet file that finds them; None for the cascades.
        heard: Called after each frame with how many were looked at; may raise to end it.

    Raises:
        ColourspaceError: The plate's colourspace is unknown or unnamed.
        WeightsError: The detector is no YuNet.
        SettingsError: The detector needs ONNX Runtime, which is not there.
    """
    finder = YuNet(detector) if detector and find_faces else None
    survey = _Survey(shot, heard)
    pictures = survey.pictures() if find_faces else None
    first = next(pictures, None) if pictures else None
    if pictures and first:  # the first usable frame has told the display window
        faces = analyse(chain([first], pictures), Proxy.of(survey.display), finder)
    else:
        deque(survey.images() if pictures is None else (), maxlen=0)
        faces = Analysis(tuple(survey.frames), (), ())
    return ShotAnalysis(
        tuple(survey.frames),
        survey.bad,
        survey.sources,
        survey.display,
        survey.bounds,
        survey.not_finite,
        survey.resolved,
        faces,
    )


def proxy_picture(image: Image, colour: PlateColour, display: Box) -> NDArray[np.uint8]:
    """Draw the display window as ``(H, W, 3)`` uint8 sRGB, in the size of its `Proxy`.

    What the data window does not hold is black.
    """
    part = image.beauty
    canvas = np.zeros((3, display.height, display.width), np.float32)
    seen = display.intersection(part.data_window)
    if seen is not None:
        rows, columns = seen.slices(display)
        planes = beauty_planes(image, seen)
        canvas[:, rows, columns] = np.nan_to_num(planes, nan=0.0, posinf=64.0, neginf=0.0)
    proxy = Proxy.of(display)
    size = (proxy.width, proxy.height)
    if size != (display.width, display.height):
        canvas = np.stack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in canvas])
    return colour.picture(np.ascontiguousarray(canvas, np.float32))


def _not_finite_tiles(planes: NDArray[np.float32], data_window: Box) -> tuple[tuple[int, int], ...]:
    rows, columns = np.nonzero(~np.isfinite(planes).all(axis=0))
    if not rows.size:
        return ()
    tiles = np.stack([columns + data_window.left, rows + data_window.top], axis=1) // TILE
    return tuple((int(x), int(y)) for x, y in np.unique(tiles, axis=0))


def _corners(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]


def _size(box: Box) -> str:
    return f"{box.width}x{box.height}+{box.left}+{box.top}"
