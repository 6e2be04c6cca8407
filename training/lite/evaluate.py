"""Judging a network on clips that were never trained on, at the fixed levels of damage."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from training.clip import make_clip
from training.data import HELD_OUT, Batch, collated, damaged
from training.degrade import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

    from training.lite.parts import Part

FRAMES = 8
CLIPS = 4  # of each kind


class Score(NamedTuple):
    """How near one level came to the clean clips.

    Attributes:
        psnr: dB, the mean over clips and frames.
        flicker: Mean absolute error of frame differences, codes of 255.
        psnr_before: The same of the damaged clips.
        flicker_before: The same of the damaged clips.
    """

    psnr: float
    flicker: float
    psnr_before: float
    flicker_before: float


def psnr(pixels: Tensor, clean: Tensor) -> float:
    """Return the mean PSNR in dB of the frames ``(B, T, 3, H, W)``, 100 at most each."""
    square = (pixels - clean).double().pow(2).mean(dim=(2, 3, 4)).clamp(min=1e-10)
    return float((-10 * square.log10()).mean())


def flicker_error(pixels: Tensor, clean: Tensor) -> float:
    """Return the mean absolute error of frame differences, in codes of 255."""
    return float(255 * torch.diff((pixels - clean).double(), dim=1).abs().mean())


def held_out(part: Part, kinds: Sequence[str], size: int) -> dict[str, Batch]:
    """Make the batches that a part is judged by, one for each of its levels."""
    seeds = [HELD_OUT + 8 * clip for clip in range(CLIPS)]
    clips = [make_clip(kind, seed, FRAMES, size) for kind in kinds for seed in seeds]
    return {
        level: collated([damaged(clip.pixels, LEVELS[level], clip.seed) for clip in clips])
        for level in part.levels
    }


@torch.no_grad()
def evaluate(
    network: nn.Module, part: Part, batches: Mapping[str, Batch], device: str
) -> dict[str, Score]:
    """Restore the held-out clips and return the score of each level."""
    scores = {}
    for level, held in batches.items():
        batch = held.to(device)
        walked = part.walk(network, batch, 0, batch.clean.shape[1], None)
        seen, clean = batch.degraded, batch.clean
        restored = part.delivered(batch, walked.restored).clamp(0, 1)
        scores[level] = Score(
            psnr(restored, clean),
            flicker_error(restored, clean),
            psnr(seen, clean),
            flicker_error(seen, clean),
        )
    return scores


def mean_psnr(scores: Mapping[str, Score]) -> float:
    """Return the mean over levels, in dB, by which checkpoints are compared.

    The clean level counts up to 45 dB, beyond which nobody sees a difference.
    """
    return sum(min(score.psnr, 45.0) for score in scores.values()) / len(scores)
