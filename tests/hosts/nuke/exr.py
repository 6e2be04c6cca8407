"""OpenEXR files by the standard library alone: scanlines, one part, none, ZIP or ZIPS.

Rules of this file:
    - Samples are bytes from file to file: what no node changed is bit for bit what was read.
    - Whatever the format has beyond that is refused by name.

References:
    - OpenEXR File Layout, openexr.com: magic, attributes, line offset table, scanline blocks.
    - Technical Introduction to OpenEXR, "Data Compression": ZIP is a byte difference of the
      samples' even bytes, then their odd bytes, deflated.
"""

import itertools
import os
import struct
import sys
import zlib
from array import array

from .session import NotModelled

MAGIC = 20000630
UINT, HALF, FLOAT = 0, 1, 2
BYTES = {UINT: 4, HALF: 2, FLOAT: 4}
NONE, RLE, ZIPS, ZIP = 0, 1, 2, 3
LINES = {NONE: 1, ZIPS: 1, ZIP: 16}
NAMES = ("none", "RLE", "Zip (1 scanline)", "Zip (16 scanlines)", "PIZ", "PXR24", "B44", "B44A")
STRUCTURE = ("channels", "compression", "dataWindow", "displayWindow", "lineOrder")
LITTLE = sys.byteorder == "little"


class Plane:
    """One channel: its sample type and little-endian bytes, row by row from the top."""

    def __init__(self, kind, data):
        self.kind, self.data = kind, bytes(data)

    def floats(self):
        """Return the samples as float32."""
        count = len(self.data) // BYTES[self.kind]
        if self.kind == FLOAT:
            samples = array("f", self.data)
            if not LITTLE:
                samples.byteswap()
            return samples
        return array("f", struct.unpack(f"<{count}{'Ie'[self.kind]}", self.data))

    def as_kind(self, kind):
        """Return the plane in another sample type; the same bytes if it has it already."""
        if kind == self.kind:
            return self
        if UINT in (kind, self.kind):
            return self  # ids are never converted
        if kind == FLOAT:
            return Plane.of(self.floats())
        samples = self.floats()
        try:
            return Plane(HALF, struct.pack(f"<{len(samples)}e", *samples))
        except OverflowError:
            return Plane(HALF, b"".join(_half(sample) for sample in samples))

    @classmethod
    def of(cls, samples):
        """Return float32 samples as a plane."""
        samples = array("f", samples)
        if not LITTLE:
            samples.byteswap()
        return cls(FLOAT, samples.tobytes())

    @classmethod
    def constant(cls, value, count, kind=FLOAT):
        """Return a plane of one value."""
        return cls(kind, struct.pack("<" + "Ief"[kind], value) * count)


def _half(sample):
    try:
        return struct.pack("<e", sample)
    except OverflowError:
        return b"\x00\x7c" if sample > 0 else b"\x00\xfc"


class Picture:
    """Planes by EXR's channel names, two windows (inclusive, from the top), raw attributes."""

    def __init__(self, planes, data_window, display_window=None, attributes=None):
        self.planes = dict(planes)
        self.data_window = tuple(data_window)
        self.display_window = tuple(display_window or data_window)
        self.attributes = dict(attributes or {})  # name -> (type, bytes)

    @property
    def size(self):
        """Width and height of the data window."""
        left, top, right, bottom = self.data_window
        return right - left + 1, bottom - top + 1

    def with_planes(self, planes):
        """Return the picture with other planes."""
        return Picture(planes, self.data_window, self.display_window, self.attributes)


def read_header(path):
    """Return a file's attributes, name -> (type, bytes), and where its pixels begin."""
    with open(path, "rb") as file:
        data = file.read()
    magic, version = struct.unpack_from("<II", data)
    if magic != MAGIC:
        raise RuntimeError(f"{path}: not an OpenEXR file")
    if version & 0x1A00:
        raise NotModelled(f"{path}: tiles, deep or several parts")
    attributes, position = {}, 8
    while data[position]:
        name, position = _name(data, position)
        kind, position = _name(data, position)
        (size,) = struct.unpack_from("<I", data, position)
        attributes[name] = (kind, data[position + 4 : position + 4 + size])
        position += 4 + size
    return attributes, position + 1, data


def _name(data, position):
    end = data.index(b"\0", position)
    return data[position:end].decode("utf-8"), end + 1


def channels_of(raw):
    """Return (name, sample type) of a channel list, in its order."""
    found, position = [], 0
    while raw[position]:
        name, position = _name(raw, position)
        kind, _, xs, ys = struct.unpack_from("<IIII", raw, position)
        if (xs, ys) != (1, 1):
            raise NotModelled(f"subsampled channel {name}")
        found.append((name, kind))
        position += 16
    return found


