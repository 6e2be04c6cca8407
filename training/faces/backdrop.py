"""What is behind and below the head: a blurred room, and clothes.

Rules of this file:
    - Painted once for a clip, scene-linear; frames only move it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.faces.section import smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOM = 192
"""Rows and columns of the room: it is blurred."""
CLOTH = 512
"""Rows and columns of the clothes."""
CLOTH_TOP, CLOTH_SPAN = 0.95, 4.0
"""Height of their upper edge and their side, in head units."""


def paint_room(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the room, ``(S, S, 3)`` float32: soft blobs, edges and lights on a gradient."""
    ends = rng.uniform(0.02, 0.55, (2, 2, 3)) ** 1.3
    ends = ends.mean(-1, keepdims=True) * 0.65 + ends * 0.35
    room = cv2.resize(ends.astype(np.float32), (ROOM, ROOM), interpolation=cv2.INTER_LINEAR)
    for _ in range(int(rng.integers(3, 12))):
        shade = (rng.uniform(0.0, 0.9) ** 1.6 * rng.uniform(0.7, 1.3, 3)).tolist()
        x, y = rng.integers(0, ROOM, 2).tolist()
        if rng.random() < 0.5:
            wide, high = rng.integers(8, 90, 2).tolist()
            cv2.rectangle(room, (x, y), (x + wide, y + 2 * high), shade, -1)
        else:
            cv2.circle(room, (x, y), int(rng.integers(4, 40)), shade, -1)
    return np.asarray(cv2.GaussianBlur(room, (0, 0), float(rng.uniform(2, 14))), np.float32)


def room_view(
    room: NDArray[np.float32], size: int, shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the part of the room that is seen, moved by `shift` in picture widths."""
    zoom = 0.75 * ROOM / size
    at = (0.125 + 0.1 * np.clip(shift, -1, 1)) * ROOM
    matrix = np.array([[zoom, 0, at[0]], [0, zoom, at[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    edge = cv2.BORDER_REFLECT
    view = cv2.warpAffine(room, matrix, (size, size), flags=flags, borderMode=edge)
    return np.asarray(view, np.float32)


def paint_clothes(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return shoulders with a neckline, ``(S, S, 4)`` float32 with coverage last."""
    unit = CLOTH_SPAN / CLOTH
    x = ((np.arange(CLOTH) - CLOTH / 2) * unit)[None]
    y = (CLOTH_TOP + np.arange(CLOTH) * unit)[:, None]
    side = np.abs(x)
    slope = rng.uniform(0.2, 0.4)
    top = 1.36 + slope * np.clip(side - 0.4, 0, None) + 2.2 * np.clip(side - 1.3, 0, None) ** 2
    deep = rng.uniform(0.1, 0.45)
    neckline = deep * np.clip(1 - (side / 0.42) ** (1 if rng.random() < 0.4 else 2), 0, 1)
    cover = smooth(-0.012, 0.012, y - top - neckline)
    shade = rng.uniform(0.02, 0.75, 3) ** 1.5
    shade = shade.mean() * 0.5 + shade * 0.5
    cloth = np.ones((CLOTH, CLOTH, 1)) * shade
    kind = rng.random()
    if kind < 0.35:
        period = rng.uniform(0.06, 0.25)
        stripes = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * (y if kind < 0.2 else x) / period))
        cloth = cloth * (1 - 0.5 * stripes[..., None] * np.ones((CLOTH, CLOTH, 1)))
    weave = cv2.GaussianBlur(rng.standard_normal((CLOTH, CLOTH)), (0, 0), 0.7)
    folds = cv2.GaussianBlur(rng.standard_normal((CLOTH, CLOTH)), (0, 0), sigmaX=9, sigmaY=34)
    light = 1 + 0.12 * weave / weave.std() + 0.18 * folds / folds.std()
    seam = np.exp(-(((y - top - neckline - 0.06) / 0.008) ** 2))
    rim = 0.7 + 0.3 * smooth(0.0, 0.1, y - top - neckline)
    cloth = (
        cloth * (light * rim * (1 - 0.35 * seam) * (1.1 - 0.3 * smooth(0.6, 1.7, side)))[..., None]
    )
    return np.dstack([np.clip(cloth, 0.002, 1), cover]).astype(np.float32)


def clothes_view(
    clothes: NDArray[np.float32], size: int, centre: tuple[float, float], scale: float, roll: float
) -> NDArray[np.float32]:
    """Return the clothes, ``(size, size, 4)``, below a head of `scale` pixels a unit."""
    unit = CLOTH_SPAN / CLOTH * scale
    cos, sin = np.cos(roll) * unit, np.sin(roll) * unit
    turn = np.array([[cos, -sin], [sin, cos]])
    corner = np.array(centre) + turn @ [-CLOTH / 2, CLOTH_TOP / CLOTH_SPAN * CLOTH]
    matrix = np.column_stack([turn, corner])
    view = cv2.warpAffine(clothes, matrix, (size, size), flags=cv2.INTER_LINEAR)
    return np.asarray(view, np.float32)
