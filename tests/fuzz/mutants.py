"""Files spoilt on purpose: cut off, lied about their sizes, zeroed, swapped, sprinkled with bits.

Rules of this file:
    - A mutant depends on its file, its kind and its number alone: a finding is two numbers.
    - What a kind's structure offers is spoilt first: its boundaries, and the numbers that readers
      believe. `marks` finds them and knows no more of the format than that takes.
"""

from __future__ import annotations

import random
import re
import struct
from typing import NamedTuple

from engine.frame_io.exr_layout import MULTIPART, read_headers

LIES = (0, 1, -1, 2**31 - 1, -(2**31), 2**32 - 1, 2**30, 2**16, 2**20, 0x7F, 0xFF)
WORDS = (b"0", b"-1", b"1e999", b"null", b"{}", b"[]", b'"x"', b"99999999999999999999", b"NaN")
_ATOMS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"udta", b"moof", b"traf")


class Marks(NamedTuple):
    """Where a file may be hit.

    Attributes:
        boundaries: Where one thing ends and another begins, ascending.
        numbers: Where numbers stand, and their formats for `struct`.
    """

    boundaries: list[int]
    numbers: list[tuple[int, str]]


def marks(kind: str, data: bytes) -> Marks:
    """Return where a file of a kind may be hit; a kind without structure has only its ends."""
    find = {"exr": _exr, "png": _png, "tif": _tiff, "dpx": _dpx, "mov": _movie, "mp4": _movie}
    find |= {"safetensors": _safetensors, "json": _json}
    boundaries, numbers = find.get(kind, _nothing)(data)
    edges = sorted({0, len(data), *(b for b in boundaries if 0 <= b <= len(data))})
    return Marks(edges, [(at, f) for at, f in numbers if at + struct.calcsize(f) <= len(data)])


def mutant(kind: str, data: bytes, number: int, found: Marks | None = None) -> bytes:
    """Return one of any number of spoilt files; the first are cut off at every boundary."""
    where = found or marks(kind, data)
    if number < len(where.boundaries):
        return data[: where.boundaries[number]]
    chance = random.Random(number)
    ways = [_flip, _swap, _zero, _drop, *([_lie] * 4 if where.numbers else [_sprinkle])]
    ways += [_word] * 4 if kind == "json" else []
    made = data
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        made = chance.choice(ways)(made, where, chance)
    return made


def _flip(data, where, chance):
    made = bytearray(data)
    begin, end = _span(data, where, chance)
    for _ in range(chance.choice((1, 1, 3, 16)) if end > begin else 0):
        made[chance.randrange(begin, end)] ^= 1 << chance.randrange(8)
    return bytes(made)


def _sprinkle(data, where, chance):
    made = bytearray(data)
    for _ in range(chance.choice((1, 4, 32)) if made else 0):
        made[chance.randrange(len(made))] = chance.choice((0, 255, 127, chance.randrange(256)))
    return bytes(made)


def _swap(data, where, chance):
    (a, b), (c, d) = sorted(_span(data, where, chance) for _ in range(2))
    return data if c < b else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _zero(data, where, chance):
    begin, end = _span(data, where, chance)
    return data[:begin] + bytes(end - begin) + data[end:]


def _drop(data, where, chance):
    begin, end = _span(data, where, chance)
    return data[:begin] + data[end:] * chance.choice((1, 1, 2))


def _lie(data, where, chance):
    at, form = chance.choice(where.numbers)
    size = struct.calcsize(form)
    if at + size > len(data):
        return data
    (old,) = struct.unpack_from(form, data, at)
    lie = chance.choice((*LIES, old + 1, old - 1, old * 2, -old, len(data), 2**40))
    order = "little" if form.startswith("<") else "big"
    return data[:at] + (lie % 256**size).to_bytes(size, order) + data[at + size :]


