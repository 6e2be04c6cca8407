"""The fixed recipes of evaluation; every table of figures uses these names.

Blurs are summed in codes and noise is independent per channel, as in the papers that figures are
compared with. The mixes stand in KEEP's order: the noise is in the picture before it shrinks.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from training.degrade.recipe import Brush, Down, Gauss, Lens, Recipe, Up, Video

if TYPE_CHECKING:
    from collections.abc import Mapping


def _mix(name: str, blur: float, factor: float, noise: float, crf: float) -> Recipe:
    return Recipe(
        name,
        (
            Lens(blur, blur),
            Gauss(noise),
            Down(factor, "area"),
            Video("libx264", crf),
            Up("bicubic"),
        ),
    )


LEVELS: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            Recipe("clean"),
            Recipe("noise 20", (Gauss(20),)),
            Recipe("blur 1.5", (Lens(1.5, 1.5),)),
            _mix("x2 mix", blur=1, factor=2, noise=8, crf=27),
            _mix("x4 mix", blur=1.6, factor=4, noise=10, crf=28),
            Recipe("crf 34", (Video("libx264", 34),)),
            Recipe("greyscale", grey="codes"),
            Recipe("brush masks", brush=Brush(0.2, strokes=3, motion=0.1, fill="grey")),
        )
    }
)
"""Name to recipe."""
