"""Overlapping 8 x 8 cosine patches of a plane, and denoising by shrinking their coefficients.

A plane is ``(H, W)`` float32; a grid of patches is ``(rows, columns, ...)``, `step` pixels between
neighbours, the first one `MARGIN` pixels up and left of the plane. Planes of any size, from one
pixel on, are continued by their mirror image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SIDE = 8  # pixels, side of a patch
STEP = 4  # pixels between patches where the history is judged and colour is shrunk
BAND = 64  # rows of patches held at a time: 4K frames stay below 200 MB
MARGIN = SIDE  # pixels added on each side, so that every pixel is in as many patches
THRESHOLD = 2.7  # sigma, coefficients below it are noise in the first pass
WIENER = 0.6  # noise energy that the second pass counts: below 1 keeps texture, measured

_N = np.arange(SIDE)
ORDER: NDArray[np.intp] = (_N[:, None] + _N).ravel()  # how high each of the 64 frequencies is
_COSINES = np.cos(np.pi * np.outer(_N, 2 * _N + 1) / (2 * SIDE)) * np.sqrt(2 / SIDE)
_COSINES[0] *= np.sqrt(0.5)
# (64 coefficients, 64 pixels), orthonormal, and its transpose.
_BACK: Floats = (
    np.einsum("ui,vj->uvij", _COSINES, _COSINES).reshape(SIDE**2, SIDE**2).astype(np.float32)
)
_FORWARD: Floats = np.ascontiguousarray(_BACK.T)
_TAPER = np.outer(np.kaiser(SIDE, 2.0), np.kaiser(SIDE, 2.0)).astype(np.float32)


def shrink(plane: Floats, variance: Floats, noise: Floats, step: int) -> Floats:
    """Return the plane without its noise: by threshold first, then by Wiener along that pilot.

    Args:
        plane: ``(H, W)``.
        variance: ``(H, W)``, how much of the noise is in the plane, relative.
        noise: ``(64,)``, the noise spectrum, in squares of the plane's unit.
        step: Pixels between patches.
    """
    left = patch_means(variance, step)
    pilot = _aggregate(plane, None, left, noise, step)
    return _aggregate(plane, pilot, left, noise, step)


def _aggregate(
    plane: Floats, pilot: Floats | None, variance: Floats, noise: Floats, step: int
) -> Floats:
    """Shrink overlapping patches, and average them; by threshold, or Wiener along a pilot."""
    height, width = plane.shape
    rows, columns = variance.shape
    padded, guide = _padded(plane), None if pilot is None else _padded(pilot)
    sums, weights = np.zeros_like(padded), np.zeros_like(padded)
    for top in range(0, rows, BAND):
        band = slice(top, min(top + BAND, rows))
        spectra = _band(padded, band, step)
        left = variance[band][..., None] * noise
        if guide is None:
            keep = (spectra**2 > THRESHOLD**2 * left).astype(np.float32)
        else:
            power = _band(guide, band, step) ** 2
            keep = power / (power + np.float32(WIENER) * left + np.float32(1e-12))
        keep[..., 0] = 1
        # A patch that kept less is smoother, and counts more.
        weight = 1 / (np.float32(0.01) + (keep**2).mean(-1))
        patches = _product(spectra * keep, _BACK).reshape(*weight.shape, SIDE, SIDE)
        for i in range(SIDE):
            for j in range(SIDE):
                ys = slice(top * step + i, (band.stop - 1) * step + i + 1, step)
                xs = slice(j, (columns - 1) * step + j + 1, step)
                sums[ys, xs] += patches[..., i, j] * (weight * _TAPER[i, j])
                weights[ys, xs] += weight * _TAPER[i, j]
    inner = (slice(MARGIN, MARGIN + height), slice(MARGIN, MARGIN + width))
    return sums[inner] / weights[inner]


def spectra(planes: Floats, step: int) -> Floats:
    """Return the cosine coefficients of every patch, ``(rows, columns, C, 64)``."""
    padded = [_padded(planes[..., c]) for c in range(planes.shape[-1])]
    rows = (padded[0].shape[0] - SIDE) // step + 1
    return np.stack([_band(plane, slice(0, rows), step) for plane in padded], axis=2)


def patch_means(plane: Floats, step: int) -> Floats:
    """Return the mean of every patch, ``(rows, columns)``."""
    means = np.asarray(cv2.blur(_padded(plane), (SIDE, SIDE), anchor=(0, 0)), np.float32)
    height, width = means.shape
    return means[: height - SIDE + 1 : step, : width - SIDE + 1 : step]


def to_pixels(grid: Floats, size: tuple[int, int]) -> Floats:
    """Return values of patches, `STEP` apart, at the pixels, linearly interpolated."""
    rows, columns = grid.shape[:2]
    size_there = (columns * STEP, rows * STEP)
    fine = cv2.resize(np.ascontiguousarray(grid), size_there, interpolation=cv2.INTER_LINEAR)
    # The centre of patch g is padded pixel STEP * g + (SIDE - 1) / 2;
    # resize puts it at STEP * g + (STEP - 1) / 2.
    first = MARGIN - (SIDE - STEP) // 2
    return np.asarray(fine, np.float32)[first : first + size[0], first : first + size[1]]


def _band(padded: Floats, rows: slice, step: int) -> Floats:
    views = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE))[::step, ::step][rows]
    return _product(views.reshape(*views.shape[:2], SIDE * SIDE), _FORWARD)


def _product(spectra: Floats, matrix: Floats) -> Floats:
    """Multiply each of ``(rows, columns, 64)`` by a 64 x 64 matrix.

    In stacks of 64 x 64, which no BLAS splits among threads: the bits do not follow their number.
    """
    flat = spectra.reshape(-1, SIDE * SIDE)
    missing = -len(flat) % 64
    stacked = np.pad(flat, ((0, missing), (0, 0))).reshape(-1, 64, SIDE * SIDE)
    return (stacked @ matrix).reshape(-1, SIDE * SIDE)[: len(flat)].reshape(spectra.shape)


def _padded(plane: Floats) -> Floats:
    height, width = plane.shape
    margins = ((MARGIN, MARGIN - height % -STEP), (MARGIN, MARGIN - width % -STEP))
    return np.pad(plane, margins, mode="symmetric")
