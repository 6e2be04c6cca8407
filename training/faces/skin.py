"""Painting one person's skin, once, onto the flat surface of the head.

Rules of this file:
    - Colour is scene-linear reflectance; relief is in head units.
    - Everything is painted in head coordinates, so a feature sits where the geometry has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from training.faces.canvas import SIDE, Canvas
from training.faces.facial_hair import beard_hairs, brow_hairs, scalp
from training.faces.hair import ENDS, shell_edge
from training.faces.identity import HAIR_SHADES, Beard, Haircut, Identity, linear
from training.faces.section import MOUTH_LINE, smooth
from training.seeds import random_stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.faces.geometry import Head, Measures

    Floats = NDArray[np.floating[Any]]


LEVELS = 3
"""How many times the painting is kept, each of half the side of the one before."""
LIP_REACH = 0.17
"""Head units above and below the mouth within which lips are painted."""
PALE, TAN, DEEP = (0.93, 0.76, 0.67), (0.78, 0.57, 0.44), (0.33, 0.205, 0.15)
"""Display-referred sRGB of skin with no, some and much melanin."""


@dataclass(frozen=True, slots=True)
class Skin:
    """One person's skin.

    Attributes:
        where: ``(R, C, 2)`` float32, x and y of each vertex in the painting of full side.
        colour: Per level ``(S, S, 4)`` float32: scene-linear reflectance, and gloss in [0, 1].
        relief: Per level ``(S, S, 2)`` float32: slope along x and y.
    """

    where: NDArray[np.float32]
    colour: tuple[NDArray[np.float32], ...]
    relief: tuple[NDArray[np.float32], ...]


@dataclass(slots=True)
class _Coat:
    """The painting under work: scene-linear colour, height in head units, gloss."""

    colour: Floats
    height: Floats
    gloss: Floats


def paint_skin(identity: Identity, head: Head) -> Skin:
    """Return the skin of a person."""
    canvas = Canvas(head, random_stream("skin", identity.seed))
    pores = 0.00042 * canvas.noise(3) + 0.0003 * canvas.noise(1.6) + 0.0005 * canvas.noise(9)
    pores = pores * (0.6 + 0.5 * identity.age / 60) * canvas.fine
    coat = _Coat(_base(identity, canvas), pores, _gloss(identity, canvas))
    _wrinkles(identity, canvas, coat)
    _lips(identity, canvas, coat)
    _occlusion(canvas, coat)
    _hair_shadow(identity, canvas, coat)
    _hairs(identity, canvas, coat)
    per_unit = 0.125 * 0.78 * SIDE / 1.77
    height = coat.height.astype(np.float32)
    slopes = [cv2.Sobel(height, -1, *axis, scale=per_unit) for axis in ((1, 0), (0, 1))]
    relief = np.clip(np.stack(slopes, -1), -1.2, 1.2).astype(np.float32)
    full = np.dstack([np.clip(coat.colour, 0.002, 1), np.clip(coat.gloss, 0, 1)])
    return Skin(canvas.where, _levels(full.astype(np.float32)), _levels(relief))


def _tint(red: float, green: float, blue: float) -> NDArray[np.float32]:
    return np.array([red, green, blue], np.float32)


def _levels(full: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    levels: list[NDArray[np.float32]] = [full]
    while len(levels) < LEVELS:
        side = levels[-1].shape[0] // 2
        half = cv2.resize(levels[-1], (side, side), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(half, np.float32))
    return tuple(levels)


def _base(identity: Identity, canvas: Canvas) -> Floats:
    tones = np.array([PALE, TAN, DEEP])
    tone = [np.interp(identity.melanin, [0, 0.5, 1], tones[:, band]) for band in range(3)]
    colour = np.ones((SIDE, SIDE, 1)) * linear((tone[0], tone[1], tone[2]))
    red = canvas.bump(0.4, 0.28, 0.17, 0.16) + 0.8 * canvas.bump(0, 0.33, 0.11, 0.09)
    red = red + 0.4 * canvas.bump(0, 0.92, 0.2, 0.1) + 0.12 * canvas.noise(40)
    red = red * (0.3 + 0.7 * identity.redness) * (1 - 0.5 * identity.melanin)
    colour = colour * (1 - red[..., None] * _tint(0.02, 0.24, 0.22))
    tired = canvas.bump(canvas.head.measures.eye_x - 0.02, 0.09, 0.13, 0.045) * (
        0.1 + identity.age / 300
    )
    colour = colour * (1 - tired[..., None] * _tint(0.55, 0.75, 0.6))
    mottle = 0.03 * canvas.noise(24) + 0.025 * canvas.noise(8) + 0.03 * canvas.noise(2.5)
    mottle = mottle * canvas.fine
    colour = colour * (1 + mottle[..., None])
    spots = smooth(
        2.0,
        2.8,
        canvas.noise(5)
        + 1.2 * identity.freckles * (1 - smooth(0.15, 0.45, np.abs(canvas.y - 0.2))),
    )
    spots = spots * (0.15 + identity.freckles)
    shade = identity.make_up * canvas.bump(canvas.head.measures.eye_x, -0.04, 0.15, 0.06)
    colour = colour * (1 - 0.4 * shade[..., None] * _tint(0.6, 1.0, 0.8))
    return colour * (1 - np.clip(spots, 0, 0.7)[..., None] * _tint(0.35, 0.55, 0.65))


def _crease(canvas: Canvas, points: Floats, width: int) -> NDArray[np.float32]:
    drawn = np.zeros((SIDE, SIDE), np.float32)
    path = np.round(canvas.place(points) * 16).astype(np.int32)
    cv2.polylines(drawn, [path], False, 1.0, width, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.8 * width), np.float32)


def _wrinkles(identity: Identity, canvas: Canvas, coat: _Coat) -> None:
    old, rng = float(np.clip((identity.age - 25) / 50, 0, 1)), canvas.rng
    total = np.zeros((SIDE, SIDE), np.float32)
    along = np.linspace(0, 1, 14)
    for line in (-0.52, -0.44, -0.36, -0.3):
        x = (along - 0.5) * rng.uniform(0.5, 0.9)
        y = line + 0.006 * rng.normal(0, 1, 14).cumsum() + 0.1 * x * x
        total += old * rng.uniform(0.4, 1) * _crease(canvas, np.stack([x, y], -1), 2)
    for side in (-1, 1):
        for deep, width, x, y in _folds(old, rng, canvas.head.measures, along):
            total += deep * _crease(canvas, np.stack([side * x, y], -1), width)
    coat.colour *= 1 - 0.3 * np.clip(total, 0, 1)[..., None] * _tint(0.7, 1, 1)
    coat.height -= 0.012 * total


def _folds(
    old: float, rng: np.random.Generator, m: Measures, along: Floats
) -> list[tuple[float, int, Floats, Floats]]:
    """Return depth, width in pixels, x and y of the lines on one side of a face."""
    mouth = m.mouth_half + 0.05 - m.nose_half
    x = m.nose_half + 0.03 + mouth * along**0.8
    folds = [(0.3 + 1.1 * old, 4, x, m.nose_base - 0.05 + 0.27 * along)]
    lid = m.eye_x + m.eye_half * (2 * along - 1)
    folds.append((0.8, 2, lid, -0.07 + 0.05 * (2 * along - 1) ** 2))
    bag = m.eye_x - 0.13 + 0.25 * along
    folds.append((0.15 + 0.7 * old, 3, bag, 0.06 + 0.05 * np.sin(np.pi * along)))
    folds.append((0.7 * old, 2, 0.04 + 0.01 * along, m.brow_y - 0.03 + 0.12 * along))
    for slope in rng.uniform(-0.05, 0.06, 4):
        x = m.eye_x + m.eye_half + 0.03 + 0.1 * along
        folds.append((old * rng.uniform(0.4, 1.0), 1, x, slope * (0.2 + along)))
    return folds


def _gloss(identity: Identity, canvas: Canvas) -> Floats:
    oily = canvas.bump(0, 0.3, 0.08, 0.14) + 0.7 * canvas.bump(0, -0.42, 0.3, 0.15)
    oily = oily + 0.6 * canvas.bump(0.38, 0.18, 0.12, 0.08) + 0.4 * canvas.bump(0, 0.9, 0.12, 0.07)
    grain = 1 + 0.3 * canvas.noise(3)
    return (0.12 + 0.4 * oily) * grain * (0.4 + 0.6 * identity.gloss)


def lip_bow(x: Floats) -> Floats:
    """Return how far below `MOUTH_LINE` the lips meet, at places across the face."""
    return 0.01 * np.exp(-((x / 0.03) ** 2)) - 0.012 * np.exp(-((x / 0.09) ** 2))


def lip_edges(x: Floats, head: Head) -> tuple[Floats, Floats]:
    """Return the lips' upper and lower edge at places across the face.

    Args:
        x: Head units.
        head: Whose lips.

    Returns:
        Two arrays like `x`: distance above and below the line where the lips meet, from 0.
    """
    m = head.measures
    along = np.clip(np.abs(x) / m.mouth_half, 0, 1)
    bow = 1 - 0.22 * np.exp(-((along / 0.13) ** 2)) + 0.06 * np.exp(-(((along - 0.25) / 0.15) ** 2))
    upper = m.lip_upper * bow * (1 - along**2.2) ** 0.9
    return upper, m.lip_lower * (1 - along**2.4) ** 0.8


def _lips(identity: Identity, canvas: Canvas, coat: _Coat) -> None:
    near = np.nonzero(np.abs(canvas.y[:, SIDE // 2] - MOUTH_LINE) < LIP_REACH)[0]
    band = slice(int(near[0]), int(near[-1]) + 1)
    x, half = canvas.x[band], canvas.head.measures.mouth_half
    upper, lower = lip_edges(x, canvas.head)
    from_line = canvas.y[band] - MOUTH_LINE - lip_bow(x)
    reach = np.where(canvas.lower[band], lower - from_line, upper + from_line)
    inside = smooth(-0.004, 0.008, reach) * (np.abs(x) < half)
    inside = cv2.GaussianBlur(inside, (0, 0), 1.2)
    bare = coat.colour.mean((0, 1)) * _tint(0.82, 0.52, 0.52)
    bold = linear((0.68, 0.16, 0.22) if identity.seed % 2 else (0.72, 0.34, 0.36))
    tint = bare + 0.75 * identity.make_up * (bold - bare)
    streaks = cv2.GaussianBlur(canvas.noise(1.5)[band], (0, 0), sigmaX=0.8, sigmaY=5)
    streaks = streaks / streaks.std()
    shade = (1 + 0.06 * streaks) * np.where(canvas.lower[band], 1.0, 0.82)
    colour = coat.colour[band]
    colour += (tint * shade[..., None] - colour) * inside[..., None]
    line = np.exp(-((from_line / 0.008) ** 2)) * (1 - smooth(0.9, 1.06, np.abs(x) / half))
    colour *= 1 - 0.75 * line[..., None] * _tint(0.85, 1, 1)
    coat.height[band] += 0.0015 * streaks * inside
    coat.gloss[band] += inside * (0.25 + 0.4 * identity.make_up)


def _occlusion(canvas: Canvas, coat: _Coat) -> None:
    m = canvas.head.measures
    dark = 0.32 * canvas.bump(m.eye_x - 0.1, -0.03, 0.09, 0.07)
    dark = dark + 0.18 * canvas.bump(m.eye_x, -0.06, 0.16, 0.05)
    dark = dark + 0.4 * canvas.bump(0, m.nose_base + 0.025, 0.13, 0.022)
    dark = dark + 0.3 * canvas.bump(m.nose_half + 0.03, m.nose_base - 0.02, 0.02, 0.04)
    dark = dark + 0.3 * canvas.bump(0, MOUTH_LINE + m.lip_lower + 0.03, 0.16, 0.025)
    dark = dark + 0.35 * canvas.bump(m.mouth_half + 0.01, MOUTH_LINE, 0.03, 0.022)
    nostril = canvas.bump(0.064, m.nose_base - 0.002, 0.028, 0.012)
    neck = 0.55 * smooth(0.95, 1.06, canvas.y) * (1 - smooth(1.3, 1.7, canvas.y))
    ear = np.abs(canvas.angle)
    concha = np.exp(-(((ear - 90) / 4) ** 2) - ((canvas.y - 0.12) / 0.12) ** 2)
    shade = (1 - np.clip(dark, 0, 0.8)) * (1 - neck) * (1 - 0.45 * concha)
    coat.colour *= shade[..., None] ** _tint(0.75, 1.05, 1.1)
    coat.colour *= 1 - 0.93 * np.clip(nostril * 1.35, 0, 1)[..., None]


def _hair_shadow(identity: Identity, canvas: Canvas, coat: _Coat) -> None:
    if identity.haircut in ENDS:
        below = canvas.y - shell_edge(np.abs(canvas.angle[:1]), identity).astype(np.float32)
        coat.colour *= 1 - 0.38 * (1 - smooth(-0.02, 0.15, below))[..., None] * _tint(0.85, 1, 1)


def _hairs(identity: Identity, canvas: Canvas, coat: _Coat) -> None:
    shade, colour = linear(HAIR_SHADES[identity.hair_shade]) * 0.5, coat.colour
    brow = brow_hairs(identity, canvas)
    colour += (0.8 * shade - colour) * (0.85 * brow)[..., None]
    coat.height += 0.005 * brow
    if identity.haircut is not Haircut.BALD:
        cover = scalp(identity, canvas)
        colour += (0.6 * np.minimum(shade, colour) - colour) * cover[..., None]
    if identity.beard is not Beard.NONE:
        cover, shadow = beard_hairs(identity, canvas)
        colour *= 1 - 0.35 * shadow[..., None]
        grain = np.clip(1 + 0.5 * canvas.noise(2.2), 0.3, 2.5)
        colour += (shade * grain[..., None] - colour) * (0.9 * cover)[..., None]
        coat.height += 0.006 * cover
