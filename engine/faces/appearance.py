"""What a face looks like: a signature by which one shot's people are told apart.

No network and no identity: it holds for minutes of one light, not from one shot to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.faces.detect import FaceBox

PATCH = 16
"""Side of the patch of brightness in a signature; colour has a quarter of it."""
COLOUR_UNIT = 20.0
"""Difference in colour, in CIELAB's units, that counts as 1."""


def signature(picture: NDArray[np.uint8], box: FaceBox) -> NDArray[np.float32]:
    """Return what a face looks like, comparable by distance; about 1 between two people.

    The pattern of brightness without level and contrast, and the colours coarsely.

    Args:
        picture: ``(H, W, 3)`` uint8, display-referred RGB.
        box: The face, in the picture's pixels.

    Returns:
        ``(S,)`` float32.
    """
    scale = box.size / PATCH
    x, y = box.centre
    corner = (x - scale * (PATCH - 1) / 2, y - scale * (PATCH - 1) / 2)
    to_picture = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
    # Averaging first keeps noise and detail out of so small a patch.
    smooth = cv2.blur(picture, (max(round(scale), 1),) * 2)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(
        smooth, to_picture, (PATCH, PATCH), flags=how, borderMode=cv2.BORDER_REPLICATE
    )
    lab = cv2.cvtColor(patch.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    brightness = lab[..., 0] - lab[..., 0].mean()
    pattern = brightness / max(float(np.linalg.norm(brightness)), 1.0)
    coarse = cv2.resize(lab, (PATCH // 4, PATCH // 4), interpolation=cv2.INTER_AREA)
    colour = coarse[..., 1:] / (COLOUR_UNIT * PATCH / 4)
    return np.concatenate([pattern.ravel(), colour.ravel()]).astype(np.float32)
