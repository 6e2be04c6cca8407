"""One part of a plate encoded anew, with the attributes of its file.

Rules of this file:
    - An attribute that nobody changed keeps the bytes that it has in the plate's file, whatever
      its type; the wheel is not asked to write it.
    - What is lost on the way is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.frame_io.exr import FileImage, encode_image
from engine.frame_io.exr_chunks import Change, put_together, take_apart
from engine.frame_io.exr_lossless import deliverable
from engine.image import Image, Part
from plugin_host.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.frame_io.exr_chunks import Layout
    from engine.frame_io.exr_layout import Attribute
    from engine.image import Box

_ACES = "acesImageContainerFlag"
_OF_LAYOUT = {
    *("channels", "chunkCount", "compression", "dataWindow", "displayWindow", "lineOrder"),
    *("tiles", "type", "version", _ACES),
}
"""Attributes that follow from how samples are stored now, not from the plate."""
_ONE_LEVEL = (b"\x00", b"\x10")
"""The last byte of a tile description, whichever way halves are rounded."""
_NO_ACES = "acesImageContainerFlag is left out: beside half R, G, B and A nothing is allowed."
_NO_LEVELS = "The plate's smaller levels are left out: they would show the frame unrestored."


@dataclass(frozen=True, slots=True)
class Encoded:
    """A part as a file of its own.

    Attributes:
        data: That file, with a header of what the wheel was told.
        layout: Of that file.
        attributes: The header that the part is to have.
    """

    data: bytes
    layout: Layout
    attributes: Mapping[bytes, Attribute]


def encode_part(
    part: Part, before: Part, display_window: Box, own: Mapping[bytes, Attribute]
) -> Encoded:
    """Encode a part.

    Args:
        part: What to encode.
        before: What it was made from.
        display_window: What is looked at.
        own: The header that `before` has in its file.

    Raises:
        FrameWriteFailed: The part has no EXR form.
    """
    kept = {
        name: attribute
        for name, attribute in own.items()
        if (text := name.decode(errors="replace")) not in _OF_LAYOUT
        and part.attributes.get(text) is before.attributes.get(text)
    }
    told = {name: v for name, v in part.attributes.items() if name.encode() not in kept}
    data = encode_image(Image((Part(part.channels, part.data_window, told),), display_window))
    layout = take_apart(data)
    attributes = {**layout.sections[0].attributes, **kept}
    return Encoded(data, layout, {name: attributes[name] for name in sorted(attributes)})


def encode_anew(
    part: Part, before: Part, display_window: Box, own: Mapping[bytes, Attribute]
) -> tuple[Encoded, str | None]:
    """Encode a part without loss, see `encode_part`; say what becomes of it, or None."""
    lossless, note = deliverable(Image((part,), display_window))
    encoded = encode_part(lossless.parts[0], before, display_window, own)
    notes = [note or ""]
    if b"tiles" in own and own[b"tiles"].value[8:] not in _ONE_LEVEL:
        notes.append(_NO_LEVELS)
    if _ACES in part.attributes and _ACES.encode() not in encoded.attributes:
        notes.append(_NO_ACES)
    return encoded, " ".join(filter(None, notes)) or None


def encode_patch(image: Image, plate: Image) -> tuple[bytes, str | None]:
    """Return the bytes of an EXR file of one part, which holds some pixels of a plate's beauty.

    Args:
        image: Of one part, with the data window and the channels that the file shall have.
        plate: What it was made from, as `read_image` or `read_rows` gave it.

    Returns:
        The file, and a sentence for the manifest or None.

    Raises:
        FrameWriteFailed: The image has no EXR form.
    """
    own: Mapping[bytes, Attribute] = {}
    if isinstance(plate, FileImage):
        try:
            own = take_apart(plate.file).sections[plate.beauty_index].attributes
        except FrameError:  # a file that can be read, but not taken apart
            own = {}
    encoded, note = encode_anew(image.beauty, plate.beauty, image.display_window, own)
    change = Change(encoded.attributes, {})
    return put_together(encoded.data, encoded.layout, {0: change}), note
