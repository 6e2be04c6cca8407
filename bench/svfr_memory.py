"""What SVFR needs of a device's memory, estimated on tensors without numbers.

Every tensor that is alive at a time is counted while the real code makes them, attention fused.
What the driver, the kernels' workspaces and the allocator's gaps add is not known.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - its name everywhere
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bench.svfr_work import WINDOW, official
from engine.restorer import Clip
from engine.restorers.svfr.anchored import Anchored
from engine.restorers.svfr.asked import Asked, Economy
from engine.restorers.svfr.attention import Predictor
from engine.restorers.svfr.networks import build, filled, shapes
from engine.restorers.svfr.official import Noise, Pass, run_both
from engine.restorers.svfr.sizes import TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor

    from engine.restorers.svfr.networks import Networks
    from engine.restorers.svfr.sizes import Sizes

DEVICE = "meta"
ONE_STEP = Asked(steps=1, first_steps=1)
"""Every step needs the same memory."""


class _Alive(TorchDispatchMode):
    """Counts the bytes on the device."""

    def __init__(self, before: Iterable[Tensor]) -> None:
        super().__init__()
        self.peak = self._now = 0
        self._sizes: dict[int, int] = {}
        for one in before:
            self._see(one.untyped_storage())

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Let the operation be done, and look at what it returns."""
        del types
        result = func(*args, **(kwargs or {}))
        for one in tree_leaves(result):
            if isinstance(one, torch.Tensor) and one.device.type == DEVICE:
                self._see(one.untyped_storage())
        return result

    def _see(self, storage: torch.UntypedStorage) -> None:
        key = cast("int", storage._cdata)  # noqa: SLF001 - its address: views share it
        if key not in self._sizes:
            self._sizes[key] = storage.nbytes()
            self._now += storage.nbytes()
            self.peak = max(self.peak, self._now)
            weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self._now -= self._sizes.pop(key)


class _Pretended(TorchFunctionMode):
    """Has attention fused, and lets tensors leave a device on which there are no numbers."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Do the function, or what stands for it."""
        del types
        first = args[0] if args else None
        if func is F.scaled_dot_product_attention:
            return torch.empty_like(args[0])
        leaves = func is torch.Tensor.cpu or (func is torch.Tensor.to and "cpu" in map(str, args))
        if leaves and isinstance(first, torch.Tensor) and first.device.type == DEVICE:
            return torch.zeros(first.shape, dtype=first.dtype)
        return func(*args, **(kwargs or {}))


def _peak(sizes: Sizes, dtype: torch.dtype, ask: Callable[[Networks], object]) -> int:
    def state(part: str) -> dict[str, Tensor]:
        told = shapes(build(part, sizes)).items()
        return {name: torch.empty(shape, dtype=dtype, device=DEVICE) for name, shape in told}

    networks = filled(sizes, state)
    parts = networks.unet, networks.vae, networks.arcface, networks.projection
    weights = [one for part in parts for one in part.state_dict().values()]
    alive = _Alive(one for one in weights if one.device.type == DEVICE)
    del weights
    with alive, _Pretended(), torch.inference_mode():
        ask(networks)
    return alive.peak


def window_memory(sizes: Sizes, economy: Economy, dtype: torch.dtype = torch.float16) -> int:
    """Return the bytes that a window of `svfr` needs, weights included; the anchor needs most.

    Args:
        sizes: Of the networks.
        economy: How much memory is used.
        dtype: Precision.
    """
    pixels = np.zeros((WINDOW, 3, sizes.crop, sizes.crop), np.float32)
    clip = Clip(pixels, pixels[:, 0], tuple(range(WINDOW)), 1)

    def ask(networks: Networks) -> None:
        anchored = Anchored(networks, ONE_STEP, economy, 1)
        plate = anchored.plate(clip)
        anchored.restore(clip, plate, anchored.anchor(clip, plate))

    return _peak(sizes, dtype, ask)


def whole_memory(
    sizes: Sizes, frames: int, *, saves: bool = True, dtype: torch.dtype = torch.float16
) -> int:
    """Return the bytes that both passes over so many frames need, weights included.

    Args:
        sizes: Of the networks.
        frames: N.
        saves: Whether it saves what can be saved.
        dtype: Precision.
    """
    crop, width = sizes.crop, sizes.identity.tokens
    first, second = Pass(steps=1, window=min(WINDOW, frames)), Pass(steps=1, window=WINDOW)
    if not saves:
        first, second = official(first, second)
    pictures = torch.zeros((1, 1, 1, 1)).expand(frames, 3, crop, crop)

    def noise(some: Tensor) -> Noise:
        return Noise(None, torch.zeros((len(some), 4, crop // 8, crop // 8)))

    def ask(networks: Networks) -> None:
        run_both(
            networks,
            Predictor(networks.unet, saves=saves),
            pictures,
            noise=noise,
            identify=lambda _: torch.zeros((1, TOKENS, width)),
            first=first,
            second=second,
        )

    return _peak(sizes, dtype, ask)
