"""How fast the wire is: `python -m bench.wire`.

    control   round trip of a Status of the standard-library client with an idle engine, p99, as a
              ratio to 2 ms; at most 1
    ring      66 MB there and back through shared memory: written once by the client, once by the
              engine, read in place; two copies' time over the wall time, at least 0.75
    ipc, tcp  66 MB there and back as a buffer of a message; two copies' time over the wall time, at
              least 0.2

A copy is one `memcpy` between pages that were touched before, in this process. It is timed before
each round trip, and both are medians, so that what else the machine does weighs on both alike.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plugin_host.client import EngineClient
from plugin_host.connection import read_connection
from plugin_host.errors import EngineUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE = 3840 * 2160 * 4 * 2  # bytes: 4K RGBA half
ROUND_TRIPS, TRANSFERS, FIRST = 2000, 25, 3
CONTROL_S = 0.002
LIMITS = {"ring": 0.75, "ipc": 0.2, "tcp": 0.2}
START_S = 30.0


@contextmanager
def engine(folder: Path, address: str) -> Iterator[EngineClient]:
    """Start an engine of our own; it is ended."""
    path = folder / "connection.json"
    command = [sys.executable, "-m", "engine", "serve", "--connection", str(path)]
    command += ["--address", address]
    process = subprocess.Popen(  # noqa: S603 - our own, and as `launcher` starts one
        command, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        with EngineClient(_connection(path), "bench") as client:
            client.describe()
            yield client
    finally:
        process.terminate()
        process.wait()


def _connection(path: Path):  # noqa: ANN202 - Connection
    end = time.monotonic() + START_S
    while True:
        try:
            return read_connection(str(path))
        except EngineUnreachable:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def control(client: EngineClient) -> list[float]:
    """Return the seconds of each round trip."""
    took: list[float] = []
    for _ in range(ROUND_TRIPS):
        begun = time.perf_counter()
        client.status(most=0)
        took.append(time.perf_counter() - begun)
    return took


def through_ring(client: EngineClient, plate: memoryview) -> Callable[[], None]:
    """Return a round trip through shared memory."""
    slot = client.borrow(SIZE)

    def transfer() -> None:
        slot.memory[:SIZE] = plate
        with client.echo_slot(slot, SIZE) as back:
            _check(back.memory)

    return transfer


def through_message(client: EngineClient, plate: memoryview) -> Callable[[], None]:
    """Return a round trip as a buffer of a message."""

    def transfer() -> None:
        (back,) = client.echo(plate)
        _check(memoryview(back))

    return transfer


def ratio(transfer: Callable[[], None], copy: Callable[[], None]) -> tuple[float, float]:
    """Return two copies' time over that of a transfer, and the transfer's seconds; medians."""
    copies, transfers = [], []
    for number in range(TRANSFERS + FIRST):
        pair = (seconds(copy), seconds(transfer))
        if number >= FIRST:
            copies.append(pair[0])
            transfers.append(pair[1])
    took = statistics.median(transfers)
    return 2 * statistics.median(copies) / took, took


def seconds(work: Callable[[], None]) -> float:
    """Return the wall time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _check(back: memoryview) -> None:
    assert back[0] == 1
    assert back[SIZE - 1] == 1


def main() -> None:
    """Run it."""
    plate = memoryview(bytearray(b"\1" * SIZE))
    target = memoryview(bytearray(b"\2" * SIZE))

    def copy() -> None:
        target[:] = plate

    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "tcp").mkdir()
        (here / "ipc").mkdir()
        with engine(here / "tcp", "tcp://127.0.0.1:*") as client:
            median, p99 = np.percentile(control(client), [50, 99]) / CONTROL_S
            found = {"ring": ratio(through_ring(client, plate), copy)}
            found["tcp"] = ratio(through_message(client, plate), copy)
        with engine(here / "ipc", f"ipc://{here}/ipc/engine") as client:
            found["ipc"] = ratio(through_message(client, plate), copy)
    sys.stdout.write(
        f"control round trip: p99 {p99:.2f} of {CONTROL_S * 1e3:.0f} ms (median {median:.2f}; "
        f"{ROUND_TRIPS} of them)\n"
    )
    for name, limit in LIMITS.items():
        of_copy, took = found[name]
        sys.stdout.write(
            f"66 MB there and back, {name}: {of_copy:.2f} of memcpy, at least {limit} "
            f"({took * 1e3:.0f} ms, load {os.getloadavg()[0]:.1f})\n"
        )


if __name__ == "__main__":
    main()
