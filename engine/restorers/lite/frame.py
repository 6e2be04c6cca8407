"""One frame through `lite`: fill, average, restore, colour; each on what the one before left.

    fill      holes take what was seen there before, along the motion, else what is around them
    average   noise goes where the picture stays: `engine.averaging`
    restore   the network adds to the average what blur, scaling and codecs took
    colour    a second network gives the luma two colour differences

Codes above 1 (bright highlights) are averaged and not restored: the network never saw any.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
import torch

from engine.averaging import average
from engine.restorers.lite.chroma import Chroma, coloured
from engine.restorers.lite.memory import Memory
from engine.restorers.lite.motion import (
    LUMA,
    MULTIPLE,
    Filled,
    fill_holes,
    made_up,
    no_motion,
    search_motion,
    small_luma,
)
from engine.restorers.lite.network import Restoring, Seen, State, aimed

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray
    from torch import Tensor

    Floats = NDArray[np.float32]

CHROMA_SIDE = 192  # pixels, longest side at which colour is made up
VISIBLE = 4 / 255  # code, noise left at which confidence is a half
_LUMA = np.array(LUMA, np.float32)
COLOUR_CONFIDENCE = np.float32(0.5)  # colours are plausible, not known


class Networks(NamedTuple):
    """The networks on their device."""

    restoring: Restoring
    chroma: Chroma
    device: str


class Asked(NamedTuple):
    """What a request wants of every frame.

    Attributes:
        tasks: Any of ``bfr``, ``colour``, ``inpaint``.
        strength: In [0, 1], how much of what ``bfr`` changes is delivered.
    """

    tasks: Collection[str]
    strength: float


class Done(NamedTuple):
    """A frame, and what the next one needs.

    Attributes:
        pixels: ``(3, H, W)`` float32, display-referred sRGB.
        confidence: ``(H, W)`` float32 in [0, 1].
        memory: After this frame.
    """

    pixels: Floats
    confidence: Floats
    memory: Memory


def restore_frame(
    crop: Floats, mask: Floats, asked: Asked, before: Memory | None, networks: Networks
) -> Done:
    """Carry a frame through what was asked for.

    Args:
        crop: ``(3, H, W)`` float32, display-referred sRGB, highlights going on beyond 1.
        mask: ``(H, W)`` float32 in [0, 1], above 0 where pixels are to be made up.
        asked: What to do.
        before: After the frame before; None for the first.
        networks: With their weights.
    """
    grey = "colour" in asked.tasks
    source = np.broadcast_to(_luma(crop), crop.shape) if grey else crop
    luma = small_luma(made_up(source, mask))
    motion = no_motion(*luma.shape) if before is None else search_motion(luma, before.searched)
    met = _Met(np.asarray(source), mask, motion, before, Memory(luma))
    done = Done(met.source, np.ones_like(mask), met.memory)
    if asked.tasks != {"colour"}:
        done = _restored(met, asked, networks)
    return _coloured(done, met, networks) if grey else done


class _Met(NamedTuple):
    """A frame with its motion, the memory before it, and the beginnings of the one after."""

    source: Floats
    mask: Floats
    motion: Floats
    before: Memory | None
    memory: Memory


def _restored(met: _Met, asked: Asked, networks: Networks) -> Done:
    source, before, memory = met.source, met.before, met.memory
    holes = met.mask if "inpaint" in asked.tasks else np.zeros_like(met.mask)
    filled = Filled(source, np.ones_like(holes))
    if "inpaint" in asked.tasks:
        filled = fill_holes(source, holes, None if before is None else before.filled, met.motion)
        memory = replace(memory, filled=filled)
    change, left, history = average(filled.pixels, None if before is None else before.history)
    averaged = filled.pixels + change
    bright = np.maximum(averaged - 1, 0)
    planes = (
        np.minimum(filled.pixels, 1),
        averaged - bright,
        np.sqrt(left)[None],
        filled.doubt()[None],
        met.motion,
    )
    seen = Seen(*(_tensor(plane, networks) for plane in planes))
    result, state = networks.restoring(seen, _state(before, seen, networks))
    restored, hidden = (tensor[0].cpu().numpy() for tensor in state)
    memory = replace(memory, history=history, restored=restored, hidden=hidden)
    amount = asked.strength if "bfr" in asked.tasks else 0.0
    share = np.maximum(np.float32(amount), holes)
    codes = aimed(seen.average, result)[0].clamp(0, 1).cpu().numpy()
    aim = np.minimum(codes + bright, max(source.max(), 1))
    pixels = np.where(share > 0, np.maximum(source + share * (aim - source), 0), source)
    confidence = (1 - filled.doubt()) / (1 + left / np.float32(VISIBLE**2))
    return Done(pixels.astype(np.float32), confidence.astype(np.float32), memory)


def _state(before: Memory | None, seen: Seen, networks: Networks) -> State:
    if before is None or before.restored is None or before.hidden is None:
        return networks.restoring.begin(seen.frame)
    return State(_tensor(before.restored, networks), _tensor(before.hidden, networks))


def _coloured(given: Done, met: _Met, networks: Networks) -> Done:
    luma, before = _luma(given.pixels), met.before
    small = _tensor(_for_chroma(luma), networks)
    chroma = networks.chroma.begin(small)
    if before is not None and before.colour is not None:
        chroma = _tensor(before.colour, networks)
    chroma = networks.chroma(small, _tensor(met.motion, networks), chroma)
    return Done(
        _in_gamut(coloured(_tensor(luma, networks), chroma)[0].cpu().numpy(), luma),
        given.confidence * COLOUR_CONFIDENCE,
        replace(given.memory, colour=chroma[0].cpu().numpy()),
    )


def _tensor(array: Floats, networks: Networks) -> Tensor:
    """Return ``(1, ...)`` of ``(...)``, a copy on the networks' device."""
    return torch.tensor(array, device=networks.device)[None]


def chroma_size(height: int, width: int) -> tuple[int, int]:
    """Return the height and width at which colour is made up: faces as large as it was learnt."""
    shrink = max(1.0, max(height, width) / CHROMA_SIDE)
    sides = (max(1, round(side / shrink / MULTIPLE)) * MULTIPLE for side in (height, width))
    return next(sides), next(sides)


def _for_chroma(luma: Floats) -> Floats:
    height, width = chroma_size(*luma.shape[1:])
    plane = np.asarray(np.minimum(luma[0], 1), np.float32)
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)[None]


def _in_gamut(pixels: Floats, luma: Floats) -> Floats:
    """Return the pixels with less colour where a channel would leave [0, 1]; the luma stays."""
    away = pixels - luma
    room = np.where(away > 0, np.maximum(1, luma) - luma, luma)
    fits = room / np.maximum(np.abs(away), np.float32(1e-6))
    return np.maximum(luma + away * np.minimum(1, fits.min(0)), 0).astype(np.float32)


def _luma(pixels: Floats) -> Floats:
    """Return ``(1, H, W)`` of ``(3, H, W)``."""
    return np.tensordot(_LUMA, pixels, 1)[None].astype(np.float32)
