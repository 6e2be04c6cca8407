"""Drawing the recipe of a training clip.

The mixture: 8 % stay clean; of the rest, 45 % are in KEEP's order (blur, noise, down, codec, up),
20 % meet no codec, since a restorer that sees codecs only learns to do nothing, 10 % get their
noise after the codec, as where grain is put back, and 25 % suffer one thing alone, from which a
small network learns that thing fastest. Within an order each part may be missing.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

from training.degrade.optics import SCALERS
from training.degrade.recipe import (
    FILLS,
    SHARES,
    Brush,
    Down,
    Gauss,
    Jpeg,
    Lens,
    Recipe,
    Shake,
    Shot,
    Step,
    Up,
    Video,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import numpy as np

TASKS = ("bfr", "colour", "inpaint")
CLEAN = 0.08
"""Share of the clips to restore that nothing is done to."""

_ENCODERS = {"libx264": 0.6, "libx265": 0.16, "mpeg4": 0.1, "mpeg2video": 0.09, "libvpx-vp9": 0.05}
_PRESETS = {"ultrafast": 0.1, "veryfast": 0.3, "fast": 0.2, "medium": 0.4}
_JPEG = 0.1  # share of the clips with a codec whose codec is JPEG, frame by frame


def draw_recipe(rng: np.random.Generator, tasks: Collection[str] = ("bfr",)) -> Recipe:
    """Draw what is done to one clip.

    Args:
        rng: Drawn from; the same state gives the same recipe.
        tasks: Any of TASKS: ``bfr`` draws the steps, ``colour`` takes the colour, ``inpaint``
            paints holes.

    Raises:
        ValueError: A task is unknown.
    """
    if unknown := set(tasks) - set(TASKS):
        raise ValueError(f"no tasks {sorted(unknown)}; there are {', '.join(TASKS)}")
    name, steps = "clean", ()
    if "bfr" in tasks and rng.random() >= CLEAN:
        name = _chosen(rng, {order: share for order, (share, _) in ORDERS.items()})
        steps = ORDERS[name][1](rng)
    grey = _chosen(rng, {"codes": 0.7, "linear": 0.3}) if "colour" in tasks else None
    return Recipe(name, steps, grey, _brush(rng) if "inpaint" in tasks else None)


def _keep(rng: np.random.Generator) -> tuple[Step, ...]:
    blur = _maybe(rng, 0.75, _blur)
    noise = _maybe(rng, 0.7, _noise)
    down, up = _scaled(rng, 0.65)
    return (*blur, *noise, *down, _codec(rng), *up)


def _codec_free(rng: np.random.Generator) -> tuple[Step, ...]:
    blur = _maybe(rng, 0.5, _blur)
    down, up = _scaled(rng, 0.3)
    # Something has to be done: where nothing is yet, noise is.
    noise = _maybe(rng, 0.7 if blur or down else 1, _strong_noise)
    return (*blur, *noise, *down, *up)


def _regrained(rng: np.random.Generator) -> tuple[Step, ...]:
    blur = _maybe(rng, 0.6, _blur)
    down, up = _scaled(rng, 0.5)
    return (*blur, *down, _codec(rng), *up, _noise(rng))


def _alone(rng: np.random.Generator) -> tuple[Step, ...]:
    kind = _chosen(rng, {"blur": 0.35, "noise": 0.15, "codec": 0.35, "scale": 0.15})
    if kind == "scale":
        down, up = _scaled(rng, 1)
        return (*down, *up)
    return ({"blur": _blur, "noise": _strong_noise, "codec": _codec}[kind](rng),)


ORDERS: Mapping[str, tuple[float, Callable[[np.random.Generator], tuple[Step, ...]]]] = (
    MappingProxyType(
        {
            "keep": (0.45, _keep),
            "codec-free": (0.20, _codec_free),
            "regrained": (0.10, _regrained),
            "alone": (0.25, _alone),
        }
    )
)
"""Name of an order to its share among the clips that are not clean, and to what draws it."""


def _blur(rng: np.random.Generator) -> Lens | Shake:
    light = _chosen(rng, {"linear": 0.5, "codes": 0.5})
    angle = _between(rng, 0, math.pi)
    kind = _chosen(rng, {"isotropic": 0.6, "anisotropic": 0.25, "motion": 0.15})
    if kind == "motion":
        return Shake(_log_between(rng, 2, 10), angle, light)
    major = _log_between(rng, 0.4, 3)
    if kind == "isotropic":
        return Lens(major, major, 0.0, light)
    return Lens(major, round(major * _between(rng, 0.25, 0.9), 4), angle, light)


def _noise(rng: np.random.Generator) -> Gauss | Shot:
    return _noise_of(rng, _log_between(rng, 1, 30))


def _strong_noise(rng: np.random.Generator) -> Gauss | Shot:
    return _noise_of(rng, _between(rng, 1, 30))


def _noise_of(rng: np.random.Generator, sigma: float) -> Gauss | Shot:
    kind = Gauss if rng.random() < 0.6 else Shot
    colour = 1.0 if rng.random() < 0.5 else _between(rng, 0, 1)
    grain = 0.0 if rng.random() < 0.7 else _between(rng, 0.3, 1.2)
    return kind(sigma, colour, grain)


def _scaled(rng: np.random.Generator, chance: float) -> tuple[tuple[Down, ...], tuple[Up, ...]]:
    """Return the way down and the way up, or neither."""
    if rng.random() >= chance:
        return (), ()
    down = Down(_log_between(rng, 1, 5), _one_of(rng, tuple(SCALERS)))
    return (down,), (Up(_one_of(rng, ("bilinear", "bicubic", "lanczos"))),)


def _codec(rng: np.random.Generator) -> Jpeg | Video:
    if rng.random() < _JPEG:
        return Jpeg(int(rng.integers(30, 96)))
    crf = int(rng.integers(18, 37))
    return Video(_chosen(rng, _ENCODERS), crf, _chosen(rng, _PRESETS))


def _brush(rng: np.random.Generator) -> Brush:
    motion = 0.0 if rng.random() < 0.4 else _between(rng, 0.02, 0.2)
    share = _between(rng, *SHARES)
    strokes = int(rng.integers(1, 6))
    return Brush(share, strokes, motion, _between(rng, 24, 72), _one_of(rng, FILLS))


def _maybe(
    rng: np.random.Generator, chance: float, draw: Callable[[np.random.Generator], Step]
) -> tuple[Step, ...]:
    return (draw(rng),) if rng.random() < chance else ()


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number of four decimals, which a log can show whole."""
    return round(float(rng.uniform(low, high)), 4)


def _log_between(rng: np.random.Generator, low: float, high: float) -> float:
    return round(math.exp(rng.uniform(math.log(low), math.log(high))), 4)


def _one_of(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]


def _chosen(rng: np.random.Generator, shares: Mapping[str, float]) -> str:
    """Return a word, each as often as its share; shares sum to 1."""
    return list(shares)[int(rng.choice(len(shares), p=list(shares.values())))]
