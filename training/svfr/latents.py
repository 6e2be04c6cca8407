"""Latents to train on: pictures in blocks of 8 x 8, by their four principal components.

`svfr-tiny`'s own VAE is untrained, and of no use here: its group norms make every damage change
every latent, so that a plate damaged by "x4 mix" is farther from its clean one (mean square 1.32)
than that is from other faces (1.08), and nothing can be learnt. The linear autoencoder of blocks
with the least error gives as many latents, at the same places, and is found without training.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

SIDE = 8
"""Pixels that a VAE of SVFR makes one place of."""
CHANNELS = 4


class Blocks(NamedTuple):
    """The autoencoder.

    Attributes:
        mean: ``(192,)`` of the blocks it was fitted to.
        basis: ``(192, 4)`` to latents of unit variance, all four taken together.
    """

    mean: Tensor
    basis: Tensor

    def encode(self, pictures: Tensor) -> Tensor:
        """Return latents ``(N, 4, H/8, W/8)`` of pictures, as of `fitted`."""
        return ((_cut(pictures) - self.mean) @ self.basis).movedim(-1, 1)


def fitted(pictures: Tensor) -> Blocks:
    """Return the autoencoder of least error on pictures.

    Args:
        pictures: ``(N, 3, H, W)`` float32, display-referred sRGB in [0, 1]; sides are multiples of
            8, and the pictures not all of one colour.
    """
    blocks = _cut(pictures).flatten(0, 2).double()
    mean = blocks.mean(0)
    variances, directions = torch.linalg.eigh((blocks - mean).T.cov())
    basis = directions[:, -CHANNELS:].flip(1)
    # Either sign is right; the choice must not be the library's.
    basis = basis * basis.sum(0).sign()
    deviation = variances[-CHANNELS:].mean().sqrt()
    return Blocks(mean.float(), (basis / deviation).float())


def _cut(pictures: Tensor) -> Tensor:
    """Return ``(N, H/8, W/8, 192)``."""
    blocks = pictures.unflatten(2, (-1, SIDE)).unflatten(4, (-1, SIDE))
    return blocks.permute(0, 2, 4, 1, 3, 5).flatten(3)
