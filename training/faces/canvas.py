"""The sheet on which a skin is painted: the head unrolled.

Rules of this file:
    - Places are head units of the shut face; the sheet spends most of its pixels on the front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from training.faces.geometry import ANGLES, HEIGHTS, MOUTH_ROW, ROWS, Head
from training.faces.section import smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]


SIDE = 640
"""Rows and columns of the sheet."""


class Canvas:
    """The painting under work, in head coordinates."""

    def __init__(self, head: Head, rng: np.random.Generator) -> None:
        self.rng = rng
        self.head = head
        angle = np.interp(np.abs(ANGLES), [0, 62, 110, 180], [0, 0.36, 0.46, 0.5]) * np.sign(ANGLES)
        self._column = (angle + 0.5) * (SIDE - 1)
        height = np.concatenate([HEIGHTS, 1.0 + 0.06 * np.arange(1, ROWS - len(HEIGHTS) + 1)])
        height = height + 1e-4 * np.arange(ROWS)  # the rows of a shut mouth stay apart
        self._row = np.interp(height, [-1, -0.75, 1.02, 1.7], [0, 0.06, 0.84, 1.0]) * (SIDE - 1)
        pixel = np.arange(SIDE)
        columns = np.interp(pixel, self._column, np.arange(len(ANGLES))).astype(np.float32)
        rows = np.interp(pixel, self._row, np.arange(ROWS)).astype(np.float32)
        column, row = np.tile(columns, (SIDE, 1)), np.tile(rows[:, None], (1, SIDE))
        where = cv2.remap(head.flat.astype(np.float32), column, row, cv2.INTER_LINEAR)
        self.x: Floats = np.ascontiguousarray(where[..., 0], np.float32)
        self.y: Floats = np.ascontiguousarray(where[..., 1], np.float32)
        angles = np.interp(columns, np.arange(len(ANGLES)), ANGLES).astype(np.float32)
        self.angle = np.broadcast_to(angles, (SIDE, SIDE))
        # Rows of the neck lie wide apart: grains would become streaks.
        self.fine = 1 - 0.85 * smooth(0.97, 1.08, self.y)
        self.lower = row > MOUTH_ROW + 0.5

    @property
    def where(self) -> NDArray[np.float32]:
        """The vertices' places in the painting."""
        return np.stack(np.meshgrid(self._column, self._row), -1).astype(np.float32)

    def bump(self, x: float, y: float, wide: float, high: float) -> NDArray[np.float32]:
        """Return a soft spot on each side of the face."""
        spot = np.exp(-(((np.abs(self.x) - x) / wide) ** 2) - ((self.y - y) / high) ** 2)
        return spot * (np.abs(self.angle) < 110)

    def noise(self, coarse: float) -> NDArray[np.float32]:
        """Return soft noise of unit deviation whose grains are `coarse` pixels."""
        side = max(int(SIDE / max(coarse / 2, 1)), 4)
        field = self.rng.standard_normal((side, side), np.float32)
        field = cv2.GaussianBlur(field, (0, 0), min(coarse, 2.0) / 2)
        field = cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        return (field / field.std()).astype(np.float32)

    def place(self, points: Floats) -> Floats:
        """Return where points ``(N, 2)`` of the face's front lie in the painting."""
        rows = np.interp(
            points[:, 1], HEIGHTS + 1e-6 * np.arange(len(HEIGHTS)), self._row[: len(HEIGHTS)]
        )
        nearest = np.clip(np.round(rows), 0, SIDE - 1).astype(int)
        middle = slice(int(SIDE * 0.06), int(SIDE * 0.94))
        columns = [
            np.interp(x, self.x[row, middle], np.arange(middle.start, middle.stop))
            for x, row in zip(points[:, 0], nearest, strict=True)
        ]
        return np.stack([np.array(columns), rows], -1)

    def strokes(
        self, roots: Floats, ends: Floats, widths: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the coverage in [0, 1] of straight hairs drawn from roots to ends."""
        drawn = np.zeros((SIDE, SIDE), np.uint8)
        pairs = np.stack([self.place(roots), self.place(ends)], 1)
        for (root, end), width in zip(
            np.round(pairs * 16).astype(int).tolist(), widths.tolist(), strict=True
        ):
            cv2.line(drawn, root, end, 255, width, cv2.LINE_AA, 4)
        return drawn.astype(np.float32) / np.float32(255)
