"""Colours as natural scenes have them.

Colours are drawn as logarithms of linear light on three axes: lightness, which varies most, then
warm against cold, then green against magenta, which varies least. A scene keeps to a few anchors,
and its light tints all of them.

References:
    Ruderman, Cronin, Chiao, "Statistics of cone responses to natural images", 1998: decorrelated
    logarithmic axes and the order of their spreads. We differ: the axes are those of linear RGB,
    tails are heavier than Gaussian, and scenes are more or less vivid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AXES = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3], [2], [6]])
_GREY = np.sqrt(3) * np.log10(0.2)  # a scene's middle: a fifth of white
_SPREAD = np.array([0.5, 0.16, 0.05])


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scene.

    Attributes:
        anchors: What colours gather around, (K, 3) on the three axes.
        spread: How far they stray, (3,) on the same axes.
    """

    anchors: NDArray[np.float64]
    spread: NDArray[np.float64]


def make_palette(generator: np.random.Generator) -> Palette:
    """Draw the palette of a scene: its exposure, light, anchors and how vivid it is."""
    vivid = np.exp(generator.normal(0, 0.4)) * np.array([0, 1, 1]) + np.array([1, 0, 0])
    contrast = generator.uniform(0.75, 1.5) * np.array([1, 0, 0]) + np.array([0, 1, 1])
    spread = _SPREAD * vivid * contrast
    middle = np.array([_GREY, 0.06, 0.0]) + generator.normal(0, (0.16, 0.1, 0.025))
    count = int(generator.integers(3, 9))
    anchors = middle + spread * generator.standard_t(5, (count, 3))
    return Palette(anchors, spread * generator.uniform(0.15, 0.6))


def draw_colours(
    generator: np.random.Generator, palette: Palette, count: int
) -> NDArray[np.float32]:
    """Draw colours of a scene: (count, 3) float32, display-referred sRGB in [0, 1]."""
    chosen = palette.anchors[generator.integers(0, len(palette.anchors), count)]
    axes = chosen + palette.spread * generator.laplace(0, 0.9, (count, 3))
    linear = np.minimum(10 ** (axes @ _AXES), 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return curve.astype(np.float32)
