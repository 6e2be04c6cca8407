"""An EXR file as headers, tables and chunks: taken apart, and put together with others in place.

Rules of this file:
    - Samples are neither packed nor unpacked here; a chunk is a run of bytes that says where it
      belongs.
    - Nothing beyond the file's end is looked at, whatever the file says of itself. No two chunks
      share a byte, so what is put together is no larger than what it is made of.

References:
    OpenEXR File Layout: a scan line chunk is y, size and packed samples, behind the part's number
    where there are several parts; one as large as its samples unpacked holds them unpacked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import accumulate, pairwise, zip_longest
from typing import TYPE_CHECKING

from engine.frame_io.exr_layout import (
    LEADERS,
    LONG_NAMES,
    MAGIC,
    MULTIPART,
    Attribute,
    kind_of,
    read_headers,
    write_header,
)
from engine.image import Box
from plugin_host.errors import FrameCorrupt, FrameUnsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

SCANLINE, TILED = b"scanlineimage", b"tiledimage"
# Rows of a block by compression, in the order of OpenEXR's enumeration.
#   NO RLE ZIPS ZIP PIZ PXR24 B44 B44A DWAA DWAB HTJ2K256 HTJ2K32 LJ2K ZSTD
BLOCK_ROWS = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256, 256, 32, 256, 1)
_VERSION = 0xFF  # of the version field; the rest are flags
_SHORT_NAME = 31  # bytes; longer ones need a flag of the version field


@dataclass(frozen=True, slots=True)
class Section:
    """What a file holds of one part.

    Attributes:
        attributes: The header, by name.
        chunks: Where each chunk lies, leader included, in the order of the part's table.
        window: The data window of a part of scanlines, None of others.
        rows: Of a chunk of scanlines, the last one may have fewer; 0 for others.
    """

    attributes: Mapping[bytes, Attribute]
    chunks: tuple[range, ...]
    window: Box | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """A file taken apart.

    Attributes:
        flags: The version field.
        sections: One for each part.
    """

    flags: int
    sections: tuple[Section, ...]

    @property
    def multipart(self) -> bool:
        """Whether chunks carry the number of their part."""
        return bool(self.flags & MULTIPART)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to stand in place of a part's own.

    Attributes:
        attributes: The whole new header.
        blocks: The number of a scanline chunk to its packed samples, without leader.
        anew: A file of one part whose chunks stand for all of them, and that part; None where
            those stay that are not in `blocks`.
    """

    attributes: Mapping[bytes, Attribute]
    blocks: Mapping[int, bytes | memoryview]
    anew: tuple[bytes, Section] | None = None


def take_apart(data: bytes) -> Layout:
    """Find every chunk of a file.

    Raises:
        FrameCorrupt: It is no EXR file, ends too early, or contradicts itself: a table that does
            not fit its window, a chunk of another place, chunks that overlap.
        FrameUnsupported: Its only part is deep, or a compression is not known.
    """
    try:
        flags, headers, position = read_headers(data)
        sections: list[Section] = []
        for number, header in enumerate(headers):
            section = _section(data, flags, number, header, position)
            sections.append(section)
            position += 8 * len(section.chunks)
        _check_apart(sections, position)
    except (ValueError, LookupError, struct.error) as error:
        raise FrameCorrupt(f"its chunks cannot be told apart: {error}") from error
    return Layout(flags, tuple(sections))


def packed(data: bytes, layout: Layout, part: int, index: int) -> memoryview:
    """Return the packed samples of a scanline chunk, without its leader."""
    chunk = layout.sections[part].chunks[index]
    leader = LEADERS[SCANLINE].size + 4 * layout.multipart
    return memoryview(data)[chunk.start + leader : chunk.stop]


def cut_out(data: bytes, layout: Layout, part: int, blocks: range) -> bytes:
    """Return a file of one part that holds some neighbouring blocks of a scanline part."""
    section = layout.sections[part]
    assert section.window is not None
    top = section.window.top + blocks.start * section.rows
    bottom = min(section.window.bottom, section.window.top + blocks.stop * section.rows - 1)
    window = struct.pack("<4i", section.window.left, top, section.window.right, bottom)
    attributes = {**section.attributes}
    attributes[b"dataWindow"] = attributes[b"dataWindow"]._replace(value=window)
    attributes.pop(b"chunkCount", None)
    chunks = [section.chunks[index] for index in blocks]
    skip = 4 * layout.multipart
    flags = layout.flags & (_VERSION | LONG_NAMES)
    pieces = [data[chunk.start + skip : chunk.stop] for chunk in chunks]
    head = MAGIC + struct.pack("<I", flags) + write_header(attributes.values())
    offsets = accumulate(map(len, pieces), initial=len(head) + 8 * len(pieces))
    table = struct.pack(f"<{len(pieces)}Q", *list(offsets)[:-1])
    return b"".join([head, table, *pieces])


def put_together(data: bytes, layout: Layout, changes: Mapping[int, Change]) -> bytes:
    """Return the file with some parts' headers and some or all of their chunks replaced.

    Everything else keeps its bytes, and chunks keep their order.

    Args:
        data: The file.
        layout: Of that file.
        changes: By number of the part.
    """
    flags = layout.flags
    headers: list[bytes] = []
    for part, section in enumerate(layout.sections):
        change = changes.get(part)
        attributes = change.attributes if change else section.attributes
        if any(len(name) > _SHORT_NAME for name in attributes):
            flags |= LONG_NAMES
        headers.append(write_header(attributes.values()))
    head = MAGIC + struct.pack("<I", flags) + b"".join(headers) + b"\0" * layout.multipart
    chunks = [_chunks(data, layout, part, changes.get(part)) for part in range(len(headers))]
    tables = [[0] * len(one) for one in chunks]
    position = len(head) + 8 * sum(map(len, tables))
    pieces: list[bytes | memoryview] = []
    for *_, part, index in sorted(
        (*place, part, index)
        for part, one in enumerate(chunks)
        for index, (place, _) in enumerate(one)
    ):
        tables[part][index] = position
        piece = chunks[part][index][1]
        pieces += piece
        position += sum(map(len, piece))
    written = [struct.pack(f"<{len(table)}Q", *table) for table in tables]
    return b"".join([head, *written, *pieces])


