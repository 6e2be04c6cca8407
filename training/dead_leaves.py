"""Dead leaves: stills of random things that lie over one another.

Sizes follow a power law, so that the picture has the statistics of natural ones at every scale;
colours are those of a scene, surfaces are textured, lit and shaded, things throw soft shadows, and
what lies deeper, or very near, may be out of focus.

References:
    Lee, Mumford, Huang, "Occlusion models for natural images", 2001. Achddou, Gousseau, Ladjal,
    "VibrantLeaves", arXiv 2504.10201: geometry, texture and depth matter. We differ: more kinds of
    outline, bank textures instead of per-leaf ones, no camera model (`training.degrade` has it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.outlines import cover, draw_outline
from training.palette import draw_colours, make_palette
from training.textures import draw_cloud, draw_textures

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OUTLINES = 40
_TEXTURES = 7
_SMALLEST = 3.5  # radius in pixels; textures are the finer detail
_MOST_LEAVES = 2600
_SHADED = 10.0  # radius in pixels from which a leaf is lit, rounded and throws a shadow
_NEAR = 6  # the most things before the plane in focus


@dataclass(frozen=True, slots=True)
class _Leaves:
    """Columns of N leaves, deepest first; turns are (N, 2, 2), the radius is in them."""

    outlines: NDArray[np.intp]
    radii: NDArray[np.float64]
    centres: NDArray[np.float32]
    turns: NDArray[np.float32]
    colours: NDArray[np.float32]
    seconds: NDArray[np.float32]
    textures: NDArray[np.intp]
    lights: NDArray[np.float32]


def make_dead_leaves(generator: np.random.Generator, extent: int) -> NDArray[np.float32]:
    """Make a still: (extent, extent, 3) float32, display-referred sRGB in [0, 1]."""
    outlines = [draw_outline(generator) for _ in range(_OUTLINES)]
    textures = draw_textures(generator, extent, _TEXTURES)
    leaves = _draw_leaves(generator, extent)
    canvas = _ground(generator, extent)
    shadow = float(generator.uniform(0.0, 0.6)) * float(generator.random() < 0.7)
    for first, last, defocus in _depths(generator, len(leaves.radii), extent):
        for leaf in range(first, last):
            outline = outlines[leaves.outlines[leaf]]
            texture = textures[leaves.textures[leaf]]
            _paint(canvas, leaves, leaf, outline, texture, shadow, 0.0)
        if defocus:
            for plane in canvas:
                cv2.GaussianBlur(plane, (0, 0), defocus, dst=plane)
    if generator.random() < 0.3:
        _paint_near(generator, canvas, leaves, outlines, textures)
    return _expose(generator, canvas)


def _draw_leaves(generator: np.random.Generator, extent: int) -> _Leaves:
    palette = make_palette(generator)
    law = generator.uniform(1.4, 2.2)  # the exponent of the count of leaves above a radius
    smallest = _SMALLEST * np.exp(generator.exponential(0.35))
    largest = extent * generator.uniform(0.15, 0.5)
    wanted = generator.uniform(1.2, 2.4) * extent**2
    chance = generator.random(_MOST_LEAVES)
    radii = (smallest**-law + chance * (largest**-law - smallest**-law)) ** (-1 / law)
    count = max(int(np.searchsorted(np.cumsum(1.5 * radii**2), wanted)), 1)
    radii = radii[:count]
    count = len(radii)
    flat = generator.random(count) < generator.uniform(0.1, 0.6)
    colours = draw_colours(generator, palette, count)
    strength = generator.beta(1.1, 1.4, (count, 1)).astype(np.float32)
    other = draw_colours(generator, palette, count)
    shade = np.exp(generator.normal(0, 0.5, (count, 1))).astype(np.float32)
    other = np.where(generator.random((count, 1)) < 0.5, other, colours * shade)
    seconds = colours + strength * (other - colours)
    return _Leaves(
        outlines=generator.integers(0, _OUTLINES, count),
        radii=radii,
        centres=(generator.uniform(-0.05, 1.05, (count, 2)) * extent).astype(np.float32),
        turns=_turns(generator, radii),
        colours=colours,
        seconds=np.where(flat[:, None], colours, seconds),
        textures=generator.integers(0, _TEXTURES, count),
        lights=generator.normal(0, 0.22, (count, 3)).astype(np.float32),
    )


def _turns(generator: np.random.Generator, radii: NDArray[np.float64]) -> NDArray[np.float32]:
    angles = generator.uniform(0, 2 * np.pi, len(radii))
    c, s = radii * np.cos(angles), radii * np.sin(angles)
    return np.stack((c, s, -s, c), 1).reshape(-1, 2, 2).astype(np.float32)


def _ground(generator: np.random.Generator, extent: int) -> NDArray[np.float32]:
    """What shows where no leaf lies: a cloud between two colours, (3, E, E)."""
    first, second = draw_colours(generator, make_palette(generator), 2)
    cloud = draw_cloud(generator, extent)
    return first[:, None, None] + (second - first)[:, None, None] * cloud


def _depths(
    generator: np.random.Generator, count: int, extent: int
) -> list[tuple[int, int, float]]:
    """Part the leaves into depths: first leaf, last leaf + 1, sigma of the defocus after them."""
    bands = int(generator.choice((1, 2, 3), p=(0.6, 0.28, 0.12)))
    parts = np.sort(generator.uniform(0.15, 0.9, bands - 1))
    edges = [0, *(int(part * count) for part in parts), count]
    defocus = [*np.exp(generator.uniform(-0.7, 1.5, bands - 1)) * (extent / 640), 0.0]
    return [(edges[k], edges[k + 1], float(defocus[k])) for k in range(bands)]


def _paint_near(
    generator: np.random.Generator,
    canvas: NDArray[np.float32],
    leaves: _Leaves,
    outlines: list[NDArray[np.float32]],
    textures: tuple[NDArray[np.float32], ...],
) -> None:
    """Paint a few large things again, before the plane in focus."""
    largest = np.argsort(leaves.radii)[-20:]
    for leaf in generator.choice(largest, min(_NEAR, len(largest)), replace=False):
        outline = outlines[leaves.outlines[leaf]]
        texture = textures[leaves.textures[leaf]]
        _paint(canvas, leaves, leaf, outline, texture, 0.0, float(generator.uniform(1.5, 6)))


def _paint(
    canvas: NDArray[np.float32],
    leaves: _Leaves,
    leaf: int,
    outline: NDArray[np.float32],
    texture: NDArray[np.float32],
    shadow: float,
    defocus: float,
) -> None:
    """Lay one leaf on the canvas (3, E, E)."""
    radius = leaves.radii[leaf]
    points = outline @ leaves.turns[leaf] + leaves.centres[leaf]
    reach = 2 + int(3 * defocus + (0.25 * radius if radius > _SHADED else 0))
    x, y, width, height = cv2.boundingRect(points)
    left, top = max(x - reach, 0), max(y - reach, 0)
    right = min(x + width + reach, canvas.shape[2])
    bottom = min(y + height + reach, canvas.shape[1])
    if right <= left or bottom <= top:
        return
    covered = cover(points - np.array((left, top), np.float32), bottom - top, right - left)
    alpha = covered.astype(np.float32)
    alpha *= np.float32(1 / 255)
    if defocus:
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), defocus), np.float32)
    under = canvas[:, top:bottom, left:right]
    colour = leaves.colours[leaf][:, None, None]
    if radius <= _SHADED:
        second = leaves.seconds[leaf][:, None, None]
        paint = colour + (second - colour) * texture[top:bottom, left:right]
    else:
        paint = _surface(leaves, leaf, texture[top:bottom, left:right], alpha)
        if shadow:
            under *= 1 - np.float32(shadow) * _thrown(alpha, radius)
    paint -= under
    paint *= alpha
    under += paint


def _surface(
    leaves: _Leaves, leaf: int, texture: NDArray[np.float32], alpha: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Texture, light and round a leaf: (3, H, W)."""
    height, width = texture.shape
    across, down, edge = leaves.lights[leaf]
    light = np.linspace(1 - across, 1 + across, width, dtype=np.float32)[None]
    light = light + np.linspace(-down, down, height, dtype=np.float32)[:, None]
    if edge > 0:  # about half of them are flat, the others are rounded towards the edge
        size = int(leaves.radii[leaf] * (0.3 + 2 * edge)) | 1
        light += (2.2 * edge) * (cv2.blur(alpha, (size, size), borderType=cv2.BORDER_REPLICATE) - 1)
        np.maximum(light, 0.1, out=light)
    colour = leaves.colours[leaf][:, None, None]
    step = leaves.seconds[leaf][:, None, None] - colour
    paint = step * texture if np.any(step) else np.zeros((3, height, width), np.float32)
    paint += colour
    paint *= light
    return paint


def _thrown(alpha: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """The soft shadow beside and under a leaf, in [0, 1]."""
    size = int(0.3 * radius) | 1
    thrown = cv2.blur(alpha, (size, size), anchor=(size // 4, size // 4))
    return np.asarray(thrown, np.float32)


def _expose(generator: np.random.Generator, canvas: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light the still unevenly and set its tone."""
    extent = canvas.shape[1]
    light = generator.normal(0, 0.12, (3, 3)).astype(np.float32)
    canvas *= np.exp(cv2.resize(light, (extent, extent), interpolation=cv2.INTER_CUBIC))
    still = np.ascontiguousarray(canvas.transpose(1, 2, 0))
    return np.clip(still, 0, 1, out=still)
