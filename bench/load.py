"""What 64 clients with 10,000 jobs do to an engine: `python -m bench.load`.

One client has 8,000 jobs waiting, 63 others share 2,000; all listen while the worker restores. Then

    status     99th per cent of round trips, to the limit of 50 ms; beside it that of an idle
               engine, which tells what the machine is busy with besides
    submit     jobs a second that are taken in
    memory     what the server grows by with each waiting job, and with 1,000 jobs of 100 frames
               that have ended
    urgent     time to the first frame of an urgent job, over that of an engine without load
    fair       jobs of the great client that run before the only job of a new one
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.frame_io.exr import encode_image
from engine.image import Box, Image, Part
from engine.job_events import Asked, Joined, Ready, WorkerReady, WorkerSaid
from engine.jobs import Jobs
from plugin_host.client import EngineClient
from plugin_host.frame_range import FrameRange
from plugin_host.launcher import find_or_start
from plugin_host.plate import Plate
from plugin_host.protocol import job_id
from plugin_host.replies import Analysed, Description, Finished, Progress
from plugin_host.requests import Settings, Shot, Submit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.synchronize import Barrier

    from plugin_host.connection import Connection

LIMIT_S = 0.050
CLIENTS = 64
PROCESSES = 4
JOBS = 10000
GREAT = 8000  # of one client
LISTEN_S = 10.0
FRAMES = FrameRange.between(1, 4)
SPACE = "lin_rec709_scene"


def write_plate(folder: Path) -> None:
    """Write a few small scene-linear frames of noise."""
    folder.mkdir()
    window = Box(0, 0, 63, 47)
    for frame in FRAMES:
        pixels = np.random.default_rng(frame).uniform(0, 1, (3, 48, 64)).astype(np.float16)
        part = Part(dict(zip("RGB", pixels, strict=True)), window, {"colorInteropID": SPACE})
        (folder / f"plate.{frame:04d}.exr").write_bytes(encode_image(Image((part,), window)))


def request(folder: str, name: str, *, urgent: bool = False) -> Submit:
    """Return a small job with an output of its own."""
    shot = Shot(Plate.parse(f"{folder}/plate/plate.%04d.exr"), FRAMES)
    settings = Settings("passthrough", whole_frame=True)
    return Submit(shot, FRAMES, settings, f"{folder}/{name}", urgent=urgent)


def first_frame(client: EngineClient, submit: Submit) -> float:
    """Return the seconds until a job's first frame is told."""
    begun = time.perf_counter()
    events = client.events(client.submit(submit).job)
    next(event for event in events if not isinstance(event, Analysed))
    took = time.perf_counter() - begun
    for _ in events:
        pass
    return took


