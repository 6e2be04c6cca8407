"""Talking faces, damaged twice, as latents.

A batch is a pure function of (mix, step). A clip is damaged in two ways, for two different sets of
tasks. A damage that no task asks to undo may be there as well; it stays in the target. Without
this the plate alone would tell what to do, and the task vector would mean nothing.

The latents are those of `svfr-tiny`'s untrained VAE, as they are: a random encoder keeps what
tells faces and damages apart (greyscale moves its latents by 0.5, faces differ by 0.6), and a
trained one would not be the VAE that `svfr-tiny` loads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import compress, product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from engine.restorers.svfr.identity import as_bytes, seen
from engine.restorers.svfr.latents import encode
from training.clip import make_clip
from training.degrade import TASKS, Recipe, apply, draw_recipe
from training.seeds import random_stream

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from engine.restorers.svfr.networks import Networks
    from training.clip import ProceduralClip

LONG = 10
"""Frames of the clips of which windows are taken."""
SCALE = 1.5
"""Brings these latents to unit variance, as 0.18215 does those of a trained VAE."""
SPARED = 0.5
"""Chance of a damage that is not to be undone."""
TASK_SETS = tuple(tuple(compress(TASKS, on)) for on in product((0, 1), repeat=3) if any(on))
"""Every task and combination; each is as likely."""


class Batch(NamedTuple):
    """Clips side by side, R rows of T frames.

    Attributes:
        target: ``(R, T, 4, h, w)`` scaled latents of what is to come out.
        plate: The same of the damaged plate, not scaled.
        reference: ``(R, 4, h, w)`` not scaled, of the target's frame before the window.
        seen: ``(R, 3, 112, 112)`` what the identity network sees of that frame.
        task: ``(R, 3)`` whether to restore, colour, inpaint.
        landmarks: ``(R, T, 68, 2)`` x, y in hundredths of the crop's side.
    """

    target: Tensor
    plate: Tensor
    reference: Tensor
    seen: Tensor
    task: Tensor
    landmarks: Tensor


@dataclass(frozen=True, slots=True)
class Mix:
    """What batches are made of.

    Attributes:
        seed: Of everything.
        clips: Different clips in a batch, at least 2.
        frames: T, below LONG.
        people: How many clips there are in all.
    """

    seed: int
    clips: int
    frames: int
    people: int


class Damaged(NamedTuple):
    """A clip for one row.

    Attributes:
        target: ``(1 + T, 3, H, W)`` float32, display-referred sRGB in [0, 1]; first the reference.
        plate: The same, damaged.
        asked: Tasks.
        landmarks68: ``(1 + T, 68, 2)`` in pixels.
        landmarks5: ``(1 + T, 5, 2)`` in pixels.
    """

    target: NDArray[np.float32]
    plate: NDArray[np.float32]
    asked: Collection[str]
    landmarks68: NDArray[np.float32]
    landmarks5: NDArray[np.float32]


def vector(tasks: Collection[str]) -> list[float]:
    """Return the task vector."""
    return [float(task in tasks) for task in TASKS]


def left_over(recipe: Recipe, asked: Collection[str]) -> Recipe:
    """Return what of a recipe is not asked to be undone."""
    return Recipe(
        recipe.name,
        () if "bfr" in asked else recipe.steps,
        None if "colour" in asked else recipe.grey,
        None if "inpaint" in asked else recipe.brush,
    )


@lru_cache(maxsize=512)
def face(seed: int, size: int) -> ProceduralClip:
    """Return a long clip of a face; it takes a second, so it is kept."""
    return make_clip("face", seed, LONG, size)


def damage(
    clip: ProceduralClip, first: int, frames: int, asked: Collection[str], recipe: Recipe
) -> Damaged:
    """Damage a window of a clip and the frame before it."""
    labels = clip.labels
    assert labels is not None
    part = slice(first, first + frames + 1)
    pixels = np.ascontiguousarray(clip.pixels[part])
    # The same seed: what is left over is the same in both.
    plate = apply(recipe, pixels, clip.seed).pixels
    target = apply(left_over(recipe, asked), pixels, clip.seed).pixels
    return Damaged(target, plate, asked, labels.landmarks68[part], labels.landmarks5[part])


def make_pictures(mix: Mix, step: int, size: int) -> list[Damaged]:
    """Make one step's clips, each damaged in two ways, one after the other."""
    pictures: list[Damaged] = []
    people = random_stream("svfr people", mix.seed, step).choice(
        mix.people, mix.clips, replace=False
    )
    for slot, person in enumerate(people):
        rng = random_stream("svfr clip", mix.seed, step, slot)
        clip = face((mix.seed << 24) + int(person), size)
        first = int(rng.integers(0, LONG - mix.frames))
        for number in rng.choice(len(TASK_SETS), 2, replace=False):
            asked = TASK_SETS[number]
            present = [task for task in TASKS if task in asked or rng.random() < SPARED]
            recipe = draw_recipe(rng, present)
            pictures.append(damage(clip, first, mix.frames, asked, recipe))
    return pictures


def encoded(networks: Networks, rows: Sequence[Damaged]) -> Batch:
    """Return clips as a batch on the networks' device."""
    device, size = networks.device, rows[0].target.shape[-1]

    def latents(clips: list[NDArray[np.float32]]) -> Tensor:
        pictures = torch.from_numpy(np.concatenate(clips)) * 2 - 1
        # Cloned, as tensors of inference take no part in training.
        return encode(networks.vae, pictures).clone().unflatten(0, (len(rows), -1))

    target = latents([row.target for row in rows])
    faces = [seen(as_bytes(row.target[0]), row.landmarks5[0].astype(np.float64)) for row in rows]
    marks = np.stack([row.landmarks68[1:] for row in rows]) * (100 / size)
    return Batch(
        SCALE * target[:, 1:],
        latents([row.plate for row in rows])[:, 1:],
        target[:, 0],
        torch.cat(faces).to(device),
        torch.tensor([vector(row.asked) for row in rows], device=device),
        torch.from_numpy(marks).to(device),
    )
