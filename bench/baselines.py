"""The rivals of a restorer that cost nothing to have: OpenCV's filters, frame by frame.

Pictures are display-referred sRGB, ``(T, H, W, 3)`` float32 in [0, 1]. A rival whose strength has
to be chosen gets the best one, chosen with the truth known.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.restorer import Task

    Pictures = NDArray[np.float32]
    Baseline = Callable[[Pictures, Pictures, NDArray[np.float32] | None], Callable[[], Pictures]]

NLM_STRENGTHS = (3, 6, 12, 20)
_DIAMETER, _SIGMA_COLOUR, _SIGMA_SPACE = 7, 0.1, 2.0  # pixels, codes of 1, pixels
_SHARPEN_SIGMA, _SHARPEN = 1.5, 0.6  # pixels, share of the detail that is added
_TELEA_RADIUS = 5  # pixels
TINT = (5.3, 7.0)
"""a* and b* of CIELAB, a sepia: the mean over procedural faces and leaves of seeds below 100."""


def bilateral(plate: Pictures) -> Pictures:
    """Smooth what is not an edge."""
    return _each(plate, _bilateral)


def bilateral_unsharp(plate: Pictures) -> Pictures:
    """Smooth what is not an edge, then sharpen."""

    def filtered(frame: Pictures) -> Pictures:
        smooth = _bilateral(frame)
        detail = smooth - cv2.GaussianBlur(smooth, (0, 0), _SHARPEN_SIGMA)
        return np.asarray(np.clip(smooth + _SHARPEN * detail, 0, 1), np.float32)

    return _each(plate, filtered)


def non_local_means(plate: Pictures, strength: float) -> Pictures:
    """Average what looks alike; `strength` in codes of 255."""
    codes = np.rint(255 * plate).astype(np.uint8)
    frames = [cv2.fastNlMeansDenoisingColored(c, None, strength, strength) for c in codes]
    return np.asarray(np.stack(frames) / np.float32(255), np.float32)


def best_strength(truth: Pictures, plate: Pictures) -> float:
    """Return the strength of `non_local_means` that suits the middle frame of the clip best."""
    middle = slice(len(plate) // 2, len(plate) // 2 + 1)
    error = {
        strength: np.mean((non_local_means(plate[middle], strength) - truth[middle]) ** 2)
        for strength in NLM_STRENGTHS
    }
    return min(error, key=lambda strength: error[strength])


def telea(plate: Pictures, mask: NDArray[np.float32]) -> Pictures:
    """Fill each frame's holes, ``(T, H, W)`` in [0, 1], from their rims."""
    codes = np.rint(255 * plate).astype(np.uint8)
    filled = plate.copy()
    for frame, code, hole in zip(filled, codes, mask > 0, strict=True):
        made = cv2.inpaint(code, hole.astype(np.uint8), _TELEA_RADIUS, cv2.INPAINT_TELEA)
        frame[hole] = made[hole].astype(np.float32) / np.float32(255)
    return filled


def tint(plate: Pictures) -> Pictures:
    """Give every pixel the same a* and b*, and keep its lightness."""

    def tinted(frame: Pictures) -> Pictures:
        lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB)
        lab[..., 1:] = TINT
        return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1), np.float32)

    return _each(plate, tinted)


BASELINES: dict[Task, dict[str, Baseline]] = {
    "bfr": {
        "bilateral": lambda _, plate, __: partial(bilateral, plate),
        "bilateral + unsharp": lambda _, plate, __: partial(bilateral_unsharp, plate),
        "fastNlMeans, h = 6": lambda _, plate, __: partial(non_local_means, plate, 6),
        "fastNlMeans, best h": lambda truth, plate, _: partial(
            non_local_means, plate, best_strength(truth, plate)
        ),
    },
    "colour": {"constant tint": lambda _, plate, __: partial(tint, plate)},
    "inpaint": {"Telea": lambda _, plate, mask: partial(telea, plate, _given(mask))},
}
"""The rivals of each task; given truth, plate and mask, each gets ready what is then timed."""


def _each(plate: Pictures, filtered: Callable[[Pictures], Pictures]) -> Pictures:
    return np.stack([np.asarray(filtered(frame), np.float32) for frame in plate])


def _bilateral(frame: Pictures) -> Pictures:
    return np.asarray(
        cv2.bilateralFilter(frame, _DIAMETER, _SIGMA_COLOUR, _SIGMA_SPACE), np.float32
    )


def _given(mask: NDArray[np.float32] | None) -> NDArray[np.float32]:
    assert mask is not None
    return mask
