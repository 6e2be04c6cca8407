"""Clips that are moved stills, of the kinds "leaves" and "patterns".

Rule of this file: a still is far dearer than a clip of it, so eight consecutive seeds share one,
and the last stills are kept.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from training.clip import ProceduralClip
from training.dead_leaves import make_dead_leaves
from training.motion import move_still
from training.patterns import make_patterns
from training.seeds import random_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

SEEDS_PER_STILL = 8
"""How many consecutive seeds, from a multiple on, move the same still."""

EXTENT = 640
"""The side of a still, in pixels, for clips up to 426 px; larger clips have larger stills."""

_KEPT = 32  # stills, 5 MB each
_MAKERS: Mapping[str, Callable[[np.random.Generator, int], NDArray[np.float32]]]
_MAKERS = MappingProxyType({"leaves": make_dead_leaves, "patterns": make_patterns})


@lru_cache(maxsize=_KEPT)
def _still(kind: str, number: int, extent: int) -> NDArray[np.float32]:
    still = _MAKERS[kind](random_stream(f"still of {kind}", number), extent)
    still.flags.writeable = False
    return still


def _make_clip(kind: str, seed: int, frames: int, size: int) -> ProceduralClip:
    extent = max(EXTENT, -(-3 * size // 2))
    generator = random_stream(f"motion of {kind}", seed)
    still = _still(kind, seed // SEEDS_PER_STILL, extent)
    # What passes in front looks like another still: upside down, with red and blue exchanged.
    pixels = move_still(generator, still, still[::-1, :, ::-1], frames, size)
    return ProceduralClip(pixels, kind, seed)


def make_leaves_clip(seed: int, frames: int, size: int) -> ProceduralClip:
    """Make a clip of moving dead leaves."""
    return _make_clip("leaves", seed, frames, size)


def make_patterns_clip(seed: int, frames: int, size: int) -> ProceduralClip:
    """Make a clip of moving patterns."""
    return _make_clip("patterns", seed, frames, size)
