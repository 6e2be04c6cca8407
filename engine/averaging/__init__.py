"""Averaging along the motion: one step of a recursion per frame, no weights, no accelerator.

Each frame runs the same loop, so that it does not matter how frames are grouped into windows:

    flow      OpenCV's DIS from this frame to the restored one before; the history follows it
    trust     the innovation (frame - history) is compared, in 8 x 8 cosine patches, with what the
              noise explains; what it does not explain widens the history's variance
    fusion    Kalman: history + gain * innovation, gain = variance / (variance + 1)
    shrinkage for delivery only: patches of the fused frame lose the coefficients that the noise
              still left in it explains, so an unseen place is denoised in space instead

Variances are relative: 1 is one frame's noise, 1/n the mean of n frames. The noise itself is a
spectrum, a variance for each of the 64 coefficients of each channel, since a codec blots some out.
Channels are luma and two colour differences of the display-referred codes. The fused frame that is
carried is never shrunk, so that detail lost in one frame comes back in the next ones.

Callers pin OpenCV to one thread: the flow's stripes, and so its bits, follow the number of threads.

References:
    Arias, Morel: Kalman filtering of patches for frame-recursive video denoising, 2019. Here the
    gain is per place, not per coefficient, and the carried frame is not shrunk.
    Kroeger et al.: Fast optical flow using dense inverse search, 2016 (as OpenCV has it).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from engine.averaging.fusion import History, fuse
from engine.averaging.patches import STEP, shrink

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_TO_LUMA = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)
_FROM_LUMA = np.linalg.inv(_TO_LUMA)


class Averaged(NamedTuple):
    """A frame with its past in it.

    Attributes:
        change: ``(3, H, W)`` float32, what averaging and shrinkage add to the frame's
            display-referred codes.
        left: ``(H, W)`` float32, code^2, the luma noise expected in the average before shrinkage.
        history: What the next frame needs.
    """

    change: Floats
    left: Floats
    history: History


def average(crop: Floats, before: History | None, luma_step: int = STEP) -> Averaged:
    """Average a frame with the frames before it, and shrink what noise is still there.

    Args:
        crop: ``(3, H, W)`` float32, display-referred sRGB.
        before: After the frame before; None for none.
        luma_step: Pixels between the patches in which luma is shrunk.
    """
    frame = np.ascontiguousarray(crop.transpose(1, 2, 0))
    seen = np.asarray(cv2.transform(frame, _TO_LUMA), np.float32)
    history = fuse(seen, before)
    shrunk = _without_noise(history, luma_step)
    history = replace(history, guide=np.clip(shrunk[..., 0], 0, 1))
    change = np.asarray(cv2.transform(shrunk - seen, _FROM_LUMA), np.float32)
    return Averaged(change.transpose(2, 0, 1), history.variance * history.noise[0].mean(), history)


def _without_noise(history: History, luma_step: int) -> Floats:
    """Return the fused frame without the noise still left in it, ``(H, W, 3)``."""
    planes = [
        shrink(history.fused[..., c], history.variance, history.noise[c], step)
        for c, step in enumerate((luma_step, STEP, STEP))
    ]
    return np.stack(planes, axis=-1)
