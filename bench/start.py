"""How soon things begin: `python -m bench.start`.

    help    wall time of `faceplate --help`, as a ratio to 0.3 s
    ready   from the launch of an engine to its answer to Describe, as a ratio to 2 s
    first   the first restored frame of a warm engine: wall time from Submit to its Progress, as a
            ratio to the time that the same restorer takes for it in this process
    idle    the same of an engine's first job, when it has had nothing to do for some seconds; and
    at once when it is submitted as soon as the engine is ready

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
IDLE_S = 12.0  # by then a worker has loaded beforehand what most jobs need


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


def write_shot(folder: str) -> Shot:
    """Write the frames of one window."""
    pattern = write_plate(Path(folder) / "plate", demo_frames())
    return Shot(Plate.parse(pattern), FrameRange.between(1001, 1000 + FRAMES))


def frame_seconds(client: EngineClient, shot: Shot, output: str) -> float:
    """Return the wall time from Submit to the Progress of the shot's first frame."""
    settings = Settings(DEFAULT, whole_frame=True)
    begun = time.perf_counter()
    job = client.submit(Submit(shot, FrameRange.between(1001, 1001), settings, output)).job
    progress = (event for event in client.events(job) if isinstance(event, Progress))
    next(progress)
    took = time.perf_counter() - begun
    for _ in progress:
        pass
    return took


def warm_seconds(folder: str, shot: Shot) -> float:
    """Return the wall time of a warm engine's first frame."""
    with EngineClient(find_or_start(f"{folder}/warm.json"), "bench") as client:
        took = [frame_seconds(client, shot, f"{folder}/warm{run}") for run in range(RUNS + 1)]
        client.stop()
    return statistics.median(took[1:])  # the first one warms it


def cold_seconds(folder: str, shot: Shot, idle_s: float) -> float:
    """Return the wall time of the first frame of an engine's first job, after some idleness."""
    took = list[float]()
    for run in range(RUNS):
        name = f"{folder}/cold{idle_s}.{run}"
        with EngineClient(find_or_start(f"{name}.json"), "bench") as client:
            client.describe()
            time.sleep(idle_s)
            took.append(frame_seconds(client, shot, name))
            client.stop()
    return statistics.median(took)


def alone_seconds() -> float:
    """Return the wall time that the restorer takes for the window in this process."""
    codes = demo_frames().degraded[:FRAMES]
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
        shot = write_shot(folder)
        firsts = [warm_seconds(folder, shot)]
        firsts += [cold_seconds(folder, shot, idle_s) for idle_s in (IDLE_S, 0.0)]
    alone = alone_seconds()
    first, idle, at_once = (seconds / alone for seconds in firsts)
    sys.stdout.write(
        f"help: {shown / HELP_S:.2f} of {HELP_S} s\n"
        f"ready: {ready / READY_S:.2f} of {READY_S} s\n"
        f"first: {first:.2f} of the restorer's own {alone:.2f} s for its window\n"
        f"idle: {idle:.2f} of it in the first job; {at_once:.2f} at once\n"
    )


if __name__ == "__main__":
    main()
