"""What is trained: the denoiser, the projection of identities, and two heads that only teach.

The heads look at the denoiser's middle block. With the weights of `svfr-tiny` it begins, but for
what `_temper` does. The identity network stays as it is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from engine.restorers.svfr.networks import shapes
from engine.restorers.svfr.seeded import seeded_state
from training.svfr.data import TASK_SETS, vector

if TYPE_CHECKING:
    from diffusers import UNetSpatioTemporalConditionModel

    from engine.restorers.svfr.networks import Networks

LANDMARKS = 68
CENTRE = 50.0  # landmarks are in hundredths of the crop's side
BRANCHES = {
    **dict.fromkeys(
        (".conv2.weight", ".to_out.0.weight", ".net.2.weight", ".proj_out.weight"), 0.1
    ),
    "conv_out.weight": 0.01,
    "conv_out.bias": 0.01,
}
"""Last weights of residual branches and of the whole denoiser, to what they are multiplied by."""
LOUDER = 5.0
"""By how much the embeddings of tasks differ more than at first."""


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


class TokenAttention:
    """Attention of a layer to tokens that are not copied to every frame and place first.

    The same sums as the layer's own, in half the time of the whole denoiser.

    Args:
        tokens: Holds those of the batch, ``(R, K, D)``.
    """

    def __init__(self, tokens: list[Tensor]) -> None:
        self._tokens = tokens

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        """Return what the layer adds, ``(R * sequences, length, C)``."""
        del encoder_hidden_states, attention_mask
        (tokens,) = self._tokens
        keys, values = (
            project(tokens).unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for project in (attn.to_k, attn.to_v)
        )
        # A row's sequences share keys, so they are one long sequence of queries.
        query = attn.to_q(hidden_states).reshape(len(tokens), -1, attn.heads, keys.shape[-1])
        found = F.scaled_dot_product_attention(query.transpose(1, 2), keys, values)
        return attn.to_out[0](found.transpose(1, 2).reshape(hidden_states.shape))


class Told(NamedTuple):
    """What the student said: velocity ``(R, T, 4, h, w)``, middle maps ``(R, T, C, h', w')``."""

    velocity: Tensor
    middle: Tensor


@torch.no_grad()
def _temper(unet: UNetSpatioTemporalConditionModel) -> None:
    """Change random weights to some that learn.

    Random residual branches drown what the skips carry: they are made small. Embeddings of the
    seven sets of tasks are nearly one and the same, a seventh of their length apart: what they
    share is taken away, and their differences are made as large as those of times become.
    """
    for name, weight in unet.named_parameters():
        for ending, gain in BRANCHES.items():
            weight.data.mul_(gain if name.endswith(ending) else 1)
    first, told = (unet.get_submodule(name) for name in ("add_time_proj", "add_embedding"))
    vectors = torch.tensor([vector(tasks) for tasks in TASK_SETS]).to(next(unet.parameters()))
    shared = told(first(vectors.flatten()).view(len(vectors), -1)).mean(0)
    last = told.get_submodule("linear_2")
    assert isinstance(last, nn.Linear)
    last.bias.sub_(shared).mul_(LOUDER)
    last.weight.mul_(LOUDER)


class Student(nn.Module):
    """The denoiser with the heads.

    Args:
        networks: Their denoiser and projection are taken over and changed, not copied.
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
        _temper(self.unet)
        self.requires_grad_(requires_grad=True)
        self._tokens: list[Tensor] = []
        for name, layer in self.unet.named_modules():
            if name.endswith(".attn2"):
                layer.set_processor(TokenAttention(self._tokens))
        self._middle: list[Tensor] = []
        self.unet.get_submodule("mid_block").register_forward_hook(self._keep)

    def _keep(self, _block: nn.Module, _given: object, maps: Tensor) -> None:
        self._middle[:] = [maps]

    def forward(self, sample: Tensor, sigma: Tensor, tokens: Tensor, task: Tensor) -> Told:
        """Predict.

        Args:
            sample: ``(R, T, 12, h, w)``: noisy latents, the plate's, the reference's.
            sigma: ``(R,)``.
            tokens: ``(R, K, D)``; one of zeros does what 49 do.
            task: ``(R, 3)`` whether to restore, colour, inpaint.
        """
        self._tokens[:] = [tokens]
        said = self.unet(sample, 0.25 * sigma.log(), tokens[:, :1], task).sample
        self._tokens.clear()
        return Told(said, self._middle.pop().unflatten(0, sample.shape[:2]))
