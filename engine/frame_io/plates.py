"""One door to the frames of a plate, whatever its files are: EXR, other pictures, or a movie."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from engine.frame_io.exr import read_image
from engine.frame_io.exr_rows import read_rows
from engine.frame_io.movie import open_movie
from engine.frame_io.pictures import EXTENSIONS, read_picture_file
from engine.regular import read_regular
from plugin_host.errors import FrameCorrupt, FrameError, FrameMissing, PlateError

if TYPE_CHECKING:
    from engine.image import Image
    from plugin_host.frame_range import FrameRange
    from plugin_host.plate import Plate


def read_frame_of(plate: Plate, frame: int, rows: range | None = None) -> tuple[Image, str]:
    """Return a frame as it is now and what tells it from any other.

    Args:
        plate: The source.
        frame: Which.
        rows: Those of the beauty that matter, in plate pixels, where others need not be read.

    Returns:
        The image, and in hexadecimal the sha256 of the frame's file; of a movie, that of the
        frame's decoded samples and of how they are to be read.

    Raises:
        FrameMissing, FrameCorrupt, FrameUnsupported: It cannot be read, or holds no R, G and B.
        PlateError: The plate is a movie that cannot be read at all.
    """
    path = plate.path(frame)
    if plate.is_movie:
        return open_movie(path).read(frame)
    try:
        data = read_regular(path)
    except FileNotFoundError:
        raise FrameMissing("the frame is not there", frame=frame, path=path) from None
    except OSError as error:
        raise FrameCorrupt(
            f"the frame cannot be read: {error.strerror}", frame=frame, path=path
        ) from None
    try:
        if path.lower().endswith(EXTENSIONS):
            image = read_picture_file(path, data)
        elif rows is None:
            image = read_image(data, frame=frame)
        else:
            image = read_rows(data, rows, frame=frame)
        image.beauty_index  # noqa: B018 - raises where there is nothing to restore
    except FrameError as error:
        raise type(error)(error.message, frame=frame, path=path) from None
    return image, hashlib.sha256(data).hexdigest()


def digest_of(plate: Plate, frame: int) -> str:
    """Return what tells a frame from any other, as `read_frame_of` does, without decoding a file.

    Raises:
        OSError: Its file cannot be read.
        FrameError: The movie does not hold it.
        PlateError: The plate is a movie that cannot be read at all.
    """
    path = plate.path(frame)
    if plate.is_movie:
        return open_movie(path).read(frame)[1]
    return hashlib.sha256(read_regular(path)).hexdigest()


def frames_of(plate: Plate) -> FrameRange:
    """Return the frames that are there now.

    Raises:
        PlateError: None is, or the plate is a movie that cannot be read.
    """
    if not plate.is_movie:
        return plate.frames_on_disk()
    try:
        return open_movie(plate.pattern).frames
    except FrameMissing as error:
        raise PlateError(error.message, path=plate.pattern) from None
