"""The matte of a crop: where, and how much of, its change is delivered.

Rules of this file:
    - A matte is softer than its crop is sharp: it reaches exactly 0 before the crop ends, except
      where the plate ends too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.faces.transform import Transform
    from engine.image import Box

MARGIN = 4
"""Crop pixels over which a matte that would end at a crop's border is faded there."""
SHORT = 1 - 1e-6
"""A rim at the crop's border is drawn in by this, so that rounding leaves nothing on the border."""
PLATEAU = 0.7
"""Share of the way from a matte's centre to its rim that is 1."""
ROUNDNESS = 3.0
"""Exponent of the matte's outline: 2 an ellipse, above it ever more a rectangle."""


def soft_matte(
    transform: Transform, data_window: Box, *, whole: bool = False
) -> NDArray[np.float32]:
    """Return where a crop's change is delivered.

    A rounded ellipse about the head, 1 inside and faded by a cosine to exactly 0 at its rim and
    at every border of the crop that lies inside the plate; 0 outside the data window.

    Args:
        transform: Where the crop lies.
        data_window: Where the plate has samples.
        whole: Deliver the change of every pixel of the data window instead.

    Returns:
        ``(H, W)`` float32 in [0, 1], over the crop.
    """
    height, width = transform.shape
    x = transform.left + transform.step * np.arange(width, dtype=np.float64)
    y = transform.top + transform.step * np.arange(height, dtype=np.float64)
    held_x = (x >= data_window.left - 0.5) & (x <= data_window.right + 0.5)
    held_y = (y >= data_window.top - 0.5) & (y <= data_window.bottom + 0.5)
    held = held_y[:, None] & held_x
    if whole:
        return held.astype(np.float32)
    centre = transform.centre or (float(x[0] + x[-1]) / 2, float(y[0] + y[-1]) / 2)
    reach_x = transform.reach or float(x[-1] - x[0]) / 2 * SHORT or 1.0
    reach_y = transform.reach or float(y[-1] - y[0]) / 2 * SHORT or 1.0
    across = np.abs((x - centre[0]) / reach_x) ** ROUNDNESS
    down = np.abs((y - centre[1]) / reach_y) ** ROUNDNESS
    radius = (down[:, None] + across) ** (1 / ROUNDNESS)
    matte = _faded((radius - PLATEAU) / (1 - PLATEAU))
    if transform.reach is not None:
        fade_x = _faded(_nearness(width, held_x, x, (data_window.left, data_window.right)))
        fade_y = _faded(_nearness(height, held_y, y, (data_window.top, data_window.bottom)))
        matte *= fade_y[:, None] * fade_x
    return np.where(held, matte, 0).astype(np.float32)


def _faded(way: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosine fade: 1 up to 0, exactly 0 from 1 on."""
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(way, 0, 1))


def _nearness(
    count: int, held: NDArray[np.bool_], places: NDArray[np.float64], window: tuple[int, int]
) -> NDArray[np.float64]:
    """Return, along one axis, how near each sample is to a border inside the plate: 1 at it."""
    steps = np.arange(count)
    nearness = np.zeros(count)
    if held[0] and places[0] > window[0]:
        nearness = np.maximum(nearness, 1 - steps / MARGIN)
    if held[-1] and places[-1] < window[1]:
        nearness = np.maximum(nearness, 1 - (count - 1 - steps) / MARGIN)
    return nearness
