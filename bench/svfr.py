"""SVFR's official schedule done plainly against ours: `python -m bench.svfr --size tiny|full`.

    python -m bench.svfr --size tiny --frames 16
    python -m bench.svfr --size full --frames 16,48,100 --plan
    python -m bench.svfr --size full --frames 16,48,96 --device cuda:0 --half --economies

The last is for a GPU; `--channels-last`, `--compile` and `--windows 2` try what only a device can
tell. Both ways restore the same clip with the same random weights, made on the device, in one run;
`reduced` is the full network at a fifth of its widths. Prints calls of the UNet, TFLOP, seconds and
peak memory of each, what ours are of the plain ones, and the rate as a part of what a large product
of matrices reaches; ends with 1 where the results are further apart than the precision explains,
or where memory grows with the number of frames. `--economies` also restores a window as `svfr`
does, with each step that it takes when memory runs out. `--plan` counts operations and estimates
memory, and computes nothing. Identity tokens are drawn: their network runs once either way.

TFLOP are those of convolutions and projections; what attention adds by its own products is told
apart, as the specification's 41.29 of a plain call leave it out.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import torch

from bench.svfr_measure import Measured, matrix_rate, measure, measure_window, prepared
from bench.svfr_memory import whole_memory, window_memory
from bench.svfr_work import WINDOW, Work, call_work, vae_work, work
from engine.compute import pin
from engine.restorers.svfr import LADDER
from engine.restorers.svfr.asked import Asked, Economy
from engine.restorers.svfr.official import Pass
from engine.restorers.svfr.sizes import FULL, TINY, IdentitySizes, Sizes, UnetSizes, VaeSizes

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
APART = {torch.float32: 1e-3, torch.float16: 5e-2}
"""How far results may be from the plain ones: root mean square over theirs.

At the tiny size rounding makes up to 7e-5 of it; guidance of 2.02 instead of 2 makes 1.2e-2, tokens
one percent too long 1.5e-2, no tokens 0.7. Rounded to half precision after each layer, any two ways
are 8e-3 apart in 50 and 30 steps, 2e-2 in 6 and 5: what is strict is a run in single precision.
"""
GROWN = 1.02
"""How much more memory than the shortest clip the longest may take on a GPU.

