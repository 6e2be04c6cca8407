"""A delivered EXR file made from the plate's own: only blocks that changed are encoded.

Rules of this file:
    - What comes out holds the samples that a file written whole would hold. Where the blocks of a
      part cannot be copied, that part is written whole.
    - A changed block of a lossy part is stored unpacked, as the format allows to any block: its
      untouched samples are the plate's, and there is no second generation.
    - The bytes depend on the plate's file and the image alone.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.frame_io.exr import FileImage, encode_image
from engine.frame_io.exr_chunks import Change, packed, put_together, take_apart
from engine.frame_io.exr_lossless import compression_name, deliverable, is_lossy
from engine.frame_io.exr_parts import encode_anew, encode_part
from engine.frame_io.exr_rows import completed
from plugin_host.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.frame_io.exr_chunks import Layout, Section
    from engine.frame_io.exr_layout import Attribute
    from engine.frame_io.exr_parts import Encoded
    from engine.image import Box, Image, Part

_KEPT = (b"channels", b"compression", b"lineOrder")
"""Attributes that say how blocks are packed."""
_OF_ITS_FILE = (b"chunkCount", b"dataWindow", b"tiles", b"version")
"""Attributes that a file of a few blocks gets wrong; the last is about deep parts beside it."""


def encode_changes(image: Image, plate: Image) -> tuple[bytes, str | None]:
    """Return the bytes of an EXR file that holds the image, and what a person should know.

    Where a part has the plate's layout, every block whose samples are the plate's is copied from
    the plate's file; a part that is the plate's very own is copied whole, whatever its kind. So is
    every attribute that was not changed.

    Args:
        image: What the file shall hold.
        plate: What it was made from, as `read_image` or `read_rows` gave it.

    Returns:
        The file, and sentences for the manifest or None. It is written losslessly: see
        `deliverable`.

    Raises:
        FrameWriteFailed: The image has no EXR form.
    """
    if isinstance(plate, FileImage):
        layout = _shared_layout(image, plate)
        made = None if layout is None else _made_from(plate, layout, image)
        if made is not None:
            return made
        if plate.is_band:
            return encode_changes(*completed(image, plate))
    whole, note = deliverable(image)
    return encode_image(whole), note


def _shared_layout(image: Image, plate: FileImage) -> Layout | None:
    """Return how the plate's file is laid out; None where nothing can be copied from it."""
    try:
        layout = take_apart(plate.file)
    except FrameError:  # a file that can be read, but not taken apart
        return None
    same = len(image.parts) == len(plate.parts) == len(layout.sections)
    return layout if same and image.display_window == plate.display_window else None


def _made_from(plate: FileImage, layout: Layout, image: Image) -> tuple[bytes, str | None] | None:
    """Return the file made from the plate's; None where the rows that were read do not suffice."""
    changes: dict[int, Change] = {}
    notes: list[str] = []
    for number, (part, before) in enumerate(zip(image.parts, plate.parts, strict=True)):
        if part is before:
            continue
        section = layout.sections[number]
        change, note = _change(part, before, image.display_window, section), None
        if change is not None and is_lossy(part) and change.blocks:
            note = (
                f"The plate's {compression_name(part)} blocks are copied; those that changed are "
                "stored uncompressed to keep untouched pixels."
            )
        elif change is None and plate.is_band:
            return None
        elif change is None:
            encoded, note = encode_anew(part, before, image.display_window, section.attributes)
            change = _whole(encoded, section.attributes)
        changes[number] = change
        notes += [note] if note else []
    return put_together(plate.file, layout, changes), " ".join(notes) or None


