"""Which picture becomes the reference: the sharpest that looks to the front. Pure functions.

Pictures are ``(3, H, W)`` float32, display-referred sRGB in [0, 1].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIDE = 256
"""Pictures are judged at this side: finer detail is noise as often as skin."""
FACE = 0.6
"""Part of a picture's side that is looked at: brows to chin, without hair and surroundings."""
FRONTAL = 4
"""Power of the symmetry: a head turned by 20 degrees is worth as little as one badly blurred."""


def merit(picture: NDArray[np.float32]) -> float:
    """Return how well a picture would do: the more, the sharper and the more symmetric its face is.

    Args:
        picture: Of a face, upright and in the middle.
    """
    grey = _small(picture.mean(0))
    face = tuple(_middle(length) for length in grey.shape)
    edges = np.abs(cv2.Laplacian(grey, cv2.CV_32F))[face]
    around = grey[face] - grey[face].mean()
    likeness = (around * around[:, ::-1]).sum() / max(float((around * around).sum()), 1e-9)
    return float(edges.mean()) * ((1 + float(likeness)) / 2) ** FRONTAL


def best(pictures: Sequence[NDArray[np.float32]]) -> int:
    """Return the index of the best picture.

    Of equal ones, the one with the last bytes: the order in which they are given does not matter.
    """
    merits = [merit(picture) for picture in pictures]
    return max(range(len(merits)), key=lambda i: (merits[i], pictures[i].tobytes()))


def fitted(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return the middle square of a picture at that side, ``(3, side, side)``."""
    _, height, width = picture.shape
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    part = picture[:, top : top + short, left : left + short].transpose(1, 2, 0)
    if short != side:
        how = cv2.INTER_AREA if short > side else cv2.INTER_CUBIC
        part = cv2.resize(np.ascontiguousarray(part), (side, side), interpolation=how)
    return np.ascontiguousarray(np.clip(part, 0, 1).transpose(2, 0, 1), np.float32)


def _middle(length: int) -> slice:
    edge = round(length * (1 - FACE) / 2)
    return slice(edge, length - edge)


def _small(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    scale = min(1.0, SIDE / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    made = cv2.resize(np.ascontiguousarray(plane, np.float32), size, interpolation=cv2.INTER_AREA)
    return made.astype(np.float32, copy=False)
