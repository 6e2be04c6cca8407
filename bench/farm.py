"""What a farm gains and what its tasks cost: `python -m bench.farm`.

A shot of real pixels is restored in one process, then in chunks, each task a process of its own, on
one slot and on two at once; before the chunks go the analysis and the anchor. Printed are

    anchored     `svfr-tiny`: wall time over that of one run, and whether the bits are the same
    chained      `temporal-denoise`, one chunk after the other: the same
    approximate  `temporal-denoise`, each chunk beginning some frames early: the same, and the seams
    task         what a task costs beside its frames: the chain over one run, a chunk
    help         `faceplate restore --help`, as a ratio to 0.3 s
    first        from the start of a `lite` task to its first frame, as a ratio to 5 s

Each process computes on one thread, so that two slots are two cores. Below 1 is well; the bits of
`anchored` and `chained` must be the same, those of `approximate` need not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.demo import write_plate
from engine.demo_plate import demo_frames
from engine.seams import seams_of

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = 3
HELP_S, FIRST_S = 0.3, 5.0
WARM_UP, TASK = 8, 24  # frames
COMMAND = (sys.executable, "-m", "engine")


@dataclass(frozen=True, slots=True)
class Job:
    """A shot that is restored again and again.

    Attributes:
        pattern: Of the plate.
        frames: How many.
        chunk: Frames in a chunk.
        how: Other arguments.
    """

    pattern: str
    frames: int
    chunk: int
    how: tuple[str, ...]

    @property
    def shot(self) -> tuple[int, int]:
        """First and last frame."""
        return 1001, 1000 + self.frames

    def words(self, output: Path, first: int, last: int, *more: str) -> tuple[str, ...]:
        """Return the command of one task."""
        shot = "{}-{}".format(*self.shot)
        asked = ("--shot", shot, "--frames", f"{first}-{last}", "--output", str(output))
        return ("restore", self.pattern, *asked, "--threads", "1", *self.how, *more)

    def in_one(self, output: Path) -> float:
        """Restore it all in one process; return the wall time."""
        begun = time.perf_counter()
        run(*self.words(output, *self.shot))
        return time.perf_counter() - begun

    def in_chunks(self, output: Path, slots: int) -> float:
        """Restore it as a farm does; return the wall time."""
        first, last = self.shot
        starts = range(first, last + 1, self.chunk)
        chunks = [self.words(output, s, min(s + self.chunk - 1, last)) for s in starts]
        begun = time.perf_counter()
        run(*self.words(output, first, last, "--until", "anchor"))
        with ThreadPoolExecutor(slots) as pool:
            list(pool.map(lambda words: run(*words), chunks))
        return time.perf_counter() - begun


def run(*words: str) -> None:
    """Carry one command out.

    Raises:
        SystemExit: It failed.
    """
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")


def same_bits(outputs: Sequence[Path]) -> bool:
    """Whether the delivered files of all these folders are the same."""
    held = [{path.name: path.read_bytes() for path in output.glob("*.exr")} for output in outputs]
    return bool(held[0]) and all(other == held[0] for other in held)


def help_seconds() -> float:
    """Return what it takes to be told what can be said."""
    begun = time.perf_counter()
    run("restore", "--help")
    return time.perf_counter() - begun


def first_seconds(pattern: str, output: Path) -> float:
    """Return the time from the start of a task to its first frame; the shot is analysed before."""
    words = ["restore", pattern, "--output", str(output), "--restorer", "lite", "--json"]
    words += ["--frames", f"1001-{1000 + TASK}"]
    run(*words, "--until", "analysis")
    begun = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, *words], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "frame":
                took = time.perf_counter() - begun
                process.terminate()
                return took
    raise SystemExit("the task ended without a frame")


def measure(name: str, job: Job, folder: Path, slots: Sequence[int]) -> tuple[float, list[float]]:
    """Print how a job fares; return the seconds of one run and of each number of slots."""
    one = job.in_one(folder / "one")
    outputs = [folder / f"slots{number}" for number in slots]
    took = [job.in_chunks(output, n) for output, n in zip(outputs, slots, strict=True)]
    told = ", ".join(f"{s / one:.2f} on {n}" for n, s in zip(slots, took, strict=True))
    bits = "the same bits" if same_bits([folder / "one", *outputs]) else "OTHER BITS"
    takes = [take for output in outputs for take in output.glob("*.take")]
    seams = [seam.codes for take in takes for seam in seams_of(take) if seam.codes is not None]
    worst = f", seams of at most {max(seams):.2f} codes of 255" if seams else ""
    sys.stdout.write(f"{name}: {told} of one run's {one:.1f} s, {bits}{worst}\n")
    return one, took


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.farm", description=__doc__)
    parser.add_argument("--frames", type=int, default=48, help="at most 60")
    parser.add_argument("--chunk", type=int, default=12, help="frames")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pattern = write_plate(folder / "plate", demo_frames())
        chained = ("--restorer", "temporal-denoise", "--whole-frame")
        early = (*chained, "--warm-up", str(WARM_UP))
        jobs = {
            "anchored": (("--restorer", "svfr-tiny", "--set", "steps=1"), (1, 2)),
            "chained": (chained, (1,)),
            "approximate": (early, (1, 2)),
        }
        took = {
            kind: measure(kind, Job(pattern, asked.frames, asked.chunk, how), folder / kind, slots)
            for kind, (how, slots) in jobs.items()
        }
        one, (chain,) = took["chained"]
        tasks = -(-asked.frames // asked.chunk)
        shown = statistics.median(help_seconds() for _ in range(RUNS))
        first = statistics.median(first_seconds(pattern, folder / f"f{n}") for n in range(RUNS))
    sys.stdout.write(
        f"task: {(chain - one) / tasks:.2f} s beside its frames\n"
        f"help: {shown / HELP_S:.2f} of {HELP_S} s\n"
        f"first: {first / FIRST_S:.2f} of {FIRST_S:.0f} s\n"
    )


if __name__ == "__main__":
    main()
