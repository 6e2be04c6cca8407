"""Noise of sensors and films: its spectrum is drawn once, its strength follows the light or not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.frame_io.colour import decode_open
from training.degrade.light import to_codes, to_linear

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MIDDLE = 128  # 8-bit code at which the strength of shot noise is stated


def noise_field(
    shape: tuple[int, int, int, int], colour: float, grain: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return normal noise of unit variance at every pixel, float32.

    Frames are independent of each other.

    Args:
        shape: T, 3, H, W.
        colour: Share of the variance that each channel has for itself: 0 is grey, 1 uncorrelated.
        grain: Sigma in pixels of the Gaussian that the noise is filtered by; 0 is white noise.
        rng: Drawn from.
    """
    frames, channels, height, width = shape
    radius = math.ceil(3 * grain)
    sides = (height + 2 * radius, width + 2 * radius)
    shared = _white((frames, 1, *sides), 1 - colour, rng)
    own = _white((frames, channels, *sides), colour, rng)
    field = np.broadcast_to(shared + own, (frames, channels, *sides))
    if not radius:
        return np.ascontiguousarray(field)
    taps = cv2.getGaussianKernel(2 * radius + 1, grain, cv2.CV_32F)
    taps = np.asarray(taps / np.linalg.norm(taps), np.float32)
    inside = slice(radius, -radius)
    planes = field.reshape(-1, *sides)
    filtered = [cv2.sepFilter2D(p, -1, taps, taps)[inside, inside] for p in planes]
    return np.asarray(filtered, np.float32).reshape(shape)


def gauss(
    pixels: NDArray[np.float32], sigma: float, field: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return a clip with noise that is equally strong everywhere, in codes.

    Args:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        sigma: 8-bit codes.
        field: ``(T, 3, H, W)`` float32 of unit variance.
    """
    return np.clip(pixels + np.float32(sigma / 255) * field, 0, 1, dtype=np.float32)


def shot(
    pixels: NDArray[np.float32], sigma: float, field: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return a clip with the noise of counted photons: its variance follows the scene-linear light.

    The counts are normal with the variance of Poisson's law. Where several photons are counted the
    two are alike; below, in codes next to black, real counts are more uneven.

    Args:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        sigma: 8-bit codes at code 128.
        field: ``(T, 3, H, W)`` float32 of unit variance.
    """
    around = np.array([_MIDDLE - 0.5, _MIDDLE, _MIDDLE + 0.5], np.float32)
    below, middle, above = decode_open(around / np.float32(255))
    # At the middle, sigma codes are sigma * (above - below) of light, and its square is light / N.
    per_photon = np.float32((sigma * (above - below)) ** 2 / middle)
    light = to_linear(pixels)
    return to_codes(light + np.sqrt(light * per_photon) * field)


def _white(
    shape: tuple[int, int, int, int], share: float, rng: np.random.Generator
) -> NDArray[np.float32] | np.float32:
    """Return normal noise of a variance, nothing drawn where there is none."""
    if not share:
        return np.float32(0)
    return np.float32(math.sqrt(share)) * rng.standard_normal(shape, np.float32)
