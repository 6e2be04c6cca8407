"""EXR files by the standard library alone, for the Pythons that hosts bring: Python 3.6 syntax.

One part, scanlines, half, float or uint samples, without subsampling. What is written is not
compressed; what is read may be, losslessly, by ZIP or ZIPS. Rows run from the top. It is a second
opinion too: not a line of it is shared with the engine.

    write_exr(path, flat(8, 6, (0.25, 0.5, 1.0, 1.0)))
    picture = read_exr(path)
    picture.pixel(3, 2)  # {"A": 1.0, "B": 1.0, "G": 0.5, "R": 0.25}
"""

import math
import struct
import zlib
from pathlib import Path

MAGIC = struct.pack("<iI", 20000630, 2)
NONE, ZIPS, ZIP = 0, 2, 3
ROWS_PER_BLOCK = {NONE: 1, ZIPS: 1, ZIP: 16}
UINT, HALF, FLOAT = 0, 1, 2
SIZES = {UINT: 4, HALF: 2, FLOAT: 4}
CODES = {UINT: "I", HALF: "e", FLOAT: "f"}


class Picture:
    """One picture.

    Attributes:
        window: Data window, inclusive: (left, top, right, bottom).
        display: Display window, likewise.
        kinds: Channel name to UINT, HALF or FLOAT.
        planes: Channel name to its samples, little-endian, rows from the top of the data window.
        attributes: Name to (type name, bytes); those that every file has are left out.
    """

    def __init__(self, window, planes, kinds=None, display=None, attributes=None):
        self.window = tuple(window)
        self.display = tuple(display or window)
        self.planes = dict(planes)
        self.kinds = dict(kinds or dict.fromkeys(planes, HALF))
        self.attributes = dict(attributes or {})

    @property
    def width(self):
        return self.window[2] - self.window[0] + 1

    @property
    def height(self):
        return self.window[3] - self.window[1] + 1

    def samples(self, name):
        """Return a channel as a tuple of numbers, row by row from the top."""
        code = CODES[self.kinds[name]]
        return struct.unpack(f"<{self.width * self.height}{code}", self.planes[name])

    def pixel(self, x, y):
        """Return channel name to value at a place of the display window."""
        index = (y - self.window[1]) * self.width + x - self.window[0]
        return {name: self.samples(name)[index] for name in sorted(self.planes)}

    def as_half(self):
        """Return the same picture with every channel as half."""
        planes = {name: pack_half(self.samples(name)) for name in self.planes}
        return Picture(self.window, planes, None, self.display, self.attributes)

    def __eq__(self, other):
        return isinstance(other, Picture) and all(
            getattr(self, name) == getattr(other, name)
            for name in ("window", "display", "kinds", "planes")
        )

    __hash__ = None


def pack_half(values):
    """Return numbers as little-endian half; what half cannot hold becomes infinite."""
    values = [v if abs(v) <= 65504 or math.isnan(v) else math.copysign(math.inf, v) for v in values]
    return struct.pack(f"<{len(values)}e", *values)


def pack_float(values):
    """Return numbers as little-endian float."""
    return struct.pack(f"<{len(values)}f", *values)


def flat(width, height, colour, names="RGBA"):
    """Return a half picture of one colour."""
    planes = {name: pack_half([value]) * (width * height) for name, value in zip(names, colour)}
    return Picture((0, 0, width - 1, height - 1), planes)


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
        planes[name] = pack_half(values)
    return Picture((0, 0, width - 1, height - 1), planes)


