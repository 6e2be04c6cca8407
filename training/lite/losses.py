"""What training makes small: the distance to the clean clip, in pixels, waves and time.

Tensors are ``(B, T, 3, H, W)``, display-referred codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

SOFT = 1e-3  # codes, the difference below which Charbonnier is a square
WAVES = 0.05
FLICKER = 0.1


def charbonnier(restored: Tensor, clean: Tensor) -> Tensor:
    """Return the mean of sqrt(difference^2 + SOFT^2)."""
    return ((restored - clean) ** 2 + SOFT**2).sqrt().mean()


def waves(restored: Tensor, clean: Tensor) -> Tensor:
    """Return the mean absolute difference of the real and imaginary parts of the spectra.

    The transform is orthonormal and goes over height and width; waves of real pictures come in
    pairs, of which one is counted.
    """
    spectrum = torch.fft.rfft2(restored - clean, norm="ortho")
    return torch.view_as_real(spectrum).abs().mean()


def flicker(restored: Tensor, clean: Tensor) -> Tensor:
    """Return the mean absolute error of the differences between consecutive frames, 0 for one."""
    error = restored - clean
    if error.shape[1] < 2:
        return error.new_zeros(())
    return (error[:, 1:] - error[:, :-1]).abs().mean()


def loss(restored: Tensor, clean: Tensor, before: Tensor | None = None) -> Tensor:
    """Return Charbonnier + 0.05 waves + 0.1 flicker.

    Args:
        restored: ``(B, T, 3, H, W)``.
        clean: The same.
        before: ``(B, 1, 3, H, W)`` error of the frame before the first, without gradient; None
            where there is none.
    """
    total = charbonnier(restored, clean) + WAVES * waves(restored, clean)
    error = restored - clean
    chained = error if before is None else torch.cat((before, error), dim=1)
    return total + FLICKER * flicker(chained, torch.zeros_like(chained))
