"""What it costs to carry a shot through: `python -m bench.pipeline`.

Each figure is what a job takes over what a loop of the OpenEXR wheel takes that reads and writes
the same frames, in the same run and with the same threads; once in time, once in processor time,
which a busy machine changes less:

    whole         every block is read, and encoded again                              at most 1.1
    face          a face of 5 % of the frame is changed; other blocks are copied      at most 0.35

A job is `pipeline.restore_shot` with all that belongs to it: sha256 of what is read and written,
files flushed to the disk, receipts, crops to display-referred colour and back. The shot was
analysed before, as it is once for all its jobs. The restorer lightens every pixel that it sees and
takes no time for it. The loop neither hashes nor flushes. Files lie in memory where the system has
such a folder, since a disk's speed at flushing is not what is asked. Each round runs all of them; a
figure is the median of the rounds' ratios. Half RGB, made of waves and grain.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
import OpenEXR

from engine.analysis import analyse_shot
from engine.clips import Clips
from engine.faces.analysis import Analysis
from engine.faces.track import Track
from engine.frame_io.exr import encode_image
from engine.frame_io.exr_lossless import deliverable
from engine.image import BEAUTY, Box, Image, Part
from engine.pipeline import restore_shot
from engine.restorer import Clip, Restored, RestorerInfo
from engine.take import Take
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot, Submit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from numpy.typing import NDArray

    from engine.reference import TemporalReference

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
COMPRESSIONS = ("ZIP", "PIZ")
FACE = 0.05
LIMITS = {"whole": 1.1, "face": 0.35}
SPACE = "Linear Rec.709 (sRGB)"
INFO = RestorerInfo(
    "lighter", "Lighter", ("bfr",), "independent", 8, "Apache-2.0", __name__, content_agnostic=True
)


@dataclass(frozen=True)
class Lighter:
    """Lightens every pixel by a sixty-fourth."""

    info: RestorerInfo = INFO

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        """Return the clip, lighter."""
        after = reference.followed_by(clip.frames[-1], {})
        return Restored(clip.pixels + np.float32(1 / 64), after)


def write_plate(folder: Path, size: tuple[int, int], compression: str, frames: int) -> Plate:
    """Write frames of one moving picture; return the plate."""
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
    plate = Plate.parse(str(folder / "plate.%04d.exr"), SPACE)
    for frame in range(1, frames + 1):
        channels = {name: np.roll(plane, 16 * frame, 1) for name, plane in planes.items()}
        image = Image((Part(channels, box, attributes),), box)
        Path(plate.path(frame)).write_bytes(encode_image(image))
    return plate


def face(frames: Iterable[int], size: tuple[int, int]) -> Track:
    """Return a still face whose crop is 5 % of the frame, a little above the middle."""
    frames = tuple(frames)
    side = (size[0] * size[1] * FACE) ** 0.5 / 2.5  # a crop is about 2.5 tracked squares wide
    centre = (size[0] / 2, size[1] / 2.5)
    return Track(1, frames, (centre,) * len(frames), (side,) * len(frames))


def loop(shot: Shot, out: Path) -> None:
    """Read and write with the wheel, and nothing else."""
    for frame in shot.frames:
        path = Path(shot.plate.path(frame))
        OpenEXR.File(str(path), separate_channels=True).write(str(out / path.name))


def prepare(shot: Shot, size: tuple[int, int], out: Path) -> Callable[[], object]:
    """Begin a take of a shot that is analysed; return what delivers it."""
    submit = Submit(shot, shot.frames, Settings(INFO.name), str(out))
    frames = tuple(shot.frames)
    found = replace(
        analyse_shot(shot, find_faces=False), faces=Analysis(frames, (), (face(frames, size),))
    )
    Take(submit, INFO, {}).store_analysis(found.to_json())
    return partial(restore_shot, submit, Lighter(), job="0" * 16, emit=lambda _: None)


@contextmanager
def every_block() -> Generator[None]:
    """Switch off that blocks are copied, and that only some rows are read."""

    def encode(image: Image, _plate: Image) -> tuple[bytes, str | None]:
        whole, note = deliverable(image)
        return encode_image(whole), note

    with (
        patch.object(Clips, "rows", lambda *_: None),
        patch("engine.delivery.encode_changes", encode),
    ):
        yield


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - nothing else is asked


def seconds(act: Callable[[], object]) -> NDArray[np.float64]:
    """Return how long it takes, in time and in processor time."""
    begun = np.array([time.perf_counter(), time.process_time()])
    act()
    return np.array([time.perf_counter(), time.process_time()]) - begun


def compare(size: tuple[int, int], compression: str, frames: int, rounds: int) -> list[str]:
    """Return what is to be said of one kind of plate."""
    ways = {"whole": every_block, "face": nullcontext}
    ratios: dict[str, list[NDArray[np.float64]]] = {way: [] for way in ways}
    spent: list[NDArray[np.float64]] = []
    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        folder = Path(name)
        plate = write_plate(folder, size, compression, frames)
        shot = Shot(plate, FrameRange(range(1, frames + 1)))
        for number in range(rounds):
            out = folder / str(number)
            out.mkdir()
            spent.append(seconds(partial(loop, shot, out)))
            for way, how in ways.items():
                job = prepare(shot, size, out / way)
                with how():
                    ratios[way].append(seconds(job) / spent[-1])
            shutil.rmtree(out)
    lines: list[str] = []
    for way in ways:
        wall, processor = np.median(ratios[way], axis=0)
        lines.append(f"{way}: {wall:.2f} (at most {LIMITS[way]}), processor {processor:.2f}")
    wall, processor = np.median(spent, axis=0) / frames
    return [*lines, f"loop: {wall:.3f} s a frame, processor {processor:.3f} s"]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.pipeline")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    for name, size in SIZES.items():
        for compression in COMPRESSIONS:
            for line in compare(size, compression, asked.frames, asked.rounds):
                print(f"{name} {compression}, {line}", flush=True)


if __name__ == "__main__":
    main()
