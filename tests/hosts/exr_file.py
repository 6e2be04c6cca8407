"""EXR files by the standard library alone, for the Pythons that hosts bring: Python 3.6 syntax.

One part, scanlines, half, float or uint samples, no, ZIPS or ZIP compression. It is a second
opinion too: not a line of it is shared with the engine.

    write_exr(path, flat(8, 6, (0.25, 0.5, 1.0, 1.0)))
    picture = read_exr(path)
    picture.pixel(3, 2)  # {"A": 1.0, "B": 1.0, "G": 0.5, "R": 0.25}

Rules of this file:
    - Samples are bytes from file to file: what nobody changed is bit for bit what was read.
    - What the format has beyond that is refused by name.

References:
    - OpenEXR File Layout, openexr.com: magic, attributes, line offset table, scanline blocks.
    - Technical Introduction to OpenEXR, "Data Compression": ZIP is a byte difference of the
      samples' even bytes, then their odd bytes, deflated.
"""

import itertools
import struct
import sys
import zlib
from array import array
from pathlib import Path

MAGIC = 20000630
UINT, HALF, FLOAT = 0, 1, 2
BYTES = {UINT: 4, HALF: 2, FLOAT: 4}
CODES = {UINT: "I", HALF: "e", FLOAT: "f"}
NONE, RLE, ZIPS, ZIP = 0, 1, 2, 3
LINES = {NONE: 1, ZIPS: 1, ZIP: 16}
STRUCTURE = ("channels", "compression", "dataWindow", "displayWindow", "lineOrder")


class UnknownFile(ValueError):
    """A file, or a picture, of a kind that this module leaves out."""


class Plane:
    """One channel: its sample type and little-endian bytes, row by row from the top."""

    def __init__(self, kind, data):
        self.kind, self.data = kind, bytes(data)

    @classmethod
    def of(cls, samples, kind=FLOAT):
        """Return numbers as a plane; what half cannot hold becomes infinite."""
        samples = tuple(samples)
        try:
            return cls(kind, struct.pack(f"<{len(samples)}{CODES[kind]}", *samples))
        except OverflowError:
            return cls(kind, b"".join(map(_half, samples)))

    @classmethod
    def constant(cls, value, count, kind=FLOAT):
        """Return a plane of one value."""
        return cls(kind, struct.pack("<" + CODES[kind], value) * count)

    def samples(self):
        """Return the samples as numbers."""
        count = len(self.data) // BYTES[self.kind]
        return struct.unpack(f"<{count}{CODES[self.kind]}", self.data)

    def floats(self):
        """Return the samples as float32."""
        if self.kind != FLOAT:
            return array("f", self.samples())
        samples = array("f", self.data)
        if sys.byteorder != "little":
            samples.byteswap()
        return samples

    def as_kind(self, kind):
        """Return the plane in another sample type; ids, and what has it already, as they are."""
        if kind == self.kind or UINT in (kind, self.kind):
            return self
        return Plane.of(self.floats(), kind)

    def __eq__(self, other):
        return isinstance(other, Plane) and (self.kind, self.data) == (other.kind, other.data)

    __hash__ = None


def _half(sample):
    try:
        return struct.pack("<e", sample)
    except OverflowError:
        return b"\x00\x7c" if sample > 0 else b"\x00\xfc"


class Picture:
    """Planes by EXR's channel names, two windows (inclusive, from the top), raw attributes.

    Attributes are name -> (type name, bytes), less those that say how the file is laid out.
    """

    def __init__(self, planes, data_window, display_window=None, attributes=None):
        self.planes = dict(planes)
        self.data_window = tuple(data_window)
        self.display_window = tuple(display_window or data_window)
        self.attributes = dict(attributes or {})

    @property
    def size(self):
        """Width and height of the data window."""
        left, top, right, bottom = self.data_window
        return right - left + 1, bottom - top + 1

    def pixel(self, x, y):
        """Return channel name to value at a place of the display window."""
        left, top = self.data_window[:2]
        index = (y - top) * self.size[0] + x - left
        return {name: self.planes[name].samples()[index] for name in sorted(self.planes)}

    def with_planes(self, planes):
        """Return the picture with other planes."""
        return Picture(planes, self.data_window, self.display_window, self.attributes)


