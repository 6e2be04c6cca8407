"""One pass as the official program computes it, and its two passes one after the other.

References:
    SVFR, arXiv 2501.01235; its program's rules are in the specification, sections 5 to 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import torch

from engine.restorers.svfr.asked import DECODE_CHUNK, ENCODE_CHUNK
from engine.restorers.svfr.attention import NOTHING, Predictor, Row
from engine.restorers.svfr.denoise import Conditions, denoise, guidance, schedule
from engine.restorers.svfr.latents import decode, encode, official_noise, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from engine.restorer import Watch
    from engine.restorers.svfr.networks import Networks

SEED = 77


@dataclass(frozen=True, slots=True)
class Pass:
    """Settings of one pass; the defaults are those of the official second pass.

    Attributes:
        steps: Of the whole schedule.
        window: Frames in a window.
        overlap: Frames shared by neighbouring windows.
        task: Whether to restore, colour, inpaint.
        guidance: Of the first and of the last step.
        strength: Part of the schedule that is run.
        augmentation: Noise on the plate's pictures, in their unit.
        guided: Whether there is an unconditional row to be led away from.
        decode_chunk: Frames decoded at a time.
        encode_chunk: Pictures encoded at a time.
        at_once: Windows computed together.
    """

    steps: int = 30
    window: int = 16
    overlap: int = 3
    task: tuple[float, float, float] = (1, 0, 0)
    guidance: tuple[float, float] = (2.0, 2.0)
    strength: float = 1.0
    augmentation: float = 0.0
    guided: bool = True
    decode_chunk: int = DECODE_CHUNK
    encode_chunk: int = ENCODE_CHUNK
    at_once: int = 1


class Noise(NamedTuple):
    """Random numbers of a pass.

    Attributes:
        pictures: ``(N, 3, H, W)`` unit normal; None where no picture is augmented.
        latents: ``(N, 4, H/8, W/8)`` unit normal.
    """

    pictures: Tensor | None
    latents: Tensor

    @classmethod
    def seeded(cls, generator: torch.Generator, pictures: Tensor, *, keeps: bool = True) -> Noise:
        """Draw in the order of the official program for those pictures ``(N, 3, H, W)``."""
        frames, _, height, width = pictures.shape
        return cls(*official_noise(generator, frames, height, width, keeps=keeps))


class Passed(NamedTuple):
    """What a pass returns.

    Attributes:
        latents: ``(N, 4, h, w)`` denoised, scaled.
        pictures: ``(N, 3, H, W)`` float32 around [-1, 1], not clamped; on the CPU.
    """

    latents: Tensor
    pictures: Tensor


def run_pass(
    networks: Networks,
    predict: Predictor,
    pictures: Tensor,
    noise: Noise,
    settings: Pass,
    *,
    reference: Tensor | None = None,
    tokens: Tensor | None = None,
    plate: Tensor | None = None,
    watch: Watch | None = None,
) -> Passed:
    """Restore a whole clip in one pass.

    Args:
        networks: Of any size.
        predict: Asks their UNet.
        pictures: ``(N, 3, H, W)`` RGB, display-referred sRGB scaled to [-1, 1].
        noise: Random numbers.
        settings: Of the pass.
        reference: The reference frame's picture ``(3, H, W)``; None for the first pass.
        tokens: Identity ``(1, 49, D)``; None for the first pass.
        plate: What `plate_latents` returned for the pictures, where they are encoded already.
        watch: Called before each step.
    """
    vae, scale = networks.vae, networks.sizes.vae.scaling_factor
    chunk = settings.encode_chunk
    if plate is None:
        plate = plate_latents(networks, pictures, chunk)
    seen = plate
    if settings.augmentation and noise.pictures is not None:
        noisy = pictures + settings.augmentation * noise.pictures.to(pictures)
        seen = plate_latents(networks, noisy, chunk)
    elif not predict.saves:
        seen = plate_latents(networks, pictures, chunk)  # as the official program: once more
    empty = reference is None and tokens is None
    row = NOTHING if empty else conditioned(networks, reference, tokens)
    levels = schedule(networks.scheduler(), settings.steps, settings.strength)
    conditions = Conditions(
        seen,
        (NOTHING, row) if settings.guided else (row,),
        guidance(levels, *settings.guidance),
        torch.tensor(settings.task, device=plate.device),
    )
    latents = start(plate, noise.latents.to(plate), levels.sigmas[0], scale)
    windows, at_once = (settings.window, settings.overlap), settings.at_once
    latents = denoise(
        predict, latents, conditions, levels, windows=windows, at_once=at_once, watch=watch
    )
    return Passed(latents, decode(vae, latents, scale, chunk=settings.decode_chunk))


def plate_latents(networks: Networks, pictures: Tensor, chunk: int = ENCODE_CHUNK) -> Tensor:
    """Return the conditioning latents of the plate, in the UNet's precision and on its device."""
    latents = encode(networks.vae, pictures, chunk=chunk)
    return latents.to(networks.device, networks.dtype)


def conditioned(networks: Networks, reference: Tensor | None, tokens: Tensor | None) -> Row:
    """Return the row that follows a reference frame's picture and an identity."""
    latents = None
    if reference is not None:
        (latents,) = encode(networks.vae, reference[None], exact=False)
        latents = latents.to(networks.device, networks.dtype)
    return Row(latents, None if tokens is None else tokens.to(networks.device, networks.dtype))


def run_both(
    networks: Networks,
    predict: Predictor,
    pictures: Tensor,
    *,
    noise: Callable[[Tensor], Noise],
    identify: Callable[[Tensor], Tensor],
    first: Pass,
    second: Pass,
    watch: Watch | None = None,
) -> tuple[Passed, Passed]:
    """Restore a whole clip: its beginning without a reference, then all of it with one.

    The reference is the last frame of the first pass. The plate is encoded once.

    Args:
        networks: Of any size.
        predict: Asks their UNet.
        pictures: ``(N, 3, H, W)`` RGB, display-referred sRGB scaled to [-1, 1].
        noise: Draws the random numbers for some pictures; called for each pass in turn.
        identify: Returns the tokens ``(1, 49, D)`` of a picture ``(3, H, W)``.
        first: Its window also tells how many frames it restores.
        second: Of the pass whose result counts.
        watch: Called before each step of either pass.

    Returns:
        What each pass made.
    """
    run = partial(run_pass, networks, predict, watch=watch)
    plate = plate_latents(networks, pictures, second.encode_chunk) if predict.saves else None
    begun = pictures[: first.window]
    early = run(begun, noise(begun), first, plate=None if plate is None else plate[: first.window])
    reference = early.pictures[-1]
    tokens = identify(reference)
    late = run(pictures, noise(pictures), second, reference=reference, tokens=tokens, plate=plate)
    return early, late
