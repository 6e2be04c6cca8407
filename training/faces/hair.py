"""The hair of the head: a shell around the skull with painted strands.

Rules of this file:
    - Head units and axes are those of `section`; colour is scene-linear.
    - A shell is seen from outside and, behind the neck, from inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.faces.identity import HAIR_SHADES, Haircut, Identity, linear
from training.faces.section import loft, skull, smooth
from training.seeds import random_stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 512
"""Rows and columns of the painted strands."""
ANGLES = np.linspace(-180, 180, 61)
"""Longitude of the shell's columns in degrees."""
ROWS = 26
ENDS = {Haircut.SHORT: 0.5, Haircut.MEDIUM: 0.95, Haircut.LONG: 1.75}
"""Height at which the hair ends behind, in head units."""


@dataclass(frozen=True, slots=True)
class Hair:
    """One person's hair.

    Attributes:
        rest: ``(R, C, 3)`` the shell, head units.
        stiffness: ``(R, 1)`` share of the head's turn that a row follows.
        strands: ``(S, S, 4)`` float32: scene-linear colour and coverage in [0, 1].
        sheen: How strongly strands shine.
        kept: ``(R - 1, C - 1)`` the shell's cells that hold any hair.
        inside: Whether the shell's inside can be seen, behind the neck.
    """

    rest: NDArray[np.float64]
    stiffness: NDArray[np.float64]
    strands: NDArray[np.float32]
    sheen: float
    kept: NDArray[np.bool_]
    inside: bool


def hairline(turned: NDArray[np.float64], identity: Identity) -> NDArray[np.float64]:
    """Return the height of the hair's lower edge on the skin, by angle from the front."""
    recede = 0.12 * smooth(40, 75, np.array(identity.age)) * identity.masculinity
    recede = float(recede) + 0.03 * identity.shape.forehead
    angles = [0, 22, 40, 55, 66, 74, 80, 86, 104, 112, 180]
    line = [-0.64, -0.66, -0.66, -0.52, -0.3, 0.0, 0.16, -0.16, -0.16, 0.3, 0.55]
    edge = np.interp(turned, angles, line)
    return edge - recede * np.exp(-(((turned - 34) / 24) ** 2))


def build_hair(identity: Identity) -> Hair | None:
    """Return the hair of a person, or nothing if it is too short to stand off the scalp."""
    if identity.haircut not in ENDS:
        return None
    rng = random_stream("hair", identity.seed)
    end = ENDS[identity.haircut] + (rng.uniform(-0.25, 0.1) if end_varies(identity) else 0)
    heights = -1 + (end + 1.12) * np.linspace(0, 1, ROWS) ** 1.15
    rest = _shell(identity, heights, rng)
    strands = _strands(identity, heights, end, rng)
    stiff = 1 - 0.6 * smooth(0.6, 1.8, heights)
    sheen = 0.25 + 0.35 * (1 - identity.curl)
    hangs = identity.haircut is not Haircut.SHORT
    return Hair(rest, stiff[:, None], strands, sheen, _kept(strands[..., 3]), hangs)


