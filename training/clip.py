"""What the training data is made of: the procedural clip and its labels.

Rules of this file: a clip is a pure function of (kind, seed, frames, size), the same bits in any
process; a kind is one line of the table, and its module is imported only when it is asked for.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

MAKERS: Mapping[str, str] = MappingProxyType(
    {
        "leaves": "training.stills:make_leaves_clip",
        "patterns": "training.stills:make_patterns_clip",
        "face": "training.faces:make_face_clip",
    }
)
"""Kind to "module:function"; each function takes (seed, frames, size) and returns a clip."""


@dataclass(frozen=True, slots=True)
class FaceLabels:
    """The exact labels of a procedural talking face.

    Attributes:
        identity: The number of the identity; clips of one person share it.
        parameters: The parameters of the identity, (P,) float32.
        landmarks68: x, y in pixels, (T, 68, 2) float32.
        landmarks5: Eyes, nose tip, mouth corners as x, y in pixels, (T, 5, 2) float32.
        matte: The matte of the face, (T, H, W) float32 in [0, 1].
        expressions: Words for the expression, one per frame or one per clip.
        caption: The attribute caption: gender, appearance, expression.
        sound: The soundtrack, (S,) float32, mono, 16 kHz, in [-1, 1].
    """

    identity: int
    parameters: NDArray[np.float32]
    landmarks68: NDArray[np.float32]
    landmarks5: NDArray[np.float32]
    matte: NDArray[np.float32]
    expressions: tuple[str, ...]
    caption: str
    sound: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ProceduralClip:
    """Clean pictures of consecutive frames, made from a seed.

    Attributes:
        pixels: (T, 3, H, W) float32, display-referred sRGB in [0, 1].
        kind: "leaves", "patterns" or "face".
        seed: The number that makes it again.
        labels: What is known about the face; None where there is none.
    """

    pixels: NDArray[np.float32]
    kind: str
    seed: int
    labels: FaceLabels | None = None


def make_clip(kind: str, seed: int, frames: int, size: int) -> ProceduralClip:
    """Make the clip of a kind and a seed, T = frames and H = W = size.

    Eight consecutive seeds of leaves or patterns, from a multiple of eight on, move one and the
    same still, which is kept for the next call: walk through seeds in order where speed counts,
    and part training from held-out seeds at a multiple of eight.

    Raises:
        ValueError: The kind is unknown, the seed is negative, or frames or size is below 1.
    """
    if kind not in MAKERS:
        raise ValueError(f"there is no kind {kind!r}; there are {', '.join(MAKERS)}")
    if seed < 0 or frames < 1 or size < 1:
        raise ValueError(f"no clip of seed {seed} with {frames} frames of {size} px")
    module, _, function = MAKERS[kind].partition(":")
    maker: Callable[[int, int, int], ProceduralClip]
    maker = getattr(importlib.import_module(module), function)
    return maker(seed, frames, size)
