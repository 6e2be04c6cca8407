"""`make soak`: kill writers, workers, servers and clients at random instants, thousands of times.

    python -m tests.soak [--kills N] [--minutes M] [--seed S] [--folder DIR] [--farms N]

Ends at the first broken promise with exit code 1, and leaves the folder of that job to look at.
A third of the kills hit processes that write a take without an engine, often two of them one take;
a third hit the tasks of a farm, chunks of one shot on several slots; a third hit an engine's
server, its workers, and two clients that watch one job. With --farms, so many farms and nothing
else, in turn of each way in which restorers link their windows, the strictest first.
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
from tests.soak.farm import Farm
from tests.soak.jobs import Engines, Writers
from tests.soak.lives import LINKS, RESTORERS, Life, make_plate, request_for, restore

FRAMES, SIZE = 40, 96
SMALL = (24, 32)  # frames, size: of a few farms
KINDS = {"writer": Writers, "task": Farm}


class Soak:
    """What all jobs share: a plate, and what it becomes when nobody is killed."""

    def __init__(self, folder, restorers, frames, size):
        self.folder, self.frames, self.restorers = folder, frames, tuple(restorers)
        Life(lambda: make_plate(folder / "plate", frames, size), folder / "plate.log").wait()
        self.plate = Plate.parse(str(folder / "plate" / "soak.%04d.exr"), SPACE)
        self.undisturbed, self.seconds = {}, {}
        for name in self.restorers:
            output = folder / f"undisturbed-{name}"
            submit = request_for(self.plate, output, frames, None, name)
            begun = time.monotonic()
            Life(lambda submit=submit: restore(submit), folder / f"{name}.log").wait()
            self.seconds[name] = time.monotonic() - begun
            self.undisturbed[name] = Undisturbed(output)

    def survive(self, number, seed, victim):
        """Carry a job out under fire; return its kills and how many frames were verified."""
        rng = random.Random(f"{seed}/{number}")
        if victim in KINDS:
            job = KINDS[victim](self, number, rng, self.restorers[-number % len(self.restorers)])
        else:
            job = Engines(self, number, rng)
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
    parser.add_argument("--farms", type=int, default=0, help="so many small farms, nothing else")
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to be tried")
    args = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if args.seed is None else args.seed
    if args.folder:
        Path(args.folder).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=args.folder))
    print(f"seed {seed}, in {folder}", flush=True)
    what = ([*LINKS][-args.farms :], *SMALL) if args.farms else (RESTORERS, FRAMES, SIZE)
    soak, score = Soak(folder, *what), Score(seed)
    try:
        while score.jobs < args.farms if args.farms else score.kills.total() < args.kills:
            if args.minutes and score.minutes > args.minutes:
                break
            victim = "task" if args.farms else score.next_victim
            score.add(*soak.survive(score.jobs + 1, seed, victim))
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
    def next_victim(self):
        kinds = ("writer", "task", "engine")
        known = {kind: self.kills[kind] for kind in kinds[:2]}
        known["engine"] = self.kills.total() - sum(known.values())
        return min(kinds, key=known.get)

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