def _change(part: Part, before: Part, display_window: Box, section: Section) -> Change | None:
    """Return the part's header and its changed blocks; None where its layout is another one."""
    rows = _changed_rows(part, before)
    if rows is None or part.data_window != before.data_window:
        return None
    first = _first_block(part.data_window, section)
    if section.window is None and not rows.any():
        first = 0  # tiles are copied all or none
    if first is None or part.attributes.get("tiles") is not before.attributes.get("tiles"):
        return None
    height = section.rows or 1
    touched = sorted({int(row) // height for row in np.flatnonzero(rows)})
    lossy = is_lossy(part)
    if lossy and len(touched) * 2 > len(section.chunks):
        return None  # so much unpacked would be larger than all of it without loss
    # The header needs some samples to stand over.
    stacked = _stack(part, touched if touched and not lossy else [0], height)
    small = encode_part(stacked, before, display_window, section.attributes)
    if any(small.attributes[name] != section.attributes.get(name) for name in _KEPT):
        return None
    if lossy:
        blocks = {first + index: _unpacked(part, index, height) for index in touched}
    else:
        blocks = {
            first + index: packed(small.data, small.layout, 0, i) for i, index in enumerate(touched)
        }
    attributes = _with(small.attributes, section.attributes, _OF_ITS_FILE)
    return Change(attributes, blocks)


def _whole(encoded: Encoded, own: Mapping[bytes, Attribute]) -> Change:
    """Return a part with all its chunks anew."""
    section = encoded.layout.sections[0]
    attributes = _with(encoded.attributes, own, (b"chunkCount", b"version"))
    if b"chunkCount" in own:
        count = struct.pack("<i", len(section.chunks))
        attributes[b"chunkCount"] = own[b"chunkCount"]._replace(value=count)
    return Change(attributes, {}, (encoded.data, section))


def _with(
    made: Mapping[bytes, Attribute], own: Mapping[bytes, Attribute], names: Sequence[bytes]
) -> dict[bytes, Attribute]:
    """Return a header in which some attributes are, or are missing, as in the plate's file."""
    others = {name: value for name, value in made.items() if name not in names}
    attributes = {**others, **{name: own[name] for name in names if name in own}}
    return {name: attributes[name] for name in sorted(attributes)}


def _first_block(window: Box, section: Section) -> int | None:
    """Return the number of the block that a window begins with; None if it cuts blocks."""
    whole = section.window
    if whole is None or (window.left, window.right) != (whole.left, whole.right):
        return None
    first, over = divmod(window.top - whole.top, section.rows)
    ends = window.bottom == whole.bottom or (window.bottom + 1 - whole.top) % section.rows == 0
    return first if window.intersection(whole) == window and ends and not over else None


def _changed_rows(part: Part, before: Part) -> NDArray[np.bool_] | None:
    """Return which rows hold other bits than before, ``(H,)``; None where channels differ."""
    if set(part.channels) != set(before.channels):
        return None
    shape = part.data_window.height, part.data_window.width
    changed = np.zeros(shape[0], np.bool_)
    for name, samples in part.channels.items():
        old = before.channels[name]
        if not samples.shape == old.shape == shape or samples.dtype != old.dtype:
            return None  # subsampled ones among them
        if samples is not old:
            changed |= (_words(samples) != _words(old)).any(axis=1)
    return changed


def _words(samples: NDArray[Any]) -> NDArray[np.unsignedinteger[Any]]:
    """Return the rows as the widest words that they divide into."""
    rows = np.ascontiguousarray(samples)
    length = rows.shape[1] * rows.itemsize
    width = next(width for width in (8, 4, 2) if length % width == 0)
    return rows.view(f"u{width}")


def _stack(part: Part, blocks: list[int], rows: int) -> Part:
    """Return a part of some blocks only, one below the other."""
    runs: list[slice] = []
    for index in blocks:
        if runs and runs[-1].stop == index * rows:
            runs[-1] = slice(runs[-1].start, (index + 1) * rows)
        else:
            runs.append(slice(index * rows, (index + 1) * rows))
    channels = {
        name: samples[runs[0]] if len(runs) == 1 else np.concatenate([samples[r] for r in runs])
        for name, samples in part.channels.items()
    }
    window = part.data_window
    height = sum(min(rows, window.height - index * rows) for index in blocks)
    bottom = window.top + height - 1
    return replace(part, channels=channels, data_window=replace(window, bottom=bottom))


def _unpacked(part: Part, index: int, rows: int) -> bytes:
    """Return a block's samples row by row, in a row channel by channel in the order of names."""
    there = slice(index * rows, (index + 1) * rows)
    planes = [
        np.ascontiguousarray(samples[there], samples.dtype.newbyteorder("<")).view(np.uint8)
        for _, samples in sorted((n.encode(), s) for n, s in part.channels.items())
    ]
    return np.concatenate(planes, axis=1).tobytes()
