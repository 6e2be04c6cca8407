"""From a grid of points in the picture to the grid coordinates under every pixel.

Rules of this file:
    - Cells are painted from far to near; only those that face the viewer are.
    - Pixel (x, y) has its centre at x, y.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUBPIXEL = 4
"""Binary digits of a corner's fraction of a pixel."""
MARGIN = 64.0
"""Pixels outside the picture up to which a cell's middle may lie."""


class Surface(NamedTuple):
    """What of a grid is seen.

    Attributes:
        box: Rows and columns of the picture that the arrays below cover.
        column: ``(H, W)`` float32, the grid's column under each pixel; 0 where there is none.
        row: ``(H, W)`` float32, its row.
        seen: ``(H, W)`` bool, where there is any.
    """

    box: tuple[slice, slice]
    column: NDArray[np.float32]
    row: NDArray[np.float32]
    seen: NDArray[np.bool_]


def rasterise(
    points: NDArray[np.float64],
    depth: NDArray[np.float64],
    shape: tuple[int, int],
    *,
    facing: int = 1,
    kept: NDArray[np.bool_] | None = None,
) -> Surface:
    """Return which part of a grid each pixel shows.

    Args:
        points: ``(R, C, 2)`` x and y in pixels.
        depth: ``(R, C)``, larger is nearer.
        shape: Rows and columns of the picture.
        facing: 1 for the outside of the grid, -1 for its inside.
        kept: ``(R - 1, C - 1)``, the cells to paint; by default all.
    """
    low = np.clip(np.floor(points.min((0, 1))) - 1, 0, [shape[1] - 1, shape[0] - 1]).astype(int)
    high = np.clip(np.ceil(points.max((0, 1))) + 2, low + 1, [shape[1], shape[0]]).astype(int)
    box = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    shape = int(high[1] - low[1]), int(high[0] - low[0])
    points = points - low
    corners = np.stack([points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]], 2)
    across = (corners[:, :, 1] + corners[:, :, 2] - corners[:, :, 0] - corners[:, :, 3]) / 2
    along = (corners[:, :, 3] + corners[:, :, 2] - corners[:, :, 0] - corners[:, :, 1]) / 2
    area = across[..., 0] * along[..., 1] - across[..., 1] * along[..., 0]
    middle = corners.mean(2)
    inside = ((middle > -MARGIN) & (middle < np.array(shape[::-1]) + MARGIN)).all(-1)
    inside = inside if kept is None else inside & kept
    row, column = np.nonzero((area * facing > 1e-2) & inside)
    near = depth[row, column] + depth[row + 1, column + 1]
    order = np.argsort(near, kind="stable")
    row, column = row[order], column[order]
    chosen = corners[row, column]
    cells = np.zeros(shape, np.int32)
    fixed = np.round(chosen * (1 << SUBPIXEL)).astype(np.int32)
    for number, cell in enumerate(fixed, 1):
        cv2.fillConvexPoly(cells, cell, number, cv2.LINE_8, SUBPIXEL)
    steps = across[row, column], along[row, column], area[row, column]
    columns, rows = _places(cells, _planes(*steps, chosen.mean(1), column, row))
    return Surface(box, columns, rows, cells > 0)


def _planes(
    across: NDArray[np.float64],
    along: NDArray[np.float64],
    area: NDArray[np.float64],
    centre: NDArray[np.float64],
    column: NDArray[np.intp],
    row: NDArray[np.intp],
) -> NDArray[np.float32]:
    """Return ``(N, 8)``: for column and row, the offset, the slopes in x and y, and the least."""
    planes = np.empty((len(area), 2, 4))
    planes[:, 0, 1:3] = np.stack([along[:, 1], -along[:, 0]], -1) / area[:, None]
    planes[:, 1, 1:3] = np.stack([-across[:, 1], across[:, 0]], -1) / area[:, None]
    planes[:, :, 3] = np.stack([column, row], -1)
    planes[:, :, 0] = planes[:, :, 3] + 0.5 - (planes[:, :, 1:3] * centre[:, None]).sum(-1)
    return planes.reshape(-1, 8).astype(np.float32)


def _places(
    cells: NDArray[np.int32], planes: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return column and row under every pixel, kept within the pixel's cell."""
    at = np.flatnonzero(cells)
    y, x = (place.astype(np.float32) for place in np.divmod(at, cells.shape[1]))
    mine = planes.T[:, cells.ravel()[at] - 1]
    columns, rows = np.zeros(cells.shape, np.float32), np.zeros(cells.shape, np.float32)
    for whole, (offset, in_x, in_y, least) in ((columns, mine[:4]), (rows, mine[4:])):
        place = offset + in_x * x + in_y * y
        whole.ravel()[at] = np.clip(place, least, least + 1)
    return columns, rows
