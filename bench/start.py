"""How soon things begin: `python -m bench.start`.

    help    wall time of `faceplate --help`, as a ratio to 0.3 s
    ready   from the launch of an engine to its answer to Describe, as a ratio to 2 s
    first   the first restored frame of a warm engine: wall time from Submit to its Progress, as a
            ratio to the time that the same restorer takes for it in this process

Medians of several runs; below 1 is well, for `first` near 1.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.drive import restored
from engine.compute import pin
from engine.demo import write_plate
from engine.demo_plate import demo_frames
from engine.restorers import DEFAULT, load_restorer
from plugin_host.client import EngineClient
from plugin_host.frame_range import FrameRange
from plugin_host.launcher import find_or_start
from plugin_host.plate import Plate
from plugin_host.replies import Progress
from plugin_host.requests import Settings, Shot, Submit

RUNS = 5
HELP_S, READY_S = 0.3, 2.0
FRAMES = 8


def help_seconds() -> float:
    """Run the command that loads the least."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "engine", "--help"], check=True, capture_output=True)
    return time.perf_counter() - begun


def ready_seconds(connection: str) -> float:
    """Launch an engine, ask what it can do, and stop it."""
    begun = time.perf_counter()
    with EngineClient(find_or_start(connection), "bench") as client:
        client.describe()
        took = time.perf_counter() - begun
        client.stop()
    return took


def first_seconds(folder: str) -> tuple[float, float]:
    """Return the wall time of a warm engine's first frame, and the restorer's own for it."""
    frames = demo_frames()
    pattern = write_plate(Path(folder) / "plate", frames)
    shot = Shot(Plate.parse(pattern), FrameRange.between(1001, 1000 + FRAMES))
    settings, took = Settings(DEFAULT, whole_frame=True), list[float]()
    with EngineClient(find_or_start(f"{folder}/connection.json"), "bench") as client:
        for run in range(RUNS + 1):  # the first one warms it
            asked = Submit(shot, FrameRange.between(1001, 1001), settings, f"{folder}/out{run}")
            begun = time.perf_counter()
            job = client.submit(asked).job
            progress = (e for e in client.events(job) if isinstance(e, Progress))
            next(progress)
            took.append(time.perf_counter() - begun)
            for _ in progress:
                pass
        client.stop()
    return statistics.median(took[1:]), _alone(frames.degraded[:FRAMES])


def _alone(codes: np.ndarray) -> float:
    pin(2, "cpu")
    restorer = load_restorer(DEFAULT)
    pixels = np.ascontiguousarray(codes.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
    took = []
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        restored(restorer, pixels)
        took.append(time.perf_counter() - begun)
    return statistics.median(took[1:])


def main() -> None:
    """Run it."""
    with tempfile.TemporaryDirectory() as folder:
        shown = statistics.median(help_seconds() for _ in range(RUNS))
        ready = statistics.median(ready_seconds(f"{folder}/{run}.json") for run in range(RUNS))
        first, alone = first_seconds(folder)
    sys.stdout.write(
        f"help: {shown / HELP_S:.2f} of {HELP_S} s\n"
        f"ready: {ready / READY_S:.2f} of {READY_S} s\n"
        f"first: {first / alone:.2f} of the restorer's own {alone:.2f} s for its window\n"
    )


if __name__ == "__main__":
    main()
