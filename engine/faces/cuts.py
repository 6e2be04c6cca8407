"""Finding where a new camera setup begins, from small pictures. Pure functions.

Rules of this file:
    - A cut is a jump that stays: frames before it are unlike every one of the next few. A flash
      comes back, a pan is no faster at one frame than at the next, a lamp keeps the structure.
    - Whether a frame is a cut depends on `LOOKAHEAD` frames after it and as many before it and no
      others, so that a shot can be looked through as a stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

LOOKAHEAD = 2
"""Longest flash, in frames."""
VIEW = (32, 18)
"""Columns and rows that are compared."""
REACH = 2
"""How far, in those columns and rows, the camera may move from one frame to the next."""
NOISE = 4.0
"""Contrast, in code values of 255, below which a picture has no structure."""
CUT = 0.5
"""Least difference of two camera setups."""
PEAK = 2.0
"""How many times the difference on either side a cut's must be."""
PALETTE_LIMIT = 0.25
"""The most that colours alone may add to a difference: half of `CUT`."""


@dataclass(frozen=True, slots=True)
class View:
    """What is compared of a frame.

    Attributes:
        structure: ``(18, 32, 3)`` float32 display-referred code values in [0, 255].
        palette: The same values sorted, ``(576, 3)``.
    """

    structure: NDArray[np.float32]
    palette: NDArray[np.float32]


def view(thumbnail: NDArray[np.uint8]) -> View:
    """Return what is compared of a ``(h, w, 3)`` uint8 display-referred thumbnail."""
    small = cv2.resize(thumbnail, VIEW, interpolation=cv2.INTER_AREA)
    structure = np.asarray(small, np.float32)
    return View(structure, np.sort(structure.reshape(-1, 3), axis=0))


def difference(one: View, other: View) -> float:
    """Return how unlike two frames are: 0 the same, above `CUT` perhaps two camera setups."""
    palette = float(np.abs(one.palette - other.palette).mean()) / 255
    return 1 - _best_correlation(one.structure, other.structure) + min(2 * palette, PALETTE_LIMIT)


def begins_setup(views: Sequence[View], index: int) -> bool:
    """Return whether a new camera setup begins at `views[index]`."""
    if index == 0 or not _unlike(views, index - 1, index):
        return False
    jump = difference(views[index - 1], views[index])
    beside = [near for near in (index - 1, index + 1) if 0 < near < len(views)]
    if any(jump < PEAK * difference(views[near - 1], views[near]) for near in beside):
        return False
    # Frames on both sides of a flash, or of a burst of them, are alike.
    after = range(index + 1, min(index + 1 + LOOKAHEAD, len(views)))
    before = range(max(index - 1 - LOOKAHEAD, 0), index - 1)
    return all(_unlike(views, index - 1, later) for later in after) and all(
        _unlike(views, earlier, index) for earlier in before
    )


def find_cuts(thumbnails: Mapping[int, NDArray[np.uint8]]) -> tuple[int, ...]:
    """Return the frames at which a new camera setup begins, the first frame of all excluded.

    Args:
        thumbnails: Frame number to ``(h, w, 3)`` uint8 display-referred RGB, all of one shape.
    """
    frames = sorted(thumbnails)
    views = [view(thumbnails[frame]) for frame in frames]
    return tuple(frame for index, frame in enumerate(frames) if begins_setup(views, index))


def _unlike(views: Sequence[View], one: int, other: int) -> bool:
    return difference(views[one], views[other]) > CUT


def _best_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the best correlation under small shifts; pictures without structure agree."""
    rows, columns = one.shape[0] - 2 * REACH, one.shape[1] - 2 * REACH
    middle = _centred(one[REACH : REACH + rows, REACH : REACH + columns])
    floor = middle.size * NOISE**2
    best = -1.0
    for down in range(2 * REACH + 1):
        for across in range(2 * REACH + 1):
            moved = _centred(other[down : down + rows, across : across + columns])
            scale = float(np.sqrt(np.vdot(middle, middle) * np.vdot(moved, moved)))
            best = max(best, (float(np.vdot(middle, moved)) + floor) / (scale + floor))
    return best


def _centred(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return pixels - pixels.mean(axis=(0, 1), keepdims=True)
