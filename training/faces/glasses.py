"""Glasses and lashes: lines in space, drawn over the face.

Rules of this file:
    - Lines are in head units and turn with the head; widths are head units too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.faces.identity import Glasses, Identity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.faces.camera import Camera
    from training.faces.geometry import Head

    Floats = NDArray[np.float64]

EAR = (0.76, -0.03, -0.05)
"""Where a temple piece ends."""
HIDDEN = -0.12
"""A temple piece is hidden by the face when its side is turned this far away."""


def rims(identity: Identity, head: Head) -> tuple[Floats, ...]:
    """Return the rims of both lenses, each ``(33, 3)``; none for a face without glasses."""
    if identity.glasses is Glasses.NONE:
        return ()
    power = 1.0 if identity.glasses is Glasses.ROUND else 0.55
    angle = np.linspace(0, 2 * np.pi, 33)
    wide, high = (0.205, 0.185) if identity.glasses is Glasses.ROUND else (0.225, 0.155)
    x = wide * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    y = high * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power + 0.035
    plane = float(head.rest[..., 2][np.abs(head.flat[..., 1]) < 0.05].max()) + 0.05
    middle = head.measures.eye_x + 0.005
    return tuple(
        np.stack([side * (middle + x), y, plane - 0.35 * (middle + x) ** 2], -1) for side in (-1, 1)
    )


def frame_lines(identity: Identity, head: Head, camera: Camera) -> list[Floats]:
    """Return the frame's visible lines in pixels, each ``(N, 2)``."""
    both = rims(identity, head)
    if not both:
        return []
    lines = [camera.projected(camera.placed(rim)) for rim in both]
    inner = float(np.abs(both[0][:, 0]).min())
    plane = float(both[0][np.argmin(np.abs(both[0][:, 0])), 2])
    across = np.linspace(-1, 1, 9)
    bridge = np.stack(
        [inner * across, 0.02 - 0.035 * (1 - across**2), plane + 0.02 * (1 - across**2)], -1
    )
    lines.append(camera.projected(camera.placed(bridge)))
    for side in (-1, 1):
        if (camera.rotation() @ [side, 0, 0])[2] < HIDDEN:
            continue
        rim = both[0 if side < 0 else 1]
        hinge = rim[np.argmax(np.abs(rim[:, 0]))] + [0, -0.05, 0]
        end = np.array([side * EAR[0], *EAR[1:]])
        temple = hinge + (end - hinge) * np.linspace(0, 1, 6)[:, None]
        lines.append(camera.projected(camera.placed(temple)))
    return lines


def lash_lines(lid: Floats, outward: Floats, length: float) -> list[Floats]:
    """Return an upper lid's lashes in pixels.

    Args:
        lid: ``(N, 2)`` the lid's edge, from the inner to the outer corner.
        outward: ``(2,)`` the direction away from the nose, in pixels, of unit length.
        length: Pixels of the longest.
    """
    share = np.linspace(0.12, 1.0, 15)
    roots = np.stack([np.interp(share, np.linspace(0, 1, len(lid)), line) for line in lid.T], -1)
    up = np.array([outward[1], -outward[0]]) * np.sign(outward[0])
    lean = (share - 0.35)[:, None] * 1.3
    way = up + lean * outward
    ends = (
        roots
        + way / np.linalg.norm(way, axis=1, keepdims=True) * length * (0.45 + 0.55 * share)[:, None]
    )
    return [np.stack(pair) for pair in zip(roots, ends, strict=True)]


def drawn(lines: list[Floats], size: int, width: float) -> NDArray[np.uint8]:
    """Return the coverage ``(size, size)`` uint8 of lines of some pixels' width."""
    mask = np.zeros((size, size), np.uint8)
    whole = max(round(width), 1)
    paths = [np.round(line * 16).astype(np.int32) for line in lines]
    cv2.polylines(mask, paths, False, round(255 * min(width / whole, 1.0)), whole, cv2.LINE_AA, 4)
    return mask
