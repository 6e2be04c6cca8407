"""What a long shot costs in memory: `python -m bench.memory`.

Prints the peak resident memory of restoring 480 frames as a ratio to that of 96, each in a process
of its own; at most 1.05 is well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine.demo import write_plate
from engine.demo_plate import demo_frames

if TYPE_CHECKING:
    import resource

SHORT, LONG = 96, 480
LIMIT = 1.05


def used_by(words: list[str]) -> resource.struct_rusage:
    """Run a `faceplate` command of its own process; return what that used."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "engine", *words], stdout=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"faceplate {' '.join(words)} ended with {process.returncode}")
    return usage


def peak(pattern: str, frames: int, restorer: str) -> int:
    """Return the peak resident memory in KiB of a `faceplate restore` of so many frames."""
    shot = f"1001-{1000 + frames}"
    words = ["restore", pattern, "--shot", shot, "--frames", shot, "--whole-frame"]
    words += ["--restorer", restorer, "--output", str(Path(pattern).parents[1] / f"out{frames}")]
    return used_by(words).ru_maxrss


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--restorer", default="temporal-denoise")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        plate, made = Path(name) / "plate", demo_frames()
        pattern = write_plate(plate, made)
        for number in range(len(made.degraded), LONG):
            shutil.copy(pattern % (1001 + number % len(made.degraded)), pattern % (1001 + number))
        short, long = (peak(pattern, frames, asked.restorer) for frames in (SHORT, LONG))
    sys.stdout.write(
        f"memory of {LONG} frames over {SHORT}: {long / short:.3f} (limit {LIMIT}), "
        f"{long / 1024:.0f} MiB\n"
    )


if __name__ == "__main__":
    main()
