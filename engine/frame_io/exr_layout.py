"""How an EXR file is laid out, as far as it takes to see that one is complete.

References:
    OpenEXR File Layout: magic number, version field, a header per part, a table of chunk offsets
    per part, the chunks.
"""

from __future__ import annotations

import struct

_MAGIC = b"\x76\x2f\x31\x01"
_TILED, _DEEP, _MULTIPART = 0x200, 0x800, 0x1000  # flags of the version field

# A chunk's coordinates, then its packed sizes in bytes; deep ones also say their unpacked size.
_LEADERS = {
    b"scanlineimage": struct.Struct("<4xi"),
    b"tiledimage": struct.Struct("<16xi"),
    b"deepscanline": struct.Struct("<4xQQ8x"),
    b"deeptile": struct.Struct("<16xQQ8x"),
}


def survey(data: bytes) -> int:
    """Return how many parts a complete file holds; samples are not looked at.

    Raises:
        ValueError: It is no EXR file, was never finished, or ends too early.
        LookupError: It ends inside a header, or a part is of an unknown type.
        struct.error: It ends inside its table of offsets.
    """
    if data[:4] != _MAGIC:
        raise ValueError("it is not an EXR file" if data else "the file is empty")
    (flags,) = struct.unpack_from("<I", data, 4)
    multipart = bool(flags & _MULTIPART)
    types: list[bytes] = []
    position = 8
    while not types or (multipart and data[position] != 0):
        kind, position = _skip_header(data, position)
        if not flags & (_MULTIPART | _DEEP):  # then the attribute is optional, the flag is not
            kind = b"tiledimage" if flags & _TILED else b"scanlineimage"
        types.append(kind)
    last = _last_chunk(data, position + multipart)
    part = 0
    if multipart:
        (part,) = struct.unpack_from("<I", data, last)
        last += 4
    leader = _LEADERS[types[part]]
    if last + leader.size + sum(leader.unpack_from(data, last)) > len(data):
        raise ValueError("it is truncated")
    return len(types)


def _skip_header(data: bytes, position: int) -> tuple[bytes, int]:
    """Return the ``type`` attribute of the header that starts here, and where the header ends."""
    kind = b""
    while data[position] != 0:
        end_of_name = data.index(b"\0", position)
        end_of_type = data.index(b"\0", end_of_name + 1)
        (size,) = struct.unpack_from("<I", data, end_of_type + 1)
        start = end_of_type + 5
        if data[position:end_of_name] == b"type":
            kind = data[start : start + size]
        position = start + size
    return kind, position + 1


def _last_chunk(data: bytes, position: int) -> int:
    """Return where the chunk starts that lies last; the tables end where the first one begins."""
    first, last = len(data), 0
    while position < first:
        (offset,) = struct.unpack_from("<Q", data, position)
        if offset == 0:
            raise ValueError("its writer never finished it")
        first, last, position = min(first, offset), max(last, offset), position + 8
    return last
