"""Light and codes: the sRGB curve as fast tables, and luma.

The curve itself is `engine.frame_io.colour`'s, the only place that knows it. A table of 65536 steps
is a tenth of its cost and at most 0.03 codes of 8 bits away from it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from engine.frame_io.colour import decode_open, encode_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# ITU-R BT.709-6, 3.2: E'Y = 0.2126 E'R + 0.7152 E'G + 0.0722 E'B
RED, GREEN, BLUE = 0.2126, 0.7152, 0.0722

_STEPS = 65536


def to_linear(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scene-linear values of display-referred sRGB codes; float32 in [0, 1], any shape.

    Codes outside [0, 1] are not allowed.
    """
    return _looked_up(_table(decode_open), codes)


def to_codes(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the display-referred sRGB codes of scene-linear values; float32 in [0, 1], any shape.

    Values outside [0, 1] are clipped.
    """
    return _looked_up(_table(encode_open), np.clip(linear, 0, 1))


def in_light(
    light: str, change: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return a change of pixels that is made in ``codes`` or in ``linear`` light.

    What it returns takes and gives display-referred sRGB, float32 in [0, 1], clipped.
    """
    if light == "linear":
        return lambda pixels: to_codes(change(to_linear(pixels)))
    return lambda pixels: np.clip(change(pixels), 0, 1)


def greyscale(pixels: NDArray[np.float32], light: str) -> NDArray[np.float32]:
    """Return a clip without colour, its three channels equal.

    Args:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        light: ``codes``, the luma that video means, or ``linear``, the luminance that film sees.
    """

    def weighed(values: NDArray[np.float32]) -> NDArray[np.float32]:
        weights = np.array([RED, GREEN, BLUE], np.float32)[:, None, None]
        return np.broadcast_to((values * weights).sum(1, keepdims=True), values.shape)

    return np.ascontiguousarray(in_light(light, weighed)(pixels))


@cache
def _table(
    curve: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    table = curve(np.linspace(0, 1, _STEPS, dtype=np.float32))
    table.flags.writeable = False
    return table


def _looked_up(table: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float32]:
    return table[(values * np.float32(_STEPS - 1) + np.float32(0.5)).astype(np.uint16)]
