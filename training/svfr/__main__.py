"""`python -m training.svfr`: train the tiny SVFR, or go on with it; or measure what was learnt."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from engine.compute import pin
from training.svfr.loop import Settings, train
from training.svfr.measures import measures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.svfr", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder; goes on where one is")
    parser.add_argument("--steps", type=int, help="end after so many steps")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda:N")
    parser.add_argument("--threads", type=int, default=1, help="on the CPU")
    parser.add_argument(
        "--against", type=Path, help="measure: folder of a training with --prior 0, as many steps"
    )
    for field in fields(Settings):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    return parser


def main() -> int:
    """Run the command; return 1 where a measure is missed."""
    asked = _parser().parse_args()
    settings = Settings(**{field.name: getattr(asked, field.name) for field in fields(Settings)})
    if asked.steps is not None:
        train(settings, asked.steps, asked.out, pin(asked.threads, asked.device))
    found = measures(asked.out, asked.against) if asked.against else []
    for measure in found:
        print(measure)
    return int(not all(measure.met for measure in found))


if __name__ == "__main__":
    raise SystemExit(main())
