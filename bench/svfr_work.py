"""What SVFR's parts cost in operations, counted on tensors without numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.nn import functional as F  # noqa: N812 - its name everywhere
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from engine.restorers.svfr.asked import DECODE_CHUNK
from engine.restorers.svfr.attention import NOTHING, Predictor, Row
from engine.restorers.svfr.circular import calls
from engine.restorers.svfr.networks import build
from engine.restorers.svfr.sizes import TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from engine.restorers.svfr.official import Pass
    from engine.restorers.svfr.sizes import Sizes

WINDOW = 16
PLAIN_ENCODE_CHUNK = 20


def official(first: Pass, second: Pass) -> tuple[Pass, Pass]:
    """Return the passes as the official program does them, with memory for 20 pictures."""
    first, second = (
        replace(one, encode_chunk=PLAIN_ENCODE_CHUNK, at_once=1) for one in (first, second)
    )
    return first, second


class Work(NamedTuple):
    """Operations in TFLOP.

    Attributes:
        products: Convolutions and projections.
        attention: Queries with keys, and weights with values.
    """

    products: float
    attention: float

    def times(self, count: float) -> Work:
        """Return the work of doing it so many times."""
        return Work(self.products * count, self.attention * count)


def together(*parts: Work) -> Work:
    """Return the sum."""
    return Work(sum(p.products for p in parts), sum(p.attention for p in parts))


class _Attention(TorchFunctionMode):
    """Counts operations of attention, whichever kernel would do them."""

    def __init__(self) -> None:
        super().__init__()
        self.counted = 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Let the function do its work."""
        del types
        if func is F.scaled_dot_product_attention:
            query, keys = args[:2]
            self.counted += 4 * query.numel() * keys.shape[-2]
        return func(*args, **(kwargs or {}))


def _counted(ask: Callable[[], object]) -> Work:
    with FlopCounterMode(display=False) as every, _Attention() as attention, torch.inference_mode():
        ask()
    return Work((every.get_total_flops() - attention.counted) / 1e12, attention.counted / 1e12)


def _no_numbers(*shape: int) -> Tensor:
    return torch.empty(shape, device="meta")


@cache
def _unet(sizes: Sizes) -> Any:
    return build("unet", sizes).to("meta").requires_grad_(False)


@cache
def call_work(sizes: Sizes, *, saves: bool, led: bool, frames: int = WINDOW) -> Work:
    """Return what a call of the UNet with two rows costs.

    Args:
        sizes: Of the networks.
        saves: Whether it saves what can be saved.
        led: Whether the second row has a reference and an identity, as in the second pass.
        frames: In the window.
    """
    side = sizes.crop // 8
    predict = Predictor(_unet(sizes), saves=saves)
    tokens = _no_numbers(1, TOKENS, sizes.unet.cross_attention_dim)
    rows = NOTHING, Row(_no_numbers(4, side, side), tokens) if led else NOTHING
    latents, timestep, task = _no_numbers(frames, 4, side, side), _no_numbers(), _no_numbers(3)

    return _counted(lambda: predict(latents, latents, rows, timestep, task))


@cache
def vae_work(sizes: Sizes) -> tuple[Work, Work]:
    """Return what encoding a picture and decoding a frame cost."""
    vae: Any = build("vae", sizes).to("meta").requires_grad_(False)
    side, chunk = sizes.crop, DECODE_CHUNK
    encoding = _counted(lambda: vae.encode(_no_numbers(1, 3, side, side)))
    latents = _no_numbers(chunk, 4, side // 8, side // 8)
    decoding = _counted(lambda: vae.decode(latents, num_frames=chunk))
    return encoding, decoding.times(1 / chunk)


def work(sizes: Sizes, passes: tuple[Pass, Pass], frames: int, *, saves: bool) -> Work:
    """Return what both passes over so many frames cost."""
    first, second = passes
    begun = first.window
    encoded = frames + 1 if saves else 2 * begun + 2 * frames + 1
    encoding, decoding = vae_work(sizes)
    early = call_work(sizes, saves=saves, led=False, frames=begun)
    return together(
        early.times(calls(begun, begun, first.overlap, first.steps)),
        call_work(sizes, saves=saves, led=True).times(
            calls(frames, WINDOW, second.overlap, second.steps)
        ),
        encoding.times(encoded),
        decoding.times(begun + frames),
    )