def read(path):
    """Read a picture."""
    attributes, position, data = read_header(path)
    window = struct.unpack("<4i", attributes["dataWindow"][1])
    compression = attributes["compression"][1][0]
    if compression not in LINES:
        raise NotModelled(f"{path}: compression {compression}")
    left, top, right, bottom = window
    width, height = right - left + 1, bottom - top + 1
    channels = channels_of(attributes["channels"][1])
    step = LINES[compression]
    blocks = -(-height // step)
    rows = {name: [b""] * height for name, _ in channels}
    for offset in struct.unpack_from(f"<{blocks}Q", data, position):
        y, size = struct.unpack_from("<iI", data, offset)
        packed = data[offset + 8 : offset + 8 + size]
        if len(packed) < size:
            raise RuntimeError(f"{path}: the file is truncated")
        lines = min(step, bottom - y + 1)
        whole = lines * width * sum(BYTES[kind] for _, kind in channels)
        plain = packed if size == whole else _inflated(packed)
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


def _deflated(plain):
    mixed = plain[0::2] + plain[1::2]
    pairs = zip(mixed, mixed[1:])
    steps = mixed[:1] + bytes((after - before + 128) & 255 for before, after in pairs)
    packed = zlib.compress(steps, 4)
    return packed if len(packed) < len(plain) else plain


def text(value):
    """Return a string attribute."""
    return "string", value.encode("utf-8")


def number(value):
    """Return a float attribute."""
    return "float", struct.pack("<f", value)


def rational(numerator, denominator):
    """Return a rational attribute, such as framesPerSecond."""
    return "rational", struct.pack("<iI", numerator, denominator)


def timecode(hours, minutes, seconds, frames, drop=False):
    """Return a timecode attribute: SMPTE 12M, binary coded decimals."""
    bits = 0
    for shift, value in ((0, frames), (8, seconds), (16, minutes), (24, hours)):
        bits |= (value % 10) << shift | (value // 10) << (shift + 4)
    return "timecode", struct.pack("<II", bits | (1 << 6 if drop else 0), 0)


def write(path, picture, compression=NONE):
    """Write a picture."""
    if compression not in LINES:
        raise NotModelled(f"the kit writes no compression {compression}")
    names = sorted(picture.planes, key=lambda name: name.encode("utf-8"))
    if any(len(name.encode("utf-8")) > 31 for name in names):
        raise NotModelled("channel names of more than 31 bytes")
    width, height = picture.size
    listed = b"".join(
        name.encode("utf-8") + b"\0" + struct.pack("<IIII", picture.planes[name].kind, 0, 1, 1)
        for name in names
    )
    attributes = {
        "channels": ("chlist", listed + b"\0"),
        "compression": ("compression", bytes([compression])),
        "dataWindow": ("box2i", struct.pack("<4i", *picture.data_window)),
        "displayWindow": ("box2i", struct.pack("<4i", *picture.display_window)),
        "lineOrder": ("lineOrder", b"\0"),
        "pixelAspectRatio": number(1.0),
        "screenWindowCenter": ("v2f", struct.pack("<2f", 0.0, 0.0)),
        "screenWindowWidth": number(1.0),
    }
    attributes.update({n: v for n, v in picture.attributes.items() if n not in STRUCTURE})
    header = struct.pack("<II", MAGIC, 2)
    for name, (kind, raw) in sorted(attributes.items()):
        header += name.encode("utf-8") + b"\0" + kind.encode("ascii") + b"\0"
        header += struct.pack("<I", len(raw)) + raw
    blocks = []
    step = LINES[compression]
    for line in range(0, height, step):
        plain = b"".join(
            _row(picture.planes[name], y, width)
            for y in range(line, min(line + step, height))
            for name in names
        )
        packed = plain if compression == NONE else _deflated(plain)
        blocks.append(struct.pack("<iI", picture.data_window[1] + line, len(packed)) + packed)
    start = len(header) + 1 + 8 * len(blocks)
    offsets = itertools.accumulate([start] + [len(block) for block in blocks[:-1]])
    table = struct.pack(f"<{len(blocks)}Q", *offsets)
    partial = path + ".tmp"  # Nuke, too, writes beside and renames
    with open(partial, "wb") as file:
        file.write(header + b"\0" + table + b"".join(blocks))
    os.replace(partial, path)


def _row(plane, y, width):
    length = width * BYTES[plane.kind]
    return plane.data[y * length : (y + 1) * length]


def value_of(kind, raw):
    """Return an attribute as Nuke's metadata has it; None for types that the kit leaves out."""
    if kind == "string":
        return raw.decode("utf-8", "replace")
    if kind == "timecode":
        (bits, _) = struct.unpack("<II", raw)
        fields = [(bits >> s & 15) + 10 * (bits >> s + 4 & m) for s, m in _TIME_FIELDS]
        h, m, s, f = (f"{one:02d}" for one in fields)
        return f"{h}:{m}:{s}{';' if bits & 64 else ':'}{f}"
    if kind == "rational":
        top, bottom = struct.unpack("<iI", raw)
        return float(top) / bottom
    if kind == "compression":
        return NAMES[raw[0]] if raw[0] < len(NAMES) else "other"
    shapes = {"int": "<i", "float": "<f", "double": "<d", "v2f": "<2f", "v2i": "<2i",
              "v3f": "<3f", "box2i": "<4i", "chromaticities": "<8f", "m44f": "<16f"}  # fmt: skip
    if kind not in shapes:
        return None
    found = struct.unpack(shapes[kind], raw)
    return found[0] if len(found) == 1 else list(found)


_TIME_FIELDS = ((24, 3), (16, 7), (8, 7), (0, 3))
