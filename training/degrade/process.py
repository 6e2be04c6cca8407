"""Carrying a recipe out on the pixels of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.degrade.codec import jpeg, video
from training.degrade.light import greyscale
from training.degrade.masks import brush_mask, fill_holes
from training.degrade.noise import gauss, noise_field, shot
from training.degrade.optics import blur, lens_kernel, resize, shake_kernel
from training.degrade.recipe import Down, Gauss, Jpeg, Lens, Recipe, Shake, Shot, Step, Up, Video

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Degraded:
    """A damaged clip.

    Attributes:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
        mask: ``(T, H, W)`` float32 in [0, 1], 1 where pixels are to be made up; None without holes.
    """

    pixels: NDArray[np.float32]
    mask: NDArray[np.float32] | None = None


def apply(recipe: Recipe, pixels: NDArray[np.float32], seed: int) -> Degraded:
    """Damage a clip; the same arguments give the same bits in any process.

    Args:
        recipe: What to do; without steps, grey and brush the pixels come back bit for bit.
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1]; not written to.
        seed: At least 0; of the noise, the strokes, and of nothing else.

    Raises:
        ValueError: The pixels are no clip, or the seed is negative.
        RuntimeError: This build of FFmpeg lacks an encoder.
    """
    if pixels.ndim != 4 or pixels.shape[1] != 3 or pixels.dtype != np.float32 or not pixels.size:
        raise ValueError(f"a clip is (T, 3, H, W) float32, not {pixels.shape} {pixels.dtype}")
    damaged = pixels.copy()
    for place, step in enumerate(recipe.steps):
        damaged = _carried_out(step, damaged, pixels.shape[2:], _rng(seed, "step", place))
    if recipe.grey is not None:
        damaged = greyscale(damaged, recipe.grey)
    if recipe.brush is None:
        return Degraded(damaged)
    rng = _rng(seed, "brush")
    frames, _, height, width = pixels.shape
    mask = brush_mask(recipe.brush, (frames, height, width), rng)
    return Degraded(fill_holes(damaged, mask, recipe.brush.fill, rng), mask)


def _carried_out(
    step: Step, pixels: NDArray[np.float32], size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return a clip after one step; size is what the clip had at first."""
    match step:
        case Lens():
            kernel = lens_kernel(step.major, step.minor, step.angle)
            out = blur(pixels, kernel, step.light)
        case Shake():
            out = blur(pixels, shake_kernel(step.length, step.angle), step.light)
        case Gauss() | Shot():
            field = noise_field(pixels.shape, step.colour, step.grain, rng)
            add = gauss if isinstance(step, Gauss) else shot
            out = add(pixels, step.sigma, field)
        case Down():
            smaller = [max(1, round(side / step.factor)) for side in pixels.shape[2:]]
            out = resize(pixels, (smaller[0], smaller[1]), step.scaler)
        case Up():
            out = resize(pixels, size, step.scaler)
        case Jpeg():
            out = jpeg(pixels, step.quality)
        case Video():
            out = video(pixels, step.encoder, step.crf, step.preset)
    return out


def _rng(seed: int, *part: str | int) -> np.random.Generator:
    """Return the numbers of one part, so that taking a step away leaves the others as they were."""
    words = [word if isinstance(word, int) else int.from_bytes(word.encode()) for word in part]
    return np.random.Generator(np.random.PCG64([seed, *words]))
