"""`python -m training.lite`: train a part of the default restorer, or go on with it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from engine.compute import pin
from training.data import MIXTURE
from training.lite.loop import Settings, train
from training.lite.parts import PARTS
from training.lite.schedule import Schedule


def _shares(words: str) -> tuple[tuple[str, float], ...]:
    """Read ``leaves=0.5,face=0.5``; shares are scaled to sum to 1."""
    pairs = [word.partition("=") for word in words.split(",")]
    total = sum(float(share) for _, _, share in pairs)
    return tuple((kind, float(share) / total) for kind, _, share in pairs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.lite", description=__doc__)
    parser.add_argument("--part", choices=PARTS, default="restoring")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoints")
    parser.add_argument("--steps", type=int, help="end after so many steps")
    parser.add_argument("--minutes", type=float, help="end after so many minutes of wall time")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda:N")
    parser.add_argument("--threads", type=int, default=1, help="of this process, on the CPU")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="0: make data here")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clips", type=int, default=16, help="in a batch")
    parser.add_argument("--size", type=int, default=96, help="pixels, a multiple of 16")
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    default = ",".join(f"{kind}={share}" for kind, share in MIXTURE.items())
    parser.add_argument("--kinds", type=_shares, default=_shares(default), help=default)
    return parser


def main() -> None:
    """Run the command."""
    asked = _parser().parse_args()
    settings = Settings(
        asked.part,
        Schedule(asked.steps, asked.minutes),
        asked.seed,
        asked.clips,
        asked.size,
        asked.every,
        asked.kinds,
    )
    device = pin(asked.threads, asked.device)
    train(settings, asked.out, device, asked.workers, resume=asked.resume)


if __name__ == "__main__":
    main()
