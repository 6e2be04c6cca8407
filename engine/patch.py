"""The piece of a frame that holds its faces, as a picture of its own.

Rules of this file:
    - Laid over the plate where its coverage is 1, a patch makes the whole delivery, bit for bit.
    - An EXR file holds at least one pixel, so a patch without a face is the plate's first one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.image import Box, Image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

COVERAGE = "faceplate.patch"
"""A channel of ones: what a compositor masks with, since plates may have no alpha of 1."""


def patch_of(
    image: Image, channels: Mapping[str, NDArray[Any]], matte: NDArray[np.float32]
) -> Image:
    """Return the least rectangle that holds all of the matte, under the whole display window.

    Args:
        image: The plate; its beauty's attributes and alpha are kept, its other channels and parts
            are not repeated.
        channels: R, G, B and layers, ``(h, w)`` over the beauty's data window, in the plate's
            types, scene-linear.
        matte: ``(h, w)`` float32 in [0, 1]: what differs from the plate lies where it is not 0.

    Returns:
        An image of one part with `COVERAGE` beside those channels.
    """
    part = image.beauty
    window = _bounds(matte, part.data_window)
    place = window.slices(part.data_window)
    alpha = part.channels.get("A")
    held = {"A": alpha, **channels} if alpha is not None else channels
    cut: dict[str, NDArray[Any]] = {name: samples[place] for name, samples in held.items()}
    cut[COVERAGE] = np.ones((window.height, window.width), np.float16)
    made = replace(part, channels=cut, data_window=window)
    return Image((made,), image.display_window, note=image.note)


def _bounds(matte: NDArray[np.float32], data_window: Box) -> Box:
    left, top = data_window.left, data_window.top
    rows, columns = (np.flatnonzero((matte > 0).any(axis)) for axis in (1, 0))
    if not rows.size:
        return Box(left, top, left, top)
    x, y = columns[[0, -1]].tolist(), rows[[0, -1]].tolist()
    return Box(left + x[0], top + y[0], left + x[1], top + y[1])
