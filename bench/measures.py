"""How close a restoration is to the truth, and how sure the mean over clips is.

All pictures here are display-referred sRGB, ``(T, H, W, 3)`` float32 in [0, 1]; a weight,
``(T, H, W)``, says how much each pixel counts. PSNR and the frame-difference error are those of
`engine.demo_report`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.demo_report import frame_difference_error, psnr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95

# Wang, Bovik, Sheikh, Simoncelli, Image quality assessment, 2004, section III.C: an 11 x 11
# Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, here for a peak of 1.
_WINDOW, _SIGMA, _C1, _C2 = (11, 11), 1.5, 0.01**2, 0.03**2


@dataclass(frozen=True, slots=True)
class Figures:
    """What one method made of one clip.

    Attributes:
        psnr: dB; 120 where nothing differs.
        ssim: 1 where nothing differs.
        flicker: Frame-difference error in codes of 255; 0 where nothing differs.
        colour: Colour error in units of CIELAB; 0 where nothing differs.
    """

    psnr: float
    ssim: float
    flicker: float
    colour: float


def measure(
    truth: NDArray[np.float32], seen: NDArray[np.float32], weight: NDArray[np.float32]
) -> Figures:
    """Take every measure of one clip."""
    return Figures(
        psnr(truth, seen, weight),
        ssim(truth, seen, weight),
        frame_difference_error(truth, seen, weight),
        colour_error(truth, seen, weight),
    )


def ssim(
    truth: NDArray[np.float32], seen: NDArray[np.float32], weight: NDArray[np.float32]
) -> float:
    """Return the structural similarity of the luma, at most 1."""
    maps = [_similarity(_luma(a), _luma(b)) for a, b in zip(truth, seen, strict=True)]
    return float(np.average(np.stack(maps), weights=weight))


def colour_error(
    truth: NDArray[np.float32], seen: NDArray[np.float32], weight: NDArray[np.float32]
) -> float:
    """Return the mean distance in the a*, b* plane of CIELAB: lightness does not count."""
    apart = [
        np.hypot(*np.moveaxis((_lab(a) - _lab(b))[..., 1:], 2, 0))
        for a, b in zip(truth, seen, strict=True)
    ]
    return float(np.average(np.stack(apart), weights=weight))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the bootstrap interval of the mean; the same values give the same ends.

    The mean is taken of as many values as there are, drawn with replacement, `RESAMPLES` times;
    the interval holds the middle `CONFIDENCE` of these means.
    """
    held = np.asarray(values, np.float64)
    rng = np.random.Generator(np.random.PCG64(0))
    means = held[rng.integers(0, len(held), (RESAMPLES, len(held)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _luma(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64)


def _lab(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.float32)


def _similarity(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the similarity around each pixel, ``(H, W)``."""
    mean_a, mean_b, aa, bb, ab = (
        cv2.GaussianBlur(plane, _WINDOW, _SIGMA, borderType=cv2.BORDER_REFLECT)
        for plane in (a, b, a * a, b * b, a * b)
    )
    light = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    variances = aa - mean_a**2 + bb - mean_b**2
    return np.asarray(light * (2 * (ab - mean_a * mean_b) + _C2) / (variances + _C2), np.float64)
