"""What SVFR is shown of a clip, and what of its answer is delivered. Pure functions.

Pictures are ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.luma import luma, with_luma

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from engine.restorer import Clip

    Pictures = NDArray[np.float32]

GREY = np.array([0.299, 0.587, 0.114], np.float32)[:, None, None]
"""Rec. 601, the grey that SVFR learnt to colour."""
KNEE, TOP = 0.6, 64.0
"""Scene-linear values: up to the first, a clip's code is plain sRGB; the second has code 1."""
BEND = 1.055 * KNEE ** (1 / 2.4) - 0.055
"""The code of `KNEE`."""


def shown(clip: Clip) -> Pictures:
    """Return the clip as SVFR learnt to see it: grey where colour is asked for, white in holes."""
    pictures = np.clip(clip.pixels, 0, 1)
    if "colour" in clip.tasks:
        pictures = np.repeat((GREY * pictures).sum(1, keepdims=True), 3, axis=1)
    mask = _mask(clip)
    if mask is not None:
        pictures = pictures + mask * (1 - pictures)
    return pictures.astype(np.float32, copy=False)


def delivered(clip: Clip, made: Pictures) -> Pictures:
    """Return what is delivered of the pictures that SVFR made.

    Without ``bfr``, known pixels stay the clip's very bits; with ``colour`` they keep their luma.
    SVFR makes plain sRGB, whose 1 is diffuse white; what is brighter is the plate's, if it agrees.
    """
    made, known, mask = np.clip(made, 0, 1), np.clip(clip.pixels, 0, 1), _mask(clip)
    bright = known.max(1, keepdims=True)
    made = np.maximum(
        plain(made), np.minimum(made, bright if mask is None else np.where(mask > 0, 0, bright))
    )
    if "bfr" in clip.tasks:
        return made
    if "colour" in clip.tasks:
        known = with_luma(made, luma(known), np.maximum(bright, made.max(1, keepdims=True)))
    else:
        known = clip.pixels
    # Not a + m (b - a), which is not b's bits at m = 1.
    return known if mask is None else np.where(mask > 0, known * (1 - mask) + made * mask, known)


def plain(pictures: Pictures) -> Pictures:
    """Return pictures of plain sRGB on a clip's curve, at most 0.82."""
    linear = ((pictures + 0.055) / 1.055) ** 2.4
    stops = np.log2(np.maximum(linear, KNEE) / KNEE) / np.log2(TOP / KNEE)
    return np.where(linear > KNEE, BEND + (1 - BEND) * stops, pictures).astype(np.float32)


def confidence(clip: Clip) -> NDArray[np.float32] | None:
    """Return how much to trust each pixel: half where colour is made up, 0 where the picture is."""
    if set(clip.tasks) == {"bfr"}:
        return None
    level = np.full_like(clip.matte, 0.5 if "colour" in clip.tasks else 1.0)
    mask = _mask(clip)
    return level if mask is None else level * (1 - mask[:, 0])


def task_ids(tasks: Collection[str]) -> tuple[float, float, float]:
    """Return the tasks as SVFR is told of them."""
    return float("bfr" in tasks), float("colour" in tasks), float("inpaint" in tasks)


def _mask(clip: Clip) -> NDArray[np.float32] | None:
    if "inpaint" not in clip.tasks or clip.guides.mask is None:
        return None
    return np.clip(clip.guides.mask, 0, 1)[:, None]
