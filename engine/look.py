"""A frame of a take on disk, for who knows the take and not the job that made it.

Rules of this file:
    - What is handed out is what its receipt says, byte for byte, or nothing.
    - What is opened lies within the roots, links followed.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.fetch import unreadable
from engine.frame_io.exr import read_image
from engine.pixels import lay_out, place, write
from engine.receipt import Receipt, read_receipt
from engine.regular import read_regular
from engine.roots import confine_path
from plugin_host.errors import FrameCorrupt, FrameMissing, MessageOversized
from plugin_host.frame_replies import Looked
from plugin_host.protocol import MOST_PART_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.rings import Ring
    from plugin_host.requests import Look


def look_up(
    look: Look, roots: Sequence[str], ring: Ring | None
) -> tuple[Looked, tuple[bytes, ...]]:
    """Return the reply to a `Look`, and the file or the pixels that ride along.

    Args:
        look: What is asked for.
        roots: Real paths of the folders from which frames are read; none for any.
        ring: The session's slots, where it has any.

    Raises:
        PathRefused: The take lies outside the roots, or is no path of this system.
        FrameMissing: It has no such frame, or none that can be read.
        FrameCorrupt, FrameUnsupported: The file is not what its receipt says, or no picture.
        MessageOversized: What should be sent along is too large for one message.
        SettingsError: A channel or the slot is not there.
    """
    confine_path(look.take, roots)
    receipt, data = _delivered(look, roots)
    told, into = Looked(look.take, look.frame, receipt.status, receipt.sha256), look.into
    if into is None:
        _check_fits(len(data))
        return told, (data,)
    image = read_image(data, frame=look.frame)
    if into.slot is not None or not look.along:
        return replace(told, pixels=place(image, into, ring)), ()
    laid = lay_out(image, into)
    _check_fits(laid.size)
    pixels = bytearray(laid.size)
    write(image, laid, memoryview(pixels), interleaved=into.interleaved)
    return replace(told, pixels=laid), (bytes(pixels),)


def _delivered(look: Look, roots: Sequence[str]) -> tuple[Receipt, bytes]:
    """Return a frame's receipt and its file."""
    take = Path(look.take)
    receipt = read_receipt(take, look.frame, roots=roots)
    if receipt is None:
        raise FrameMissing("the take has not delivered it", frame=look.frame, path=look.take)
    path = take.parent / receipt.file
    try:
        data = read_regular(path, roots=roots)
    except OSError as error:
        raise unreadable(look.frame, path, error) from None
    if hashlib.sha256(data).hexdigest() != receipt.sha256:
        what = "it is not the file that its receipt names; restore it anew"
        raise FrameCorrupt(what, frame=look.frame, path=str(path))
    return receipt, data


def _check_fits(size: int) -> None:
    if size > MOST_PART_BYTES:
        raise MessageOversized("too large for the wire; read it from its path, or into a slot")
