"""Pictures to latents and back, and the noise that latents begin as.

Pictures are ``(N, 3, H, W)`` RGB, display-referred sRGB scaled to [-1, 1]; latents are
``(N, 4, H/8, W/8)``. Conditioning latents are the encoder's mode, not scaled; denoised ones are
scaled by the VAE's factor.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import torch

from engine.restorers.svfr.asked import DECODE_CHUNK, ENCODE_CHUNK

if TYPE_CHECKING:
    from collections.abc import Generator

    from diffusers import AutoencoderKLTemporalDecoder
    from torch import Tensor, nn

NOISE_CHUNK = 256
"""Pictures whose noise is drawn at a time: 0.8 GB. A GPU draws other numbers in smaller parts."""


@torch.inference_mode()
def encode(
    vae: AutoencoderKLTemporalDecoder,
    pictures: Tensor,
    *,
    chunk: int = ENCODE_CHUNK,
    exact: bool = True,
) -> Tensor:
    """Return the mode of the pictures' latents, not scaled, in the VAE's precision.

    Args:
        vae: In half or single precision.
        pictures: On any device.
        chunk: Pictures encoded at a time.
        exact: Whether a half precision encoder computes in single precision, as the official
            program does for the plate but not for the reference. Without it, half precision is
            left only where it cannot hold what comes out.
    """
    weight = vae.quant_conv.weight
    single = exact and weight.dtype != torch.float32
    with _single_precision(vae.encoder, vae.quant_conv) if single else nullcontext():
        parts = [_modes(vae, part) for part in _split(pictures, chunk)]
    latents = torch.cat(parts).to(weight.dtype)
    if exact or not _overflowed(latents):
        return latents
    return encode(vae, pictures, chunk=chunk)


def _modes(vae: AutoencoderKLTemporalDecoder, pictures: Tensor) -> Tensor:
    weight = vae.quant_conv.weight
    return vae.encode(pictures.to(weight.device, weight.dtype)).latent_dist.mode()


@contextmanager
def _single_precision(*parts: nn.Module) -> Generator[None]:
    dtype = next(parts[0].parameters()).dtype
    for part in parts:
        part.float()
    try:
        yield
    finally:
        for part in parts:
            part.to(dtype)  # half to single and back is exact


@torch.inference_mode()
def decode(
    vae: AutoencoderKLTemporalDecoder,
    latents: Tensor,
    scale: float,
    *,
    chunk: int = DECODE_CHUNK,
) -> Tensor:
    """Return the pictures of denoised latents, float32 on the CPU, not clamped.

    The decoder looks along time, within a chunk only: another chunk gives slightly other pictures.
    A chunk that half precision cannot hold is decoded again in single precision.

    Args:
        vae: In half or single precision.
        latents: Scaled.
        scale: The VAE's factor.
        chunk: Frames decoded at a time; the last chunk may be shorter.
    """
    return torch.cat([_decoded(vae, part) for part in _split(latents / scale, chunk)])


def _decoded(vae: AutoencoderKLTemporalDecoder, latents: Tensor) -> Tensor:
    made = _shown(vae, latents)
    if made.dtype != torch.float32 and _overflowed(made):
        with _single_precision(vae.decoder):
            made = _shown(vae, latents)
    return made.float().cpu()


def _shown(vae: AutoencoderKLTemporalDecoder, latents: Tensor) -> Tensor:
    weight = next(vae.decoder.parameters())
    given = latents.to(weight.device, weight.dtype)
    return vae.decode(given, num_frames=len(given)).sample


def _overflowed(made: Tensor) -> bool:
    return bool(made.isfinite().logical_not().any().cpu())


def _split(frames: Tensor, chunk: int) -> list[Tensor]:
    return [frames[first : first + chunk] for first in range(0, len(frames), chunk)]


def start(plate: Tensor, noise: Tensor, sigma: Tensor | float, scale: float) -> Tensor:
    """Return what denoising begins with: the plate's latents, scaled, under all the noise."""
    return scale * plate + sigma * noise


def official_noise(
    generator: torch.Generator, frames: int, height: int, width: int, *, keeps: bool = True
) -> tuple[Tensor | None, Tensor]:
    """Draw random numbers in the order of the official program.

    More than 256 frames on a GPU get other numbers than there, so that memory does not grow.

    Args:
        generator: Of the device on which the official program would run.
        frames: N.
        height: Of the pictures.
        width: Of the pictures.
        keeps: Whether the pictures' noise is kept.

    Returns:
        Noise for the pictures ``(N, 3, H, W)`` or None, then for the latents ``(N, 4, H/8, W/8)``.
    """
    device = generator.device
    pictures: list[Tensor] = []
    for first in range(0, frames, NOISE_CHUNK):
        some = min(NOISE_CHUNK, frames - first), 3, height, width
        drawn = torch.randn(some, generator=generator, device=device)
        if keeps:
            pictures.append(drawn)
    shape = (1, frames, 4, height // 8, width // 8)
    latents = torch.randn(shape, generator=generator, device=device)[0]
    return torch.cat(pictures) if keeps else None, latents
