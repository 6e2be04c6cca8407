"""What an EXR file says that it holds, before a library believes it and asks for as much memory.

References:
    OpenEXR File Layout: data window, display window, channel list and tile description. How far
    a method can pack follows from the methods themselves; see `_MOST_UNPACKED`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from engine.frame_io.exr_layout import channel_kinds, read_headers
from engine.image import MOST_BYTES, MOST_PIXELS, Box
from plugin_host.errors import FrameUnsupported

if TYPE_CHECKING:
    from engine.frame_io.exr_layout import Attribute

_MOST_TILE = 1 << 24  # pixels; libraries unpack whole tiles
# How many bytes one byte of a file may stand for, at most, by compression; others have no limit.
#   NO: 1. RLE: 128 in 2. ZIPS, ZIP: deflate's 1032. PIZ: a run of 255 half in 9 bits of its
#   Huffman code. PXR24: deflate over 3 bytes in 4. B44, B44A: 32 in 3. DWAA, DWAB: deflate over
#   one half for 64 floats.
_MOST_UNPACKED = (1, 64, 1032, 1032, 512, 1376, 11, 11, 132096, 132096)


def check_claims(data: bytes) -> None:
    """Refuse a file that claims more than it can hold, or than is read of any.

    Raises:
        FrameUnsupported: More pixels than `MOST_PIXELS`, more bytes than `MOST_BYTES`, or tiles
            beyond any use.
        ValueError: A window is empty, a sampling is not positive, or so many samples cannot be in
            so few bytes.
        LookupError, struct.error: A header lacks what it must have.
    """
    claimed = sum(_claimed(header, len(data)) for header in read_headers(data)[1])
    if claimed > MOST_BYTES:
        what = f"its samples would take {claimed >> 20} MiB; {MOST_BYTES >> 20} can be read"
        raise FrameUnsupported(what)


def _claimed(header: list[Attribute], length: int) -> int:
    """Return how many bytes a part says that its samples take, unpacked."""
    held = {one.name: one.value for one in header}
    window = _window(held[b"dataWindow"])
    _window(held[b"displayWindow"])
    tile = struct.unpack_from("<II", held[b"tiles"]) if b"tiles" in held else (1, 1)
    if tile[0] * tile[1] > _MOST_TILE:
        raise FrameUnsupported(f"its tiles are {tile[0]}x{tile[1]} pixels, which no plate needs")
    channels = channel_kinds(held[b"channels"]).values()
    if any(min(across, down) < 1 for _, across, down in channels):
        raise ValueError("a channel is sampled nowhere")
    if held.get(b"type", b"").startswith(b"deep"):
        return 8 * len(channels) * window.width * window.height  # the places of their lists
    claimed = sum(
        (2 if kind == 1 else 4) * -(-window.width // across) * -(-window.height // down)
        for kind, across, down in channels
    )
    (compression,) = held[b"compression"]
    most = _MOST_UNPACKED[compression] if compression < len(_MOST_UNPACKED) else claimed
    if claimed > most * length:
        raise ValueError(f"it claims {claimed} bytes of samples, which no {length} bytes can hold")
    return claimed


def _window(value: bytes) -> Box:
    box = Box(*struct.unpack("<4i", value))
    if min(box.width, box.height) < 1:
        raise ValueError("a window is empty")
    if box.width * box.height > MOST_PIXELS:
        claim = f"{box.width}x{box.height} pixels"
        raise FrameUnsupported(f"it claims {claim}; {MOST_PIXELS >> 20} million can be read")
    return box
