"""What SVFR is shown of a clip, and what of its answer is delivered. Pure functions.

Pictures are ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from engine.restorer import Clip

    Pictures = NDArray[np.float32]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)[:, None, None]
"""Rec. 601, the grey that SVFR learnt to colour."""


def shown(clip: Clip) -> Pictures:
    """Return the clip as SVFR learnt to see it: grey where colour is asked for, white in holes."""
    pictures = np.clip(clip.pixels, 0, 1)
    if "colour" in clip.tasks:
        pictures = np.repeat(_luma(pictures), 3, axis=1)
    mask = _mask(clip)
    if mask is not None:
        pictures = pictures + mask * (1 - pictures)
    return pictures.astype(np.float32, copy=False)


def delivered(clip: Clip, made: Pictures) -> Pictures:
    """Return what is delivered of the pictures that SVFR made.

    Without ``bfr``, known pixels stay the clip's very bits; with ``colour`` they keep their luma.
    """
    made = np.clip(made, 0, 1)
    if "bfr" in clip.tasks:
        return made
    known = clip.pixels
    if "colour" in clip.tasks:
        known = with_luma(made, _luma(np.clip(known, 0, 1)))
    mask = _mask(clip)
    # Not a + m (b - a), which is not b's bits at m = 1.
    return known if mask is None else np.where(mask > 0, known * (1 - mask) + made * mask, known)


def with_luma(pictures: Pictures, luma: NDArray[np.float32]) -> Pictures:
    """Return pictures of that luma, with the other pictures' colours as far as they fit.

    Args:
        pictures: Of any luma.
        luma: ``(T, 1, H, W)`` in [0, 1].
    """
    chroma = pictures - _luma(pictures)
    room = np.where(chroma > 0, 1 - luma, luma) / np.maximum(np.abs(chroma), 1e-6)
    return np.clip(luma + np.minimum(room.min(1, keepdims=True), 1) * chroma, 0, 1)


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


def _luma(pictures: Pictures) -> NDArray[np.float32]:
    return (LUMA * pictures).sum(1, keepdims=True)


def _mask(clip: Clip) -> NDArray[np.float32] | None:
    if "inpaint" not in clip.tasks or clip.guides.mask is None:
        return None
    return np.clip(clip.guides.mask, 0, 1)[:, None]