A CPU's resident memory also holds the pictures, which are never all on a GPU.
"""
WAYS = {False: "plain", True: "ours"}


def compare(
    networks: Networks, passes: tuple[Pass, Pass], frames: int, rate: float
) -> tuple[bool, float]:
    """Print both ways; return whether they agree, and the peak memory of ours in MiB."""
    done: dict[bool, Measured] = {}
    costs = {saves: work(networks.sizes, passes, frames, saves=saves) for saves in WAYS}
    for saves in (True, False):  # ours first: what the plain way leaves behind is not ours
        try:
            done[saves] = one = measure(networks, passes, frames, saves=saves)
        except torch.OutOfMemoryError:
            _say(f"{frames} frames, {WAYS[saves]}: out of memory")
            return not saves, inf if saves else done[True].memory
        speed = sum(costs[saves]) / one.seconds
        _say(
            f"{frames} frames, {WAYS[saves]}: {_took(one, frames, _told(costs[saves]) + ', ')}, "
            f"{speed:.3g} TFLOP/s, {speed / rate:.2f} of the matrix rate"
        )
    ours, plain = done[True], done[False]
    apart, limit = _apart(ours.made, plain.made), APART[networks.dtype]
    _say(
        f"{frames} frames: {_ratio(costs)} of the work, {ours.seconds / plain.seconds:.3f} of the "
        f"time, {ours.memory / plain.memory:.3f} of the memory; apart {apart:.2g} (limit {limit})"
    )
    return apart <= limit, ours.memory


def compare_economies(networks: Networks, asked: Asked, frames: int) -> bool:
    """Print a window of `svfr` with each step for less memory; return whether all agree.

    Another chunk of the decoder is let through: it makes other pictures.
    """
    names, economies = zip(*_economies(), strict=True)
    lead, *windows = measure_window(networks, asked, frames, economies)
    _say(f"the anchor's first pass, {frames} frames: {_took(lead, frames)}")
    agree, limit = True, APART[networks.dtype]
    for name, economy, one in zip(names, economies, windows, strict=True):
        apart = _apart(one.made, windows[0].made)
        held = apart <= limit or economy.decode_chunk != Economy().decode_chunk
        agree = agree and held
        _say(f"a window, {name}: {_took(one, frames)}; apart {apart:.2g} (limit {limit})")
    return agree


def plan(sizes: Sizes, frames: int, passes: tuple[Pass, Pass]) -> None:
    """Print what a length costs, computing nothing."""
    costs = {saves: work(sizes, passes, frames, saves=saves) for saves in WAYS}
    told = "; ".join(f"{WAYS[saves]} {_told(costs[saves])}" for saves in WAYS)
    plain, ours = (whole_memory(sizes, frames, saves=saves) / 1e9 for saves in WAYS)
    _say(
        f"{frames} frames: {told}; {_ratio(costs)} of the work; memory of plain {plain:.2f}, of "
        f"ours {ours:.2f} GB"
    )


def _calls_planned(sizes: Sizes) -> None:
    for led, name in ((False, "first pass"), (True, "second pass")):
        costs = {saves: call_work(sizes, saves=saves, led=led) for saves in WAYS}
        told = "; ".join(f"{WAYS[saves]} {_told(costs[saves])}" for saves in WAYS)
        _say(f"a call of the {name}: {told}; {_ratio(costs)} of the work")
    encoding, decoding = vae_work(sizes)
    _say(f"a picture encoded: {_told(encoding)}; a frame decoded: {_told(decoding)}")


def _economies_planned(sizes: Sizes) -> None:
    _say("memory in half precision, estimated: tensors alive at a time, with the weights")
    for name, economy in _economies():
        _say(f"a window of svfr, {name}: {window_memory(sizes, economy) / 1e9:.2f} GB")


def _economies() -> list[tuple[str, Economy]]:
    steps = [("with all its memory", Economy())]
    for name, change in LADDER:
        steps.append((name, replace(steps[-1][1], **change)))  # pyright: ignore[reportArgumentType]
    return steps


def _apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).square().mean().sqrt() / other.square().mean().sqrt())


def _took(one: Measured, frames: int, work: str = "") -> str:
    return (
        f"{one.calls} calls, {work}{one.seconds:.2f} s, {one.seconds / frames:.3f} s a frame, "
        f"{one.memory:.0f} MiB"
    )


def _ratio(costs: Mapping[bool, Work]) -> str:
    return f"{sum(costs[True]) / sum(costs[False]):.3f}"


def _told(cost: Work) -> str:
    return f"{cost.products:.4g} + {cost.attention:.3g} TFLOP"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.svfr", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--frames", default="16", help="lengths of clips, 16,48")
    parser.add_argument("--steps", default="50,30", help="of the first and of the second pass")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N")
    parser.add_argument("--half", action="store_true", help="compute in half precision")
    parser.add_argument("--channels-last", action="store_true", help="order of the weights")
    parser.add_argument("--compile", action="store_true", help="compile the UNet; takes minutes")
    parser.add_argument("--windows", type=int, default=1, help="computed together, of ours")
    parser.add_argument("--economies", action="store_true", help="also windows with less memory")
    parser.add_argument("--memory", type=float, help="GiB of a GPU that may be used")
    parser.add_argument("--plan", action="store_true", help="count, and compute nothing")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; return 1 where the results disagree, or memory grows on a GPU."""
    asked = _parser().parse_args(arguments)
    sizes, lengths = SIZES[asked.size], [int(one) for one in asked.frames.split(",")]
    early, late = (int(one) for one in asked.steps.split(","))

    def passes(frames: int) -> tuple[Pass, Pass]:
        settings = Pass(steps=late, window=WINDOW, at_once=asked.windows)
        return replace(settings, steps=early, window=min(WINDOW, frames)), settings

    _calls_planned(sizes)
    if asked.plan:
        _economies_planned(sizes)
        for frames in lengths:
            plan(sizes, frames, passes(frames))
        return 0
    device = pin(1, asked.device)
    dtype = torch.float16 if asked.half else torch.float32
    if asked.memory and device != "cpu":
        whole = torch.cuda.get_device_properties(device).total_memory / 2**30
        torch.cuda.set_per_process_memory_fraction(min(asked.memory / whole, 1.0), device)
    networks = prepared(
        sizes, device, dtype, channels_last=asked.channels_last, compiled=asked.compile
    )
    torch.backends.cudnn.allow_tf32 = asked.half  # else single precision would be less
    rate = matrix_rate(networks.device, dtype)
    _say(f"{asked.size} on {device}, {dtype}: matrices at {rate:.3g} TFLOP/s")
    if device != "cpu" or asked.compile:  # what is done only once is not timed
        _say(f"first calls: {first_calls(networks, passes(lengths[0])):.1f} s")
    agree, memory = zip(*(compare(networks, passes(n), n, rate) for n in lengths), strict=True)
    good = all(agree)
    if len(lengths) > 1:
        grown = memory[-1] / memory[0]
        _say(f"memory of {lengths[-1]} frames over {lengths[0]}: {grown:.3f}")
        good = good and (device == "cpu" or grown <= GROWN)
    if asked.economies:
        held = compare_economies(networks, Asked(late, early), WINDOW)
        good = good and held
    return 0 if good else 1


def first_calls(networks: Networks, passes: tuple[Pass, Pass]) -> float:
    """Return the seconds of a step of either pass, each way."""
    first, second = (replace(one, steps=1) for one in passes)
    one_step = first, second
    return sum(measure(networks, one_step, WINDOW, saves=saves).seconds for saves in WAYS)


if __name__ == "__main__":
    sys.exit(main())