def flat(width, height, colour, names="RGBA"):
    """Return a half picture of one colour."""
    count = width * height
    planes = {name: Plane.of([value] * count, HALF) for name, value in zip(names, colour)}
    return Picture(planes, (0, 0, width - 1, height - 1))


def gradient(width, height, seed=0.0, names="RGBA"):
    """Return a half picture whose every pixel differs, by place and by seed; alpha is 1."""
    planes = {}
    for number, name in enumerate(names):
        values = [
            1.0
            if name == "A"
            else (x + 1) / width * 0.5 + y / height * 0.25 + seed / 64 + number / 16
            for y in range(height)
            for x in range(width)
        ]
        planes[name] = Plane.of(values, HALF)
    return Picture(planes, (0, 0, width - 1, height - 1))


# reading


def read_exr(path):
    """Return a file's picture.

    Raises:
        UnknownFile: It is of a kind that this reader leaves out.
        ValueError: It is no EXR file, or it is torn.
        OSError: The file cannot be read.
    """
    attributes, position, data = _opened(path)
    try:
        return _parsed(attributes, position, data)
    except UnknownFile as error:
        raise UnknownFile(f"{path}: {error}") from None
    except (struct.error, LookupError, ValueError, zlib.error) as error:
        raise ValueError(f"{path}: the file is torn: {error!r}") from None


def read_header(path):
    """Return a file's attributes, name -> (type name, bytes).

    Raises:
        As `read_exr`.
    """
    return _opened(path)[0]


def _opened(path):
    data = Path(str(path)).read_bytes()
    try:
        attributes, position = _header(data)
    except UnknownFile as error:
        raise UnknownFile(f"{path}: {error}") from None
    except (struct.error, LookupError, ValueError) as error:
        raise ValueError(f"{path}: no EXR file, or a torn one: {error!r}") from None
    return attributes, position, data


def _header(data):
    magic, version = struct.unpack_from("<II", data)
    if magic != MAGIC:
        raise ValueError("its first bytes are others")
    if version & ~0x4FF:
        raise UnknownFile("tiles, deep data and several parts are left out here")
    attributes, position = {}, 8
    while data[position]:
        name, position = _name(data, position)
        kind, position = _name(data, position)
        (size,) = struct.unpack_from("<I", data, position)
        attributes[name] = (kind, data[position + 4 : position + 4 + size])
        position += 4 + size
    return attributes, position + 1


def _name(data, position):
    end = data.index(b"\0", position)
    return data[position:end].decode("utf-8"), end + 1


def channels_of(raw):
    """Return (name, sample type) of a channel list, in its order."""
    found, position = [], 0
    while raw[position]:
        name, position = _name(raw, position)
        kind, _, across, down = struct.unpack_from("<iIii", raw, position)
        if (across, down) != (1, 1):
            raise UnknownFile(f"the channel {name} is subsampled, which is left out here")
        found.append((name, kind))
        position += 16
    return found


def _parsed(attributes, position, data):
    window = struct.unpack("<4i", attributes["dataWindow"][1])
    compression = attributes["compression"][1][0]
    if compression not in LINES:
        raise UnknownFile(f"compression {compression} is left out here")
    left, top, right, bottom = window
    width, height = right - left + 1, bottom - top + 1
    channels = channels_of(attributes["channels"][1])
    step = LINES[compression]
    rows = {name: [b""] * height for name, _ in channels}
    for offset in struct.unpack_from(f"<{-(-height // step)}Q", data, position):
        y, size = struct.unpack_from("<iI", data, offset)
        packed = data[offset + 8 : offset + 8 + size]
        lines = min(step, bottom - y + 1)
        whole = lines * width * sum(BYTES[kind] for _, kind in channels)
        plain = packed if size == whole else _inflated(packed)
        if len(plain) != whole:
            raise ValueError("it ends before its pixels")
        place = 0
        for line in range(y - top, y - top + lines):
            for name, kind in channels:
                length = width * BYTES[kind]
                rows[name][line] = plain[place : place + length]
                place += length
    planes = {name: Plane(kind, b"".join(rows[name])) for name, kind in channels}
    display = struct.unpack("<4i", attributes["displayWindow"][1])
    rest = {name: value for name, value in attributes.items() if name not in STRUCTURE}
    rest["compression"] = attributes["compression"]
    return Picture(planes, window, display, rest)