def write_exr(path, picture):
    """Write a picture without compression."""
    names = sorted(picture.planes)
    channels = b"".join(
        name.encode() + b"\0" + struct.pack("<iB3xii", picture.kinds[name], 0, 1, 1)
        for name in names
    )
    fields = {
        "channels": ("chlist", channels + b"\0"),
        "compression": ("compression", bytes([NONE])),
        "dataWindow": ("box2i", struct.pack("<4i", *picture.window)),
        "displayWindow": ("box2i", struct.pack("<4i", *picture.display)),
        "lineOrder": ("lineOrder", b"\0"),
        "pixelAspectRatio": ("float", struct.pack("<f", 1)),
        "screenWindowCenter": ("v2f", struct.pack("<2f", 0, 0)),
        "screenWindowWidth": ("float", struct.pack("<f", 1)),
    }
    for name, field in picture.attributes.items():
        fields.setdefault(name, field)
    header = b"".join(
        name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value
        for name, (kind, value) in sorted(fields.items())
    )
    head = MAGIC + header + b"\0"
    strides = [picture.width * SIZES[picture.kinds[name]] for name in names]
    first = len(head) + 8 * picture.height
    block = 8 + sum(strides)
    table = struct.pack(f"<{picture.height}Q", *(first + block * y for y in range(picture.height)))
    rows = []
    for y in range(picture.height):
        rows.append(struct.pack("<ii", picture.window[1] + y, sum(strides)))
        rows.extend(
            picture.planes[name][y * stride : (y + 1) * stride]
            for name, stride in zip(names, strides)
        )
    Path(str(path)).write_bytes(head + table + b"".join(rows))


def read_exr(path):
    """Read a picture.

    Raises:
        ValueError: It is no EXR file, or of a kind that this reader does not know.
        OSError: The file cannot be read.
    """
    data = Path(str(path)).read_bytes()
    try:
        return _parse(data)
    except (struct.error, LookupError, ValueError, zlib.error) as error:
        raise ValueError(f"{path}: not a file that this reader knows: {error!r}") from None


def _text(data, at):
    end = data.index(b"\0", at)
    return data[at:end].decode("latin-1"), end + 1


def _header(data):
    magic, flags = struct.unpack_from("<iI", data)
    if magic != 20000630:
        raise ValueError("not an EXR file")
    if flags & ~0x4FF:
        raise ValueError("tiles, deep data and several parts are not known here")
    at, fields = 8, {}
    while data[at]:
        name, at = _text(data, at)
        kind, at = _text(data, at)
        (size,) = struct.unpack_from("<i", data, at)
        fields[name] = (kind, data[at + 4 : at + 4 + size])
        at += 4 + size
    return fields, at + 1


def _channels(value):
    at, kinds = 0, {}
    while value[at]:
        name, at = _text(value, at)
        kind, _, across, down = struct.unpack_from("<iB3xii", value, at)
        if (across, down) != (1, 1):
            raise ValueError("subsampled channels are not known here")
        kinds[name] = kind
        at += 16
    return kinds


def _parse(data):
    fields, at = _header(data)
    kinds = _channels(fields.pop("channels")[1])
    window = struct.unpack("<4i", fields.pop("dataWindow")[1])
    display = struct.unpack("<4i", fields.pop("displayWindow")[1])
    compression = fields.pop("compression")[1][0]
    width, height = window[2] - window[0] + 1, window[3] - window[1] + 1
    step = ROWS_PER_BLOCK[compression]
    strides = {name: width * SIZES[kind] for name, kind in kinds.items()}
    rows = {name: [b""] * height for name in kinds}
    count = (height + step - 1) // step
    for offset in struct.unpack_from(f"<{count}Q", data, at):
        top, size = struct.unpack_from("<ii", data, offset)
        first = top - window[1]
        lines = min(step, height - first)
        block = data[offset + 8 : offset + 8 + size]
        plain = _plain(block, compression, lines * sum(strides.values()))
        place = 0
        for y in range(first, first + lines):
            for name in sorted(kinds):
                rows[name][y] = plain[place : place + strides[name]]
                place += strides[name]
    planes = {name: b"".join(parts) for name, parts in rows.items()}
    if any(len(planes[name]) != strides[name] * height for name in planes):
        raise ValueError("the file ends before its pixels")
    return Picture(window, planes, kinds, display, fields)


def _plain(block, compression, size):
    if compression == NONE or len(block) == size:
        return block
    raw = bytearray(zlib.decompress(block))
    for index in range(1, len(raw)):
        raw[index] = (raw[index - 1] + raw[index] - 128) & 0xFF
    half = (len(raw) + 1) // 2
    plain = bytearray(len(raw))
    plain[0::2], plain[1::2] = raw[:half], raw[half:]
    return bytes(plain)
