"""Attributes of EXR files, as Nuke's metadata has them: (type name, bytes)."""

import struct

_COMPRESSIONS = (
    *("none", "RLE", "Zip (1 scanline)", "Zip (16 scanlines)"),
    *("PIZ", "PXR24", "B44", "B44A"),
)
_TIME_FIELDS = ((24, 3), (16, 7), (8, 7), (0, 3))


def text(value):
    """Return a string attribute."""
    return "string", value.encode("utf-8")


def rational(numerator, denominator):
    """Return a rational attribute, such as framesPerSecond."""
    return "rational", struct.pack("<iI", numerator, denominator)


def timecode(hours, minutes, seconds, frames, drop=False):
    """Return a timecode attribute: SMPTE 12M, binary coded decimals."""
    bits = 0
    for shift, value in ((0, frames), (8, seconds), (16, minutes), (24, hours)):
        bits |= (value % 10) << shift | (value // 10) << (shift + 4)
    return "timecode", struct.pack("<II", bits | (1 << 6 if drop else 0), 0)


def value_of(kind, raw):
    """Return an attribute as Nuke's metadata has it; None for types that are left out here."""
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
        return _COMPRESSIONS[raw[0]] if raw[0] < len(_COMPRESSIONS) else "other"
    shapes = {"int": "<i", "float": "<f", "double": "<d", "v2f": "<2f", "v2i": "<2i",
              "v3f": "<3f", "box2i": "<4i", "chromaticities": "<8f", "m44f": "<16f"}  # fmt: skip
    if kind not in shapes:
        return None
    found = struct.unpack(shapes[kind], raw)
    return found[0] if len(found) == 1 else list(found)
