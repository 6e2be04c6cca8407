"""What is trained: the denoiser, the projection of identities, and two heads that only teach.

The heads look at the denoiser's middle block. With the weights of `svfr-tiny` it begins; the VAE
and the identity network stay as they are.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from engine.restorers.svfr.networks import shapes
from engine.restorers.svfr.seeded import seeded_state

if TYPE_CHECKING:
    from engine.restorers.svfr.networks import Networks

LANDMARKS = 68
CENTRE = 50.0  # landmarks are in hundredths of the crop's side


class ResBlock(nn.Module):
    """Two convolutions beside a straight way."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.GroupNorm(8, channels) for _ in range(2))
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps ``(N, C, h, w)`` of maps."""
        inner = self.conv1(F.silu(self.norm1(maps)))
        return maps + self.conv2(F.silu(self.norm2(inner)))


class LatentTransformer(nn.Module):
    """Two residual blocks and a layer norm, as the paper says; the regularisation's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(ResBlock(channels), ResBlock(channels))
        self.norm = nn.LayerNorm(channels)

    def forward(self, middle: Tensor) -> Tensor:
        """Return features ``(R, D)`` of the middle block's maps ``(R, T, C, h, w)``."""
        maps = self.blocks(middle.flatten(0, 1)).movedim(1, -1)
        return self.norm(maps).unflatten(0, middle.shape[:2]).flatten(1)


class LandmarkPredictor(nn.Module):
    """Average pooling and five layers, as the paper says; the facial prior's."""

    def __init__(self, channels: int, width: int = 128) -> None:
        super().__init__()
        widths = (channels, *(width,) * 4)
        layers = [nn.Linear(*pair) for pair in pairwise(widths)]
        rest = [part for layer in layers for part in (layer, nn.SiLU())]
        self.layers = nn.Sequential(*rest, nn.Linear(width, 2 * LANDMARKS))

    def forward(self, middle: Tensor) -> Tensor:
        """Return landmarks ``(R, T, 68, 2)``, x and y in hundredths of the crop's side."""
        points = self.layers(middle.mean((-2, -1)))
        return CENTRE + CENTRE * points.unflatten(-1, (LANDMARKS, 2))


class Told(NamedTuple):
    """What the student said: velocity ``(R, T, 4, h, w)``, middle maps ``(R, T, C, h', w')``."""

    velocity: Tensor
    middle: Tensor


class Student(nn.Module):
    """The denoiser with the heads.

    Args:
        networks: Their denoiser and projection are taken over, not copied.
    """

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        channels = networks.sizes.unet.block_out_channels[-1]
        self.unet = networks.unet
        self.projection = networks.projection
        self.transformer = LatentTransformer(channels)
        self.predictor = LandmarkPredictor(channels)
        for head in (self.transformer, self.predictor):
            head.load_state_dict(seeded_state(shapes(head)))
        self.requires_grad_(requires_grad=True)
        self._middle: list[Tensor] = []
        self.unet.get_submodule("mid_block").register_forward_hook(self._keep)

    def _keep(self, _block: nn.Module, _given: object, maps: Tensor) -> None:
        self._middle[:] = [maps]

    def forward(self, sample: Tensor, sigma: Tensor, tokens: Tensor, task: Tensor) -> Told:
        """Predict.

        Args:
            sample: ``(R, T, 12, h, w)``: noisy latents, the plate's, the reference's.
            sigma: ``(R,)``.
            tokens: ``(R, 49, D)``.
            task: ``(R, 3)`` whether to restore, colour, inpaint.
        """
        said = self.unet(sample, 0.25 * sigma.log(), tokens, task).sample
        return Told(said, self._middle.pop().unflatten(0, sample.shape[:2]))
