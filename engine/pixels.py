"""Delivered frames as pixels in a slot, for clients on this machine that want no files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.fetch import unreadable
from engine.frame_io.exr import read_image
from engine.regular import read_regular
from engine.rings import slot_of
from plugin_host.errors import SettingsError
from plugin_host.frame_replies import Fetched, PixelsText

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.image import Box, Image
    from engine.rings import Ring
    from plugin_host.requests import Fetch, Into

_DTYPES: dict[str, type[np.floating[Any]]] = {"half": np.float16, "float": np.float32}


def fetch_pixels(
    fetch: Fetch, path: Path, roots: Sequence[str], ring: Ring | None
) -> tuple[Fetched, tuple[bytes, ...]]:
    """Return the reply to a `Fetch` that says `into`; write its pixels, if they fit.

    Raises:
        FrameMissing, FrameCorrupt, FrameUnsupported: The file cannot be read.
        SettingsError: A channel or the slot is not there.
    """
    into = fetch.into
    assert into is not None
    try:
        data = read_regular(path, roots=roots)
    except OSError as error:
        raise unreadable(fetch.frame, path, error) from None
    image = read_image(data, frame=fetch.frame)
    return Fetched(fetch.job, fetch.frame, pixels=place(image, into, ring)), ()


def place(image: Image, into: Into, ring: Ring | None) -> PixelsText:
    """Write an image's channels into a slot, where one is named and holds them; say how they lie.

    Raises:
        FrameUnsupported: There is no beauty part.
        SettingsError: A channel or the slot is not there.
    """
    laid = lay_out(image, into)
    if into.slot is not None:
        with slot_of(ring, into.slot) as slot:
            if laid.size <= len(slot):
                write(image, laid, slot, interleaved=into.interleaved)
                return replace(laid, slot=into.slot)
    return laid


def lay_out(image: Image, into: Into) -> PixelsText:
    """Return how the beauty part's channels would lie, in no slot yet.

    Raises:
        FrameUnsupported: There is no beauty part.
        SettingsError: No channel was named, or one that is not there, or one of whole numbers.
    """
    part = image.beauty
    for name in into.channels:
        if name not in part.channels and name != "A":
            raise SettingsError(f"no channel {name}; there are {', '.join(part.channels)}")
        if name in part.channels and part.channels[name].dtype.kind != "f":
            raise SettingsError(f"channel {name} holds whole numbers; read it from the file")
    if not into.channels:
        raise SettingsError("name at least one channel")
    window, count = part.data_window, len(into.channels)
    sample = np.dtype(_DTYPES[into.samples]).itemsize
    pixel = sample * count if into.interleaved else sample
    row = pixel * window.width
    return PixelsText(
        slot=None,
        size=sample * count * window.width * window.height,
        channels=into.channels,
        samples=into.samples,
        data_window=_corners(window),
        display_window=_corners(image.display_window),
        row_bytes=row,
        pixel_bytes=pixel,
        channel_bytes=sample if into.interleaved else row * window.height,
    )


def write(image: Image, laid: PixelsText, slot: memoryview, *, interleaved: bool) -> None:
    """Write an image's channels where `laid` says; a missing alpha is 1.

    Args:
        image: Scene-linear, half or float.
        laid: What `lay_out` returned for it.
        slot: At least ``laid.size`` bytes.
        interleaved: As it was laid out.
    """
    part = image.beauty
    shape = (part.data_window.height, part.data_window.width)
    flat = np.frombuffer(slot[: laid.size], _DTYPES[laid.samples])
    count = len(laid.channels)
    target: NDArray[Any] = flat.reshape(*shape, count) if interleaved else flat.reshape(-1, *shape)
    with np.errstate(over="ignore", invalid="ignore"):  # beyond half's range is infinite
        for index, name in enumerate(laid.channels):
            plane = target[..., index] if interleaved else target[index]
            plane[:] = part.channels.get(name, 1.0)


def _corners(box: Box) -> tuple[int, int, int, int]:
    return box.left, box.top, box.right, box.bottom
