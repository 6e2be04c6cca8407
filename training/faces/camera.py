"""The picture's geometry and the light on a surface.

Rules of this file:
    - Points are ``(R, C, 3)`` in head units: x right, y down, z to the viewer.
    - Light is in scene-linear values; shades are worked out at vertices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PIVOT = np.array([0.0, 0.55, -0.2])
"""What the head turns about."""
DISTANCE = 7.0
"""Head units from the pivot to the viewer."""
BODY_TURN = 0.25
"""Share of the head's turn that the shoulders follow."""
WRAP = np.array([0.36, 0.22, 0.16])
"""How far red, green and blue light creeps round skin."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the head is in one picture.

    Attributes:
        turn: Pitch, yaw and roll in radians.
        centre: x and y of the head's origin in pixels, when it is not turned.
        scale: Pixels in a head unit.
    """

    turn: tuple[float, float, float]
    centre: tuple[float, float]
    scale: float

    def rotation(self, share: float = 1.0) -> Floats:
        """Return the matrix ``(3, 3)`` of a share of the head's turn."""
        pitch, yaw, roll = (angle * share for angle in self.turn)
        cos, sin = np.cos, np.sin
        about_x = np.array([[1, 0, 0], [0, cos(pitch), -sin(pitch)], [0, sin(pitch), cos(pitch)]])
        about_y = np.array([[cos(yaw), 0, sin(yaw)], [0, 1, 0], [-sin(yaw), 0, cos(yaw)]])
        about_z = np.array([[cos(roll), -sin(roll), 0], [sin(roll), cos(roll), 0], [0, 0, 1]])
        return about_z @ about_y @ about_x

    def placed(self, points: Floats, stiffness: Floats | float = 1.0) -> Floats:
        """Return points turned with the head, or with the shoulders where stiffness is 0."""
        centred = points - PIVOT
        share = np.asarray(stiffness)[..., None]
        head, body = centred @ self.rotation().T, centred @ self.rotation(BODY_TURN).T
        return share * head + (1 - share) * body + PIVOT

    def projected(self, placed: Floats) -> Floats:
        """Return x and y in pixels, ``(..., 2)``."""
        nearer = DISTANCE / (DISTANCE - placed[..., 2:])
        return np.array(self.centre) + self.scale * nearer * placed[..., :2]

    def plane(self) -> Floats:
        """Return the matrix ``(2, 2)`` from the face's x and y to pixels, near the face."""
        nearer = DISTANCE / (DISTANCE - 0.7)
        return self.scale * nearer * self.rotation()[:2, :2]


@dataclass(frozen=True, slots=True)
class Lamp:
    """The light of one picture.

    Attributes:
        direction: ``(3,)`` unit vector towards the key light.
        key: ``(3,)`` its scene-linear colour.
        sky: ``(3,)`` ambient light from above.
        ground: ``(3,)`` ambient light from below.
    """

    direction: Floats
    key: Floats
    sky: Floats
    ground: Floats

    def ambient(self, normals: Floats) -> Floats:
        """Return the ambient light ``(..., 3)`` on normals ``(..., 3)``."""
        up = (1 - normals[..., 1:2]) / 2
        return self.ground + (self.sky - self.ground) * up

    def diffuse(self, normals: Floats) -> Floats:
        """Return key and ambient light on skin, red creeping furthest round."""
        facing = (normals @ self.direction)[..., None]
        wrapped = np.clip((facing + WRAP) / (1 + WRAP), 0, None) ** 1.3
        return self.key * wrapped + self.ambient(normals)

    def glance(self, normals: Floats, sharpness: float) -> Floats:
        """Return how much of the key light is mirrored to the viewer, in [0, 1]."""
        half = self.direction + np.array([0.0, 0.0, 1.0])
        half = half / np.linalg.norm(half)
        return np.clip(normals @ half, 0, None) ** sharpness


def frame_of(placed: Floats) -> tuple[Floats, Floats, Floats]:
    """Return unit normals and unit tangents along columns and rows, each ``(R, C, 3)``."""
    along_column, along_row = np.gradient(placed, axis=1), np.gradient(placed, axis=0)
    normal = np.cross(along_column, along_row)
    return tuple(
        line / (np.linalg.norm(line, axis=-1, keepdims=True) + 1e-9)
        for line in (normal, along_column, along_row)
    )  # pyright: ignore[reportReturnType]
