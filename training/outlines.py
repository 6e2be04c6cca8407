"""Random outlines of things and the pixels that they cover.

An outline is (P, 2) float32, x and y, around 0 and of a size near 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Outline = NDArray[np.float32]

_SUBPIXEL_BITS = 4


def _disc(generator: np.random.Generator) -> Outline:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    flat = generator.uniform(0.35, 1)
    return np.stack((np.cos(angle), flat * np.sin(angle)), 1).astype(np.float32)


def _polygon(generator: np.random.Generator) -> Outline:
    corners = int(generator.integers(3, 8))
    step = 2 * np.pi / corners
    angle = np.arange(corners) * step + generator.uniform(-0.3, 0.3, corners) * step
    radius = generator.uniform(0.55, 1, corners)
    return (radius[:, None] * np.stack((np.cos(angle), np.sin(angle)), 1)).astype(np.float32)


def _rectangle(generator: np.random.Generator) -> Outline:
    half = np.array([1, np.exp(generator.uniform(np.log(0.12), 0))])
    lean = generator.normal(0, 0.15)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    corners[:, 0] += lean * corners[:, 1]
    return corners.astype(np.float32)


def _blob(generator: np.random.Generator) -> Outline:
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    waves = np.arange(2, 9)
    size = generator.normal(0, 0.5 / waves**1.1)
    radius = 1 + size @ np.cos(waves[:, None] * angle + generator.uniform(0, 6.3, (len(waves), 1)))
    radius = np.clip(radius, 0.15, None) / radius.max()
    return (radius[:, None] * np.stack((np.cos(angle), np.sin(angle)), 1)).astype(np.float32)


def _strand(generator: np.random.Generator) -> Outline:
    along = np.linspace(-1, 1, 24)
    bend = generator.normal(0, 0.4, 2)
    middle = bend[0] * along**2 + bend[1] * along**3
    half = generator.uniform(0.02, 0.14) * np.sqrt(np.clip(1 - along**2, 0.01, 1))
    upper = np.stack((along, middle - half), 1)
    lower = np.stack((along, middle + half), 1)[::-1]
    return np.concatenate((upper, lower)).astype(np.float32)


_OUTLINES: tuple[tuple[Callable[[np.random.Generator], Outline], float], ...] = (
    (_disc, 0.28),
    (_polygon, 0.18),
    (_rectangle, 0.12),
    (_blob, 0.27),
    (_strand, 0.15),
)


def draw_outline(generator: np.random.Generator) -> Outline:
    """Draw an outline: an ellipse, a polygon, a rectangle, a blob or a strand."""
    chosen = generator.choice(len(_OUTLINES), p=[share for _, share in _OUTLINES])
    return _OUTLINES[chosen][0](generator)


def draw_blob(generator: np.random.Generator) -> Outline:
    """Draw a smooth closed outline without corners."""
    return _blob(generator)


def cover(outline: Outline, height: int, width: int) -> NDArray[np.uint8]:
    """Cover the pixels inside an outline given in pixels, to a soft edge half a pixel outside.

    Returns:
        The covered part of each pixel, (height, width) uint8, 255 where it is all covered.
    """
    covered = np.zeros((height, width), np.uint8)
    points = np.rint(outline * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(covered, [points], (255,), cv2.LINE_AA, _SUBPIXEL_BITS)
    return covered
