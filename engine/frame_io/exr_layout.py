"""How an EXR file is laid out, as far as it takes to see that one is complete.

References:
    OpenEXR File Layout: magic number, version field, a header per part, a table of chunk offsets
    per part, the chunks.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

MAGIC = b"\x76\x2f\x31\x01"
TILED, LONG_NAMES, DEEP, MULTIPART = 0x200, 0x400, 0x800, 0x1000
"""Flags of the version field."""

# A chunk's coordinates, then its packed sizes in bytes; deep ones also say their unpacked size.
LEADERS = {
    b"scanlineimage": struct.Struct("<4xi"),
    b"tiledimage": struct.Struct("<16xi"),
    b"deepscanline": struct.Struct("<4xQQ8x"),
    b"deeptile": struct.Struct("<16xQQ8x"),
}


class Attribute(NamedTuple):
    """One attribute of a header, as it stands in the file."""

    name: bytes
    type: bytes
    value: bytes


def survey(data: bytes) -> int:
    """Return how many parts a complete file holds; samples are not looked at.

    Raises:
        ValueError: It is no EXR file, was never finished, or ends too early.
        LookupError: It ends inside a header, or a part is of an unknown type.
        struct.error: It ends inside its table of offsets.
    """
    flags, headers, position = read_headers(data)
    types = [kind_of(header, flags) for header in headers]
    multipart = bool(flags & MULTIPART)
    last = _last_chunk(data, position)
    part = 0
    if multipart:
        (part,) = struct.unpack_from("<I", data, last)
        last += 4
    leader = LEADERS[types[part]]
    if last + leader.size + sum(leader.unpack_from(data, last)) > len(data):
        raise ValueError("it is truncated")
    return len(types)


def read_headers(data: bytes) -> tuple[int, list[list[Attribute]], int]:
    """Return the version field, the attributes of every part, and where the tables begin.

    Raises:
        ValueError: It is no EXR file, or a name in it does not end.
        LookupError, struct.error: It ends inside a header.
    """
    if data[:4] != MAGIC:
        raise ValueError("it is not an EXR file" if data else "the file is empty")
    (flags,) = struct.unpack_from("<I", data, 4)
    headers: list[list[Attribute]] = []
    position = 8
    while not headers or (flags & MULTIPART and data[position] != 0):
        header, position = _read_header(data, position)
        headers.append(header)
    return flags, headers, position + bool(flags & MULTIPART)


def kind_of(header: list[Attribute], flags: int) -> bytes:
    """Return the type of a part: in a flat single part the attribute is optional, the flag not."""
    if not flags & (MULTIPART | DEEP):
        return b"tiledimage" if flags & TILED else b"scanlineimage"
    return next((value for name, _, value in reversed(header) if name == b"type"), b"")


def _read_header(data: bytes, position: int) -> tuple[list[Attribute], int]:
    attributes: list[Attribute] = []
    while data[position] != 0:
        end_of_name = data.index(b"\0", position)
        end_of_type = data.index(b"\0", end_of_name + 1)
        (size,) = struct.unpack_from("<I", data, end_of_type + 1)
        start = end_of_type + 5
        name, kind = data[position:end_of_name], data[end_of_name + 1 : end_of_type]
        attributes.append(Attribute(name, kind, data[start : start + size]))
        position = start + size
    return attributes, position + 1


def _last_chunk(data: bytes, position: int) -> int:
    """Return where the chunk starts that lies last; the tables end where the first one begins."""
    first, last = len(data), 0
    while position < first:
        (offset,) = struct.unpack_from("<Q", data, position)
        if offset == 0:
            raise ValueError("its writer never finished it")
        first, last, position = min(first, offset), max(last, offset), position + 8
    return last
