"""Batches made on the fly: procedural clips, damaged, with the motion that a restorer will see.

A sample is a pure function of (seed, step, slot, frames, size, tasks): training that stops at any
step goes on with the very data it would have had, whatever the number of processes. A slot of the
batch moves the same still, or takes from the same clip of a face, for `SEEDS_PER_STILL` steps, and
is always made by the same process, which keeps it.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self

import cv2
import numpy as np
import torch

from engine.averaging import average
from engine.restorers.lite.motion import (
    Filled,
    fill_holes,
    made_up,
    no_motion,
    search_motion,
    small_luma,
)
from training.clip import make_clip
from training.degrade import Recipe, apply, draw_recipe
from training.degrade.draw import TASKS
from training.seeds import random_stream
from training.stills import SEEDS_PER_STILL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MIXTURE: Mapping[str, float] = MappingProxyType({"leaves": 0.50, "patterns": 0.15, "face": 0.35})
"""Kind of clip to its share."""

HELD_OUT = 1 << 40
"""Seeds of clips from here on are never trained on."""

LONGEST = 12
"""The most frames that a sample may have."""

AHEAD = 3  # steps in the making while one is used


class Sample(NamedTuple):
    """One clip, clean and damaged.

    Attributes:
        clean: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        degraded: The same, damaged; holes are filled with a guess.
        average: ``(T, 3, H, W)`` float32, `degraded` averaged along the motion.
        noise: ``(T, 1, H, W)`` float32, codes, sigma of the noise expected in the average.
        doubt: ``(T, 1, H, W)`` float32 in [0, 1]: 0 was seen, a half was seen before, 1 made up.
        motion: ``(T, 3, h, w)`` float32, see `engine.restorers.lite.motion.search_motion`.
    """

    clean: Floats
    degraded: Floats
    average: Floats
    noise: Floats
    doubt: Floats
    motion: Floats


class Batch(NamedTuple):
    """Samples side by side: the arrays of a `Sample` as tensors with B clips in front."""

    clean: torch.Tensor
    degraded: torch.Tensor
    average: torch.Tensor
    noise: torch.Tensor
    doubt: torch.Tensor
    motion: torch.Tensor

    def to(self, device: str) -> Batch:
        """Return the batch on a device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


@dataclass(frozen=True, slots=True)
class Mix:
    """What a stream of batches is made of.

    Attributes:
        seed: Of everything.
        clips: B, the clips in a batch.
        size: H and W in pixels, a multiple of 16.
        colour: Share of the clips that lose their colour.
        holes: Share of the clips that get holes.
        damage: Share of the clips that are damaged besides.
        averaged: Whether they are averaged along the motion; if not, averages are the frames.
        kinds: Kind of clip to its share; shares sum to 1.
    """

    seed: int
    clips: int
    size: int
    colour: float = 0.0
    holes: float = 0.0
    damage: float = 1.0
    averaged: bool = True
    kinds: tuple[tuple[str, float], ...] = tuple(MIXTURE.items())


def damaged(clean: Floats, recipe: Recipe, seed: int, *, averaged: bool = True) -> Sample:
    """Damage a clip and find the motion in what is left of it.

    Args:
        clean: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        recipe: What is done to it.
        seed: Of the noise and the holes.
        averaged: Whether to average along the motion; if not, averages are the frames.
    """
    cv2.setNumThreads(1)
    done = apply(recipe, clean, seed)
    masks = np.zeros_like(clean[:, 0]) if done.mask is None else done.mask
    samples: list[tuple[Floats, ...]] = []
    before: Filled | None = None
    searched = history = None
    for frame, holes in zip(done.pixels, masks, strict=True):
        luma = small_luma(made_up(frame, holes))
        motion = no_motion(*luma.shape) if searched is None else search_motion(luma, searched)
        before, searched = fill_holes(frame, holes, before, motion), luma
        steady = before.pixels, np.zeros_like(frame[:1])
        if averaged:
            change, left, history = average(before.pixels, history)
            steady = before.pixels + change, np.sqrt(left)[None]
        samples.append((before.pixels, *steady, before.doubt()[None], motion))
    return Sample(clean, *(np.stack(arrays) for arrays in zip(*samples, strict=True)))