def _word(data, where, chance):
    """Put another value in place of one of JSON's."""
    values = list(re.finditer(rb'"[^"]*"|-?[0-9.e+-]+|\[[^\[\]]*\]|\{[^{}]*\}|null', data))
    if not values:
        return data
    begin, end = chance.choice(values).span()
    return data[:begin] + chance.choice(WORDS) + data[end:]


def _span(data, where, chance):
    edges = [edge for edge in where.boundaries if edge <= len(data)]
    if len(edges) < 2:
        return 0, len(data)
    index = chance.randrange(len(edges) - 1)
    return edges[index], edges[index + 1]


def _nothing(_data):
    return [], []


def _exr(data):
    flags, headers, table = read_headers(data)
    edges, numbers, at = [4, 8, table], [(4, "<I")], 8
    for header in headers:
        for name, kind, value in header:
            start = at + len(name) + len(kind) + 6
            edges += [at, start]
            numbers.append((start - 4, "<I"))
            if kind in {b"box2i", b"int", b"v2i", b"chlist", b"tiledesc", b"rational", b"timecode"}:
                # Of a channel list, what is behind the first name.
                skip = 2 if kind == b"chlist" else 0
                last = start + len(value)
                numbers += [(i, "<I") for i in range(start + skip, last - 3, 4)]
            elif len(value) == 1:
                numbers.append((start, "<B"))
            at = start + len(value)
        at += 1
    first = len(data)
    while table + 8 <= first:
        (start,) = struct.unpack_from("<Q", data, table)
        first = min(first, start)
        edges += [table, start]
        numbers.append((table, "<Q"))
        fields = range(start, start + 24 + 4 * bool(flags & MULTIPART), 4)
        numbers += [(i, "<I") for i in fields]
        table += 8
    return edges, numbers


def _png(data):
    edges, numbers, at = [8], [(16, ">I"), (20, ">I"), (24, ">B"), (25, ">B"), (28, ">B")], 8
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        edges += [at, at + 8, at + 8 + size]
        numbers.append((at, ">I"))
        at += 12 + size
    return edges, numbers


def _tiff(data):
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    entries = range(at + 2, at + 2 + 12 * count, 12)
    numbers = [(4, order + "I"), (at, order + "H")]
    for entry in entries:
        pairs = ((0, "H"), (2, "H"), (4, "I"), (8, "I"))
        numbers += [(entry + skip, order + form) for skip, form in pairs]
    return [4, 8, at, *entries], numbers


def _dpx(data):
    order = ">" if data[:4] == b"SDPX" else "<"
    # SMPTE ST 268-1: offset to the image, file size; elements, columns, rows; descriptors.
    words = [4, 16, 24, 28, 772, 776, 780, 784, 808, 812, 816]
    numbers = [(at, order + "I") for at in words]
    numbers += [(at, order + "B") for at in range(800, 804)]
    numbers += [(at, order + "H") for at in (768, 770, 804, 806)]
    return [768, 1408, 1664, 1920, 2048], numbers


def _movie(data):
    edges, numbers, waiting = [], [], [(0, len(data))]
    while waiting:
        at, end = waiting.pop()
        while at + 8 <= end:
            size, name = struct.unpack_from(">I4s", data, at)
            edges += [at, at + 8]
            numbers += [(at, ">I"), (at + 4, ">I")]
            stop = at + size if size >= 8 else end
            if name in _ATOMS:
                waiting.append((at + 8, min(stop, end)))
            elif name != b"mdat":
                numbers += [(i, ">I") for i in range(at + 8, min(stop, at + 400) - 3, 4)]
            at = stop
    return edges, numbers


def _safetensors(data):
    size = int.from_bytes(data[:8], "little")
    inside = [m.start() for m in re.finditer(rb"[{}\[\],:]", data[8 : 8 + size])]
    return [8, 8 + size, *(8 + i for i in inside)], [(0, "<Q")]


def _json(data):
    return [m.start() for m in re.finditer(rb"[{}\[\],:]", data)], []
