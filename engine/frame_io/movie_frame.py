"""One decoded frame of a movie as an image: its planes, and how its tags say to read them.

Rules of this file:
    - A tag is honoured. Where one is missing, what every player takes is taken, and said.
    - What the restored frame would show wrongly is refused: fields, odd turns, unknown matrices.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from engine.frame_io.cicp import colour_attributes
from engine.frame_io.pictures import HALF_BITS, as_samples, upright
from engine.frame_io.yuv import LUMA, Layout, to_rgb
from engine.image import Box, Image, Part
from plugin_host.errors import FrameUnsupported

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from av.sidedata.sidedata import SideData
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from engine.frame_io.timecode import Timecode

_FULL = 2  # AVColorRange
_UNSPECIFIED = 2  # H.273, 8.3
_BT601, _BT709 = 6, 1
_MOST_601 = (1024, 576)  # columns and rows of standard definition, square pixels included
_ONE = 1 << 16  # a display matrix is 16.16 fixed point
_ORIENTATIONS = {
    (_ONE, 0, 0, _ONE): 1,
    (-_ONE, 0, 0, _ONE): 2,
    (-_ONE, 0, 0, -_ONE): 3,
    (_ONE, 0, 0, -_ONE): 4,
    (0, _ONE, _ONE, 0): 5,
    (0, _ONE, -_ONE, 0): 6,
    (0, -_ONE, -_ONE, 0): 7,
    (0, -_ONE, _ONE, 0): 8,
}
"""Orientation of TIFF by a, b, c, d: a sample at p, q is shown at ap + cq, bp + dq."""


@dataclass(frozen=True, slots=True)
class Tags:
    """How codes are to be read, as numbers of H.273 and of FFmpeg.

    Attributes:
        range: 1 for limited, 2 for full, 0 where it is not told.
        matrix: Coefficients of luma, 2 where they are not told.
        primaries: As H.273, 8.1.
        curve: As H.273, 8.2.
    """

    range: int
    matrix: int
    primaries: int
    curve: int

    @classmethod
    def of(cls, tagged: VideoFrame | VideoCodecContext, fallback: Tags | None = None) -> Tags:
        """Return the tags of a frame or track; those that it lacks are the fallback's."""
        told = cls(
            int(tagged.color_range),
            int(tagged.colorspace),
            int(tagged.color_primaries),
            int(tagged.color_trc),
        )
        if fallback is None:
            return told
        return cls(
            told.range or fallback.range,
            *(
                other if mine == _UNSPECIFIED else mine
                for mine, other in (
                    (told.matrix, fallback.matrix),
                    (told.primaries, fallback.primaries),
                    (told.curve, fallback.curve),
                )
            ),
        )


@dataclass(frozen=True, slots=True)
class Place:
    """What the movie says of a frame beside its samples.

    Attributes:
        identity: Tells the frame from the same one of another file.
        rate: Frames a second.
        timecode: Of this frame, where the movie has any.
        aspect: Width of a stored sample over its height.
        tags: The track's own; a frame's count before them.
    """

    identity: tuple[int, ...]
    rate: Fraction
    timecode: Timecode | None
    aspect: Fraction
    tags: Tags


