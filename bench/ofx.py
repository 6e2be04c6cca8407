"""What the OFX plugin costs a host: `python -m bench.ofx`.

    python -m bench.ofx [--bundle build/ofx/Faceplate.ofx.bundle] [--sizes 1080p,4K] [--rounds 15]
                        [--flat 200]

A host of our own renders float RGBA frames of a real take, whose pixels lie in memory shared with a
real engine, on one to four threads. The time of a render, over that of one `memcpy` of the frame on
as many threads, is held to 2.5; both are medians, taken in turn, so that what else the machine does
weighs on both alike. `first` is a frame that the engine still has to read and hand over: its
seconds are the engine's, and no limit is put on them here. `flat` is the host's memory after 200
frames of the last size over that after a tenth of them, each fetched anew: held to 1.02, with no
descriptor more.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.wire import engine
from engine.frame_io.exr import encode_image
from engine.image import Box, Image, Part
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot, Submit
from tests.ofx_host.host import OK, Host
from tests.ofx_host.host import Image as HostImage

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugin_host.client import EngineClient
    from tests.ofx_host.host import Effect

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
THREADS = (1, 2, 4)
FRAMES = 4
LIMIT = 2.5
FLAT = 1.02
PAGE = os.sysconf("SC_PAGE_SIZE")
BUNDLE = Path("build/ofx/Faceplate.ofx.bundle")


def take_of(client: EngineClient, folder: Path, size: tuple[int, int]) -> str:
    """Return the folder of a take of grain without faces, which is delivered as it is."""
    width, height = size
    window = Box(0, 0, width - 1, height - 1)
    for frame in range(1, FRAMES + 1):
        rng = np.random.default_rng(frame)
        channels = {name: rng.random((height, width), np.float32).astype("f2") for name in "RGB"}
        named = {"colorInteropID": "lin_rec709_scene"}
        image = Image((Part(channels, window, named),), window)
        (folder / f"p.{frame:04d}.exr").write_bytes(encode_image(image))
    frames = FrameRange.parse(f"1-{FRAMES}")
    shot = Shot(Plate.parse(str(folder / "p.%04d.exr")), frames)
    job = client.submit(Submit(shot, frames, Settings("lite"), str(folder / "out")))
    for _ in client.events(job.job):
        pass
    return job.take


def seconds(work: Callable[[int], None], threads: int, pool: ThreadPoolExecutor) -> float:
    """Return the wall time of one piece of work on each thread."""
    begun = time.perf_counter()
    list(pool.map(work, range(threads)))
    return time.perf_counter() - begun


def measured(
    effect: Effect, size: tuple[int, int], threads: int, rounds: int
) -> tuple[float, float]:
    """Return the medians of a render's and a memcpy's seconds."""
    width, height = size
    source = HostImage(np.ones((height, width, 4), np.float32))
    effect.show(source)
    outputs = [HostImage(np.ones((height, width, 4), np.float32)) for _ in range(threads)]
    given = effect.arguments(1, outputs[0].bounds)

    def render(number: int) -> None:
        effect.busy.output, effect.busy.images = outputs[number], []
        assert effect.act("OfxImageEffectActionRender", given) == OK
        assert effect.persistent is None, effect.persistent

    def copy(number: int) -> None:
        target = outputs[number].memory
        ctypes.memmove(target.ctypes.data, source.memory.ctypes.data, target.nbytes)

    renders, copies = [], []
    with ThreadPoolExecutor(threads) as pool:
        for number in range(rounds + 2):
            pair = seconds(render, threads, pool), seconds(copy, threads, pool)
            if number >= 2:
                renders.append(pair[0])
                copies.append(pair[1])
    return statistics.median(renders), statistics.median(copies)


def first(effect: Effect, size: tuple[int, int]) -> float:
    """Return the median seconds of renders of frames that the engine still has to read."""
    width, height = size
    out = HostImage(np.ones((height, width, 4), np.float32))
    took = []
    for frame in range(1, FRAMES + 1):
        effect.busy.output, effect.busy.images = out, []
        begun = time.perf_counter()
        assert effect.act("OfxImageEffectActionRender", effect.arguments(frame, out.bounds)) == OK
        took.append(time.perf_counter() - begun)
    return statistics.median(took[1:])  # the first one makes the ring


def held() -> tuple[int, int]:
    """Return this process's resident memory, bytes, and how many descriptors it has."""
    resident = int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE
    return resident, len(list(Path("/proc/self/fd").iterdir()))


def flat(effect: Effect, size: tuple[int, int], frames: int) -> str:
    """Render so many frames, of which none is kept when it comes again; return what that holds."""
    width, height = size
    out = HostImage(np.ones((height, width, 4), np.float32))
    begun, early = time.perf_counter(), (0, 0)
    for number in range(frames):
        effect.busy.output, effect.busy.images = out, []
        given = effect.arguments(1 + number % FRAMES, out.bounds)
        assert effect.act("OfxImageEffectActionRender", given) == OK
        assert effect.persistent is None, effect.persistent
        if number == frames // 10:
            early = held()
    late, took = held(), time.perf_counter() - begun
    ratio = late[0] / early[0]
    assert late[1] <= early[1], f"{late[1] - early[1]} descriptors more"
    return (
        f"{frames} frames: {late[0] >> 20} MiB, {ratio:.3f} of that after {frames // 10}, at most "
        f"{FLAT}; {late[1]} descriptors; {took / frames * 1e3:.0f} ms a frame\n"
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.ofx", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=BUNDLE)
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--flat", type=int, default=200)
    asked = parser.parse_args()
    plugin = Host().open(asked.bundle / "Contents" / "Linux-x86-64" / "Faceplate.ofx")
    assert plugin.load() == OK
    with (
        tempfile.TemporaryDirectory() as folder,
        engine(Path(folder), "tcp://127.0.0.1:*") as client,
    ):
        for name in asked.sizes.split(","):
            shot = Path(folder) / name
            shot.mkdir()
            effect = plugin.create(
                take=take_of(client, shot, SIZES[name]),
                engine=str(Path(folder) / "connection.json"),
                deadline=60.0,
            )
            effect.show(HostImage(np.ones((*SIZES[name][::-1], 4), np.float32)))
            sys.stdout.write(f"{name}: first {first(effect, SIZES[name]) * 1e3:.0f} ms\n")
            for threads in THREADS:
                took, copy = measured(effect, SIZES[name], threads, asked.rounds)
                sys.stdout.write(
                    f"{name}, {threads} threads: {took * 1e3:.1f} ms, {took / copy:.2f} of memcpy, "
                    f"at most {LIMIT} (load {os.getloadavg()[0]:.1f})\n"
                )
            if asked.flat and name == asked.sizes.rpartition(",")[2]:
                sys.stdout.write(f"{name}, {flat(effect, SIZES[name], asked.flat)}")
            effect.destroy()
    plugin.unload()


if __name__ == "__main__":
    main()
