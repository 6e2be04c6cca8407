"""Brows, beards and the cropped scalp: hairs that are painted onto the skin.

Rules of this file:
    - Every function returns coverage in [0, 1] over the canvas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from training.faces.hair import hairline
from training.faces.identity import Beard, Identity
from training.faces.section import MOUTH_LINE, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.faces.canvas import Canvas
    from training.faces.geometry import Measures

    Floats = NDArray[np.floating[Any]]


BROW_HAIRS = 170
BEARD_HAIRS = {Beard.STUBBLE: 2600, Beard.MOUSTACHE: 900, Beard.FULL: 4200}


def brow_line(along: Floats, m: Measures) -> Floats:
    """Return points ``(N, 2)`` of the right brow, from its inner end, 0, to its outer, 1."""
    x = m.eye_x - 0.19 + 0.36 * along
    arch = np.sin(np.pi * np.clip(along, 0, 1) ** 1.5) * m.brow_arch
    return np.stack([x, m.brow_y + 0.015 - arch + 0.03 * along**4], -1)


def brow_hairs(identity: Identity, canvas: Canvas) -> Floats:
    """Return the brows."""
    rng, m = canvas.rng, canvas.head.measures
    weight = 1 + 0.22 * identity.shape.brow_weight
    count = int(BROW_HAIRS * weight)
    cover = np.zeros_like(canvas.x, np.float32)
    for side in (-1, 1):
        along = np.sort(rng.beta(1.1, 1.25, count))
        thick = 0.027 * weight * (1 - 0.65 * along**1.5) * smooth(-0.12, 0.12, along)
        roots = brow_line(along, m)
        roots[:, 1] += rng.uniform(-1, 1, count) * thick
        lean = np.interp(along, [0, 0.25, 1], [1.35, 0.55, -0.25]) + rng.normal(0, 0.16, count)
        reach = rng.uniform(0.03, 0.06, count)
        ends = roots + np.stack([np.cos(lean) * reach, -np.sin(lean) * reach], -1)
        mirror = np.array([side, 1])
        cover = np.maximum(
            cover, canvas.strokes(roots * mirror, ends * mirror, np.ones(count, int))
        )
    return np.clip(cover + 0.55 * cv2.GaussianBlur(cover, (0, 0), 3), 0, 1)


def scalp(identity: Identity, canvas: Canvas) -> Floats:
    """Return how densely the scalp is covered behind the hairline."""
    above = hairline(np.abs(canvas.angle), identity) - canvas.y
    ragged = above + 0.02 * canvas.noise(3)
    return smooth(-0.02, 0.06, ragged) * (0.75 + 0.15 * np.clip(canvas.noise(1.5), -1, 1))


def beard_hairs(identity: Identity, canvas: Canvas) -> tuple[Floats, Floats]:
    """Return the hairs and the shadow that their roots give."""
    rng = canvas.rng
    region = _region(identity, canvas)
    count = BEARD_HAIRS[identity.beard]
    points = np.stack([rng.uniform(-0.72, 0.72, 4 * count), rng.uniform(0.2, 1.0, 4 * count)], -1)
    at = np.clip(np.round(canvas.place(points)), 0, canvas.x.shape[0] - 1).astype(int)
    points = points[region[at[:, 1], at[:, 0]] > rng.uniform(0.15, 1, len(points))][:count]
    reach = {Beard.STUBBLE: 0.012, Beard.MOUSTACHE: 0.05, Beard.FULL: 0.06}[identity.beard]
    lean = np.arctan2(1.0, 1.6 * points[:, 0] / 0.6) + rng.normal(0, 0.3, len(points))
    length = reach * rng.uniform(0.6, 1.2, len(points))
    ends = points + np.stack([np.cos(lean) * length, np.sin(lean) * length], -1)
    ends[:, 1] = np.minimum(ends[:, 1], 0.999)
    hairs = canvas.strokes(points, ends, np.ones(len(points), int)).astype(np.float64)
    if identity.beard is Beard.STUBBLE:
        return 0.6 * hairs * region, 0.8 * region
    dense = smooth(0.25, 0.8, region + 0.12 * canvas.noise(2.5))
    return np.clip(0.55 * hairs * (region > 0.05) + 0.75 * dense, 0, 1), region


def _region(identity: Identity, canvas: Canvas) -> Floats:
    """Return where a beard grows."""
    x, y, m = np.abs(canvas.x), canvas.y, canvas.head.measures
    lip = smooth(0.45, 0.5, y) * (1 - smooth(0.545, 0.575, y + 0.05 * x))
    lip = lip * (1 - smooth(m.mouth_half - 0.01, m.mouth_half + 0.06, x))
    if identity.beard is Beard.MOUSTACHE:
        return lip
    cheek = 0.68 - 0.62 * smooth(0.2, 0.62, x)
    jaw = smooth(-0.05, 0.13, y - cheek + 0.02 * canvas.noise(12) + 0.015 * canvas.noise(3)) * (
        1 - smooth(1.02, 1.15, y)
    )
    edge = MOUTH_LINE + m.lip_lower + 0.015 + 0.03 * (x < 0.05)
    mouth = (1 - smooth(m.mouth_half, m.mouth_half + 0.04, x)) * (1 - smooth(edge, edge + 0.03, y))
    return np.maximum(lip, jaw * (1 - mouth)) * (np.abs(canvas.angle) < 88)