def make_sample(mix: Mix, step: int, slot: int, frames: int) -> Sample:
    """Make the clip of one slot of one step's batch.

    Raises:
        ValueError: The step lies so far on that its clips are held-out ones, or `frames` is above
            LONGEST.
    """
    if frames > LONGEST:
        raise ValueError(f"a sample has at most {LONGEST} frames, not {frames}")
    block = step // SEEDS_PER_STILL
    kinds, shares = zip(*mix.kinds, strict=True)
    kind = kinds[random_stream("kind", mix.seed, block, slot).choice(len(kinds), p=shares)]
    number = (mix.seed << 24) + block * mix.clips + slot
    seed = number * SEEDS_PER_STILL + step % SEEDS_PER_STILL
    if seed >= HELD_OUT:
        raise ValueError(f"step {step} of seed {mix.seed} would train on held-out clips")
    rng = random_stream("recipe", mix.seed, step, slot)
    lost = rng.random(3) < (mix.damage, mix.colour, mix.holes)
    recipe = draw_recipe(rng, np.array(TASKS)[lost].tolist())
    if kind == "face":
        clean = _taken(_face(number * SEEDS_PER_STILL, mix.size), frames, rng)
    else:
        clean = make_clip(kind, seed, frames, mix.size).pixels
    return damaged(clean, recipe, seed, averaged=mix.averaged)


@lru_cache(maxsize=32)
def _face(seed: int, size: int) -> Floats:
    """Return a long clip of a face; it costs a second and more, so a block of steps shares it."""
    pixels = make_clip("face", seed, LONGEST, size).pixels
    pixels.flags.writeable = False
    return pixels


def _taken(pixels: Floats, frames: int, rng: np.random.Generator) -> Floats:
    """Return some consecutive frames, forwards or backwards, mirrored or not."""
    first = int(rng.integers(0, len(pixels) - frames + 1))
    taken = pixels[first : first + frames]
    backwards, mirrored = rng.random(2) < 0.5
    taken = taken[::-1] if backwards else taken
    return np.ascontiguousarray(taken[..., ::-1] if mirrored else taken)


def turned(batch: Batch) -> Batch:
    """Return the batch with rows and columns exchanged, which costs nothing to make."""
    swapped = Batch(*(tensor.transpose(-1, -2).contiguous() for tensor in batch))
    return swapped._replace(motion=swapped.motion[:, :, [1, 0, 2]])


def collated(samples: list[Sample]) -> Batch:
    """Return samples of one shape as a batch."""
    return Batch(*(torch.from_numpy(np.stack(arrays)) for arrays in zip(*samples, strict=True)))


class Stream:
    """The batches of consecutive steps, made in other processes ahead of need.

    Args:
        mix: What batches are made of.
        first: The step to begin with.
        frames: Step to the frames of its clips; asked once per step, in order.
        workers: Processes; 0 makes the batches in this one.
    """

    def __init__(self, mix: Mix, first: int, frames: Callable[[int], int], workers: int) -> None:
        self._mix = mix
        self._next = first
        self._frames = frames
        context = get_context("spawn")
        # One process per executor: a slot always meets the process that keeps its still.
        self._workers = [
            ProcessPoolExecutor(1, context, initializer=torch.set_num_threads, initargs=(1,))
            for _ in range(min(workers, mix.clips))
        ]
        self._making: deque[list[Future[Sample]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.shutdown(wait=True, cancel_futures=True)

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self._batch()

    def _batch(self) -> Batch:
        slots = range(self._mix.clips)
        if not self._workers:
            frames = self._frames(self._next)
            self._next += 1
            return collated([make_sample(self._mix, self._next - 1, s, frames) for s in slots])
        while len(self._making) <= AHEAD:
            frames = self._frames(self._next)
            self._making.append(
                [
                    self._workers[slot % len(self._workers)].submit(
                        make_sample, self._mix, self._next, slot, frames
                    )
                    for slot in slots
                ]
            )
            self._next += 1
        return collated([future.result() for future in self._making.popleft()])
