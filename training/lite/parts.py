"""The parts of `lite` that are trained one by one, each as a walk along a clip.

restoring  damaged pictures to clean ones, with holes in some
chroma     grey pictures to coloured ones
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch

from engine.restorers.lite.chroma import Chroma, coloured
from engine.restorers.lite.network import (
    Restoring,
    Seen,
    State,
    aimed,
    luma,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from training.data import Batch


class Walked(NamedTuple):
    """What a walk returns.

    Attributes:
        restored: ``(B, T, 3, H, W)`` codes.
        state: What is left for the next frames, without gradient.
    """

    restored: Tensor
    state: object


class Walk(Protocol):
    """Restores the next frames of a clip.

    Takes the network, the batch, the first and the last frame (excluded) and what the frames before
    left, None for the first.
    """

    def __call__(
        self, network: nn.Module, batch: Batch, first: int, last: int, state: object
    ) -> Walked:
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
        averaged: Whether what it delivers lies between the average and what it restored.
    """

    build: type[Restoring | Chroma]
    walk: Walk
    shares: Mapping[str, Any]
    levels: tuple[str, ...]
    averaged: bool = False

    def delivered(self, batch: Batch, restored: Tensor) -> Tensor:
        """Return what leaves the restorer where the network restored a whole batch so."""
        return aimed(batch.average, restored) if self.averaged else restored


def walk_restoring(
    network: nn.Module, batch: Batch, first: int, last: int, state: object
) -> Walked:
    """Restore frames one after the other, each after the one before."""
    assert isinstance(network, Restoring)
    carried = state if isinstance(state, State) else network.begin(batch.degraded[:, first])
    frames = []
    for t in range(first, last):
        seen = Seen(*(tensor[:, t] for tensor in batch[1:]))
        restored, carried = network(seen, carried)
        frames.append(restored)
    after = State(*(tensor.detach() for tensor in carried))
    return Walked(torch.stack(frames, dim=1), after)


def walk_chroma(network: nn.Module, batch: Batch, first: int, last: int, state: object) -> Walked:
    """Colour frames one after the other; their luma is the clean one's: colour is judged."""
    assert isinstance(network, Chroma)
    grey = luma(batch.degraded[:, first])
    chroma = state if isinstance(state, torch.Tensor) else network.begin(grey)
    frames = []
    for t in range(first, last):
        chroma = network(luma(batch.degraded[:, t]), batch.motion[:, t], chroma)
        frames.append(coloured(luma(batch.clean[:, t]), chroma))
    return Walked(torch.stack(frames, dim=1), chroma.detach())


PARTS: Mapping[str, Part] = {
    "restoring": Part(
        Restoring,
        walk_restoring,
        {"holes": 0.15},
        ("clean", "noise 20", "blur 1.5", "x2 mix", "x4 mix", "crf 34", "brush masks"),
        averaged=True,
    ),
    "chroma": Part(
        Chroma, walk_chroma, {"colour": 1.0, "damage": 0.5, "averaged": False}, ("greyscale",)
    ),
}
"""Name to part; `--part` of the command."""
