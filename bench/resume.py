"""What it costs to find out that nothing is missing: `python -m bench.resume`.

A plate of 10,000 small frames is delivered once, then the same command is given again. Printed are
its wall time and its processor time, from the start of the process to its end, as ratios to 2 s;
below 1 is well. Plate and take lie in memory, where that can be had.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.memory import used_by
from engine.frame_io.exr import encode_image
from engine.image import BEAUTY, Box, Image, Part
from engine.pipeline import restore_shot
from engine.restorers import load_restorer
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot, Submit

LIMIT_S = 2.0
RUNS = 3
SIDE = 16  # pixels
RESTORER, SPACE = "passthrough", "lin_rec709_scene"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps files in memory


def deliver(folder: Path, frames: int) -> list[str]:
    """Make a plate and restore it; return the command that does the same."""
    plate = Plate.parse(str(folder / "plate.%05d.exr"), SPACE)
    box = Box(0, 0, SIDE - 1, SIDE - 1)
    grey = np.full((SIDE, SIDE), 0.18, np.float16)
    data = encode_image(Image((Part(dict.fromkeys(BEAUTY, grey), box),), box))
    for frame in range(1, frames + 1):
        Path(plate.path(frame)).write_bytes(data)
    shot, output = Shot(plate, FrameRange.between(1, frames)), str(folder / "out")
    submit = Submit(shot, shot.frames, Settings(RESTORER, whole_frame=True), output)
    said = restore_shot(submit, load_restorer(RESTORER), job="0" * 16, emit=lambda _: None)
    if said.delivered != frames or said.errors:
        raise SystemExit(f"not every frame was delivered: {said}")
    words = ["restore", plate.pattern, "--colourspace", SPACE, "--output", output]
    return [*words, "--restorer", RESTORER, "--whole-frame"]


def again(words: list[str]) -> tuple[float, float]:
    """Give the command again; return its wall time and its processor time."""
    begun = time.perf_counter()
    usage = used_by(words)
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.resume", description=__doc__)
    parser.add_argument("--frames", type=int, default=10000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as name:
        words = deliver(Path(name), asked.frames)
        walls, processors = zip(*(again(words) for _ in range(RUNS)), strict=True)
    wall, processor = (statistics.median(took) / LIMIT_S for took in (walls, processors))
    sys.stdout.write(
        f"resume of {asked.frames} frames: {wall:.2f} of {LIMIT_S:.0f} s, "
        f"{processor:.2f} of it on processors\n"
    )


if __name__ == "__main__":
    main()
