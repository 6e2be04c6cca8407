"""How an EXR file is laid out, as far as it takes to see that one is complete, and readable.

References:
    OpenEXR File Layout: magic number, version field, a header per part, a table of chunk offsets
    per part, the chunks.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

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


_CHANNEL = struct.Struct("<i4xii")  # type, a mark, samplings
_OF_PARTS = {b"name", b"type"}
"""Attributes without which a part cannot be told apart."""


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


def readable(data: bytes) -> tuple[bytes, list[set[str]]]:
    """Return a complete file as the wheel can read it, and what it must not be asked for.

    The wheel gives up on a file for one attribute: an unset rational, a text that is not UTF-8, or
    a type it does not know. Their types are spelt backwards, which makes them opaque to it.

    Returns:
        The file, every byte where it was, and of each part the names of such attributes.

    Raises:
        UnicodeDecodeError: The name of a channel or attribute is not UTF-8.
    """
    flags, headers, position = read_headers(data)
    for one in (one for header in headers for one in header):
        for name in [one.name, *(channel_kinds(one.value) if one.type == b"chlist" else ())]:
            name.decode()
    hidden = [{one.name.decode() for one in header if _is_odd(one)} for header in headers]
    if not any(hidden):
        return data, hidden
    spelt = [
        write_header(one._replace(type=one.type[::-1]) if _is_odd(one) else one for one in header)
        for header in headers
    ]
    end = b"\0" * bool(flags & MULTIPART)
    return b"".join([data[:8], *spelt, end, memoryview(data)[position:]]), hidden


def write_header(attributes: Iterable[Attribute]) -> bytes:
    """Return the bytes of one part's header."""
    written = [
        name + b"\0" + kind + b"\0" + struct.pack("<I", len(value)) + value
        for name, kind, value in attributes
    ]
    return b"".join(written) + b"\0"


def channel_kinds(listed: bytes) -> dict[bytes, tuple[int, int, int]]:
    """Return the type and the samplings of x and y by name of a list of channels.

    References:
        OpenEXR File Layout, chlist: a name, its type (0 for uint32), a mark, the samplings; until
        an empty name.
    """
    kinds: dict[bytes, tuple[int, int, int]] = {}
    position = 0
    while (end := listed.find(b"\0", position)) > position:
        if end + 1 + _CHANNEL.size > len(listed):
            break  # the wheel refuses it in its own words
        kinds[listed[position:end]] = _CHANNEL.unpack_from(listed, end + 1)
        position = end + 1 + _CHANNEL.size
    return kinds


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


def _is_odd(attribute: Attribute) -> bool:
    """Return whether the wheel cannot read an attribute that a sound file may hold."""
    name, kind, value = attribute
    if name in _OF_PARTS:
        return False
    if kind == b"rational":
        return value[4:] == bytes(4)
    texts = [value] if kind == b"string" else _strings(value) if kind == b"stringvector" else []
    try:
        for text in texts:
            text.decode()
    except UnicodeDecodeError:
        return True
    return kind == b"deepImageState"


def _strings(value: bytes) -> list[bytes]:
    """Return the texts of a vector: each its length, then its bytes."""
    texts: list[bytes] = []
    position = 0
    while position + 4 <= len(value):
        (length,) = struct.unpack_from("<i", value, position)
        if length < 0:
            break  # the wheel refuses it in its own words
        texts.append(value[position + 4 : position + 4 + length])
        position += 4 + length
    return texts


def _last_chunk(data: bytes, position: int) -> int:
    """Return where the chunk starts that lies last; the tables end where the first one begins."""
    first, last = len(data), 0
    while position < first:
        (offset,) = struct.unpack_from("<Q", data, position)
        if offset == 0:
            raise ValueError("its writer never finished it")
        first, last, position = min(first, offset), max(last, offset), position + 8
    return last
