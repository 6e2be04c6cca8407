"""Reading only some rows of a plate's beauty: a face costs what its blocks cost.

Rules of this file:
    - A band is whole blocks, so that what is made from it is what would be made from all rows.
    - What a band does not hold is neither unpacked nor checked; it is copied, or read when it is
      asked for after all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.frame_io.exr import FileImage, read_image
from engine.frame_io.exr_chunks import cut_out, take_apart
from engine.frame_io.exr_layout import channel_kinds
from engine.image import Part
from plugin_host.errors import FrameError, FrameWriteFailed

if TYPE_CHECKING:
    from engine.frame_io.exr_chunks import Layout
    from engine.image import Image

_RESTORABLE = ((1, 1, 1), (2, 1, 1))
"""Half or float, at every pixel."""


def read_rows(data: bytes, rows: range, *, frame: int | None = None) -> FileImage:
    """Read as many blocks of the beauty part as hold some rows, at least one.

    Args:
        data: An EXR file.
        rows: Neighbouring y, in plate pixels; those outside the data window do not count.
        frame: Number of the frame, for messages.

    Returns:
        An image whose beauty part has the data window of those blocks, and whose other parts are
        empty; `is_band` says so. The whole image where its blocks cannot be told apart.

    Raises:
        FrameCorrupt, FrameUnsupported: As `read_image`, of what is read.
    """
    try:
        layout = take_apart(data)
    except FrameError:
        return read_image(data, frame=frame)
    part = _beauty(layout)
    section = None if part is None else layout.sections[part]
    if part is None or section is None or section.window is None:
        return read_image(data, frame=frame)
    count, top = len(section.chunks), section.window.top
    first = min(max((rows.start - top) // section.rows, 0), count - 1)
    last = min(max((rows.stop - 1 - top) // section.rows, first), count - 1)
    if (first, last) == (0, count - 1) and len(layout.sections) == 1:
        return read_image(data, frame=frame)
    band = read_image(cut_out(data, layout, part, range(first, last + 1)), frame=frame)
    parts = [Part({}, band.display_window)] * len(layout.sections)
    parts[part] = band.parts[0]
    return FileImage(tuple(parts), band.display_window, data, whole=section.window)


def completed(image: Image, plate: FileImage) -> tuple[Image, FileImage]:
    """Return an image and its plate, read as a band, with all their rows and parts.

    Raises:
        FrameWriteFailed: The image has channels that the plate has not.
    """
    whole = read_image(plate.file)
    band, part = image.beauty, whole.beauty
    if set(band.channels) != set(part.channels):
        raise FrameWriteFailed("a channel that the plate has not is there for some rows only")
    place = band.data_window.slices(part.data_window)
    channels = {name: samples.copy() for name, samples in part.channels.items()}
    for name, samples in band.channels.items():
        channels[name][place] = samples
    read = plate.beauty.attributes
    changed = {name: v for name, v in band.attributes.items() if v is not read.get(name)}
    attributes = {**part.attributes, **changed}
    new = replace(part, channels=channels, attributes=attributes)
    parts = tuple(new if one is part else one for one in whole.parts)
    return replace(whole, parts=parts), whole


def _beauty(layout: Layout) -> int | None:
    """Return the number of the first flat part that holds R, G and B, as `Image` chooses it."""
    for number, section in enumerate(layout.sections):
        kind, listed = section.attributes.get(b"type"), section.attributes.get(b"channels")
        flat = kind is None or not kind.value.startswith(b"deep")
        kinds = channel_kinds(listed.value) if flat and listed else {}
        if all(kinds.get(name) in _RESTORABLE for name in (b"R", b"G", b"B")):
            return number
    return None
