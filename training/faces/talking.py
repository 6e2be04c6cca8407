"""A clip of a talking face with exact labels.

Rules of this file:
    - The person comes from the identity's seed alone, everything else from the clip's seed.
    - People are kept for a while: building and painting one costs as much as many frames.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from training.clip import FaceLabels, ProceduralClip
from training.faces.backdrop import paint_clothes, paint_room
from training.faces.camera import Camera, Lamp
from training.faces.caption import caption_of
from training.faces.identity import draw_identity
from training.faces.landmarks import five_of
from training.faces.motion import Motion, draw_motion
from training.faces.render import SUPERSAMPLING, Person, Setting, Stage, draw
from training.faces.speech import speak
from training.seeds import random_stream

if TYPE_CHECKING:
    from training.faces.render import Picture

PEOPLE = 8
"""How many people are kept."""
MAN_PITCH, WOMAN_PITCH = 115.0, 205.0
"""Mean fundamental of voices, hertz."""


def make_face_clip(
    seed: int, frames: int, size: int, *, identity: int | None = None, frontal: bool = False
) -> ProceduralClip:
    """Make a clip of a talking face at 25 frames a second.

    Args:
        seed: Of motion, light, sound and surroundings; from 0.
        frames: T, at least 1.
        size: H and W in pixels.
        identity: The person's number; by default one that follows from `seed`.
        frontal: Keep the head within a few degrees of the viewer.

    Returns:
        A clip of kind "face" with labels; the same bits for the same arguments.

    Raises:
        ValueError: A seed is negative, or frames or size is below 1.
    """
    if min(seed, identity or 0) < 0 or frames < 1 or size < 1:
        raise ValueError(f"no face of seed {seed} and {identity}, {frames} frames of {size} px")
    if identity is None:
        identity = int(random_stream("face of clip", seed).integers(2**31))
    person = _person(identity)
    rng = random_stream("face motion", seed)
    pitch = WOMAN_PITCH + (MAN_PITCH - WOMAN_PITCH) * person.identity.masculinity
    sound, mouth = speak(rng, frames, pitch)
    motion = draw_motion(rng, mouth, frontal=frontal)
    stage = Stage(paint_room(rng), paint_clothes(rng))
    lamps = _lamps(rng, motion, stage)
    pictures = [
        draw(person, stage, _setting(motion, frame, lamps[frame], size), size)
        for frame in range(frames)
    ]
    marks = np.stack([picture.landmarks for picture in pictures])
    labels = FaceLabels(
        identity=identity,
        parameters=person.identity.parameters(),
        landmarks68=marks,
        landmarks5=five_of(marks),
        matte=np.stack([picture.matte for picture in pictures]),
        expressions=motion.expressions,
        caption=caption_of(person.identity, motion.expressions),
        sound=sound,
    )
    return ProceduralClip(_pixels(pictures), "face", seed, labels)


@lru_cache(PEOPLE)
def _person(identity: int) -> Person:
    return Person.of(draw_identity(identity))


def _pixels(pictures: list[Picture]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    stacked = np.stack([picture.pixels for picture in pictures]).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(np.clip(stacked, 0, 1))


def _lamps(rng: np.random.Generator, motion: Motion, stage: Stage) -> list[Lamp]:
    warmth = rng.uniform(-1, 1)
    key = rng.uniform(0.75, 1.5) * (1 + warmth * np.array([0.14, 0.0, -0.16]))
    around = stage.room.mean((0, 1)).astype(np.float64)
    tint = around / (around.mean() + 1e-6) * 0.4 + 0.6
    level = rng.uniform(0.12, 0.5)
    sky, ground = level * tint * 1.2, level * tint * rng.uniform(0.35, 0.8)
    slow = 1 + 0.06 * np.sin(np.arange(len(motion.light)) * rng.uniform(0.02, 0.12))
    return [
        Lamp(way, key * share, sky, ground) for way, share in zip(motion.light, slow, strict=True)
    ]


def _setting(motion: Motion, frame: int, lamp: Lamp, size: int) -> Setting:
    side = size * SUPERSAMPLING
    pitch, yaw, roll = motion.turn[frame].tolist()
    scale = float(motion.scale[frame]) * side
    x, y = (motion.place[frame] * side).tolist()
    # The face's middle is a little below the eyes.
    camera = Camera((pitch, yaw, roll), (x, y - 0.12 * scale), scale)
    shift = motion.place[frame] - 0.5
    return Setting(camera, lamp, motion.strengths[frame], motion.gaze[frame], shift * 2)
