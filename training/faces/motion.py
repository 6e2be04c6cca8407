"""How a head, a face and the light move over a clip.

Rules of this file:
    - Everything is smooth in time at 25 frames a second, blinks and speech apart.
    - Angles are in radians, lengths in head units, light in scene-linear values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from training.faces.geometry import MOVEMENTS
from training.faces.speech import FRAME_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {},
    "smiling": {"smile": 1.0, "wide": 0.3, "sneer": 0.4},
    "frowning": {"frown": 1.0, "press": 0.2},
    "surprised": {"brows": 1.0, "jaw": 0.22, "blink": -0.3},
    "pensive": {"brows": -0.25, "frown": 0.35, "blink": 0.25},
}
"""Movement strengths of each expression at its height."""
MIXING = 0.16
"""Seconds over which one expression passes into another."""


class Motion(NamedTuple):
    """What changes from frame to frame.

    Attributes:
        turn: ``(T, 3)`` pitch, yaw and roll.
        place: ``(T, 2)`` where the head's middle is, in picture widths.
        scale: ``(T,)`` head units in picture widths.
        strengths: ``(T, M)`` of `MOVEMENTS`.
        gaze: ``(T, 2)`` of the eyes, right and down, in radians.
        light: ``(T, 3)`` unit vector to the key light.
        expressions: One name per frame.
    """

    turn: NDArray[np.float64]
    place: NDArray[np.float64]
    scale: NDArray[np.float64]
    strengths: NDArray[np.float64]
    gaze: NDArray[np.float64]
    light: NDArray[np.float64]
    expressions: tuple[str, ...]


def draw_motion(
    rng: np.random.Generator, mouth: NDArray[np.float64], *, frontal: bool = False
) -> Motion:
    """Return the motion of a clip.

    Args:
        rng: Where it is drawn from.
        mouth: ``(T, 4)`` jaw, round, wide, press as `speech` gives them.
        frontal: Keep the head within a few degrees of the viewer.
    """
    frames = len(mouth)
    names, strengths = _expressions(rng, frames)
    # Someone who speaks while smiling still closes the lips for an m.
    strengths[:, :4] = strengths[:, :4] * (1 - 0.5 * mouth[:, 3:]) + mouth * [0.85, 1, 1, 1]
    blink = MOVEMENTS.index("blink")
    strengths[:, blink] = np.clip(np.maximum(strengths[:, blink], _blinks(rng, frames)), -0.4, 1)
    spread = np.radians([5, 5, 3] if frontal else [10, 22, 8])
    turn = rng.uniform(-1, 1, 3) * spread + _wander(rng, frames, 3) * np.radians([3, 5, 2.5])
    turn[:, 0] += 0.05 * mouth[:, 0] * rng.uniform(-1, 1)
    scale = rng.uniform(0.29, 0.37) * (1 + 0.02 * _wander(rng, frames, 1)[:, 0])
    place = np.array([0.5, 0.5]) + rng.uniform(-0.04, 0.04, 2) + 0.018 * _wander(rng, frames, 2)
    light = np.array([rng.uniform(-1.1, 1.1), rng.uniform(-1.1, 0.1), 1.0])
    light = light + _wander(rng, frames, 3) * [0.25, 0.15, 0.05]
    gaze = _gaze(rng, frames) - 0.5 * turn[:, [1, 0]] * [1, -1]
    return Motion(
        turn, place, scale, strengths, np.clip(gaze, -0.45, 0.45),
        light / np.linalg.norm(light, axis=1, keepdims=True), names,
    )  # fmt: skip


def _wander(rng: np.random.Generator, frames: int, lines: int) -> NDArray[np.float64]:
    """Return ``(T, lines)``: slow waves within about [-1, 1]."""
    time = np.arange(frames)[:, None, None] / FRAME_RATE
    rate = rng.uniform(0.08, 0.75, (1, lines, 3))
    phase = rng.uniform(0, 2 * np.pi, (1, lines, 3))
    return (np.sin(2 * np.pi * rate * time + phase) * [0.6, 0.3, 0.2]).sum(-1)


def _expressions(
    rng: np.random.Generator, frames: int
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    known = list(EXPRESSIONS)
    named: list[str] = []
    while len(named) < frames:
        name = known[rng.choice(len(known), p=[0.34, 0.3, 0.12, 0.12, 0.12])]
        named += [name] * int(rng.uniform(0.7, 2.4) * FRAME_RATE)
    names = tuple(named[:frames])
    goal = np.zeros((frames, len(MOVEMENTS)))
    for frame, name in enumerate(names):
        for movement, strength in EXPRESSIONS[name].items():
            goal[frame, MOVEMENTS.index(movement)] = strength
    goal *= rng.uniform(0.7, 1.0)
    return names, gaussian_filter1d(goal, MIXING * FRAME_RATE, axis=0, mode="nearest")


def _blinks(rng: np.random.Generator, frames: int) -> NDArray[np.float64]:
    blinks = np.zeros(frames)
    at = rng.uniform(0, 3) * FRAME_RATE
    while at < frames:
        blinks = np.maximum(blinks, np.exp(-(((np.arange(frames) - at) / 1.7) ** 4)))
        at += rng.uniform(1.2, 4.5) * FRAME_RATE
    return blinks


def _gaze(rng: np.random.Generator, frames: int) -> NDArray[np.float64]:
    gaze = np.zeros((frames, 2))
    at = 0
    while at < frames:
        gaze[at:] = rng.normal(0, 0.13, 2) * [1.0, 0.5]
        at += int(rng.uniform(0.4, 2) * FRAME_RATE)
    return gaussian_filter1d(gaze, 0.5, axis=0, mode="nearest")
