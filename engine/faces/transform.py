"""Where a crop lies in its plate, and how pixels get into it.

Rules of this file:
    - Plate coordinates are those of OpenEXR's windows: pixel (x, y) has its centre at x, y, and
      both may be negative. Crop coordinates begin at 0, 0.
    - A crop never turns: boxes without landmarks say nothing of a head's roll.
    - A native crop holds the plate's very bits; only an aligned crop is resampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.image import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Transform:
    """Where a crop lies in its plate: crop pixel (u, v) is at left + u * step, top + v * step.

    There is no rotation, because boxes carry no landmarks to take it from.

    Attributes:
        shape: The crop's H and W.
        left: Plate x of the crop's first column.
        top: Plate y of its first row.
        step: Plate pixels per crop pixel.
        centre: Plate x and y of the head, where it is not the crop's centre.
        reach: Plate pixels from there to the rim of the head's matte; None for half the crop.
    """

    shape: tuple[int, int]
    left: float
    top: float
    step: float = 1.0
    centre: tuple[float, float] | None = None
    reach: float | None = None

    @property
    def native(self) -> bool:
        """Whether crop pixels are plate pixels."""
        return self.step == 1 and float(self.left).is_integer() and float(self.top).is_integer()

    @property
    def footprint(self) -> Box:
        """The plate pixels that the crop reads and writes; it may lie partly outside the plate."""
        height, width = self.shape
        if self.native:
            left, top = int(self.left), int(self.top)
            return Box(left, top, left + width - 1, top + height - 1)
        return Box(
            floor(self.left - self.step) - 1,
            floor(self.top - self.step) - 1,
            ceil(self.left + width * self.step) + 1,
            ceil(self.top + height * self.step) + 1,
        )


def cut_out(
    planes: NDArray[np.float32], data_window: Box, transform: Transform
) -> NDArray[np.float32]:
    """Return the crop; outside the samples, those at their edge are repeated.

    Args:
        planes: ``(3, h, w)`` float32 samples over `data_window`; the result is in their space.
        data_window: Where the samples lie.
        transform: Where the crop lies. A native crop holds the samples' very bits, an aligned one
            is interpolated bicubically when enlarged and averaged when shrunk.

    Returns:
        ``(3, H, W)`` float32.
    """
    height, width = transform.shape
    if transform.native:
        box = transform.footprint
        rows = np.clip(np.arange(box.top, box.bottom + 1) - data_window.top, 0, planes.shape[1] - 1)
        columns = np.arange(box.left, box.right + 1) - data_window.left
        return planes[:, rows[:, None], np.clip(columns, 0, planes.shape[2] - 1)]
    x, y = transform.left - data_window.left, transform.top - data_window.top
    rows, x_columns = (
        _reading(start, count, transform.step, size)
        for start, count, size in ((y, height, planes.shape[1]), (x, width, planes.shape[2]))
    )
    return resample(
        planes[:, rows, x_columns],
        (x - x_columns.start, y - rows.start),
        transform.step,
        (height, width),
        interpolation=cv2.INTER_LINEAR if transform.step > 1 else cv2.INTER_CUBIC,
        border=cv2.BORDER_REPLICATE,
    )


def resample(
    planes: NDArray[np.float32],
    origin: tuple[float, float],
    step: float,
    shape: tuple[int, int],
    *,
    interpolation: int,
    border: int,
) -> NDArray[np.float32]:
    """Return planes read at a regular grid; coarser grids average what lies between.

    Args:
        planes: ``(C, h, w)`` float32, C at most 4.
        origin: x and y in `planes` of the result's first sample.
        step: Distance of the result's samples in those of `planes`.
        shape: The result's H and W.
        interpolation: OpenCV's name of the kernel.
        border: OpenCV's name of what lies outside; a constant border is 0.

    Returns:
        ``(C, H, W)`` float32.
    """
    finer = max(ceil(step), 1)
    (height, width), (x, y) = shape, origin
    # The mean of finer * finer reads, spread evenly over a sample's area, stands for that area.
    shift = step * (0.5 / finer - 0.5)
    to_planes = np.array([[step / finer, 0, x + shift], [0, step / finer, y + shift]])
    fine = cv2.warpAffine(
        np.ascontiguousarray(planes.transpose(1, 2, 0)),
        to_planes,
        (width * finer, height * finer),
        flags=interpolation | cv2.WARP_INVERSE_MAP,
        borderMode=border,
        borderValue=(0, 0, 0, 0),
    )
    if finer > 1:
        fine = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    read = np.asarray(fine, np.float32).reshape(height, width, planes.shape[0])
    return np.ascontiguousarray(read.transpose(2, 0, 1))


def _reading(start: float, count: int, step: float, size: int) -> slice:
    """Return the samples that an aligned crop reads along one axis, at least one."""
    first = min(max(floor(start - step) - 2, 0), size - 1)
    return slice(first, max(min(ceil(start + count * step) + 3, size), first + 1))
