"""The network of `lite` that gives grey pictures their colour back; the rules of `network` hold."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from engine.restorers.lite.motion import LUMA
from engine.restorers.lite.network import SLOPE, begin_weights, blocks, up, warp


class Chroma(nn.Module):
    """The recurrent network behind ``colour``: two colour differences from a grey picture.

    It works at a quarter of the resolution and below, and sees a face of 512 px whole.

    Args:
        middle: Channels at a quarter.
        coarse: Channels at an eighth and at a sixteenth.
        seed: Of the first weights.
    """

    def __init__(self, middle: int = 24, coarse: int = 44, seed: int = 0) -> None:
        super().__init__()
        self.enter = nn.Conv2d(16 + 3, middle, 3, padding=1)
        self.encode = blocks(middle, (1,))
        self.down8 = nn.Conv2d(middle, coarse, 3, stride=2, padding=1)
        self.down16 = nn.Conv2d(coarse, coarse, 3, stride=2, padding=1)
        self.context = nn.Conv2d(coarse, coarse, 1)
        self.blocks16 = blocks(coarse, (1, 2, 4, 8))
        self.up8 = up(coarse, coarse)
        self.up4 = up(coarse, middle)
        self.decode = blocks(middle, (1,))
        self.leave = nn.Conv2d(middle, 2, 3, padding=1)
        begin_weights(self, seed, faint="leave")

    def begin(self, grey: Tensor) -> Tensor:
        """Return the colour differences before the first frame."""
        batch, _, height, width = grey.shape
        return grey.new_zeros(batch, 2, height // 4, width // 4)

    def forward(self, grey: Tensor, motion: Tensor, before: Tensor) -> Tensor:
        """Return the colour differences of one frame, ``(B, 2, H/4, W/4)``, codes.

        Args:
            grey: ``(B, 1, H, W)`` luma, codes.
            motion: ``(B, 3, h, w)``: see `Restoring.forward`.
            before: ``(B, 2, H/4, W/4)`` those of the frame before.
        """
        size = before.shape[2:]
        valid = F.interpolate(motion[:, 2:], size=size, mode="bilinear", align_corners=False)
        history = torch.cat((warp(before, motion) * valid, valid), dim=1)
        seen = torch.cat((F.pixel_unshuffle(grey - 0.5, 4), history), dim=1)
        middle = self.encode(F.leaky_relu(self.enter(seen), SLOPE))
        coarse = F.leaky_relu(self.down8(middle), SLOPE)
        coarsest = F.leaky_relu(self.down16(coarse), SLOPE)
        coarsest = coarsest + self.context(coarsest.mean(dim=(2, 3), keepdim=True))
        coarse = F.leaky_relu(coarse + self.up8(self.blocks16(coarsest)), SLOPE)
        middle = self.decode(middle + self.up4(coarse))
        return self.leave(middle)


def coloured(grey: Tensor, chroma: Tensor) -> Tensor:
    """Join luma ``(B, 1, H, W)`` and colour differences ``(B, 2, h, w)`` to ``(B, 3, H, W)`` codes.

    The differences are red and blue less luma; green follows, so that the luma stays.
    """
    chroma = F.interpolate(chroma, size=grey.shape[2:], mode="bilinear", align_corners=False)
    red, blue = grey + chroma[:, :1], grey + chroma[:, 1:]
    green = (grey - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    return torch.cat((red, green, blue), dim=1)
