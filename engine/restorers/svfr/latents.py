"""Pictures to latents and back, and the noise that latents begin as.

Pictures are ``(N, 3, H, W)`` RGB, display-referred sRGB scaled to [-1, 1]; latents are
``(N, 4, H/8, W/8)``. Conditioning latents are the encoder's mode, not scaled; denoised ones are
scaled by the VAE's factor.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Generator

    from diffusers import AutoencoderKLTemporalDecoder
    from torch import Tensor

ENCODE_CHUNK = 20
DECODE_CHUNK = 16


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
            program does for the plate but not for the reference.
    """
    weight = vae.quant_conv.weight
    with _single_precision(vae, exact):
        precision = vae.quant_conv.weight.dtype
        parts = [
            vae.encode(part.to(weight.device, precision)).latent_dist.mode()
            for part in _split(pictures, chunk)
        ]
    return torch.cat(parts).to(weight.dtype)


@contextmanager
def _single_precision(vae: AutoencoderKLTemporalDecoder, wanted: bool) -> Generator[None]:
    dtype = vae.quant_conv.weight.dtype
    parts = (vae.encoder, vae.quant_conv) if wanted and dtype != torch.float32 else ()
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

    Args:
        vae: In half or single precision.
        latents: Scaled.
        scale: The VAE's factor.
        chunk: Frames decoded at a time; the last chunk may be shorter.
    """
    weight = vae.quant_conv.weight
    parts = [
        vae.decode(part.to(weight.device, weight.dtype), num_frames=len(part)).sample.float().cpu()
        for part in _split(latents / scale, chunk)
    ]
    return torch.cat(parts)


def _split(frames: Tensor, chunk: int) -> list[Tensor]:
    return [frames[first : first + chunk] for first in range(0, len(frames), chunk)]


def start(plate: Tensor, noise: Tensor, sigma: Tensor | float, scale: float) -> Tensor:
    """Return what denoising begins with: the plate's latents, scaled, under all the noise."""
    return scale * plate + sigma * noise


def official_noise(
    generator: torch.Generator, frames: int, height: int, width: int
) -> tuple[Tensor, Tensor]:
    """Draw random numbers in the order of the official program.

    Args:
        generator: Of the device on which the official program would run.
        frames: N.
        height: Of the pictures.
        width: Of the pictures.

    Returns:
        Noise for the pictures ``(N, 3, H, W)``, then for the latents ``(N, 4, H/8, W/8)``.
    """
    device = generator.device
    pictures = torch.randn((frames, 3, height, width), generator=generator, device=device)
    shape = (1, frames, 4, height // 8, width // 8)
    return pictures, torch.randn(shape, generator=generator, device=device)[0]
