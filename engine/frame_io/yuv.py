"""Decoded planes of a movie to R, G and B.

Rules of this file:
    - Sums are written out sample by sample: a pixel's bits depend on neither size nor threads.
    - Nothing is clipped: codes below black and above white come through.

References:
    ITU-R BT.601, BT.709, BT.2020: luma coefficients. ITU-T H.273, 8.3: full and limited range.
    ITU-T H.264, Annex E: where chroma samples lie.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_NAME = re.compile(r"(?:(gbr)|yuv)(a?)(j?)(420|422|444)?p(9|10|12|14|16)?(?:le)?")
_SUBSAMPLED = {"420": (2, 2), "422": (1, 2), "444": (1, 1)}
LUMA = {
    1: (0.2126, 0.0722),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
"""Share of red and blue in luma, by MatrixCoefficients of H.273, 8.3."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the planes of a frame are laid out.

    Attributes:
        is_rgb: Planes are G, B, R; otherwise Y, Cb, Cr.
        has_alpha: One plane more, alpha, which is always of the full range.
        is_full: The name itself says that the range is full.
        rows: Rows of luma to a row of chroma.
        columns: Columns of luma to a column of chroma.
        bits: Of a sample.
    """

    is_rgb: bool
    has_alpha: bool
    is_full: bool
    rows: int
    columns: int
    bits: int

    @classmethod
    def of(cls, name: str) -> Layout | None:
        """Read FFmpeg's name of a pixel format; None for one that is not planar Y'CbCr or RGB."""
        match = _NAME.fullmatch(name)
        if match is None or (match[1] is None) == (match[4] is None):
            return None
        rows, columns = _SUBSAMPLED[match[4] or "444"]
        bits = int(match[5] or 8)
        return cls(bool(match[1]), bool(match[2]), bool(match[3]), rows, columns, bits)


def to_rgb(
    planes: Sequence[NDArray[Any]], layout: Layout, matrix: int, *, full: bool
) -> NDArray[np.float32]:
    """Return the pixels of a frame.

    Args:
        planes: ``(H, W)`` codes of luma, and of chroma as many as there are.
        layout: What they are.
        matrix: A key of `LUMA`; not read for RGB.
        full: Whether the codes use the full range.

    Returns:
        ``(3, H, W)`` float32, R'G'B' as encoded: 0 is black, 1 is white.
    """
    step = 1 << (layout.bits - 8)
    black, swing = (0, (1 << layout.bits) - 1) if full else (16 * step, 219 * step)
    if layout.is_rgb:
        green, blue, red = (_scaled(plane, black, swing) for plane in planes[:3])
        return np.stack([red, green, blue])
    light = _scaled(planes[0], black, swing)
    reach = swing if full else 224 * step
    cb, cr = (
        _scaled(_widened(plane, layout, light.shape), 128 * step, reach) for plane in planes[1:3]
    )
    of_red, of_blue = LUMA[matrix]
    of_green = 1 - of_red - of_blue
    red_cr, blue_cb = 2 * (1 - of_red), 2 * (1 - of_blue)
    red = light + np.float32(red_cr) * cr
    blue = light + np.float32(blue_cb) * cb
    green = (
        light
        - np.float32(of_blue * blue_cb / of_green) * cb
        - np.float32(of_red * red_cr / of_green) * cr
    )
    return np.stack([red, green, blue]).astype(np.float32, copy=False)


def _scaled(codes: NDArray[Any], zero: int, swing: int) -> NDArray[np.float32]:
    scaled = (codes.astype(np.float32) - np.float32(zero)) / np.float32(swing)
    return scaled.astype(np.float32, copy=False)


def _widened(plane: NDArray[Any], layout: Layout, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return chroma at every luma sample, linearly between its own.

    A chroma sample lies on the left one of two columns and midway between two rows: H.264's type
    0, which it and HEVC mean where they say nothing, and where 4:2:2 has its samples.
    """
    chroma = plane.astype(np.float32)
    if layout.columns == 2:
        right = np.concatenate([chroma[:, 1:], chroma[:, -1:]], axis=1)
        chroma = np.stack([chroma, (chroma + right) / 2], axis=2).reshape(len(chroma), -1)
    if layout.rows == 2:
        above = np.concatenate([chroma[:1], chroma[:-1]])
        below = np.concatenate([chroma[1:], chroma[-1:]])
        near = chroma * np.float32(0.75)
        pair = [near + above * np.float32(0.25), near + below * np.float32(0.25)]
        chroma = np.stack(pair, axis=1).reshape(-1, chroma.shape[1])
    return chroma[: shape[0], : shape[1]].astype(np.float32, copy=False)