def _kept(cover: NDArray[np.float32]) -> NDArray[np.bool_]:
    reach = np.ones((SIDE // (ROWS - 1) + 2, SIDE // (len(ANGLES) - 1) + 2), np.uint8)
    largest = cv2.dilate(cover, reach)
    rows, columns = ROWS - 1, len(ANGLES) - 1
    y = ((np.arange(rows) + 0.5) / rows * (SIDE - 1)).round().astype(int)
    x = ((np.arange(columns) + 0.5) / columns * (SIDE - 1)).round().astype(int)
    return largest[np.ix_(y, x)] > 0.01


def end_varies(identity: Identity) -> bool:
    """Return whether the haircut has a length of its own."""
    return identity.haircut in {Haircut.MEDIUM, Haircut.LONG}


def _shell(
    identity: Identity, heights: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    rings = skull(identity.shape, np.clip(heights, -1, 0.55))
    if identity.haircut is not Haircut.SHORT:
        hang = skull(identity.shape, np.full_like(heights, 0.0))
        falls = smooth(-0.1, 0.1, heights)
        rings = type(rings)(*(a + (b * 0.98 - a) * falls for a, b in zip(rings, hang, strict=True)))
    x, z = loft(rings, ANGLES)
    turned = np.abs(ANGLES)
    thick = 0.05 + 0.1 * identity.volume + 0.06 * identity.curl
    inside = shell_edge(turned, identity)[None] - heights[:, None]
    thickness = 0.025 + thick * smooth(-0.05, 0.3, inside)
    lumps = cv2.resize(
        rng.standard_normal((5, 9)), (len(ANGLES), ROWS), interpolation=cv2.INTER_CUBIC
    )
    lumps = lumps * smooth(-0.98, -0.7, heights)[:, None]
    thickness = thickness * (1 + 0.16 * lumps)
    thickness[0] = thickness[0].mean()
    radius = np.hypot(x, z) + 1e-6
    top = np.clip(-heights - 0.45, 0, 0.55)[:, None] / 0.55
    y = heights[:, None] - top * thickness
    scale = 1 + thickness * (1 - 0.3 * top) / np.maximum(radius, 0.25)
    return np.stack([x * scale, y + 0 * x, z * scale], -1)


def shell_edge(turned: NDArray[np.float64], identity: Identity) -> NDArray[np.float64]:
    """Return the height of the shell's lower edge, by angle from the front."""
    edge = hairline(turned, identity)
    edge = edge + 0.28 * identity.fringe * (1 - smooth(28, 56, turned))
    if identity.haircut is Haircut.SHORT:
        return edge + 0.06 * smooth(100, 115, turned)
    return np.where(turned > 66, 9.0, edge + 9 * smooth(57, 68, turned) ** 3)


def _strands(
    identity: Identity, heights: NDArray[np.float64], end: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    y = np.interp(np.linspace(0, 1, SIDE), np.linspace(0, 1, ROWS), heights)[:, None]
    angle = np.linspace(-180, 180, SIDE)[None]
    fine, broad = _streaks(rng, identity, 1.0), _streaks(rng, identity, 4.0)
    ragged = 0.05 * broad + 0.035 * fine
    part = angle + 16 * identity.parting * (1 - smooth(40, 90, np.abs(angle)))
    front = smooth(-0.05, 0.05, shell_edge(np.abs(part), identity) - y + ragged)
    tips = smooth(-0.07, 0.07, end - y + 1.6 * ragged)
    gaps = smooth(
        -2.6,
        -1.4,
        fine + 0.5 * broad + 2.5 * smooth(0.0, 0.25, shell_edge(np.abs(part), identity) - y),
    )
    # At the sides the shell stands off the skin: a gap there would show the room.
    gaps = np.maximum(gaps, smooth(50, 64, np.abs(angle)))
    shade = linear(HAIR_SHADES[identity.hair_shade])
    light = np.exp(0.34 * fine + 0.26 * broad)
    parting = np.exp(-(((angle - 22 * identity.parting) / 3) ** 2)) * (y < -0.7)
    light = light * (1 - 0.5 * parting)
    colour = shade * light[..., None] * (1 + 0.1 * broad[..., None] * np.array([1, 0.4, -0.4]))
    # Near the lower edge hair lies in its own shadow and on skin.
    colour = (
        colour * (0.75 + 0.25 * smooth(0, 0.3, shell_edge(np.abs(part), identity) - y))[..., None]
    )
    return np.dstack([np.clip(colour, 0.001, 1), front * tips * gaps]).astype(np.float32)


def _streaks(rng: np.random.Generator, identity: Identity, coarse: float) -> NDArray[np.float64]:
    """Return strands as noise of unit deviation, long along the hair, warped by its curl."""
    across = int(SIDE / coarse)
    along = int(10 + 26 * identity.curl)
    field = cv2.resize(
        rng.standard_normal((along, across)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC
    )
    grid_x, grid_y = np.meshgrid(
        np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32)
    )
    bends = int(4 + 12 * identity.curl)
    bend = [
        cv2.resize(rng.standard_normal((bends, bends)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        for _ in range(2)
    ]
    amount = 3 + 16 * identity.curl
    warped = cv2.remap(
        field,
        (grid_x + amount * bend[0]).astype(np.float32),
        (grid_y + amount * bend[1]).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return warped / warped.std()