def _inflated(packed):
    steps = zlib.decompress(packed)
    first = steps[:1]
    summed = itertools.accumulate(itertools.chain(first, (b - 128 for b in steps[1:])))
    mixed = bytes(value & 255 for value in summed)
    half = (len(mixed) + 1) // 2
    plain = bytearray(len(mixed))
    plain[0::2], plain[1::2] = mixed[:half], mixed[half:]
    return bytes(plain)


# writing


def write_exr(path, picture, compression=NONE):
    """Write a picture, beside its place first, as hosts do.

    Raises:
        UnknownFile: That is left out here.
        OSError: The file cannot be written.
    """
    if compression not in LINES:
        raise UnknownFile(f"compression {compression} is left out here")
    names = sorted(picture.planes, key=lambda name: name.encode("utf-8"))
    if any(len(name.encode("utf-8")) > 31 for name in names):
        raise UnknownFile("names of channels of more than 31 bytes are left out here")
    header = _header_of(picture, names, compression)
    blocks = list(_blocks(picture, names, compression))
    start = len(header) + 8 * len(blocks)
    offsets = itertools.accumulate([start] + [len(block) for block in blocks[:-1]])
    table = struct.pack(f"<{len(blocks)}Q", *offsets)
    partial = Path(f"{path}.tmp")
    partial.write_bytes(header + table + b"".join(blocks))
    partial.replace(str(path))


def _header_of(picture, names, compression):
    listed = b"".join(
        name.encode("utf-8") + b"\0" + struct.pack("<iIii", picture.planes[name].kind, 0, 1, 1)
        for name in names
    )
    attributes = {
        "channels": ("chlist", listed + b"\0"),
        "compression": ("compression", bytes([compression])),
        "dataWindow": ("box2i", struct.pack("<4i", *picture.data_window)),
        "displayWindow": ("box2i", struct.pack("<4i", *picture.display_window)),
        "lineOrder": ("lineOrder", b"\0"),
        "pixelAspectRatio": ("float", struct.pack("<f", 1.0)),
        "screenWindowCenter": ("v2f", struct.pack("<2f", 0.0, 0.0)),
        "screenWindowWidth": ("float", struct.pack("<f", 1.0)),
    }
    attributes.update({n: v for n, v in picture.attributes.items() if n not in STRUCTURE})
    header = struct.pack("<II", MAGIC, 2)
    for name, (kind, raw) in sorted(attributes.items()):
        header += name.encode("utf-8") + b"\0" + kind.encode("ascii") + b"\0"
        header += struct.pack("<I", len(raw)) + raw
    return header + b"\0"


def _blocks(picture, names, compression):
    width, height = picture.size
    step = LINES[compression]
    for line in range(0, height, step):
        plain = b"".join(
            _row(picture.planes[name], y, width)
            for y in range(line, min(line + step, height))
            for name in names
        )
        packed = plain if compression == NONE else _deflated(plain)
        yield struct.pack("<iI", picture.data_window[1] + line, len(packed)) + packed


def _row(plane, y, width):
    length = width * BYTES[plane.kind]
    return plane.data[y * length : (y + 1) * length]


def _deflated(plain):
    mixed = plain[0::2] + plain[1::2]
    pairs = zip(mixed, mixed[1:])
    steps = mixed[:1] + bytes((after - before + 128) & 255 for before, after in pairs)
    packed = zlib.compress(steps, 4)
    return packed if len(packed) < len(plain) else plain
