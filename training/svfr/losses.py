"""The losses of the paper: noise, unified latent regularisation, facial prior, and their sum.

The noise loss is Stable Video Diffusion's: of the velocity, which is the preconditioned error of
the denoised latents with the weight (1 + sigma^2) / sigma^2, under a log-normal sigma. Ours is
higher: below 1, a third of Stable Video Diffusion's, latents tell themselves whatever the plate is.

References:
    SVFR, equations 1 to 4. It does not tell tau, w and epsilon; ours are below. Its equation 2 is
    taken by the letter: only other videos stand under the fraction. Features are made unit
    vectors, without which it has no lower bound.
    Karras et al. 2022 (EDM), table 1; Feng et al. 2018 (wing loss), whose w and epsilon are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional as F  # noqa: N812 - its name everywhere

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

UNIFIED = 0.01
"""Lambda 1 of equation 4."""
PRIOR = 0.1
"""Lambda 2 of equation 4."""
TEMPERATURE = 0.1
"""Tau of equation 2."""
WIDTH, CURVATURE = 10.0, 2.0
"""W and epsilon of equation 3, in hundredths of the crop's side."""
LOG_SIGMA = (1.4, 1.2)
"""Mean and standard deviation of sigma's natural logarithm; 0.7, 1.6 in Stable Video Diffusion."""


class Losses(NamedTuple):
    """Scalars: their weighted sum, then the parts."""

    total: Tensor
    noise: Tensor
    unified: Tensor
    prior: Tensor


def draw_sigmas(rng: np.random.Generator, count: int) -> Tensor:
    """Draw levels of noise, ``(count,)`` float32."""
    mean, deviation = LOG_SIGMA
    return torch.from_numpy(mean + deviation * rng.standard_normal(count)).exp().float()


def noisy(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """Return what the denoiser sees, of unit variance.

    Args:
        clean: ``(R, T, 4, h, w)`` latents, scaled.
        noise: Alike, standard normal.
        sigma: ``(R,)``.
    """
    sigma = sigma.view(-1, 1, 1, 1, 1)
    return (clean + sigma * noise) / (sigma**2 + 1) ** 0.5


def velocity(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """Return what the denoiser is to say; arguments as of `noisy`."""
    sigma = sigma.view(-1, 1, 1, 1, 1)
    return (noise - sigma * clean) / (sigma**2 + 1) ** 0.5


def unified(features: Tensor) -> Tensor:
    """Return equation 2: one video's degradations alike, other videos apart.

    Args:
        features: ``(B, 2, D)`` of B >= 2 videos, each under two degradations.

    Raises:
        ValueError: There are no other videos.
    """
    if len(features) < 2:
        raise ValueError("one video has no others to differ from; give at least 2")
    first, second = F.normalize(features, dim=-1).unbind(1)
    likeness = first @ second.T / TEMPERATURE
    others = likeness.masked_fill(torch.eye(len(first), device=first.device) > 0, -torch.inf)
    return (others.logsumexp(1) - likeness.diagonal()).mean()


def wing(error: Tensor) -> Tensor:
    """Return equation 3, the mean over landmarks' errors, in hundredths of the crop's side."""
    size = error.abs()
    bend = WIDTH * torch.log1p(size / CURVATURE)
    joint = WIDTH - WIDTH * torch.log1p(torch.tensor(WIDTH / CURVATURE)).item()
    return torch.where(size < WIDTH, bend, size - joint).mean()