def image_of(frame: VideoFrame, place: Place) -> tuple[Image, str]:
    """Return the image of a decoded frame, and the sha256 of all that makes it.

    Returns:
        R, G, B and perhaps A over the frame as it is to be looked at: half up to 10 bits, float
        above; not clipped.

    Raises:
        FrameUnsupported: It is interlaced, turned by no right angle, or of samples or a matrix
            that are not read.
    """
    check_fields(interlaced=frame.interlaced_frame)
    layout = Layout.of(frame.format.name)
    if layout is None:
        raise FrameUnsupported(f"holds pixels of {frame.format.name}, which are not read")
    tags = Tags.of(frame, place.tags)
    full, of_range = _range(tags, layout)
    matrix, of_matrix = _matrix(tags, layout, frame)
    orientation = _orientation(frame)
    planes = [_codes(frame, i, layout) for i in range(3 + layout.has_alpha)]
    kind = np.float16 if layout.bits <= HALF_BITS else np.float32
    pixels = to_rgb(planes, layout, matrix, full=full).astype(kind)
    channels: dict[str, NDArray[Any]] = dict(zip("RGB", pixels, strict=True))
    if layout.has_alpha:
        channels["A"] = as_samples(planes[3], layout.bits)
    turned = {
        name: np.ascontiguousarray(upright(plane, orientation)) for name, plane in channels.items()
    }
    height, width = turned["R"].shape
    box = Box(0, 0, width - 1, height - 1)
    colours = colour_attributes(tags.primaries, tags.curve)
    digest = hashlib.sha256(repr((place, layout, full, matrix, orientation, colours)).encode())
    for plane in planes:
        digest.update(plane.data)
    attributes: dict[str, Any] = {"framesPerSecond": place.rate, **colours}
    attributes["pixelAspectRatio"] = float(1 / place.aspect if orientation > 4 else place.aspect)
    if place.timecode is not None:
        attributes["timeCode"] = place.timecode.to_exr()
    note = " ".join(filter(None, (of_range, of_matrix)))
    return Image((Part(turned, box, attributes),), box, note=note), digest.hexdigest()


def check_fields(*, interlaced: bool) -> None:
    """Refuse fields.

    Raises:
        FrameUnsupported: The frame is interlaced.
    """
    if interlaced:
        raise FrameUnsupported(
            "is interlaced: its fields are of two instants, which no restorer takes apart; "
            "deinterlace it first"
        )


def _codes(frame: VideoFrame, index: int, layout: Layout) -> NDArray[Any]:
    """Return a plane's codes ``(H, W)`` without what pads its rows."""
    plane = frame.planes[index]
    kind = np.dtype(np.uint8 if layout.bits == 8 else "<u2")
    rows = np.frombuffer(bytes(plane), kind).reshape(-1, plane.line_size // kind.itemsize)
    return np.ascontiguousarray(rows[: plane.height, : plane.width])


def _range(tags: Tags, layout: Layout) -> tuple[bool, str]:
    """Return whether codes use the full range, and a note where that is not told."""
    if layout.is_full or tags.range == _FULL:
        return True, ""
    if tags.range:
        return False, ""
    name = "full" if layout.is_rgb else "limited"
    return layout.is_rgb, f"The movie does not say its range; taken as {name}."


def _matrix(tags: Tags, layout: Layout, frame: VideoFrame) -> tuple[int, str]:
    """Return the matrix coefficients, and a note where they are not told."""
    if layout.is_rgb or tags.matrix in LUMA:
        return tags.matrix, ""
    if tags.matrix != _UNSPECIFIED:
        raise FrameUnsupported(
            f"has matrix coefficients {tags.matrix} (H.273, 8.3); BT.601, 709, 2020 (constant "
            "luminance excepted) and SMPTE 240M can be read"
        )
    small = frame.width <= _MOST_601[0] and frame.height <= _MOST_601[1]
    name = "BT.601" if small else "BT.709"
    taken = _BT601 if small else _BT709
    return taken, f"The movie does not say its matrix; {name} taken for its size."


def _orientation(frame: VideoFrame) -> int:
    sides = cast("Iterable[SideData]", frame.side_data)
    matrix = next((bytes(side) for side in sides if side.type.name == "DISPLAYMATRIX"), None)
    if matrix is None:
        return 1
    a, b, _, c, d = np.frombuffer(matrix, np.int32, 5).tolist()
    orientation = _ORIENTATIONS.get((a, b, c, d))
    if orientation is None:
        raise FrameUnsupported("is to be shown turned by no right angle, or scaled; render it so")
    return orientation
