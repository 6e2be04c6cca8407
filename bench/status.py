"""How soon the engine answers while it restores: `python -m bench.status`.

Prints the slowest of many status round trips of the standard-library client, during a restore on
both threads of the worker, as a ratio to the limit of 50 ms; below 1 is well.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from engine.demo import write_plate
from engine.demo_plate import demo_frames
from engine.restorers import DEFAULT
from plugin_host.client import EngineClient
from plugin_host.frame_range import FrameRange
from plugin_host.launcher import find_or_start
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot, Submit

LIMIT_S = 0.050


def main() -> None:
    """Run it."""
    with tempfile.TemporaryDirectory() as folder:
        pattern = write_plate(Path(folder) / "plate", demo_frames(60))
        connection = find_or_start(str(Path(folder) / "connection.json"))
        shot = Shot(Plate.parse(pattern), FrameRange.between(1001, 1060))
        settings = Settings(DEFAULT, whole_frame=True)
        with EngineClient(connection, "bench") as client, EngineClient(connection, "ask") as asker:
            client.describe()
            job = client.submit(Submit(shot, shot.frames, settings, f"{folder}/out")).job
            busy = threading.Event()
            took: list[float] = []

            def ask() -> None:
                while not busy.is_set():
                    begun = time.perf_counter()
                    asker.status()
                    took.append(time.perf_counter() - begun)
                    time.sleep(0.01)

            thread = threading.Thread(target=ask)
            thread.start()
            for _ in client.events(job):
                pass
            busy.set()
            thread.join()
            client.stop()
    median, p99, worst = np.percentile(took, [50, 99, 100]) / LIMIT_S
    sys.stdout.write(
        f"status while restoring: {worst:.2f} of 50 ms at worst "
        f"(median {median:.3f}, p99 {p99:.3f}; {len(took)} round trips)\n"
    )


if __name__ == "__main__":
    main()
