"""What colouring keeps: the plate's luma, that is its brightness by display codes.

Luma is Y' of ITU-R BT.709-6, 3.2: a weighted sum of display-referred R, G and B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = (0.2126, 0.7152, 0.0722)
_COLUMN = np.array(WEIGHTS, np.float32)[:, None, None]


def luma(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the luma, ``(…, 1, H, W)``, of display-referred pictures ``(…, 3, H, W)``."""
    return (_COLUMN * pictures).sum(-3, keepdims=True)


def with_luma(
    pictures: NDArray[np.float32],
    wanted: NDArray[np.float32],
    most: NDArray[np.float32] | float = 1,
) -> NDArray[Any]:
    """Return pictures of that luma, with the other pictures' colours as far as they fit.

    Args:
        pictures: ``(…, 3, H, W)``, display-referred, of any luma.
        wanted: ``(…, 1, H, W)`` in [0, `most`].
        most: The brightest code that there may be, ``(…, 1, H, W)``.
    """
    chroma = pictures - luma(pictures)
    room = np.where(chroma > 0, most - wanted, wanted) / np.maximum(np.abs(chroma), 1e-6)
    return np.clip(wanted + np.minimum(room.min(-3, keepdims=True), 1) * chroma, 0, most)
