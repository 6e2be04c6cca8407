"""Laying restored crops back into the plate.

Rules of this file:
    - What is delivered is the plate plus a weighted change. Where that change is 0 the plate's
      bits stay as they are: NaN payloads, infinities and the sign of zero included.
    - Only the patches' own pixels are computed.
    - A finite sample never becomes infinite by rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from engine.faces.transform import resample
from engine.image import BEAUTY, Box

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.faces.transform import Transform


@dataclass(frozen=True, slots=True)
class Patch:
    """What is to change in one crop.

    Attributes:
        delta: ``(3, H, W)`` float32, scene-linear in the plate's colourspace: what is added.
        matte: ``(H, W)`` float32 in [0, 1]: how much of it.
        transform: Where the crop lies.
        confidence: ``(H, W)`` float32 in [0, 1]; None for 1 everywhere.
    """

    delta: NDArray[np.float32]
    matte: NDArray[np.float32]
    transform: Transform
    confidence: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Pasted:
    """A plate with its patches.

    Attributes:
        channels: R, G and B over the data window, in the plate's dtypes.
        shape: Rows and columns of the data window.
        place: The part of it that holds every patch.
        spots: Mattes together and confidence of the patches there, ``(2, h, w)`` float32 in
            [0, 1]; confidence is 0 outside the matte.
    """

    channels: dict[str, NDArray[Any]]
    shape: tuple[int, int]
    place: tuple[slice, slice]
    spots: NDArray[np.float32]

    @property
    def matte(self) -> NDArray[np.float32]:
        """The patches' mattes together, ``(h, w)`` float32 in [0, 1], over the data window."""
        return self._spread(0)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """That of the patches, ``(h, w)`` float32 in [0, 1]; 0 outside the matte."""
        return self._spread(1)

    def _spread(self, layer: int) -> NDArray[np.float32]:
        whole = np.zeros(self.shape, np.float32)
        whole[self.place] = self.spots[layer]
        return whole


class _Landed(NamedTuple):
    """A patch in plate pixels: where in the data window, and what goes there."""

    box: Box
    delta: NDArray[np.float32]
    matte: NDArray[np.float32]
    confidence: NDArray[np.float32]


def paste(
    channels: Mapping[str, NDArray[Any]],
    data_window: Box,
    patches: Sequence[Patch],
    free: NDArray[np.bool_] | None = None,
) -> Pasted:
    """Return the plate with every patch's change added.

    Where mattes overlap and their sum m is above 1, each counts by its share of m. A change that
    is not finite is left out, and so is every change of a sample that is not finite.

    Args:
        channels: R, G and B, ``(h, w)`` float16 or float32, scene-linear, over `data_window`;
            they are not written to.
        data_window: Where the samples lie.
        patches: In an order that does not vary, because sums depend on it.
        free: ``(h, w)`` over `data_window`, where pixels may change; None for everywhere.
    """
    shape = data_window.height, data_window.width
    landed = [spot for patch in patches if (spot := _landed(patch, data_window)) is not None]
    if not landed:
        nothing = np.zeros((2, 0, 0), np.float32)
        return Pasted(dict(channels), shape, (slice(0, 0), slice(0, 0)), nothing)
    if free is not None:
        landed = [
            spot._replace(matte=np.where(free[spot.box.slices(data_window)], spot.matte, 0))
            for spot in landed
        ]
    around = reduce(Box.union, (spot.box for spot in landed))
    total, confidence = spots = np.zeros((2, around.height, around.width), np.float32)
    for spot in landed:
        total[spot.box.slices(around)] += spot.matte
    change = np.zeros((len(BEAUTY), around.height, around.width), np.float32)
    for spot in landed:
        place = spot.box.slices(around)
        there = total[place]
        weight = spot.matte / np.maximum(there, 1)
        # A weight of 0 must also silence what is not finite.
        change[:, *place] += np.where(weight > 0, weight * _finite(spot.delta), 0)
        share = np.divide(spot.matte, there, out=np.zeros_like(there), where=there > 0)
        confidence[place] += share * spot.confidence
    new = {name: channels[name].copy() for name in BEAUTY}
    place = around.slices(data_window)
    for name, added in zip(BEAUTY, change, strict=True):
        add(channels[name][place], added, new[name][place])
    np.minimum(spots, 1, out=spots)
    return Pasted(new, shape, place, spots)


def _landed(patch: Patch, data_window: Box) -> _Landed | None:
    """Return the patch in plate pixels, None where it misses the data window."""
    transform = patch.transform
    confidence = np.ones_like(patch.matte) if patch.confidence is None else patch.confidence
    box = transform.footprint.intersection(data_window)
    if box is None:
        return None
    if transform.native:
        rows, columns = box.slices(transform.footprint)
        return _Landed(
            box,
            patch.delta[:, rows, columns],
            patch.matte[rows, columns],
            confidence[rows, columns],
        )
    origin = (
        (box.left - transform.left) / transform.step,
        (box.top - transform.top) / transform.step,
    )

    def read(planes: NDArray[np.float32], border: int) -> NDArray[np.float32]:
        shape = box.height, box.width
        step = 1 / transform.step
        return resample(planes, origin, step, shape, interpolation=cv2.INTER_LINEAR, border=border)

    return _Landed(
        box,
        read(_finite(patch.delta), cv2.BORDER_REPLICATE),
        read(patch.matte[None], cv2.BORDER_CONSTANT)[0],
        read(confidence[None], cv2.BORDER_REPLICATE)[0],
    )


def _finite(delta: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(np.isfinite(delta), delta, np.float32(0))


def add(plate: NDArray[Any], change: NDArray[np.float32], out: NDArray[Any]) -> None:
    """Write plate + change to `out`, in its dtype, where there is a change.

    Args:
        plate: ``(h, w)`` float16 or float32.
        change: ``(h, w)`` float32; 0 and -0.0 change nothing.
        out: Holds the plate's samples already.
    """
    where = (change != 0) & np.isfinite(plate)
    most = np.finfo(out.dtype).max
    # In double, where the sum of two floats can be clamped before it overflows.
    changed = plate[where].astype(np.float64) + change[where]
    out[where] = np.clip(changed, -most, most).astype(out.dtype)
