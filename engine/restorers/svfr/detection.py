"""Faces as the official program finds and crops them, but for its detector itself.

The published detector is TorchScript, a file that holds code: it is never loaded. The engine's own
detector finds faces; this module keeps what the official program does around its detector, so that
it can be compared: the picture that the detector gets, the meaning of what it returns, the square
that is cut out of a video, and grey.

Boxes are pixels, display-referred pictures are uint8 RGB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SHORT_SIDE = 416
MULTIPLE = 32
LEAST_SCORE = 0.5
MOST_OVERLAP = 0.45
EXPANSION = 0.4
"""How much is added to a box at each side, in box sizes."""


class Faces(NamedTuple):
    """Faces in a picture, the surest first.

    Attributes:
        boxes: ``(N, 4)`` float64 x, y, width, height.
        points: ``(N, 5, 2)`` float64 x, y.
        scores: ``(N,)`` float64.
    """

    boxes: NDArray[np.float64]
    points: NDArray[np.float64]
    scores: NDArray[np.float64]


def detector_shape(height: int, width: int) -> tuple[int, int]:
    """Return height and width of what the detector gets for a picture."""
    short = min(height, width)
    return _multiple(height * SHORT_SIDE / short), _multiple(width * SHORT_SIDE / short)


def _multiple(side: float) -> int:
    return int(side + MULTIPLE - 1) // MULTIPLE * MULTIPLE


def detector_input(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what the detector gets, ``(1, 3, h, w)`` in [0, 1], of a picture ``(H, W, 3)``."""
    height, width = detector_shape(*picture.shape[:2])
    stretched = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    return stretched.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)


def decode_faces(
    predicted: NDArray[np.float32], shape: tuple[int, int], picture: tuple[int, int]
) -> Faces:
    """Return the faces that the detector's output means.

    Args:
        predicted: ``(n, 16)`` centre x, y, width, height, sureness, five points, sureness of the
            class; in pixels of the detector's input.
        shape: Height and width of that input.
        picture: Height and width of the picture.
    """
    sure = predicted[predicted[:, 4] > LEAST_SCORE]
    scores = sure[:, 4] * sure[:, 15]
    sure, scores = sure[scores > LEAST_SCORE], scores[scores > LEAST_SCORE]
    half = sure[:, 2:4] / np.float32(2)
    boxes = np.concatenate([sure[:, :2] - half, sure[:, :2] + half], 1)
    kept = _greedy(boxes, scores)
    scale = np.array([picture[1] / shape[1], picture[0] / shape[0]])
    boxes = boxes[kept].astype(np.float64) * np.tile(scale, 2)
    boxes[:, 2:] -= boxes[:, :2]
    points = sure[kept, 5:15].astype(np.float64).reshape(-1, 5, 2) * scale
    return Faces(boxes, points, scores[kept].astype(np.float64))


def _greedy(boxes: NDArray[np.floating], scores: NDArray[np.floating]) -> list[int]:
    """Return the surest boxes of which none overlaps a surer one too much."""
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept: list[int] = []
    left = np.argsort(-scores, kind="stable")
    while len(left):
        best, left = int(left[0]), left[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[left, :2])
        high = np.minimum(boxes[best, 2:], boxes[left, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        left = left[shared / (areas[best] + areas[left] - shared) <= MOST_OVERLAP]
    return kept


def official_largest(boxes: NDArray[np.float64]) -> int:
    """Return the face that the official program calls the largest.

    That is the last one larger than the first, or the first: not always the largest.
    """
    areas = boxes[:, 2] * boxes[:, 3]
    larger = np.flatnonzero(areas > areas[0])
    return int(larger[-1]) if len(larger) else 0


def union(boxes: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    """Return the box that holds all boxes; left, top, right, bottom."""
    every = np.asarray(boxes, np.float64)
    left, top = every[:, :2].min(0)
    right, bottom = every[:, 2:].max(0)
    return float(left), float(top), float(right), float(bottom)


def square(
    box: Sequence[float], height: int, width: int, expansion: float = EXPANSION
) -> tuple[int, int, int, int]:
    """Return the square that is cut out around a box; left, top, right, bottom in whole pixels.

    The box grows at each side and is held to the picture; its longer side is cut to the shorter, as
    near to the old centre as it can be.
    """
    sides: list[tuple[float, float, float]] = []
    for low, high, bound in ((box[0], box[2], width), (box[1], box[3], height)):
        more = (high - low) * expansion
        sides.append((max(low - more, 0.0), min(high + more, float(bound)), (low + high) / 2))
    side = min(high - low for low, high, _ in sides)
    first = [min(max(centre - side / 2, low), high - side) for low, high, centre in sides]
    left, top = first
    return round(left), round(top), round(left + side), round(top + side)


def grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture ``(H, W, 3)`` without its colours, as Pillow takes them away."""
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def resized(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the picture ``(side, side, 3)``, resampled as Pillow does by default."""
    return np.asarray(Image.fromarray(picture).resize((side, side)))
