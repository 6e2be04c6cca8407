"""The network of `lite` that restores.

Rules of this file: a network is a pure function of its arguments and weights; its state goes in and
comes out. Sizes are any multiples of 16. No normalisation layers, since their statistics differ
between crops and frames. Motion and the average along it are found elsewhere and passed in: what
arithmetic does well, namely averaging noise away, the network need not learn.

    frame, average, doubt, history along the motion     1/2: enter -> 1/4: hidden state joins,
    blocks -> 1/8: blocks -> 1/16: one block -> back up -> 1/2 -> residual on the average, and share
    of the history

Shapes: B clips, C channels, H, W pixels, h, w of the motion. Pixels are display-referred sRGB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from engine.restorers.lite.motion import LUMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SLOPE = 0.1
QUIET = 0.1  # what the last layer of a block begins with, of its due
FAINT = 0.01  # what the last layer of a network begins with, of its due
NOISE_SCALE = 10.0  # brings usual noise, in codes, to the size of the other inputs
SHARE = 0.8  # of the learnt residual that is delivered; measured: all of it is too much


class Seen(NamedTuple):
    """One frame as a restoring network meets it.

    Attributes:
        frame: ``(B, 3, H, W)`` codes, holes filled with a guess.
        average: ``(B, 3, H, W)`` codes, the frame averaged with its past along the motion.
        noise: ``(B, 1, H, W)`` codes, sigma of the noise expected to be left in the average.
        doubt: ``(B, 1, H, W)`` in [0, 1]: 0 was seen, a half was seen in an earlier frame, 1 is
            made up.
        motion: ``(B, 3, h, w)``: see `warp`, and in [0, 1] where it holds.
    """

    frame: Tensor
    average: Tensor
    noise: Tensor
    doubt: Tensor
    motion: Tensor


class State(NamedTuple):
    """What a restoring network carries to the next frame.

    Attributes:
        restored: ``(B, 3, H, W)`` the last restored frame at full strength, codes in [0, 1].
        hidden: ``(B, C, H/4, W/4)`` in [-1, 1].
    """

    restored: Tensor
    hidden: Tensor


def warp(values: Tensor, motion: Tensor, mode: str = "bilinear") -> Tensor:
    """Fetch values from where the motion says that they were.

    Args:
        values: ``(B, C, H, W)``.
        motion: ``(B, 2 or more, h, w)``, the first two channels x and y to the place in the frame
            before, where a whole width or height is 2; enlarged to the size of `values`.
        mode: ``bilinear`` or ``bicubic``.
    """
    height, width = values.shape[2:]
    flow = F.interpolate(motion[:, :2], size=(height, width), mode="bilinear", align_corners=False)
    x = _centres(width, values)
    y = _centres(height, values)
    grid = torch.stack((flow[:, 0] + x, flow[:, 1] + y[:, None]), dim=-1)
    return F.grid_sample(values, grid, mode=mode, padding_mode="border", align_corners=False)


def _centres(count: int, like: Tensor) -> Tensor:
    return (torch.arange(count, dtype=like.dtype, device=like.device) * 2 + 1) / count - 1


def luma(pixels: Tensor) -> Tensor:
    """Return ``(B, 1, H, W)`` of ``(B, 3, H, W)`` display-referred codes."""
    weights = torch.tensor(LUMA, dtype=pixels.dtype, device=pixels.device)
    return (pixels * weights[:, None, None]).sum(1, keepdim=True)


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        """Return ``(B, C, H, W)`` of the same."""
        return values + self.second(F.leaky_relu(self.first(values), SLOPE))


def blocks(channels: int, dilations: Sequence[int]) -> nn.Sequential:
    """Return blocks one after the other, one for each dilation."""
    return nn.Sequential(*(Block(channels, dilation) for dilation in dilations))


def up(channels: int, out: int) -> nn.Sequential:
    """Return what doubles height and width."""
    return nn.Sequential(nn.Conv2d(channels, 4 * out, 1), nn.PixelShuffle(2))


class Restoring(nn.Module):
    """The recurrent network behind ``bfr`` and ``inpaint``.

    Args:
        fine: Channels at half the resolution.
        middle: Channels at a quarter.
        coarse: Channels at an eighth and at a sixteenth.
        hidden: Channels of the hidden state.
        seed: Of the first weights.
    """

    def __init__(
        self, fine: int = 24, middle: int = 48, coarse: int = 104, hidden: int = 28, seed: int = 0
    ) -> None:
        super().__init__()
        self.channels = hidden
        self.enter = nn.Conv2d(4 * 12, fine, 3, padding=1)
        self.descend = nn.Conv2d(fine, middle, 3, stride=2, padding=1)
        self.join = nn.Conv2d(middle + hidden, middle, 3, padding=1)
        self.encode = blocks(middle, (1, 1))
        self.down8 = nn.Conv2d(middle, coarse, 3, stride=2, padding=1)
        self.blocks8 = blocks(coarse, (1, 1))
        self.down16 = nn.Conv2d(coarse, coarse, 3, stride=2, padding=1)
        self.blocks16 = blocks(coarse, (1,))
        self.up8 = up(coarse, coarse)
        self.merge8 = blocks(coarse, (1,))
        self.up4 = up(coarse, middle)
        self.decode = blocks(middle, (1, 1))
        self.remember = nn.Conv2d(middle, hidden, 3, padding=1)
        self.up2 = up(middle, fine)
        self.finish = nn.Conv2d(fine, fine, 3, padding=1)
        self.leave = nn.Conv2d(fine, 4 * 4, 3, padding=1)
        begin_weights(self, seed, faint="leave")
        with torch.no_grad():
            # What a single frame has none of begins small, so that history disturbs nothing.
            self.enter.weight[:, 4 * 8 :] *= QUIET
            self.join.weight[:, middle:] *= QUIET
            assert self.leave.bias is not None
            self.leave.bias[12:] = -3.0  # at first, a twentieth of the history

    def begin(self, frame: Tensor) -> State:
        """Return the state before the first frame; its motion must say that nothing holds."""
        batch, _, height, width = frame.shape
        hidden = frame.new_zeros(batch, self.channels, height // 4, width // 4)
        return State(frame, hidden)

    def forward(self, seen: Seen, state: State) -> tuple[Tensor, State]:
        """Restore one frame.

        Args:
            seen: The frame.
            state: After the frame before.

        Returns:
            The restored frame, ``(B, 3, H, W)`` codes, not clipped, and the state after it.
        """
        frame, average, noise, doubt, motion = seen
        size = frame.shape[2:]
        valid = F.interpolate(motion[:, 2:], size=size, mode="bilinear", align_corners=False)
        news = valid * (warp(state.restored, motion, "bicubic") - average)
        hidden = warp(state.hidden, motion) * F.avg_pool2d(valid, 4)
        pictures = torch.cat((frame, average), dim=1) - 0.5
        maps = torch.cat((doubt, noise * NOISE_SCALE, valid, news), dim=1)
        fine = self.enter(F.pixel_unshuffle(torch.cat((pictures, maps), dim=1), 2))
        fine = F.leaky_relu(fine, SLOPE)
        middle = F.leaky_relu(self.descend(fine), SLOPE)
        middle = F.leaky_relu(self.join(torch.cat((middle, hidden), dim=1)), SLOPE)
        middle = self.encode(middle)
        coarse = self.blocks8(F.leaky_relu(self.down8(middle), SLOPE))
        coarsest = self.blocks16(F.leaky_relu(self.down16(coarse), SLOPE))
        coarse = self.merge8(coarse + self.up8(coarsest))
        middle = self.decode(middle + self.up4(coarse))
        fine = F.leaky_relu(fine + self.up2(middle), SLOPE)
        fine = F.leaky_relu(self.finish(fine), SLOPE)
        change = F.pixel_shuffle(self.leave(fine), 2)
        residual, share = change[:, :3], change[:, 3:]
        restored = average + torch.sigmoid(share) * news + residual
        # Both are bounded: a history that is fed back unbounded blows up.
        return restored, State(restored.clamp(0, 1), torch.tanh(self.remember(middle)))


def aimed(average: Tensor, restored: Tensor) -> Tensor:
    """Return what of restored frames is delivered; of any one shape, codes."""
    return average + SHARE * (restored - average)


def placed(network: nn.Module, device: str) -> nn.Module:
    """Return the network, moved to a device, in the layout that computes fastest."""
    network.to(device)
    for weight in network.parameters():  # a quarter faster than rows of channels, on a CPU
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return network


def begin_weights(network: nn.Module, seed: int, faint: str) -> None:
    """Draw weights that keep the scale, small and not zero where a residual begins."""
    generator = torch.Generator().manual_seed(seed)
    layers = cast("Iterator[tuple[str, nn.Module]]", network.named_modules())
    for name, layer in layers:
        if isinstance(layer, nn.Conv2d):
            fan = layer.weight[0].numel()
            scale = FAINT if name == faint else QUIET if name.endswith("second") else 1.0
            spread = scale * (2 / (1 + SLOPE**2) / fan) ** 0.5
            with torch.no_grad():
                layer.weight.normal_(0, spread, generator=generator)
                if layer.bias is not None:
                    layer.bias.zero_()
