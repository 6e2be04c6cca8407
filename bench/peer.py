"""Frames through Foundry's published transport and through ours: `python -m bench.peer`.

    per frame   a plain re-creation of nuke-ML-server's transport with an identity model, see
                `bench.per_frame`: planar float32 RGB there and back, a connection for each frame
    ring        the same samples through shared memory, there and back
    message     ditto, as a buffer of a message over TCP
    EXR path    `passthrough` over the same frames as half ZIP files, from Submit to the delivered
                pixels in this process: reading, hashing, encoding and flushing included, but not
                the analysis, which a shot needs once

Seconds of one frame: medians of rounds in which each has its turn, for the EXR path the mean over a
few frames. A ratio above 1 is how much sooner ours is.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.per_frame import round_trip
from bench.wire import engine, seconds
from engine.frame_io.exr import encode_image, read_image
from engine.image import Box, Image, Part
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.replies import Progress
from plugin_host.requests import Settings, Shot, Submit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plugin_host.client import EngineClient

    Planes = NDArray[np.float32]

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
ROUNDS = 3
FRAMES = 4


def frame(size: tuple[int, int]) -> Planes:
    """Return waves and grain, ``(3, H, W)`` float32, scene-linear, as half holds them."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float32) / 200
    grain = np.random.default_rng(7).normal(0, 0.02, (3, height, width))
    return (0.4 + 0.3 * np.sin(x) * np.cos(y) + grain).astype(np.float16).astype(np.float32)


def through_peer(port: int, planes: Planes) -> None:
    """Send a frame and look at what comes back."""
    back = round_trip(port, planes)
    assert back[0, 0, 0] == planes[0, 0, 0]
    assert back[-1, -1, -1] == planes[-1, -1, -1]


def through_ring(client: EngineClient, planes: Planes) -> None:
    """Write a frame to a slot, have it answered in another, look at it there."""
    with client.borrow(planes.nbytes) as slot:
        slot.memory[: planes.nbytes] = memoryview(planes).cast("B")
        with client.echo_slot(slot, planes.nbytes) as back:
            _check(back.memory, planes)


def through_message(client: EngineClient, planes: Planes) -> None:
    """Send a frame as a buffer and look at what comes back."""
    (back,) = client.echo(memoryview(planes).cast("B"))
    _check(memoryview(back), planes)


def through_path(client: EngineClient, folder: Path, planes: Planes) -> float:
    """Return the seconds of one frame of a job, the mean of several."""
    pattern = _write(folder, planes)
    shot = Shot(Plate.parse(pattern), FrameRange.between(1, FRAMES))
    settings = Settings("passthrough", whole_frame=True)
    for asked in (FrameRange.between(1, 1), FrameRange.between(2, FRAMES)):
        begun = time.perf_counter()
        job = client.submit(Submit(shot, asked, settings, f"{folder}/out")).job
        for event in client.events(job):
            if isinstance(event, Progress):
                assert event.path
                read = read_image(event.path).beauty.channels["R"]
                assert read[0, 0] == planes[0, 0, 0]
    return (time.perf_counter() - begun) / (FRAMES - 1)


def _write(folder: Path, planes: Planes) -> str:
    window = Box(0, 0, planes.shape[2] - 1, planes.shape[1] - 1)
    channels = {name: planes[index].astype(np.float16) for index, name in enumerate("RGB")}
    part = Part(channels, window, {"colorInteropID": "lin_rec709_scene"})
    data = encode_image(Image((part,), window))
    for number in range(1, FRAMES + 1):
        (folder / f"p.{number:04d}.exr").write_bytes(data)
    return str(folder / "p.%04d.exr")


def _check(back: memoryview, planes: Planes) -> None:
    seen = np.frombuffer(back[: planes.nbytes], np.float32)
    assert seen[0] == planes[0, 0, 0]
    assert seen[-1] == planes[-1, -1, -1]


def measure(port: int, client: EngineClient, folder: Path, planes: Planes) -> dict[str, float]:
    """Return the seconds of one frame by each way."""
    took: dict[str, list[float]] = {}
    for _ in range(ROUNDS + 1):  # the first touches memory for the first time
        ways = {
            "per frame": seconds(lambda: through_peer(port, planes)),
            "ring": seconds(lambda: through_ring(client, planes)),
            "message": seconds(lambda: through_message(client, planes)),
        }
        for way, second in ways.items():
            took.setdefault(way, []).append(second)
    medians = {way: statistics.median(rounds[1:]) for way, rounds in took.items()}
    return {**medians, "EXR path": through_path(client, folder, planes)}


def main() -> None:
    """Run it."""
    command = [sys.executable, "-m", "bench.per_frame"]
    with (
        tempfile.TemporaryDirectory() as folder,
        engine(Path(folder), "tcp://127.0.0.1:*") as client,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,  # noqa: S603 - ours
    ):
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            for name, size in SIZES.items():
                here = Path(folder) / name
                here.mkdir()
                found = measure(port, client, here, frame(size))
                theirs = found.pop("per frame")
                ours = ", ".join(f"{way} {took:.3f} s" for way, took in found.items())
                sys.stdout.write(
                    f"{name}, per frame {theirs:.3f} s over ring {found['ring']:.3f} s: "
                    f"{theirs / found['ring']:.1f}; over EXR path: "
                    f"{theirs / found['EXR path']:.1f} ({ours})\n"
                )
        finally:
            server.kill()


if __name__ == "__main__":
    main()
