"""A whole track at once, in the official program's two passes and circular windows.

What differs from the official program is what it lacks: the five points are those of the engine's
aligned crop, as no detector runs on the first pass's result.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.restorers.svfr.attention import Predictor
from engine.restorers.svfr.compose import shown, task_ids
from engine.restorers.svfr.identity import as_bytes, seen, tokens_of, usual_points
from engine.restorers.svfr.official import Noise, Pass, run_both

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from engine.restorer import Clip, Watch
    from engine.restorers.svfr.asked import Asked, Economy, IdCrop
    from engine.restorers.svfr.networks import Networks

WINDOW, OVERLAP = 16, 3


def restore_whole(
    networks: Networks,
    clip: Clip,
    asked: Asked,
    economy: Economy,
    *,
    seed: int,
    watch: Watch | None = None,
) -> NDArray[np.float32]:
    """Return the pictures ``(T, 3, H, W)`` of all of a track's frames, not clamped.

    Args:
        networks: Of any size.
        clip: Every frame of the track.
        asked: What the user chose.
        economy: How much memory is used; nothing is offloaded.
        seed: Of the device's random numbers, which every device draws differently.
        watch: Called before each step.
    """
    generator = torch.Generator(networks.device).manual_seed(seed)
    for part in (networks.vae, networks.arcface, networks.projection):
        part.to(networks.device)  # whoever restored before may have put it away

    def noise(pictures: Tensor) -> Noise:
        # No picture is augmented: its noise is drawn for the order's sake, and not kept.
        return Noise.seeded(generator, pictures, keeps=False)

    def settings(steps: int, window: int) -> Pass:
        return Pass(
            steps=steps,
            window=window,
            overlap=OVERLAP,
            task=task_ids(clip.tasks),
            guidance=(asked.guidance, asked.guidance),
            strength=asked.strength,
            decode_chunk=economy.decode_chunk,
            encode_chunk=economy.encode_chunk,
        )

    _, late = run_both(
        networks,
        Predictor(networks.unet, together=economy.together),
        torch.tensor(shown(clip)) * 2 - 1,
        noise=noise,
        identify=partial(_identified, networks, asked.crop),
        first=settings(asked.first_steps, min(WINDOW, len(clip.frames))),
        second=settings(asked.steps, WINDOW),
        watch=watch,
    )
    return (late.pictures * 0.5 + 0.5).numpy()


def _identified(networks: Networks, crop: IdCrop, picture: Tensor) -> Tensor:
    pixels = as_bytes(np.clip((picture * 0.5 + 0.5).numpy(), 0, 1))
    view = seen(pixels, usual_points(pixels.shape[0]), crop)
    return tokens_of(networks.arcface, networks.projection, view)
