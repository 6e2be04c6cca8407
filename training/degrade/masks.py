"""Brush-stroke masks, held still or wandering, and what stands in the holes.

A stroke is the distance to a random walk; a mask is where the nearest stroke is nearer than a
radius. The radius is solved for the share of the picture asked for, and moving the distances
instead of the strokes lets edges glide by fractions of a pixel.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from training.degrade.recipe import SHARES, Brush

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HALVINGS = 24  # of the radius' interval: a share to a ten-millionth


def brush_mask(
    brush: Brush, shape: tuple[int, int, int], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return where pixels are to be made up, 1 in the hole, with edges one pixel soft.

    The mean over the clip is ``brush.share``, and every frame's lies within SHARES: a movement
    that would leave those limits is halved until it does not.

    Args:
        brush: What to paint.
        shape: T, H, W.
        rng: Drawn from.

    Returns:
        ``(T, H, W)`` float32 in [0, 1].
    """
    frames, height, width = shape
    strokes = [_stroke((height, width), rng) for _ in range(brush.strokes)]
    paths = [rng.uniform(0, 2 * math.pi, 3) for _ in strokes]
    reach = brush.motion * min(height, width)
    while True:
        moving = reach > 0.5 / min(height, width)
        distances = np.stack(
            [
                _nearest(strokes, paths, frame / brush.period, reach if moving else 0.0)
                for frame in range(frames if moving else 1)
            ]
        )
        mask = _covering(distances, brush.share)
        shares = mask.mean((1, 2))
        if not moving or (shares.min() >= SHARES[0] and shares.max() <= SHARES[1]):
            return np.ascontiguousarray(np.broadcast_to(mask, shape))
        reach /= 2


def fill_holes(
    pixels: NDArray[np.float32], mask: NDArray[np.float32], fill: str, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return a clip whose holes show something else.

    Args:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        mask: ``(T, H, W)`` float32 in [0, 1], 1 in the hole.
        fill: ``grey`` of code 0.5, the ``mean`` colour of the clip outside its holes, or ``noise``
            of every code alike, new in each frame.
        rng: Drawn from for noise.
    """
    hole = mask[:, None]
    if fill == "noise":
        inside = rng.random(pixels.shape, np.float32)
    elif fill == "mean":
        known = (pixels * (1 - hole)).sum((0, 2, 3)) / (1 - hole).sum()
        inside = known[:, None, None]
    else:
        inside = np.float32(0.5)
    return np.clip(pixels + hole * (inside - pixels), 0, 1).astype(np.float32)


def _stroke(sides: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return distances to a stroke in its widths, over a canvas twice the size of the picture."""
    height, width = sides
    corners = int(rng.integers(4, 10))
    headings = rng.uniform(0, 2 * math.pi) + np.cumsum(rng.normal(0, 0.6, corners))
    lengths = rng.uniform(0.08, 0.25, corners) * min(sides)
    steps = np.stack([np.cos(headings), np.sin(headings)], 1) * lengths[:, None]
    walk = rng.uniform(0.1, 0.9, 2) * (width, height) + np.cumsum(steps, 0)
    # A walk that meets an edge of the picture is thrown back by it.
    edge = np.array([width, height])
    inside = edge - np.abs(walk % (2 * edge) - edge)
    inside += np.array([width // 2, height // 2])
    x, y = np.meshgrid(np.arange(2 * width), np.arange(2 * height))
    # OpenCV's exact distance transform gives other last bits from run to run, so: by hand.
    squares = [_square_distance(x, y, *ends) for ends in itertools.pairwise(inside)]
    return np.asarray(np.sqrt(np.min(squares, 0)) / rng.uniform(0.6, 1.6), np.float32)


def _square_distance(
    x: NDArray[Any], y: NDArray[Any], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far pixels are from a straight line between two points, squared."""
    (dx, dy), (from_x, from_y) = end - start, (x - start[0], y - start[1])
    along = np.clip((from_x * dx + from_y * dy) / (dx * dx + dy * dy + 1e-12), 0, 1)
    return (from_x - along * dx) ** 2 + (from_y - along * dy) ** 2


def _nearest(
    strokes: list[NDArray[np.float32]],
    paths: list[NDArray[np.float64]],
    turns: float,
    reach: float,
) -> NDArray[np.float32]:
    """Return the distance to the nearest stroke, ``(H, W)``, some turns along their ways."""
    height, width = (side // 2 for side in strokes[0].shape)
    seen = []
    for stroke, phases in zip(strokes, paths, strict=True):
        x, y, tilt = np.sin(2 * math.pi * turns + phases)
        turn = 0.2 * tilt * reach / min(height, width)
        cos, sin = math.cos(turn), math.sin(turn)
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        rotation = np.array([[cos, -sin], [sin, cos]])
        offset = (
            middle
            + np.array([width // 2, height // 2])
            + reach * np.array([x, y])
            - rotation @ middle
        )
        view = np.column_stack([rotation, offset])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen.append(
            cv2.warpAffine(
                stroke, view, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
        )
    return np.min(seen, 0)


def _covering(distances: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Return the mask of the radius at which a share of all pixels is covered."""
    low, high = -1.0, float(distances.max()) + 1
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        covered = _soft(distances, middle).mean()
        low, high = (middle, high) if covered < share else (low, middle)
    return _soft(distances, high)


def _soft(distances: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    return np.clip(np.float32(radius + 0.5) - distances, 0, 1)
