"""What it costs to carry a frame through: `python -m bench.pipeline`.

Each figure is what reading and writing takes the engine over what it takes a loop of the OpenEXR
wheel that reads and writes the same frames, in the same run, with the same threads; once in time,
once in processor time, which a busy machine changes less:

    whole         read, hashed, changed, every block encoded, flushed to the disk     at most 1.1
    blocks        the same, but blocks that did not change are copied                 for comparison
    band          the same, and only the blocks of the face are read                  at most 0.35

The change is a face of 5 % of the frame. Frames are read ahead and written behind as in a job. The
loop neither hashes nor flushes. Each round runs all of them; a figure is the median of the rounds'
ratios. Half RGB, made of waves and grain.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import OpenEXR

from engine.atomic import write_atomically
from engine.delivery import Delivered, WriteBehind
from engine.frame_io.exr import deliverable, encode_image, pixel_hash, read_image
from engine.frame_io.exr_copy import encode_changes
from engine.frame_io.exr_rows import read_rows
from engine.image import BEAUTY, Box, Image, Part
from engine.pipeline import READ_AHEAD, WRITE_BEHIND
from engine.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
COMPRESSIONS = ("ZIP", "PIZ")
FACE = 0.05
LIMITS = {"whole": 1.1, "band": 0.35}


def write_plate(folder: Path, size: tuple[int, int], compression: str, frames: int) -> list[Path]:
    """Write frames of one moving picture; return their paths."""
    width, height = size
    box = Box(0, 0, width - 1, height - 1)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    rng = np.random.default_rng(0)
    attributes = {"compression": getattr(OpenEXR.Compression, f"{compression}_COMPRESSION")}
    planes = {
        name: (
            0.3 + 0.2 * np.sin(x / (200 + 40 * i) + y / 170) + rng.normal(0, 0.01, x.shape)
        ).astype(np.float16)
        for i, name in enumerate(BEAUTY)
    }
    paths: list[Path] = []
    for frame in range(frames):
        channels = {name: np.roll(plane, 16 * frame, 1) for name, plane in planes.items()}
        paths.append(folder / f"plate.{frame:04d}.exr")
        paths[-1].write_bytes(encode_image(Image((Part(channels, box, attributes),), box)))
    return paths


def face(size: tuple[int, int]) -> Box:
    """Return a face of 5 % of the frame, in its shape, a little above the middle."""
    width, height = (round(side * FACE**0.5) for side in size)
    left, top = (size[0] - width) // 2, (size[1] - height) // 3
    return Box(left, top, left + width - 1, top + height - 1)


def changed(image: Image, spot: Box) -> Image:
    """Return the image with a lighter face."""
    part = image.beauty
    place = spot.slices(part.data_window)
    channels = {name: part.channels[name].copy() for name in BEAUTY}
    for samples in channels.values():
        samples[place] += np.float16(1 / 64)
    return image.with_beauty(channels, {"faceplate/status": "restored"})


def loop(paths: list[Path], out: Path) -> None:
    """Read and write with the wheel, and nothing else."""
    for path in paths:
        OpenEXR.File(str(path), separate_channels=True).write(str(out / path.name))


def carry(paths: list[Path], out: Path, spot: Box, way: str) -> None:
    """Read, change and write as a job does."""

    def read(frame: int) -> Image:
        data = paths[frame].read_bytes()
        hashlib.sha256(data).hexdigest()
        if way == "band":
            return read_rows(data, range(spot.top, spot.bottom + 1), frame=frame)
        return read_image(data, frame=frame)

    def deliver(image: Image, frame: int) -> Delivered:
        new = changed(image, spot)
        data = (
            encode_image(deliverable(new)[0]) if way == "whole" else encode_changes(new, image)[0]
        )
        pixel_hash(new)
        path = out / paths[frame].name
        write_atomically(path, data)
        return Delivered(frame, "restored", path, "")

    order = range(len(paths))
    with (
        Reader(read, order, READ_AHEAD) as reader,
        WriteBehind(lambda _: None, WRITE_BEHIND) as writer,
    ):
        for frame in order:
            writer.begin(partial(deliver, reader.get(frame), frame))


def seconds(act: Callable[[], None]) -> NDArray[np.float64]:
    """Return how long it takes, in time and in processor time."""
    begun = np.array([time.perf_counter(), time.process_time()])
    act()
    return np.array([time.perf_counter(), time.process_time()]) - begun


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.pipeline")
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    ways = ("whole", "blocks", "band")
    for name, size in SIZES.items():
        for compression in COMPRESSIONS:
            ratios: dict[str, list[NDArray[np.float64]]] = {way: [] for way in ways}
            spent: list[NDArray[np.float64]] = []
            with tempfile.TemporaryDirectory() as folder:
                paths = write_plate(Path(folder), size, compression, asked.frames)
                out = Path(folder) / "out"
                out.mkdir()
                for _ in range(asked.rounds):
                    spent.append(seconds(partial(loop, paths, out)))
                    for way in ways:
                        act = partial(carry, paths, out, face(size), way)
                        ratios[way].append(seconds(act) / spent[-1])
            for way in ways:
                limit = f" (at most {LIMITS[way]})" if way in LIMITS else ""
                wall, processor = np.median(ratios[way], axis=0)
                print(f"{name} {compression}, {way}: {wall:.2f}, processor {processor:.2f}{limit}")
            wall, processor = np.min(spent, axis=0) / asked.frames
            print(f"{name} {compression}, loop: {wall:.3f} s a frame, processor {processor:.3f} s")


if __name__ == "__main__":
    main()
