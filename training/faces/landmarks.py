"""The 68 landmarks in the iBUG order, as places on the head's grid.

Rules of this file:
    - "Right" is the picture's; iBUG counts from the picture's left.
    - A place is fixed to the skin or to the edge of a lid or lip, and moves with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from training.faces.facial_hair import brow_line
from training.faces.geometry import ANGLES, EYE_ROW, HEIGHTS, MOUTH_ROW, Head
from training.faces.section import MOUTH_LINE
from training.faces.skin import lip_bow, lip_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

JAW = ((80, 0.02), (80, 0.19), (80, 0.36), (79, 0.53), (76, 0.68), (69, 0.79), (56, 0.885),
       (33, 0.955), (0, 0.985))  # fmt: skip
"""Longitude in degrees and height of the jaw's points, from the ear to the chin."""


def landmark_places(head: Head) -> NDArray[np.float32]:
    """Return column and row of each landmark, ``(68, 2)``."""
    m = head.measures
    jaw = [(-angle, height) for angle, height in JAW] + list(JAW[-2::-1])
    angles, heights = np.array(jaw).T
    columns = np.interp(angles, ANGLES, np.arange(len(ANGLES)))
    rows = np.interp(heights, HEIGHTS, np.arange(len(HEIGHTS)))
    places = [np.stack([columns, rows], -1)]
    brow = brow_line(np.linspace(0.0, 0.96, 5), m)
    places.append(_on_skin(head, np.concatenate([brow[::-1] * [-1, 1], brow])))
    bridge = np.linspace(-0.04, m.nose_base - 0.055, 4)
    places.append(_on_skin(head, np.stack([0 * bridge, bridge], -1)))
    wing = np.array([-0.8, -0.42, 0, 0.42, 0.8])
    under = m.nose_base + np.array([-0.01, 0.008, 0.018, 0.008, -0.01])
    places.append(_on_skin(head, np.stack([wing * m.nose_half, under], -1)))
    for side in (-1, 1):
        along = np.array([-1, -0.36, 0.36, 1, 0.36, -0.36])
        x = side * m.eye_x + along * m.eye_half
        places.append(_on_edge(head, x, EYE_ROW + np.array([0, 0, 0, 0, 1, 1])))
    places += _mouth(head)
    return np.concatenate(places).astype(np.float32)


def _mouth(head: Head) -> list[NDArray[np.float64]]:
    half = head.measures.mouth_half
    outer = half * np.array([-1, -0.6, -0.25, 0, 0.25, 0.6, 1, 0.6, 0.28, 0, -0.28, -0.6])
    upper, lower = lip_edges(outer, head)
    below = np.arange(12) > 6
    y = MOUTH_LINE + lip_bow(outer) + np.where(below, lower, -upper)
    rim = _on_skin(head, np.stack([outer, y], -1))
    corners = _on_edge(head, outer[[0, 6]], np.array([MOUTH_ROW, MOUTH_ROW]))
    rim[[0, 6]] = corners
    inner = half * np.array([-0.92, -0.4, 0, 0.4, 0.92, 0.4, 0, -0.4])
    lips = _on_edge(head, inner, MOUTH_ROW + (np.arange(8) > 4))
    return [rim, lips]


def landmarks_of(
    places: NDArray[np.float32], projected: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return landmarks ``(68, 2)`` of a grid ``(R, C, 2)`` of points in pixels."""
    grid = np.ascontiguousarray(projected, np.float64)
    column, row = places.T.astype(np.float64)
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    right, bottom = np.minimum(left + 1, grid.shape[1] - 1), np.minimum(top + 1, grid.shape[0] - 1)
    u, v = (column - left)[:, None], (row - top)[:, None]
    above = grid[top, left] * (1 - u) + grid[top, right] * u
    below = grid[bottom, left] * (1 - u) + grid[bottom, right] * u
    return (above * (1 - v) + below * v).astype(np.float32)


def five_of(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return eye centres, nose tip and mouth corners, ``(T, 5, 2)``, of ``(T, 68, 2)``."""
    eyes = [landmarks[:, 36:42].mean(1), landmarks[:, 42:48].mean(1)]
    return np.stack([*eyes, landmarks[:, 30], landmarks[:, 48], landmarks[:, 54]], 1)


def _on_edge(head: Head, x: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    front = np.nonzero(np.abs(ANGLES) < 85)[0]
    columns = [
        np.interp(at, head.flat[row, front, 0], front) for at, row in zip(x, rows, strict=True)
    ]
    return np.stack([np.array(columns), rows.astype(np.float64)], -1)


def _on_skin(head: Head, points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the grid's column and row of points ``(N, 2)`` of the shut face."""
    front = np.nonzero(np.abs(ANGLES) < 85)[0]
    places = np.zeros_like(points)
    for number, (x, y) in enumerate(points):
        row, column = np.interp(y, HEIGHTS, np.arange(len(HEIGHTS))), 0.0
        for _ in range(3):
            column = np.interp(x, head.flat[round(row), front, 0], front)
            line = np.maximum.accumulate(head.flat[: len(HEIGHTS), round(column), 1])
            row = np.interp(y, line, np.arange(len(HEIGHTS)))
        places[number] = column, row
    return places
