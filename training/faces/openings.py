"""What is seen through the openings of the face: eyes and the inside of the mouth.

Rules of this file:
    - Places are head units in the plane of the face, about the middle of an eye or of the lips.
    - Colour is scene-linear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.faces.identity import EYE_SHADES, Identity, linear
from training.faces.section import smooth
from training.seeds import random_stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.faces.camera import Lamp
    from training.faces.geometry import Measures

    Floats = NDArray[np.float64]

BALL = 0.17
"""Radius of the eyeball in head units; larger than life, since only its front is seen."""
PUPIL = 0.4
"""The pupil's share of the iris."""
FIBRES = 48
"""Numbers that make the iris's rays."""
TOOTH_EDGES = np.array([0.0, 0.047, 0.084, 0.122, 0.158, 0.19, 0.22])
"""Where upper teeth part, from the middle outwards."""


def eye_colours(
    identity: Identity, m: Measures, places: Floats, openness: Floats, gaze: Floats, lamp: Lamp
) -> Floats:
    """Return the colours of an eye.

    Args:
        identity: Whose eye.
        m: The head's measures.
        places: ``(N, 2)`` about the eye's middle.
        openness: ``(N,)`` from 0 at the upper lid to 1 at the lower.
        gaze: ``(2,)`` right and down, in radians.
        lamp: The light.

    Returns:
        ``(N, 3)``.
    """
    x, y = places.T
    ball = np.stack([x / BALL, y / BALL], -1)
    ball = np.concatenate(
        [ball, np.sqrt(np.clip(1 - (ball**2).sum(-1, keepdims=True), 0.05, 1))], -1
    )
    light = lamp.diffuse(ball) * 0.85
    corner = np.clip(np.abs(x) / m.eye_half, 0, 1) ** 3
    white = linear((0.88, 0.85, 0.83)) * (1 - corner[:, None] * np.array([0.15, 0.4, 0.4]))
    middle = BALL * np.sin(gaze)
    offset = places - middle
    away = np.hypot(*offset.T) / m.iris
    edge = 0.012 / m.iris
    colour = white + (_iris(identity, offset, away, lamp) - white) * _inside(away, 1.0, edge)
    colour = colour * light
    shadow = 0.38 + 0.62 * smooth(0.0, 0.42, openness)
    colour = colour * shadow[:, None]
    glint = middle * 0.7 + 0.045 * lamp.direction[:2]
    spot = np.exp(-((np.hypot(*(places - glint).T) / 0.0155) ** 4))
    second = 0.1 * np.exp(-((np.hypot(*(places - middle + 0.5 * (glint - middle)).T) / 0.03) ** 2))
    return colour + (0.95 * spot + second)[:, None] * lamp.key * 0.9


def _inside(away: Floats, radius: float, edge: float) -> Floats:
    return (1 - smooth(radius - edge, radius + edge, away))[:, None]


def _iris(identity: Identity, offset: Floats, away: Floats, lamp: Lamp) -> Floats:
    rng = random_stream("iris", identity.seed)
    rays = rng.normal(0, 1, FIBRES + 1)
    rays[-1] = rays[0]
    angle = (np.arctan2(offset[:, 1], offset[:, 0]) / (2 * np.pi) + 0.5) * FIBRES
    ray = np.interp(angle, np.arange(FIBRES + 1), rays)
    shade = linear(EYE_SHADES[identity.eye_shade])
    ring = 1 + 0.35 * np.exp(-(((away - 0.58) / 0.12) ** 2)) + 0.22 * ray * (1 - away / 2)
    # Light that enters on one side brightens the other.
    bowl = 1 + 0.5 * (-(offset @ lamp.direction[:2]) / 0.071) * (away < 1)
    limbus = 1 - 0.75 * smooth(0.78, 1.0, away)
    iris = shade * np.clip(ring * bowl * limbus, 0.1, 2)[:, None]
    return iris * (1 - 0.97 * _inside(away, PUPIL, 0.09))


def mouth_colours(identity: Identity, places: Floats, drop: float, lamp: Lamp) -> Floats:
    """Return the colours of teeth, tongue and what is behind.

    Args:
        identity: Whose mouth.
        places: ``(N, 2)`` about the middle of the upper lip's edge, which the upper teeth follow.
        drop: How far the lower jaw has gone down, head units.
        lamp: The light.

    Returns:
        ``(N, 3)``.
    """
    x, y = places.T
    side = np.abs(x)
    arch = np.clip(1 - (x / 0.23) ** 2, 0, 1)
    colour = np.ones((len(x), 1)) * np.array([0.028, 0.007, 0.007])
    tongue = np.exp(-((x / 0.13) ** 2) - ((y - drop - 0.005) / (0.035 + 0.3 * drop)) ** 2)
    colour = colour + tongue[:, None] * np.array([0.2, 0.05, 0.05])
    stain = float(np.clip((identity.age - 20) / 90, 0, 0.6))
    enamel = linear((0.9, 0.87 - 0.06 * stain, 0.8 - 0.2 * stain)) * 0.75
    for low, high, edges in (
        (-0.2, 0.042, TOOTH_EDGES),
        (drop + 0.022, drop + 0.2, TOOTH_EDGES * 0.72),
    ):
        which = np.clip(np.searchsorted(edges, side, "right") - 1, 0, len(edges) - 2)
        across = (side - edges[which]) / (edges[which + 1] - edges[which])
        rounding = 0.012 * np.abs(2 * across - 1) ** 3 + 0.02 * (1 - arch)
        reach = high - rounding - y if low < 0 else y - low - rounding
        tooth = smooth(-0.004, 0.004, reach)
        tooth = tooth * (side < edges[-1])
        gap = 1 - 0.45 * np.exp(-((np.minimum(across, 1 - across) / 0.07) ** 2))
        shade = gap * (0.3 + 0.7 * arch)
        colour = colour + (enamel * shade[:, None] - colour) * tooth[:, None]
    facing = np.array([0.0, 0.0, 1.0])
    depth = 0.55 + 0.45 * smooth(-0.01, 0.04, y)
    return colour * lamp.diffuse(facing) * depth[:, None]
