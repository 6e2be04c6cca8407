"""`make soak`: kill writers, workers, servers and clients at random instants, thousands of times.

    python -m tests.soak [--kills N] [--minutes M] [--seed S] [--folder DIR]

Ends at the first broken promise with exit code 1, and leaves the folder of that job to look at.
Half of the kills hit processes that write a take without an engine, often two of them one take;
half hit an engine's server, its workers, and two clients that watch one job.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from plugin_host.plate import Plate
from tests.engine.plates import SPACE
from tests.soak.checks import Undisturbed, Violation
from tests.soak.jobs import Engines, Writers
from tests.soak.lives import RESTORERS, Life, make_plate, request_for, restore

FRAMES, SIZE = 40, 96


class Soak:
    """What all jobs share: a plate, and what it becomes when nobody is killed."""

    def __init__(self, folder):
        self.folder, self.frames = folder, FRAMES
        Life(lambda: make_plate(folder / "plate", FRAMES, SIZE), folder / "plate.log").wait()
        self.plate = Plate.parse(str(folder / "plate" / "soak.%04d.exr"), SPACE)
        self.undisturbed, self.seconds = {}, {}
        for name in RESTORERS:
            output = folder / f"undisturbed-{name}"
            submit = request_for(self.plate, output, FRAMES, None, name)
            begun = time.monotonic()
            Life(lambda submit=submit: restore(submit), folder / f"{name}.log").wait()
            self.seconds[name] = time.monotonic() - begun
            self.undisturbed[name] = Undisturbed(output)

    def survive(self, number, seed, *, engine):
        """Carry a job out under fire; return its kills and how many frames were verified."""
        rng = random.Random(f"{seed}/{number}")
        if engine:
            job = Engines(self, number, rng)
        else:
            job = Writers(self, number, rng, rng.choice(RESTORERS))
        try:
            frames = job.run()
        except Violation as violation:
            where = f"job {number} ({type(job).__name__}, {job.restorer}) in {job.folder}"
            raise Violation(f"{violation}\n{where} after {dict(job.kills)}, seed {seed}") from None
        finally:
            job.leave()
        shutil.rmtree(job.folder)
        return job.kills, frames


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=2000, help="end after so many")
    parser.add_argument("--minutes", type=float, default=0, help="or after so long; 0 for never")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to be tried")
    args = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if args.seed is None else args.seed
    if args.folder:
        Path(args.folder).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=args.folder))
    print(f"seed {seed}, in {folder}", flush=True)
    soak, score = Soak(folder), Score(seed)
    try:
        while score.kills.total() < args.kills:
            if args.minutes and score.minutes > args.minutes:
                break
            score.add(*soak.survive(score.jobs + 1, seed, engine=score.turns_to_engines))
    except Violation as violation:
        print(f"BROKEN: {violation}")
        return 1
    finally:
        print(score)
    shutil.rmtree(folder)
    return 0


class Score:
    """What has been survived."""

    def __init__(self, seed):
        self.seed, self.begun = seed, time.monotonic()
        self.kills, self.jobs, self.frames = Counter(), 0, 0

    @property
    def minutes(self):
        return (time.monotonic() - self.begun) / 60

    @property
    def turns_to_engines(self):
        return self.kills["writer"] > self.kills.total() / 2

    def add(self, kills, frames):
        self.jobs += 1
        self.frames += frames
        self.kills += kills
        if sys.stderr.isatty() or self.jobs % 20 == 0:
            print(self, end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)

    def __str__(self):
        victims = ", ".join(f"{count} {victim}s" for victim, count in sorted(self.kills.items()))
        return (
            f"{self.kills.total()} kills ({victims}), {self.jobs} jobs survived, "
            f"{self.frames} frames verified, {self.minutes:.1f} min, seed {self.seed}"
        )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(4))
    os.environ["OMP_WAIT_POLICY"] = "passive"
    sys.exit(main())