def crowd(connection: Connection, folder: str, numbers: list[int], gate: Barrier) -> None:
    """Be some of the clients: submit, meet the others, and listen until the engine ends."""

    def be(number: int) -> None:
        count = GREAT if number == 0 else (JOBS - GREAT) // (CLIENTS - 1) + 1
        with EngineClient(connection, f"client {number}") as client:
            jobs = [
                client.submit(request(folder, f"out{number}/{index}")).job for index in range(count)
            ]
            gate.wait()
            for job in jobs:
                for _ in client.events(job):
                    pass

    threads = [threading.Thread(target=be, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def asked(askers: Sequence[EngineClient], more: Callable[[], bool]) -> list[tuple[float, ...]]:
    """Return the seconds of status round trips of several engines, one after the other."""
    took: list[tuple[float, ...]] = []
    while more():
        row: list[float] = []
        for asker in askers:
            begun = time.perf_counter()
            asker.status()
            row.append(time.perf_counter() - begun)
        took.append(tuple(row))
        time.sleep(0.005)
    return took


def resident(pid: int) -> int:
    """Return a process's resident memory in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def ended_bytes(jobs: int, frames: int) -> int:
    """Return what the state machine keeps of so many jobs that have ended."""
    state = Jobs()
    state.handle(Joined("s", 2 * jobs * frames))
    state.handle(WorkerReady(Ready(Description(()))))
    shot = Shot(Plate.parse("/plates/sh010/sh010.%04d.exr"), FrameRange.between(1, frames))
    before = resident(os.getpid())
    for number in range(jobs):
        submit = Submit(shot, shot.frames, Settings("passthrough"), f"/restored/{number}")
        job = job_id(submit)
        state.handle(Asked("s", f"{number:032x}", submit))
        for frame in shot.frames:
            path = f"/restored/{number}/sh010_restored.{frame:04d}.exr"
            state.handle(WorkerSaid(Progress(job, 0, 0, frame, "restored", path)))
        state.handle(WorkerSaid(Finished(job, "/take", frames, 0, {})))
    return resident(os.getpid()) - before


def great_begun(folder: str) -> int:
    """Return how many jobs of the great client have begun: each then makes its output."""
    return sum(1 for _ in Path(folder, "out0").iterdir())


def urgent_s(client: EngineClient, folder: str, name: str) -> float:
    """Return the median of the seconds to an urgent job's first frame."""
    requests = [request(folder, f"{name}{number}", urgent=True) for number in range(5)]
    return statistics.median(first_frame(client, submit) for submit in requests)


def begin(connection: Connection, folder: str, gate: Barrier) -> list[Any]:
    """Start the processes of the clients."""
    numbers = list(range(CLIENTS))
    context = multiprocessing.get_context("spawn")
    crowds = [
        context.Process(
            target=crowd, args=(connection, folder, numbers[at::PROCESSES], gate), daemon=True
        )
        for at in range(PROCESSES)
    ]
    for process in crowds:
        process.start()
    return crowds


def flooded(askers: Sequence[EngineClient], connection: Connection, gate: Barrier) -> list[str]:
    """Return the figures of the time in which the jobs come."""
    before = resident(connection.pid)
    submitted, took = threading.Event(), list[tuple[float, ...]]()
    asking = threading.Thread(
        target=lambda: took.extend(asked(askers, lambda: not submitted.is_set()))
    )
    asking.start()
    begun = time.perf_counter()
    gate.wait()
    seconds = time.perf_counter() - begun
    submitted.set()
    asking.join()
    waiting = askers[0].status().counts["queued"]
    each = (resident(connection.pid) - before) / 1024 / waiting
    ended = ended_bytes(1000, 100) / 2**20
    memory = (
        f"memory: {each:.1f} KiB of the server for each of {waiting} waiting jobs; "
        f"{ended:.0f} MiB for 1,000 ended ones of 100 frames"
    )
    return [
        status_figure("while they submit", took),
        f"submit: {JOBS / seconds:.0f} jobs/s, the clients' own start and time included",
        memory,
    ]


def measure(folder: str, connection: Connection, idle: Connection) -> list[str]:
    """Load an engine and return the figures, beside those of an idle one."""
    gate = multiprocessing.get_context("spawn").Barrier(CLIENTS + 1)
    with ExitStack() as stack:
        client, *askers = (
            stack.enter_context(EngineClient(to, "bench")) for to in (connection, connection, idle)
        )
        client.describe()
        first_frame(client, request(folder, "warm"))
        alone = urgent_s(client, folder, "alone")
        crowds = begin(connection, folder, gate)
        figures = flooded(askers, connection, gate)
        end = time.perf_counter() + LISTEN_S
        took = asked(askers, lambda: time.perf_counter() < end)
        figures.append(status_figure("while they listen", took))
        loaded = urgent_s(client, folder, "now")
        great = great_begun(folder)
        first_frame(client, request(folder, "new"))
        great = great_begun(folder) - great
        for process in crowds:
            process.terminate()
        for asker in askers:
            asker.stop()
    figures.append(
        f"urgent: first frame after {loaded / alone:.2f} of the time without load "
        f"({loaded * 1000:.0f} ms)"
    )
    figures.append(f"fair: {great} of {GREAT} jobs of one client ran before a new one's only job")
    return figures


def status_figure(when: str, took: list[tuple[float, ...]]) -> str:
    """Return the figure of round trips to the loaded engine and to the idle one."""
    p99, idle = np.percentile(took, 99, axis=0) / LIMIT_S
    median, worst = np.percentile(np.array(took)[:, 0], [50, 100]) / LIMIT_S
    return (
        f"status {when}: {p99:.2f} of 50 ms at the 99th per cent, {idle:.2f} of an idle engine "
        f"beside it (median {median:.3f}, worst {worst:.2f}; {len(took)} round trips)"
    )


def main() -> None:
    """Run it."""
    with tempfile.TemporaryDirectory() as folder:
        write_plate(Path(folder) / "plate")
        loaded, idle = (find_or_start(f"{folder}/{name}.json") for name in ("loaded", "idle"))
        sys.stdout.write("\n".join(measure(folder, loaded, idle)) + "\n")


if __name__ == "__main__":
    main()