def _chunks(
    data: bytes, layout: Layout, part: int, change: Change | None
) -> list[tuple[tuple[int, int], list[bytes | memoryview]]]:
    """Return a part's new chunks: the places that say their order in the file, the bytes."""
    held = layout.sections[part].chunks
    number = struct.pack("<i", part) * layout.multipart
    if change is not None and change.anew is not None:
        file, section = change.anew
        first = min((chunk.start for chunk in held), default=0)
        view = memoryview(file)
        return [((first, c.start), [number, view[c.start : c.stop]]) for c in section.chunks]
    made: list[tuple[tuple[int, int], list[bytes | memoryview]]] = []
    for index, chunk in enumerate(held):
        piece: list[bytes | memoryview] = [memoryview(data)[chunk.start : chunk.stop]]
        if change is not None and index in change.blocks:
            block = change.blocks[index]
            coordinates = data[chunk.start : chunk.start + 4 + len(number)]
            piece = [coordinates, struct.pack("<i", len(block)), block]
        made.append(((chunk.start, 0), piece))
    return made


def _section(
    data: bytes, flags: int, number: int, header: list[Attribute], position: int
) -> Section:
    """Read the table of a part, which begins at `position`, and every chunk's leader."""
    attributes = {attribute.name: attribute for attribute in header}
    if len(attributes) != len(header):
        raise ValueError("a header names an attribute twice")
    multipart = bool(flags & MULTIPART)
    kind = kind_of(header, flags)
    window, rows = None, 0
    if kind == SCANLINE:
        window, rows = _blocks(attributes)
        count = -(-window.height // rows)
        if multipart and _count(attributes) != count:
            raise ValueError("a count of chunks does not fit its data window")
    elif multipart:
        count = _count(attributes)
    elif kind == TILED:
        count = _tiles(attributes)
    else:
        raise FrameUnsupported("the blocks of a single deep part are not told apart")
    if count > (len(data) - position) // 8:
        raise ValueError("a table is longer than the file")
    chunks: list[range] = []
    for index, start in enumerate(struct.unpack_from(f"<{count}Q", data, position)):
        place = (number,) if multipart else ()
        if window is not None:
            place = (*place, window.top + index * rows)
        chunks.append(_extent(data, start, place, LEADERS[kind], skip=4 * multipart))
    return Section(attributes, tuple(chunks), window, rows)


def _extent(
    data: bytes, start: int, place: tuple[int, ...], leader: struct.Struct, *, skip: int
) -> range:
    """Return the bytes of the chunk that starts there and must begin with these numbers."""
    if start >= len(data):
        raise ValueError("a chunk lies beyond the file's end")
    if struct.unpack_from(f"<{len(place)}i", data, start) != place:
        raise ValueError("a chunk is not the one that its table says")
    sizes = leader.unpack_from(data, start + skip)
    stop = start + skip + leader.size + sum(sizes)
    if min(sizes) < 0 or stop > len(data):
        raise ValueError("a chunk is truncated")
    return range(start, stop)


def _check_apart(sections: list[Section], position: int) -> None:
    spans = sorted((c.start, c.stop) for section in sections for c in section.chunks)
    if any(start < stop for (_, stop), (start, _) in pairwise([(0, position), *spans])):
        raise ValueError("its chunks overlap")


def _blocks(attributes: Mapping[bytes, Attribute]) -> tuple[Box, int]:
    """Return the data window of a scanline part and the rows of a block."""
    window = Box(*struct.unpack("<4i", attributes[b"dataWindow"].value))
    (compression,) = attributes[b"compression"].value
    if compression >= len(BLOCK_ROWS):
        raise FrameUnsupported(f"compression {compression} is not known")
    if window.width < 1 or window.height < 1:
        raise ValueError("a data window is empty")
    return window, BLOCK_ROWS[compression]


def _tiles(attributes: Mapping[bytes, Attribute]) -> int:
    """Return how many tiles a part has, over all its levels.

    References:
        OpenEXR File Layout, tile description: width and height, then the level mode (one, mipmap,
        ripmap) and, 16 times, whether halves are rounded up.
    """
    width, height, mode = struct.unpack("<IIB", attributes[b"tiles"].value)
    window = Box(*struct.unpack("<4i", attributes[b"dataWindow"].value))
    if min(width, height, window.width, window.height) < 1:
        raise ValueError("a tile or a data window is empty")
    levels, up = mode & 0xF, mode >> 4
    if levels > 2 or up > 1:
        raise ValueError("a mode of levels is not known")
    columns = [-(-size // width) for size in _halved(window.width, up)]
    rows = [-(-size // height) for size in _halved(window.height, up)]
    if levels == 0:
        return columns[0] * rows[0]
    if levels == 1:
        return sum(c * r for c, r in zip_longest(columns, rows, fillvalue=1))
    return sum(columns) * sum(rows)


def _halved(size: int, up: int) -> list[int]:
    sizes = [size]
    while sizes[-1] > 1:
        sizes.append((sizes[-1] + up) // 2)
    return sizes


def _count(attributes: Mapping[bytes, Attribute]) -> int:
    (count,) = struct.unpack("<i", attributes[b"chunkCount"].value)
    if count < 0:
        raise ValueError("a count of chunks is negative")
    return count
