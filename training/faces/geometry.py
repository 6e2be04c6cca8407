"""The head as a grid of vertices: rest shape, movements, landmarks.

Rules of this file:
    - One grid, `ROWS` by `ANGLES`; lids and lips are two rows that coincide where they meet, so
      that opening them opens a strip of cells which the renderer fills with eye and mouth.
    - Every movement is a linear displacement, so that landmarks follow the surface exactly.
    - `flat` is where a vertex lies when eyes and mouth are shut: what skin is painted on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.faces.section import EYE_LINE, MOUTH_LINE, NECK, Rings, loft, skull, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.faces.identity import Shape

    Floats = NDArray[np.float64]

_SIDE = (63.5, 68, 72, 76, 80, 84, 87, 90, 93, 96, 100, 106, 115, 128, 145, 162, 180)
ANGLES = np.concatenate([-np.array(_SIDE[::-1]), np.linspace(-60, 60, 49), np.array(_SIDE)])
"""Longitude of the columns in degrees."""
HEIGHTS = np.array([
    -1, -0.985, -0.95, -0.89, -0.81, -0.72, -0.63, -0.54, -0.46, -0.39, -0.33, -0.28, -0.24, -0.2,
    -0.165, -0.13, -0.1, -0.072, -0.046, -0.022, EYE_LINE, EYE_LINE, 0.022, 0.046, 0.075, 0.11,
    0.15, 0.19, 0.23, 0.265, 0.295, 0.32, 0.345, 0.37, 0.39, 0.41, 0.435, 0.465, 0.5, 0.53, 0.555,
    0.575, 0.593, MOUTH_LINE, MOUTH_LINE, 0.628, 0.648, 0.67, 0.695, 0.73, 0.77, 0.81, 0.85, 0.89,
    0.925, 0.955, 0.98, 1.0,
])  # fmt: skip
"""Height of the rows of the head; those of the neck follow."""
EYE_ROW = int(np.argmax(HEIGHTS == EYE_LINE))
"""Index of the upper lid's edge; the lower lid's follows."""
MOUTH_ROW = int(np.argmax(HEIGHTS == MOUTH_LINE))
"""Index of the upper lip's edge; the lower lip's follows."""
ROWS = len(HEIGHTS) + len(NECK)
MOVEMENTS = ("jaw", "round", "wide", "press", "smile", "frown", "brows", "blink", "sneer")
"""Names of the movements; an expression is a number for each, mostly in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Where the features of one head are, in head units."""

    eye_x: float
    eye_half: float
    lid_upper: float
    lid_lower: float
    eye_tilt: float
    nose_base: float
    nose_half: float
    mouth_half: float
    lip_upper: float
    lip_lower: float
    brow_y: float
    brow_arch: float
    iris: float

    @classmethod
    def of(cls, shape: Shape) -> Measures:
        """Return the measures of a shape."""
        return cls(
            eye_x=0.305 + 0.012 * shape.eye_spacing,
            eye_half=0.149 + 0.008 * shape.eye_size,
            lid_upper=0.067 + 0.007 * shape.eye_size,
            lid_lower=0.039 + 0.004 * shape.eye_size,
            eye_tilt=0.008 + 0.012 * shape.eye_tilt,
            nose_base=0.375 + 0.016 * shape.nose_length,
            nose_half=0.135 + 0.014 * shape.nose_width,
            mouth_half=0.24 + 0.018 * shape.mouth_width,
            lip_upper=0.048 + 0.012 * shape.lip_upper,
            lip_lower=0.066 + 0.013 * shape.lip_lower,
            brow_y=-0.185 - 0.016 * shape.brow_height,
            brow_arch=0.035 + 0.014 * shape.brow_arch,
            iris=0.071,
        )


@dataclass(frozen=True, slots=True)
class Head:
    """The surface of one person's head.

    Attributes:
        measures: Where the features are.
        rest: ``(R, C, 3)`` eyes open, mouth shut, face at rest; head units.
        flat: ``(R, C, 2)`` x and y with the eyes shut.
        moves: ``(M, R, C, 3)`` displacement at strength 1 of each of `MOVEMENTS`.
        stiffness: ``(R, 1)`` share of the head's turn that a row follows; the neck follows less.
    """

    measures: Measures
    rest: NDArray[np.float64]
    flat: NDArray[np.float64]
    moves: NDArray[np.float64]
    stiffness: NDArray[np.float64]

    def posed(self, strengths: Floats) -> Floats:
        """Return the surface ``(R, C, 3)`` under movement strengths ``(M,)``."""
        return self.rest + np.tensordot(strengths, self.moves, 1)


def build_head(shape: Shape, beard: float = 0.0) -> Head:
    """Return the surface of a shape.

    Args:
        shape: The head's geometry.
        beard: Thickness in head units that a beard adds to the jaw.
    """
    measures = Measures.of(shape)
    x, y, z = _rings(shape)
    y = y + 0.035 * shape.chin_length * smooth(0.65, 1.0, y)
    front = smooth(0.0, 0.35, z) * (np.arange(ROWS) < len(HEIGHTS) + 2)[:, None]
    tilt = -measures.eye_tilt * _bump(np.abs(x), y, measures.eye_x, 0, 0.2, 0.12)
    y = y + front * tilt * (np.abs(x) - measures.eye_x) / measures.eye_half
    bow = -0.012 * _bump(x, y, 0, MOUTH_LINE, 0.09, 0.05) + 0.01 * _bump(x, y, 0, 0.6, 0.03, 0.05)
    y = y + front * bow
    flat = np.stack([x, y], -1)
    z = z + front * _relief(x, y, shape, measures)
    jaw = _bump(x, y, 0, 0.85, 0.55, 0.2) * front
    z = z + beard * jaw
    sides = np.sign(x) * smooth(0.45, 0.6, np.abs(x))
    x = x + 0.7 * beard * jaw * sides
    ear = _ear(x, y, shape)
    x, z = x + 0.13 * ear * np.sign(x), z - 0.05 * ear
    rest = np.stack([x, y, z], -1)
    opening = _lids(flat, front, measures)
    moves = _movements(flat, front, measures, opening)
    below = np.maximum(np.arange(ROWS) - len(HEIGHTS), 0) / len(NECK)
    return Head(measures, rest + opening, flat, moves, (1 - 0.75 * below)[:, None])


def _rings(shape: Shape) -> tuple[Floats, Floats, Floats]:
    rings = skull(shape, HEIGHTS)
    neck = NECK * np.array([1, 1, 1 + 0.05 * shape.jaw_width, 1, 1])
    joined = Rings(*(np.concatenate([a, b]) for a, b in zip(rings, neck.T[2:], strict=True)))
    x, z = loft(joined, ANGLES)
    turned = smooth(25, 95, np.abs(ANGLES))
    slant = np.maximum(HEIGHTS - 0.45, 0) * 0.38
    front = np.concatenate([HEIGHTS, neck[:, 0]])[:, None]
    side = np.concatenate([HEIGHTS - slant, neck[:, 1]])[:, None]
    return x, front + (side - front) * turned, z


def _bump(x: Floats, y: Floats, at_x: float, at_y: float, wide: float, high: float) -> Floats:
    return np.exp(-(((x - at_x) / wide) ** 2) - ((y - at_y) / high) ** 2)


def _relief(x: Floats, y: Floats, shape: Shape, m: Measures) -> Floats:
    """Return how far the features stand out of the skull."""
    side = np.abs(x)
    deep = 1 + 0.3 * shape.eye_depth
    z = 0.045 * deep * _bump(side, y, 0.24, m.brow_y + 0.02, 0.2, 0.065)
    z -= 0.095 * deep * _bump(side, y, m.eye_x - 0.03, 0.0, 0.15, 0.095)
    z += 0.05 * _bump(side, y, m.eye_x, 0.0, 0.11, 0.065)
    z -= 0.05 * _bump(x, y, 0, -0.06, 0.07, 0.08)
    tip, height = m.nose_base - 0.06, 0.235 + 0.025 * shape.nose_height
    rise = smooth(-0.16, tip, y) ** (1.25 - 0.15 * shape.nose_bridge)
    fall = 1 - smooth(tip + 0.015, m.nose_base + 0.035, y)
    slim = 0.068 + (0.032 + 0.006 * shape.nose_width) * smooth(0.0, tip, y)
    z += height * rise * fall * np.exp(-((side / slim) ** 2))
    z += 0.035 * _bump(x, y, 0, tip, 0.06, 0.05)
    z += 0.1 * _bump(side, y, m.nose_half - 0.035, m.nose_base - 0.035, 0.045, 0.05)
    z -= 0.035 * _bump(side, y, m.nose_half + 0.035, m.nose_base - 0.02, 0.03, 0.06)
    z -= 0.05 * _bump(side, y, 0.055, m.nose_base + 0.005, 0.032, 0.018)
    z += (0.045 + 0.012 * shape.cheekbones) * _bump(side, y, 0.4, 0.2, 0.17, 0.12)
    z += 0.05 * _bump(x, y, 0, MOUTH_LINE, 0.24, 0.13)
    z -= 0.014 * _bump(x, y, 0, 0.48, 0.025, 0.05)
    z += 0.045 * _bump(x, y, 0, MOUTH_LINE - 0.6 * m.lip_upper, 0.17, 0.5 * m.lip_upper + 0.012)
    z += 0.055 * _bump(x, y, 0, MOUTH_LINE + 0.5 * m.lip_lower, 0.15, 0.55 * m.lip_lower + 0.01)
    z -= 0.03 * _bump(side, y, m.mouth_half, MOUTH_LINE, 0.05, 0.06)
    z -= 0.045 * _bump(x, y, 0, MOUTH_LINE + m.lip_lower + 0.07, 0.17, 0.045)
    return z + 0.065 * _bump(x, y, 0, 0.9, 0.17, 0.09)


def _ear(x: Floats, y: Floats, shape: Shape) -> Floats:
    turned = np.abs(ANGLES)[None]
    size = 1 + 0.12 * shape.ear_size
    lobe = smooth(81, 88, turned) * (1 - smooth(97, 107, turned))
    middle, half = 0.11, 0.23 * size
    return lobe * np.clip(1 - ((y - middle) / half) ** 4, 0, 1) * (np.abs(x) > 0.3)


def _almond(flat: Floats, m: Measures) -> Floats:
    """Return how wide the eye is open over its width: 1 in the middle, 0 from the corners."""
    along = (np.abs(flat[..., 0]) - m.eye_x) / m.eye_half
    # The highest point of the upper lid lies nearer to the nose.
    along = along + 0.12 * (1 - along * along)
    return np.clip(1 - along * along, 0, 1) ** 0.75


def _lids(flat: Floats, front: Floats, m: Measures) -> Floats:
    """Return the displacement ``(R, C, 3)`` from shut to open eyes."""
    almond = _almond(flat, m) * front
    row = np.arange(ROWS)[:, None]
    above = (row <= EYE_ROW) * np.exp(-((flat[..., 1] / 0.085) ** 2))
    below = (row > EYE_ROW) * np.exp(-((flat[..., 1] / 0.07) ** 2))
    opening = np.zeros((*flat.shape[:2], 3))
    opening[..., 1] = almond * (m.lid_lower * below - m.lid_upper * above)
    opening[..., 2] = -0.02 * almond * above
    return opening


def _movements(flat: Floats, front: Floats, m: Measures, opening: Floats) -> Floats:
    x, y = flat[..., 0], flat[..., 1]
    side, sign = np.abs(x), np.sign(x)
    row = np.arange(ROWS)[:, None]
    lower = row > MOUTH_ROW
    moves = {name: np.zeros((*x.shape, 3)) for name in MOVEMENTS}
    lips = np.clip(1 - (x / m.mouth_half) ** 2, 0, 1) ** 0.6
    whole = np.cos(np.radians(np.clip(ANGLES, -90, 90)))[None] ** 0.7
    neck = 1 - smooth(len(HEIGHTS) - 0.5, len(HEIGHTS) + 3.5, np.broadcast_to(row, x.shape) * 1.0)
    blend = smooth(0.0, 0.3, y - MOUTH_LINE)
    jaw = lower * neck * (lips + (whole - lips) * blend)
    moves["jaw"][..., 1] = 0.23 * jaw - 0.02 * ~lower * lips * front * _bump(
        x, y, 0, 0.6, 0.3, 0.07
    )
    moves["jaw"][..., 2] = -0.07 * jaw
    mouth = _bump(x, y, 0, MOUTH_LINE, 0.32, 0.16) * front
    moves["jaw"][..., 0] = -0.1 * x * mouth
    moves["round"][..., 0] = -0.38 * x * mouth
    moves["round"][..., 2] = 0.07 * mouth
    moves["wide"][..., 0] = 0.16 * x * mouth
    moves["wide"][..., 2] = -0.02 * mouth
    near = np.exp(-(((y - MOUTH_LINE) / 0.05) ** 2)) * lips * front
    moves["press"][..., 1] = 0.018 * near * np.where(lower, -1, 1)
    moves["press"][..., 2] = -0.03 * near
    corner = _bump(side, y, m.mouth_half, MOUTH_LINE, 0.14, 0.12) * front
    cheek = _bump(side, y, 0.37, 0.3, 0.16, 0.13) * front
    moves["smile"] = np.stack(
        [0.055 * sign * corner, -0.075 * corner - 0.04 * cheek, 0.05 * cheek - 0.03 * corner], -1
    )
    moves["smile"][..., 1] += 0.25 * _squint(opening, row)
    frown = _bump(side, y, 0.12, m.brow_y, 0.14, 0.1) * front
    moves["frown"] = np.stack(
        [-0.03 * sign * frown, 0.045 * frown + 0.05 * corner, 0.02 * frown], -1
    )
    moves["brows"][..., 1] = (
        -0.075 * np.exp(-(((y - m.brow_y) / 0.14) ** 2)) * front * (row < EYE_ROW)
    )
    moves["blink"] = -opening
    moves["blink"][..., 1] += (
        0.6 * m.lid_lower * _almond(flat, m) * front * np.exp(-((y / 0.07) ** 2))
    )
    upper = _bump(side, y, 0.12, 0.53, 0.14, 0.08) * front * ~lower
    moves["sneer"][..., 1] = -0.03 * upper
    return np.stack([moves[name] for name in MOVEMENTS])


def _squint(opening: Floats, row: NDArray[np.int64]) -> Floats:
    return -opening[..., 1] * np.where(row > EYE_ROW, 1.6, 0.5)
