"""How well the stages of a job hide each other: `python -m bench.overlap`.

Prints the time that a job takes over the time that its busiest stage takes; 1 would mean that all
others are hidden behind it, at most 1.15 is well. The job restores a 1080p plate of real pixels
with `temporal-denoise`; the shot was analysed before, as it is once for all its jobs, and what that
took is told beside it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from engine.analysis import analyse_shot
from engine.compute import pin
from engine.demo_plate import demo_frames, linear
from engine.frame_io.exr import encode_image, to_half
from engine.image import BEAUTY, Box, Image, Part
from engine.pipeline import restore_shot
from engine.restorers import load_restorer
from engine.take import Take
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot, Submit

SIZE = (1920, 1080)
LIMIT = 1.15
SPACE = "Linear Rec.709 (sRGB)"


def write_plate(folder: Path, frames: int) -> Shot:
    """Write the demonstration's frames, enlarged to fill 1080p; return the shot."""
    plate = Plate.parse(str(folder / "plate.%04d.exr"), SPACE)
    box = Box(0, 0, SIZE[0] - 1, SIZE[1] - 1)
    for frame, small in enumerate(demo_frames(frames).degraded, 1):
        height = SIZE[0] * small.shape[0] // small.shape[1]
        large = np.asarray(cv2.resize(small, (SIZE[0], height)), np.uint8)
        top = (height - SIZE[1]) // 2
        light = np.moveaxis(linear(large[top : top + SIZE[1]]), 2, 0)
        planes = [to_half(np.ascontiguousarray(plane)) for plane in light]
        part = Part(dict(zip(BEAUTY, planes, strict=True)), box)
        Path(plate.path(frame)).write_bytes(encode_image(Image((part,), box)))
    return Shot(plate, FrameRange(range(1, frames + 1)))


def main() -> None:
    """Print the figure."""
    parser = argparse.ArgumentParser(prog="python -m bench.overlap", description=__doc__)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--restorer", default="temporal-denoise")
    parser.add_argument("--threads", type=int, default=1, help="of the restorer")
    asked = parser.parse_args()
    pin(asked.threads, "auto")
    restorer = load_restorer(asked.restorer)
    with tempfile.TemporaryDirectory() as name:
        shot = write_plate(Path(name), asked.frames)
        submit = Submit(shot, shot.frames, Settings(asked.restorer), str(Path(name) / "out"))
        begun = time.monotonic()
        analysis = analyse_shot(shot, find_faces=True)
        looking = time.monotonic() - begun
        Take(submit, restorer.info, {}).store_analysis(analysis.to_json())
        said = restore_shot(submit, restorer, job="0" * 16, emit=lambda _: None)
    if said.errors or said.faceless:
        raise SystemExit(f"not every frame was restored: {said}")
    stages = {stage: took / 1000 for stage, took in said.milliseconds.items()}
    total = stages.pop("total")
    busiest = max(stages, key=stages.__getitem__)
    told = ", ".join(f"{stage} {took / asked.frames:.3f}" for stage, took in stages.items())
    print(f"overlap: {total / stages[busiest]:.2f} (at most {LIMIT}), busiest {busiest}")
    print(f"seconds a frame: {told}; analysing the shot before {looking / asked.frames:.3f}")


if __name__ == "__main__":
    main()
