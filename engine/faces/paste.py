"""Laying restored crops back into the plate.

Rules of this file:
    - What is delivered is the plate plus a weighted change. Where that change is 0 the plate's
      bits stay as they are: NaN payloads, infinities and the sign of zero included.
    - Only the patches' own pixels are computed.
    - A finite sample never becomes infinite by rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from engine.faces.transform import resample
from engine.image import BEAUTY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.faces.transform import Transform
    from engine.image import Box


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
        matte: ``(h, w)`` float32 in [0, 1]: the patches' mattes together.
        confidence: ``(h, w)`` float32 in [0, 1]: that of the patches, 0 outside the matte.
    """

    channels: dict[str, NDArray[Any]]
    matte: NDArray[np.float32]
    confidence: NDArray[np.float32]


class _Landed(NamedTuple):
    """A patch in plate pixels: the rows and columns of the data window, and what goes there."""

    place: tuple[slice, slice]
    delta: NDArray[np.float32]
    matte: NDArray[np.float32]
    confidence: NDArray[np.float32]


def paste(
    channels: Mapping[str, NDArray[Any]], data_window: Box, patches: Sequence[Patch]
) -> Pasted:
    """Return the plate with every patch's change added.

    Where mattes overlap and their sum m is above 1, each counts by its share of m. A change that
    is not finite is left out, and so is every change of a sample that is not finite.

    Args:
        channels: R, G and B, ``(h, w)`` float16 or float32, scene-linear, over `data_window`;
            they are not written to.
        data_window: Where the samples lie.
        patches: In an order that does not vary, because sums depend on it.
    """
    shape = data_window.height, data_window.width
    landed = [spot for patch in patches if (spot := _landed(patch, data_window)) is not None]
    total = np.zeros(shape, np.float32)
    for spot in landed:
        total[spot.place] += spot.matte
    change = np.zeros((len(BEAUTY), *shape), np.float32)
    confidence = np.zeros(shape, np.float32)
    for spot in landed:
        there = total[spot.place]
        weight = spot.matte / np.maximum(there, 1)
        # A weight of 0 must also silence what is not finite.
        change[:, *spot.place] += np.where(weight > 0, weight * _finite(spot.delta), 0)
        share = np.divide(spot.matte, there, out=np.zeros_like(there), where=there > 0)
        confidence[spot.place] += share * spot.confidence
    new = {name: channels[name].copy() for name in BEAUTY} if landed else dict(channels)
    for spot in landed:
        for name, added in zip(BEAUTY, change, strict=True):
            _add(channels[name][spot.place], added[spot.place], new[name][spot.place])
        for layer in (total, confidence):
            np.minimum(layer[spot.place], 1, out=layer[spot.place])
    return Pasted(new, total, confidence)


def _landed(patch: Patch, data_window: Box) -> _Landed | None:
    """Return the patch in plate pixels, None where it misses the data window."""
    transform = patch.transform
    confidence = np.ones_like(patch.matte) if patch.confidence is None else patch.confidence
    box = transform.footprint.intersection(data_window)
    if box is None:
        return None
    place = box.slices(data_window)
    if transform.native:
        rows, columns = box.slices(transform.footprint)
        return _Landed(
            place,
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
        place,
        read(_finite(patch.delta), cv2.BORDER_REPLICATE),
        read(patch.matte[None], cv2.BORDER_CONSTANT)[0],
        read(confidence[None], cv2.BORDER_REPLICATE)[0],
    )


def _finite(delta: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(np.isfinite(delta), delta, np.float32(0))


def _add(plate: NDArray[Any], change: NDArray[np.float32], out: NDArray[Any]) -> None:
    """Write plate + change to `out`, in its dtype, where there is a change."""
    where = (change != 0) & np.isfinite(plate)
    most = np.finfo(out.dtype).max
    # In double, where the sum of two floats can be clamped before it overflows.
    changed = plate[where].astype(np.float64) + change[where]
    out[where] = np.clip(changed, -most, most).astype(out.dtype)
