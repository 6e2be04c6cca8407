"""Lens, shake and scaler: blur kernels and resampling.

Rules of this file: a kernel is symmetric about its middle, so that it never moves the picture, and
it sums to 1, so that it never changes a flat one.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from training.degrade.light import in_light

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCALERS = MappingProxyType(
    {
        "area": Image.Resampling.BOX,
        "bilinear": Image.Resampling.BILINEAR,
        "bicubic": Image.Resampling.BICUBIC,
        "lanczos": Image.Resampling.LANCZOS,
    }
)
"""Name to filter; each widens with the factor when it shrinks, as delivery scalers do."""

_DOTS_PER_PIXEL = 16  # how finely a line of motion is drawn


def lens_kernel(major: float, minor: float, angle: float) -> NDArray[np.float32]:
    """Return a Gaussian kernel, ``(K, K)`` float32, K odd.

    Args:
        major: Sigma along the angle, in pixels, above 0.
        minor: Sigma across it, in pixels, above 0; equal to ``major`` it is isotropic.
        angle: Radians from the x axis towards y.
    """
    x, y = _grid(math.ceil(3 * max(major, minor)))
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle)
    weights = np.exp(-((along / major) ** 2 + (across / minor) ** 2) / 2)
    return (weights / weights.sum()).astype(np.float32)


def shake_kernel(length: float, angle: float) -> NDArray[np.float32]:
    """Return the kernel of a straight move of the open shutter, ``(K, K)`` float32, K odd.

    Args:
        length: Pixels moved, at least 0.
        angle: Radians from the x axis towards y.
    """
    radius = math.ceil(length / 2) + 1
    path = np.linspace(-length / 2, length / 2, math.ceil(length * _DOTS_PER_PIXEL) + 1)
    x, y = _grid(radius)
    # A dot between pixels is shared by its neighbours in proportion to their nearness.
    near_x = np.clip(1 - np.abs(path[:, None] * math.cos(angle) - x[0]), 0, 1)
    near_y = np.clip(1 - np.abs(path[:, None] * math.sin(angle) - y[:, 0]), 0, 1)
    weights = near_y.T @ near_x
    return (weights / weights.sum()).astype(np.float32)


def blur(
    pixels: NDArray[np.float32], kernel: NDArray[np.float32], light: str
) -> NDArray[np.float32]:
    """Return a clip through a kernel, every frame and channel alike.

    Args:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        kernel: ``(K, K)`` float32, K odd, sum 1.
        light: Where it is summed: ``linear``, as in a lens, or ``codes``, as in most papers.
    """

    def filtered(values: NDArray[np.float32]) -> NDArray[np.float32]:
        planes = values.reshape(-1, *values.shape[2:])
        out = [cv2.filter2D(p, -1, kernel, borderType=cv2.BORDER_REFLECT) for p in planes]
        return np.asarray(out, np.float32).reshape(values.shape)

    return in_light(light, filtered)(pixels)


def resize(pixels: NDArray[np.float32], size: tuple[int, int], scaler: str) -> NDArray[np.float32]:
    """Return a clip of another size, resampled in codes.

    Args:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        size: Height and width wanted, in pixels, at least 1.
        scaler: A name of SCALERS.
    """
    planes = pixels.reshape(-1, *pixels.shape[2:])
    wanted = (size[1], size[0])
    out = [np.asarray(Image.fromarray(p).resize(wanted, SCALERS[scaler])) for p in planes]
    return np.clip(np.asarray(out, np.float32), 0, 1).reshape(*pixels.shape[:2], *size)


def _grid(radius: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    steps = np.arange(-radius, radius + 1, dtype=np.float64)
    x, y = np.meshgrid(steps, steps)
    return x, y
