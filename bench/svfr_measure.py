"""SVFR run on random weights, with a watch on time and memory."""

from __future__ import annotations

import time
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from bench.svfr_work import official
from engine.restorer import Clip
from engine.restorers.svfr.anchored import Anchored
from engine.restorers.svfr.attention import Predictor
from engine.restorers.svfr.networks import build, filled, shapes
from engine.restorers.svfr.official import Noise, Pass, run_both
from engine.restorers.svfr.sizes import TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from engine.restorers.svfr.asked import Asked, Economy
    from engine.restorers.svfr.networks import Networks
    from engine.restorers.svfr.sizes import Sizes

COMPILED = ("ResnetBlock2D", "TemporalResnetBlock", "FeedForward")
"""Where most is done that is no product of matrices, and nothing that another call changes."""


def random_weights(
    part: str, sizes: Sizes, device: str, dtype: torch.dtype
) -> Mapping[str, Tensor]:
    """Return weights made on the device, with which no network dies away or runs off."""
    generator = torch.Generator(device).manual_seed(77)
    state: dict[str, Tensor] = {}
    for name, shape in shapes(build(part, sizes)).items():
        if name.endswith("num_batches_tracked"):
            continue
        z = torch.randn(shape, generator=generator, device=device, dtype=dtype)
        if len(shape) > 1:
            state[name] = z / prod(shape[1:]) ** 0.5
        elif name.endswith("running_var") or (name.endswith("weight") and shape):
            state[name] = 1 + 0.1 * z.abs()
        else:
            state[name] = 0.1 * z
    return state


def prepared(
    sizes: Sizes,
    device: str,
    dtype: torch.dtype,
    *,
    channels_last: bool = False,
    compiled: bool = False,
) -> Networks:
    """Return networks with random weights on the device.

    Args:
        sizes: Of the networks.
        device: ``cpu`` or ``cuda:N``.
        dtype: Precision.
        channels_last: Whether the weights of convolutions are in that order.
        compiled: Whether parts of the UNet are compiled, when they are first asked.
    """
    networks = filled(sizes, lambda part: random_weights(part, sizes, device, dtype))
    for part in (networks.unet, networks.vae) if channels_last else ():
        for layer in part.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    if compiled:
        # One piece of code for layers of every width, each compiled for its own.
        torch._dynamo.config.recompile_limit = 256  # noqa: SLF001 - its documented name
        for layer in networks.unet.modules():
            if type(layer).__name__ in COMPILED:
                layer.compile()
    return networks


class Measured(NamedTuple):
    """What a way took.

    Attributes:
        made: Latents or pictures, float32 on the CPU.
        calls: Of the UNet.
        seconds: From pictures to pictures.
        memory: At its peak, in MiB: resident on a CPU, allocated on a GPU.
    """

    made: Tensor
    calls: int
    seconds: float
    memory: float


def _timed(networks: Networks, ask: Callable[[], Tensor]) -> Measured:
    asked: list[None] = []
    hook = networks.unet.register_forward_pre_hook(lambda *_: asked.append(None))
    _forget_peak(networks.device)
    begun = time.perf_counter()
    made = ask()  # ends with pictures on the CPU: the device has ended too
    seconds = time.perf_counter() - begun
    hook.remove()
    return Measured(made.float().cpu(), len(asked), seconds, _peak(networks.device))


def measure(networks: Networks, passes: tuple[Pass, Pass], frames: int, *, saves: bool) -> Measured:
    """Restore random pictures in the official two passes; return the latents.

    Args:
        networks: Of any size.
        passes: Settings.
        frames: Number of pictures.
        saves: Whether it saves what can be saved; else it computes as the official program.
    """
    crop = networks.sizes.crop
    generator = torch.Generator().manual_seed(frames)
    pictures = torch.rand((frames, 3, crop, crop), generator=generator) * 2 - 1
    tokens = torch.randn((1, TOKENS, networks.sizes.identity.tokens), generator=generator)

    def noise(some: Tensor) -> Noise:
        shape = len(some), 4, crop // 8, crop // 8
        return Noise(None, torch.randn(shape, generator=generator))

    first, second = passes if saves else official(*passes)

    def restored() -> Tensor:
        return run_both(
            networks,
            Predictor(networks.unet, saves=saves),
            pictures,
            noise=noise,
            identify=lambda _: tokens,
            first=first,
            second=second,
        )[1].latents

    return _timed(networks, restored)


def measure_window(
    networks: Networks, asked: Asked, frames: int, economies: Iterable[Economy]
) -> Iterator[Measured]:
    """Restore a window of random pictures as `svfr` does; yield what the anchor, then each took.

    Args:
        networks: Of any size.
        asked: How many steps.
        frames: In the window.
        economies: How much memory is used; the anchor uses as much as the first.
    """
    crop = networks.sizes.crop
    pixels = np.random.default_rng(frames).random((frames, 3, crop, crop), np.float32)
    clip = Clip(pixels, np.ones_like(pixels[:, 0]), tuple(range(frames)), 1)
    tensors: dict[str, NDArray[Any]] = {}

    def led() -> Tensor:
        tensors.update(anchored.anchor(clip, anchored.plate(clip)))
        return torch.tensor(tensors["latents"])

    def restored() -> Tensor:
        return torch.tensor(anchored.restore(clip, anchored.plate(clip), tensors))

    for economy in economies:
        anchored = Anchored(networks, asked, economy, 1)
        if not tensors:
            yield _timed(networks, led)
        yield _timed(networks, restored)


def _forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
    else:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets the peak resident size


def _peak(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 2**10


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return TFLOP a second of products of large matrices."""
    side, times = (8192, 20) if device.type == "cuda" else (1024, 4)
    a = torch.randn((side, side), device=device, dtype=dtype)  # zeros and ones draw less power
    float((a @ a)[0, 0])
    begun = time.perf_counter()
    found = a
    for _ in range(times):
        found = a @ a
    float(found[0, 0])  # waits for the device
    return times * 2e-12 * side**3 / (time.perf_counter() - begun)
