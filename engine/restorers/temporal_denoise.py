"""`temporal-denoise`: motion-compensated recurrent denoising, no weights, no accelerator.

Frame after frame runs through `engine.averaging`, so that it does not matter how frames are grouped
into windows; what is carried is the averaged frame, and what is delivered the same without the
noise that is still in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.averaging import average
from engine.averaging.fusion import History
from engine.compute import opencv_on_one_thread
from engine.restorer import Clip, Crop, Parameter, Restored, RestorerInfo, check_reference

if TYPE_CHECKING:
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
FINE_STEP = 2  # pixels between patches where luma is shrunk: +0.1 dB over 4, 1 gives only +0.03


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
        with opencv_on_one_thread():
            for t, crop in enumerate(clip.pixels):
                change, left, history = average(crop, history, FINE_STEP)
                pixels[t] = np.maximum(crop + strength * change, 0)
                confidence[t] = 1 / (1 + left / np.float32(VISIBLE**2))
        assert history is not None
        after = reference.followed_by(clip.frames[-1], history.tensors())
        return Restored(pixels, after, confidence)
