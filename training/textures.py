"""Random surface textures: clouds, grain, fibres, waves, cells, weave and specks.

A texture is (E, E) float32 in [0, 1], with a mean near one half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from cv2.typing import MatLike
    from numpy.typing import NDArray

    Texture = NDArray[np.float32]


_PORE = 0.8  # pixels


def _even(field: MatLike) -> Texture:
    """Scale a field to a mean of one half and two deviations to each side."""
    mean, deviation = cv2.meanStdDev(field)
    scale = 0.25 / max(float(deviation[0, 0]), 1e-6)
    even = cv2.addWeighted(field, scale, field, 0.0, 0.5 - scale * float(mean[0, 0]))
    return np.clip(even, 0, 1).astype(np.float32)


def _noise(generator: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    return generator.standard_normal((height, width), np.float32)


def _sum_of_octaves(
    generator: np.random.Generator, extent: int, coarse: int, fine: int, fall: float
) -> NDArray[np.float32]:
    total = np.zeros((extent, extent), np.float32)
    cells, weight = coarse, 1.0
    while cells <= fine:
        octave = _noise(generator, cells, cells) * np.float32(weight)
        total += cv2.resize(octave, (extent, extent), interpolation=cv2.INTER_CUBIC)
        cells, weight = cells * 2, weight * fall
    return total


def draw_cloud(generator: np.random.Generator, extent: int) -> Texture:
    """Draw a fractal cloud; its roughness varies from smoke to bark."""
    fall = generator.uniform(0.45, 0.85)
    return _even(_sum_of_octaves(generator, extent, int(generator.integers(2, 12)), extent, fall))


def _grain(generator: np.random.Generator, extent: int) -> Texture:
    field = _noise(generator, extent, extent)
    return _even(cv2.GaussianBlur(field, (0, 0), float(generator.uniform(0.6, 2.2))))


def _turn(generator: np.random.Generator, field: MatLike) -> MatLike:
    """Turn a field by a random angle and bend it."""
    extent = field.shape[0]
    angle = generator.uniform(0, np.pi)
    across = np.arange(extent, dtype=np.float32) - extent / 2
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    bend = _sum_of_octaves(generator, extent, 3, 12, 0.4)
    bend *= np.float32(extent * generator.uniform(0, 0.05))
    x = c * across[None] - s * across[:, None] + bend
    y = s * across[None] + c * across[:, None] + bend[::-1]
    half = np.float32(extent / 2)
    x, y = x + half, y + half
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _fibres(generator: np.random.Generator, extent: int) -> Texture:
    length = float(np.exp(generator.uniform(np.log(8), np.log(60))))
    field = _noise(generator, extent, max(2, int(extent / length)))
    field = cv2.resize(field, (extent, extent), interpolation=cv2.INTER_CUBIC)
    thick = float(generator.uniform(0.5, 2.0))
    return _even(_turn(generator, cv2.GaussianBlur(field, (1, 0), 0.01, sigmaY=thick)))


def _waves(generator: np.random.Generator, extent: int) -> Texture:
    period = float(np.exp(generator.uniform(np.log(5), np.log(60))))
    line = np.sin(np.arange(extent) * (2 * np.pi / period))
    line = np.clip(line * np.exp(generator.uniform(0, 1.8)), -1, 1).astype(np.float32)
    field = np.ascontiguousarray(np.broadcast_to(line, (extent, extent)))
    return _even(_turn(generator, field))


def _cells(generator: np.random.Generator, extent: int) -> Texture:
    spacing = float(np.exp(generator.uniform(np.log(6), np.log(50))))
    count = int((extent / spacing) ** 2)
    ground = np.full((extent, extent), 255, np.uint8)
    ground[tuple(generator.integers(0, extent, (2, count)))] = 0
    field = cv2.distanceTransform(ground, cv2.DIST_L2, cv2.DIST_MASK_5)
    return _even(field if generator.random() < 0.5 else np.minimum(field, np.float32(spacing / 3)))


def _weave(generator: np.random.Generator, extent: int) -> Texture:
    period = float(np.exp(generator.uniform(np.log(4), np.log(24))))
    line = np.sin(np.arange(extent) * (2 * np.pi / period)).astype(np.float32)
    field = line[None] * line[:, None] + 0.5 * np.maximum(line[None], line[:, None])
    field += 0.2 * _noise(generator, extent, extent)
    return _even(_turn(generator, field))


def _specks(generator: np.random.Generator, extent: int) -> Texture:
    size = float(np.exp(generator.uniform(np.log(0.8), np.log(5))))
    field = cv2.GaussianBlur(_noise(generator, extent, extent), (0, 0), size)
    deviation = float(cv2.meanStdDev(field)[1][0, 0])
    level = generator.uniform(0, 1.6)
    return _even(np.clip((field / np.float32(deviation) - level) * 3, 0, 1))


_TEXTURES: tuple[Callable[[np.random.Generator, int], Texture], ...] = (
    draw_cloud,
    draw_cloud,
    _fibres,
    _grain,
    _waves,
    _cells,
    _specks,
    _weave,
)


def draw_textures(generator: np.random.Generator, extent: int, count: int) -> tuple[Texture, ...]:
    """Draw textures of E = extent, no kind more often than it must, most of them with pores."""
    order = generator.permutation(len(_TEXTURES))
    pores = cv2.GaussianBlur(_noise(generator, extent, extent), (0, 0), _PORE)
    textures: list[Texture] = []
    for k in range(count):
        texture = _TEXTURES[order[k % len(order)]](generator, extent)
        depth = float(generator.uniform(-0.2, 0.6))
        if depth > 0:
            flipped = cv2.flip(pores, int(generator.integers(-1, 2)))
            texture = _even(cv2.addWeighted(texture, 1.0, flipped, depth, 0.0))
        textures.append(texture)
    return tuple(textures)
