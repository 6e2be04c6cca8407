"""The parts of `lite` that are trained one by one, each as a walk along a clip.

restoring  damaged pictures to clean ones, with holes in some
chroma     grey pictures to coloured ones
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from engine.restorers.lite.network import Chroma, Restoring, State, coloured, luma

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from training.data import Batch


class Walk(Protocol):
    """Restores the next frames of a clip.

    Takes the network, the batch, the first and the last frame (excluded) and what the frames before
    left, None for the first; returns ``(B, T, 3, H, W)`` and what is left for the next.
    """

    def __call__(
        self, network: nn.Module, batch: Batch, first: int, last: int, state: object
    ) -> tuple[Tensor, object]:
        """Restore frames `first` to `last`."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A network and how it is trained.

    Attributes:
        build: Seed to network.
        walk: See `Walk`.
        shares: What its clips lose: see `training.data.Mix`.
        levels: Names in `training.degrade.LEVELS` by which it is judged.
    """

    build: type[Restoring | Chroma]
    walk: Walk
    shares: Mapping[str, float]
    levels: tuple[str, ...]


def walk_restoring(
    network: nn.Module, batch: Batch, first: int, last: int, state: object
) -> tuple[Tensor, object]:
    """Restore frames one after the other, each after the one before."""
    assert isinstance(network, Restoring)
    carried = state if isinstance(state, State) else network.begin(batch.degraded[:, first])
    frames = []
    for t in range(first, last):
        restored, carried = network(
            batch.degraded[:, t], batch.doubt[:, t], batch.motion[:, t], carried
        )
        frames.append(restored)
    return torch.stack(frames, dim=1), State(*(tensor.detach() for tensor in carried))


def walk_chroma(
    network: nn.Module, batch: Batch, first: int, last: int, state: object
) -> tuple[Tensor, object]:
    """Colour frames one after the other; their luma is the clean one's: colour is judged."""
    assert isinstance(network, Chroma)
    grey = luma(batch.degraded[:, first])
    chroma = state if isinstance(state, torch.Tensor) else network.begin(grey)
    frames = []
    for t in range(first, last):
        chroma = network(luma(batch.degraded[:, t]), batch.motion[:, t], chroma)
        frames.append(coloured(luma(batch.clean[:, t]), chroma))
    return torch.stack(frames, dim=1), chroma.detach()


PARTS: Mapping[str, Part] = {
    "restoring": Part(
        Restoring,
        walk_restoring,
        {"holes": 0.15},
        ("clean", "noise 20", "blur 1.5", "x2 mix", "x4 mix", "crf 34", "brush masks"),
    ),
    "chroma": Part(Chroma, walk_chroma, {"colour": 1.0}, ("greyscale",)),
}
"""Name to part; `--part` of the command."""
