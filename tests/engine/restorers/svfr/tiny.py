"""What the tests of SVFR share: the tiny networks, moving pictures, and the golden folder."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.restorers.svfr.networks import Networks, seeded
from engine.restorers.svfr.sizes import TINY

GOLDEN = Path(__file__).parents[5] / "shared" / "golden" / "svfr"
needs_golden = pytest.mark.skipif(
    not (GOLDEN / "meta.json").exists(), reason="the official program's numbers are not here"
)


@lru_cache(maxsize=1)
def networks() -> Networks:
    return seeded(TINY)


def pictures(count, height=64, width=64):
    """Return moving waves, ``(N, 3, H, W)`` in [-1, 1]."""
    t, y, x = np.mgrid[:count, :height, :width]
    waves = [0.6 * np.sin((x + 3 * t) / (5 + c)) * np.cos((y - t) / 7) for c in range(3)]
    return torch.tensor(np.stack(waves, 1), dtype=torch.float32)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
