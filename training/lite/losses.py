"""What training makes small: the distance to the clean clip, in pixels, waves and time.

Tensors are ``(B, T, 3, H, W)``, display-referred codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from training.data import Batch

SOFT = 1e-3  # codes, the difference below which Charbonnier is a square
WAVES = 0.05
FLICKER = 0.1
NEED = 0.02
VISIBLE, GLARING = 50.0, 40.0  # dB from the truth at which a clip needs nothing, and restoring


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


def needed(batch: Batch) -> Tensor:
    """Return how surely each clip is to be restored, ``(B,)`` in [0, 1], from the truth."""
    square = (batch.degraded - batch.clean).pow(2).mean(dim=(1, 2, 3, 4)).clamp(min=1e-10)
    return ((VISIBLE + 10 * square.log10()) / (VISIBLE - GLARING)).clamp(0, 1)


def misjudged(need: Tensor, truth: Tensor) -> Tensor:
    """Return the mean cross-entropy of judgements ``(B, T)`` under the truth ``(B,)``."""
    truth = truth[:, None].expand_as(need)
    return functional.binary_cross_entropy(need.float().clamp(1e-4, 1 - 1e-4), truth)
