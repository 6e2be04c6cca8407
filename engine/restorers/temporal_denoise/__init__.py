"""`temporal-denoise`: motion-compensated recurrent denoising, no weights, no accelerator.

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

OpenCV runs on one thread here: the flow's stripes, and so its bits, follow the number of threads.

References:
    Arias, Morel: Kalman filtering of patches for frame-recursive video denoising, 2019. Here the
    gain is per place, not per coefficient, and the carried frame is not shrunk.
    Kroeger et al.: Fast optical flow using dense inverse search, 2016 (as OpenCV has it).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.restorer import Clip, Crop, Parameter, Restored, RestorerInfo, check_reference
from engine.restorers.temporal_denoise.fusion import History, fuse
from engine.restorers.temporal_denoise.patches import FINE_STEP, STEP, shrink

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from engine.reference import TemporalReference

INFO = RestorerInfo(
    name="temporal-denoise",
    title="Temporal denoise",
    tasks=("bfr",),
    link="chained",
    window=8,
    licence="Apache-2.0",
    source="docs/architecture.md",
    crop=Crop(multiple=16),
    curve="open",  # noise that the knee has bent no longer averages out
    content_agnostic=True,
    parameters=(
        Parameter("strength", 100, 0, 100, "percent", "How much of the noise is taken away."),
    ),
)

VISIBLE = 4 / 255  # code, noise left at which confidence is a half

_TO_LUMA = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)
_FROM_LUMA = np.linalg.inv(_TO_LUMA)


class TemporalDenoise:
    """Averages along the motion what stays, and shrinks in space what does not."""

    info = INFO

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        """Denoise the clip's frames one after the other.

        Confidence is ``(T, H, W)`` float32 in [0, 1]: 1 where no noise is expected to be left, a
        half where 4 of 255 codes are, before shrinkage.

        Raises:
            ReferenceMismatchError: `reference` does not lead into `clip`, or holds crops of another
                size.
        """
        check_reference(INFO, clip, reference)
        history = History.of(reference.tensors, clip.pixels.shape[2:])
        strength = np.float32(clip.parameters.get("strength", 100) / 100)
        if strength == 0:
            return Restored(clip.pixels, reference.followed_by(clip.frames[-1], {}))
        pixels = np.empty_like(clip.pixels)
        confidence = np.empty(clip.matte.shape, np.float32)
        with _one_thread():
            for t, crop in enumerate(clip.pixels):
                frame = np.ascontiguousarray(crop.transpose(1, 2, 0))
                seen = np.asarray(cv2.transform(frame, _TO_LUMA), np.float32)
                history = fuse(seen, history)
                shrunk = _without_noise(history)
                history = replace(history, guide=np.clip(shrunk[..., 0], 0, 1))
                change = cv2.transform(shrunk - seen, _FROM_LUMA)
                pixels[t] = np.maximum(frame + strength * change, 0).transpose(2, 0, 1)
                confidence[t] = _confidence(history)
        assert history is not None
        after = reference.followed_by(clip.frames[-1], history.tensors())
        return Restored(pixels, after, confidence)


@contextmanager
def _one_thread() -> Generator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _without_noise(history: History) -> NDArray[np.float32]:
    """Return the fused frame without the noise still left in it, ``(H, W, 3)``."""
    planes = [
        shrink(history.fused[..., c], history.variance, history.noise[c], step)
        for c, step in enumerate((FINE_STEP, STEP, STEP))
    ]
    return np.stack(planes, axis=-1)


def _confidence(history: History) -> NDArray[np.float32]:
    sigma2 = history.variance * history.noise[0].mean()
    return 1 / (1 + sigma2 / np.float32(VISIBLE**2))
