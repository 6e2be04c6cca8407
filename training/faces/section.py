"""The lofted skull: rings of a head from the crown to the base of the neck.

Rules of this file:
    - Head units: 1 is half the distance from crown to chin; the eye line is y = 0, the chin y = 1.
    - x points to the picture's right, y down, z to the viewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.faces.identity import Shape

EYE_LINE = 0.0
"""Height of the row where the lids meet."""
MOUTH_LINE = 0.61
"""Height of the row where the lips meet."""
ROUNDNESS = 2.3
"""Exponent of a ring's superellipse; 2 is an ellipse."""

_HEIGHTS = (-1, -0.975, -0.92, -0.8, -0.6, -0.3, 0, 0.2, 0.4, 0.6, 0.75, 0.88, 0.96, 1.0)
_WIDTHS = (0, 0.2, 0.37, 0.55, 0.69, 0.755, 0.745, 0.72, 0.665, 0.625, 0.57, 0.48, 0.375, 0.27)
_FRONTS = (0, 0.22, 0.4, 0.58, 0.72, 0.79, 0.77, 0.77, 0.775, 0.785, 0.79, 0.8, 0.78, 0.72)
_BACKS = (0, 0.36, 0.55, 0.8, 0.98, 1.08, 1.02, 0.95, 0.8, 0.62, 0.55, 0.5, 0.46, 0.44)

NECK = np.array([
    # y front, y side, width, front, back
    (1.015, 0.81, 0.26, 0.65, 0.45),
    (1.02, 0.83, 0.33, 0.55, 0.45),
    (1.04, 0.87, 0.37, 0.45, 0.47),
    (1.09, 0.93, 0.39, 0.37, 0.50),
    (1.17, 1.04, 0.40, 0.31, 0.52),
    (1.30, 1.19, 0.41, 0.28, 0.54),
    (1.46, 1.40, 0.44, 0.28, 0.56),
    (1.66, 1.62, 0.53, 0.31, 0.58),
    (1.95, 1.92, 0.72, 0.36, 0.60),
])  # fmt: skip
"""The rings below the chin."""


class Rings(NamedTuple):
    """Half-width, depth before and depth behind the axis, each ``(R,)``, in head units."""

    width: NDArray[np.float64]
    front: NDArray[np.float64]
    back: NDArray[np.float64]


def smooth(
    low: float | NDArray[Any], high: float | NDArray[Any], value: NDArray[Any]
) -> NDArray[Any]:
    """Return 0 up to `low`, 1 from `high`, and a cubic between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def skull(shape: Shape, heights: NDArray[np.float64]) -> Rings:
    """Return the rings of the head at heights from the crown, -1, to the chin, 1."""
    width = PchipInterpolator(_HEIGHTS, _WIDTHS)(heights)
    width = width * (
        1
        + 0.035 * shape.face_width
        + 0.045 * shape.jaw_width * np.exp(-(((heights - 0.62) / 0.2) ** 2))
        + 0.12 * shape.chin_width * smooth(0.75, 1.0, heights)
        + 0.03 * shape.cheekbones * np.exp(-(((heights - 0.2) / 0.15) ** 2))
        + 0.03 * shape.forehead * np.exp(-(((heights + 0.5) / 0.25) ** 2))
    )
    front = PchipInterpolator(_HEIGHTS, _FRONTS)(heights)
    back = PchipInterpolator(_HEIGHTS, _BACKS)(heights)
    return Rings(width, front, back)


def loft(
    rings: Rings, angles: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and z of rings.

    Args:
        rings: R rings.
        angles: ``(C,)`` longitude in degrees, 0 in front, positive to the picture's right.

    Returns:
        Two arrays ``(R, C)``.
    """
    sine, cosine = np.sin(np.radians(angles)), np.cos(np.radians(angles))
    power = 2 / ROUNDNESS
    across = np.sign(sine) * np.abs(sine) ** power
    along = np.abs(cosine) ** power
    x = rings.width[:, None] * across
    z = np.where(cosine > 0, rings.front[:, None] * along, -rings.back[:, None] * along)
    return x, z
