"""Talking faces, damaged twice, as latents.

A batch is a pure function of (mix, step). A clip is damaged in two ways, for two different sets of
tasks. A damage that no task asks to undo may be there as well; it stays in the target. Without
this the plate alone would tell what to do, and the task vector would mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import compress, product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from engine.restorers.svfr.identity import as_bytes, seen
from training.clip import make_clip
from training.degrade import TASKS, Recipe, apply, draw_recipe
from training.seeds import random_stream
from training.svfr.latents import Blocks, fitted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from engine.restorers.svfr.networks import Networks
    from training.clip import ProceduralClip

LONG = 10
"""Frames of the clips of which windows are taken."""
WAYS = 16
"""Pairs of a person's damaged clips; they are kept, as making one takes as long as learning it."""
SPARED = 0.5
"""Chance of a damage that is not to be undone."""
TASK_SETS = tuple(tuple(compress(TASKS, on)) for on in product((0, 1), repeat=3) if any(on))
"""Every task and combination; each is as likely."""
FITTED = 16
"""People to whom the latents are fitted."""


class Batch(NamedTuple):
    """Clips side by side, R rows of T frames; latents are of unit variance.

    Attributes:
        target: ``(R, T, 4, h, w)`` latents of what is to come out.
        plate: The same of the damaged plate.
        reference: ``(R, 4, h, w)`` of the target's frame before the window.
        maps: ``(R, C, 7, 7)`` what the identity network says of that frame.
        task: ``(R, 3)`` whether to restore, colour, inpaint.
        landmarks: ``(R, T, 68, 2)`` x, y in hundredths of the crop's side.
    """

    target: Tensor
    plate: Tensor
    reference: Tensor
    maps: Tensor
    task: Tensor
    landmarks: Tensor


@dataclass(frozen=True, slots=True)
class Mix:
    """What batches are made of.

    Attributes:
        seed: Of everything.
        clips: Different people in a batch, at least 2.
        frames: T, below LONG.
        people: How many there are in all.
    """

    seed: int
    clips: int
    frames: int
    people: int

    def face(self, person: int, size: int) -> ProceduralClip:
        """Return a person's long clip, ``size`` pixels wide and high."""
        return face((self.seed << 24) + person, size)


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
    """Return a long clip of a face; it takes half a second, so it is kept."""
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


def make_pair(mix: Mix, person: int, way: int, size: int) -> list[Damaged]:
    """Damage a clip of a person for two different sets of tasks."""
    rng = random_stream("svfr clip", mix.seed, person, way)
    clip = mix.face(person, size)
    first = int(rng.integers(0, LONG - mix.frames))
    pair: list[Damaged] = []
    for number in rng.choice(len(TASK_SETS), 2, replace=False):
        asked = TASK_SETS[number]
        present = [task for task in TASKS if task in asked or rng.random() < SPARED]
        pair.append(damage(clip, first, mix.frames, asked, draw_recipe(rng, present)))
    return pair


class Lessons:
    """Batches, and clips as batches.

    Args:
        networks: For the identity network and the crop's size.
        mix: What batches are made of.
    """

    def __init__(self, networks: Networks, mix: Mix) -> None:
        self.size = networks.sizes.crop
        self.mix = mix
        self._networks = networks
        self._kept: dict[tuple[int, int], Batch] = {}

    @cached_property
    def blocks(self) -> Blocks:
        """The latents."""
        people = range(min(FITTED, self.mix.people))
        pictures = [self.mix.face(person, self.size).pixels[::3] for person in people]
        return fitted(torch.from_numpy(np.concatenate(pictures)))

    def batch(self, step: int) -> Batch:
        """Return a step's batch; its rows are pairs of one clip."""
        rng = random_stream("svfr batch", self.mix.seed, step)
        people = rng.choice(self.mix.people, self.mix.clips, replace=False)
        pairs = [self._pair(int(person), int(rng.integers(WAYS))) for person in people]
        device = self._networks.device
        return Batch(*(torch.cat(parts).to(device) for parts in zip(*pairs, strict=True)))

    def _pair(self, person: int, way: int) -> Batch:
        if (person, way) not in self._kept:
            pair = self.encoded(make_pair(self.mix, person, way, self.size))
            self._kept[person, way] = Batch(*(part.cpu() for part in pair))
        return self._kept[person, way]

    @torch.no_grad()
    def encoded(self, rows: Sequence[Damaged]) -> Batch:
        """Return clips as a batch on the networks' device."""
        target, plate = (
            self.blocks.encode(torch.from_numpy(np.concatenate(clips))).unflatten(
                0, (len(rows), -1)
            )
            for clips in ([row.target for row in rows], [row.plate for row in rows])
        )
        points = [row.landmarks5[0].astype(np.float64) for row in rows]
        pictures = [as_bytes(row.target[0]) for row in rows]
        faces = torch.cat([seen(*one) for one in zip(pictures, points, strict=True)])
        marks = np.stack([row.landmarks68[1:] for row in rows]) * (100 / self.size)
        device = self._networks.device
        return Batch(
            target[:, 1:].to(device),
            plate[:, 1:].to(device),
            target[:, 0].to(device),
            self._networks.arcface(faces.to(device)),
            torch.tensor([vector(row.asked) for row in rows], device=device),
            torch.from_numpy(marks).to(device),
        )
