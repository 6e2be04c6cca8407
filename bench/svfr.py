"""SVFR's official schedule done plainly against ours: `python -m bench.svfr --size tiny|full`.

    python -m bench.svfr --size tiny --frames 16
    python -m bench.svfr --size full --frames 16,48 --device cuda:0 --half --channels-last
    python -m bench.svfr --size full --frames 16,48,100 --plan

Both restore the same clip with the same random weights, made on the device, in one run; `reduced`
is the full network at a fifth of its widths. Prints calls of the UNet, TFLOP, seconds and peak
memory of each, what ours are of the plain ones, and the rate as a part of what a large product of
matrices reaches; ends with 1 where the latents are further apart than the precision explains. Given
two lengths or more, tells how memory grows. `--plan` counts and computes nothing. Identity tokens
are drawn: their network runs once either way.

TFLOP are those of convolutions and projections; what attention adds by its own products is told
apart, as the specification's 41.29 of a plain call leave it out.
"""

from __future__ import annotations

import argparse
import sys
import time
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from bench.svfr_work import WINDOW, Work, call_work, vae_work, work
from engine.compute import pin
from engine.restorers.svfr.attention import Predictor
from engine.restorers.svfr.networks import build, filled, shapes
from engine.restorers.svfr.official import Noise, Pass, run_both
from engine.restorers.svfr.sizes import (
    FULL,
    TINY,
    TOKENS,
    IdentitySizes,
    Sizes,
    UnetSizes,
    VaeSizes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from engine.restorers.svfr.networks import Networks

REDUCED = Sizes(
    crop=128,
    unet=UnetSizes(
        block_out_channels=(64, 128, 256, 256),
        num_attention_heads=(1, 2, 4, 4),
        cross_attention_dim=192,
    ),
    vae=VaeSizes(block_out_channels=(32, 64, 128, 128)),
    identity=IdentitySizes(blocks=(1, 1, 1, 1), widths=(8, 8, 16, 32), tokens=192),
)
SIZES = {"tiny": TINY, "reduced": REDUCED, "full": FULL}
APART = {torch.float32: 1e-3, torch.float16: 1e-2}
"""How far the latents may be from the plain ones: root mean square over theirs.

At the tiny size rounding makes up to 7e-5 of it; guidance of 2.02 instead of 2 makes 1.2e-2, tokens
one percent too long 1.5e-2, no tokens 0.7. What half precision makes on a GPU is not known.
"""
WAYS = {False: "plain", True: "ours"}


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


class Measured(NamedTuple):
    """What a way took.

    Attributes:
        latents: Of the second pass.
        calls: Of the UNet.
        seconds: From pictures to pictures.
        memory: At its peak, in MiB: resident on a CPU, allocated on a GPU.
    """

    latents: Tensor
    calls: int
    seconds: float
    memory: float


def measure(networks: Networks, passes: tuple[Pass, Pass], frames: int, *, saves: bool) -> Measured:
    """Restore a clip of random pictures."""
    crop, device = networks.sizes.crop, networks.device
    generator = torch.Generator().manual_seed(frames)
    pictures = torch.rand((frames, 3, crop, crop), generator=generator) * 2 - 1
    width = networks.sizes.identity.tokens
    tokens = torch.randn((1, TOKENS, width), generator=generator)

    def noise(some: Tensor) -> Noise:
        shape = len(some), 4, crop // 8, crop // 8
        return Noise(None, torch.randn(shape, generator=generator))

    asked: list[None] = []
    hook = networks.unet.register_forward_pre_hook(lambda *_: asked.append(None))
    _forget_peak(device)
    begun = time.perf_counter()
    _, late = run_both(
        networks,
        Predictor(networks.unet, saves=saves),
        pictures,
        noise=noise,
        identify=lambda _: tokens,
        first=passes[0],
        second=passes[1],
    )
    seconds = time.perf_counter() - begun  # the pictures are on the CPU: the device has ended
    hook.remove()
    return Measured(late.latents.float().cpu(), len(asked), seconds, _peak(device))


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
    a = torch.ones((side, side), device=device, dtype=dtype)
    float((a @ a)[0, 0])
    begun = time.perf_counter()
    for _ in range(times):
        found = a @ a
    float(found[0, 0])  # waits for the device
    return times * 2e-12 * side**3 / (time.perf_counter() - begun)


def compare(
    networks: Networks, passes: tuple[Pass, Pass], frames: int, rate: float
) -> tuple[bool, float]:
    """Print both ways; return whether they agree, and the peak memory of ours in MiB."""
    done: dict[bool, Measured] = {}
    costs = {saves: work(networks.sizes, passes, frames, saves=saves) for saves in WAYS}
    for saves in (True, False):  # ours first: what the plain way leaves behind is not ours
        done[saves] = one = measure(networks, passes, frames, saves=saves)
        speed = sum(costs[saves]) / one.seconds
        _say(
            f"{frames} frames, {WAYS[saves]}: {one.calls} calls, {_told(costs[saves])}, "
            f"{one.seconds:.2f} s, {one.seconds / frames:.3f} s a frame, {one.memory:.0f} MiB, "
            f"{speed:.3g} TFLOP/s, {speed / rate:.2f} of the matrix rate"
        )
    ours, plain = done[True], done[False]
    apart = float((ours.latents - plain.latents).square().mean().sqrt())
    apart /= float(plain.latents.square().mean().sqrt())
    limit = APART[networks.dtype]
    _say(
        f"{frames} frames: {_ratio(costs)} of the work, {ours.seconds / plain.seconds:.3f} of the "
        f"time, {ours.memory / plain.memory:.3f} of the memory; apart {apart:.2g} (limit {limit})"
    )
    return apart <= limit, ours.memory


def plan(sizes: Sizes, frames: int, passes: tuple[Pass, Pass]) -> None:
    """Print what a length costs, computing nothing."""
    costs = {saves: work(sizes, passes, frames, saves=saves) for saves in WAYS}
    told = "; ".join(f"{WAYS[saves]} {_told(costs[saves])}" for saves in WAYS)
    _say(f"{frames} frames: {told}; {_ratio(costs)} of the work")


def _calls_planned(sizes: Sizes) -> None:
    for led, name in ((False, "first pass"), (True, "second pass")):
        costs = {saves: call_work(sizes, saves=saves, led=led) for saves in WAYS}
        told = "; ".join(f"{WAYS[saves]} {_told(costs[saves])}" for saves in WAYS)
        _say(f"a call of the {name}: {told}; {_ratio(costs)} of the work")
    encoding, decoding = vae_work(sizes)
    _say(f"a picture encoded: {_told(encoding)}; a frame decoded: {_told(decoding)}")


def _ratio(costs: Mapping[bool, Work]) -> str:
    return f"{sum(costs[True]) / sum(costs[False]):.3f}"


def _told(cost: Work) -> str:
    return f"{cost.products:.4g} + {cost.attention:.3g} TFLOP"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def prepared(
    sizes: Sizes, device: str, dtype: torch.dtype, *, channels_last: bool = False
) -> Networks:
    """Return networks with random weights on the device."""
    networks = filled(sizes, lambda part: random_weights(part, sizes, device, dtype))
    for part in (networks.unet, networks.vae) if channels_last else ():
        for layer in part.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    return networks


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; return 1 where the results disagree."""
    parser = argparse.ArgumentParser(prog="python -m bench.svfr", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--frames", default="16", help="lengths of clips, 16,48")
    parser.add_argument("--steps", default="50,30", help="of the first and of the second pass")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N")
    parser.add_argument("--half", action="store_true", help="compute in half precision")
    parser.add_argument("--channels-last", action="store_true", help="order of the weights")
    parser.add_argument("--plan", action="store_true", help="count, and compute nothing")
    asked = parser.parse_args(arguments)
    sizes, lengths = SIZES[asked.size], [int(one) for one in asked.frames.split(",")]
    early, late = (int(one) for one in asked.steps.split(","))

    def passes(frames: int) -> tuple[Pass, Pass]:
        return Pass(steps=early, window=min(WINDOW, frames)), Pass(steps=late, window=WINDOW)

    _calls_planned(sizes)
    if asked.plan:
        for frames in lengths:
            plan(sizes, frames, passes(frames))
        return 0
    device = pin(1, asked.device)
    dtype = torch.float16 if asked.half else torch.float32
    networks = prepared(sizes, device, dtype, channels_last=asked.channels_last)
    rate = matrix_rate(networks.device, dtype)
    _say(f"{asked.size} on {device}, {dtype}: matrices at {rate:.3g} TFLOP/s")
    agree, memory = zip(*(compare(networks, passes(n), n, rate) for n in lengths), strict=True)
    if len(lengths) > 1:
        grown = memory[-1] / memory[0]
        _say(f"memory of {lengths[-1]} frames over {lengths[0]}: {grown:.3f}")
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
