"""Random weights that are the same on every machine: each tensor follows from its own name.

numpy's `RandomState` is used because its stream is frozen for ever. Values are rounded to what half
precision holds, so that they are the same in both precisions.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    Shapes = Mapping[str, tuple[int, ...]]


def seeded_state(shapes: Shapes, *, gain: float = 1.0) -> dict[str, Tensor]:
    """Return float32 tensors of those names and shapes; counters are 0.

    Args:
        shapes: Names as in a state dict.
        gain: Of matrices and convolutions.
    """
    return {name: _tensor(name, tuple(shape), gain) for name, shape in shapes.items()}


def seeded_iresnet(shapes: Shapes) -> dict[str, Tensor]:
    """Return weights with which a deep IResNet neither dies away nor runs off."""
    state = seeded_state(shapes, gain=1.2)
    for name, tensor in state.items():
        if "prelu" in name:
            state[name] = (0.25 + 0.2 * (tensor - 1)).half().float()
        elif ".bn3.weight" in name:
            state[name] = (0.3 * tensor).half().float()
    return state


def _tensor(name: str, shape: tuple[int, ...], gain: float) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    stream = np.random.RandomState(crc32(name.encode()) & 0x7FFFFFFF)
    z = torch.tensor(stream.standard_normal(shape), dtype=torch.float32)
    return _scaled(name, z, gain).half().float()


def _scaled(name: str, z: Tensor, gain: float) -> Tensor:
    if "mix_factor" in name:
        return 0.5 * z
    if name.endswith("running_var"):
        return 1 + 0.1 * z.abs()
    if z.ndim >= 2 and not name.endswith("running_mean"):
        return gain * z / prod(z.shape[1:]) ** 0.5
    if z.ndim == 1 and name.endswith("weight"):
        return 1 + 0.1 * z
    return 0.1 * z
