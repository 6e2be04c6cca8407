"""A farm under fire: a shot cut into chunks, on several slots, in any order, killed and retried."""

from __future__ import annotations

import time
from dataclasses import replace

from tests.soak.checks import require
from tests.soak.jobs import Job
from tests.soak.lives import PATIENCE_S, restore

MOST_SLOTS = 4
FIRST = 1001


class Farm(Job):
    """Tasks of one job: what goes before the chunks, the chunks, and those that are done again."""

    there = 0  # frames that were delivered at the last look

    def run(self):
        for until in self.rng.choice(((), ("analysis",), ("anchor",), ("analysis", "anchor"))):
            self._run([replace(self.request(), until=until)] * self.rng.choice((1, 1, 2)))
        chunks = [self.request(chunk) for chunk in self._chunks()]
        twice = self.rng.sample(chunks, self.rng.randint(0, min(2, len(chunks))))  # by mistake
        self._run(self.rng.sample(chunks + twice, len(chunks + twice)))
        again = self.rng.sample(chunks, self.rng.randint(0, len(chunks)))
        self._run([replace(chunk, redo="all") for chunk in again])
        spoilt = self._spoil()
        self._run([replace(chunk, redo="differing") for chunk in chunks], looks=not spoilt)
        self.life(restore, self.request()).wait()  # clears what the killed left
        return self.end()

    def _chunks(self):
        """Draw pieces that together are the shot; some share frames."""
        numbers = range(FIRST, FIRST + self.soak.frames)
        cuts = sorted(self.rng.sample(numbers[1:], self.rng.randint(1, 5)))
        ends = [*cuts, numbers[-1] + 1]
        reach = self.rng.choice((0, 0, 2))
        return [
            set(range(max(start - reach, numbers[0]), end))
            for start, end in zip([numbers[0], *cuts], ends, strict=True)
        ]

    def _run(self, tasks, *, looks=True):
        """Carry tasks out on a few slots; kill now and then, and try again what was killed."""
        slots, waiting, running = self.rng.randint(1, MOST_SLOTS), list(tasks), []
        deaths = self.rng.randint(0, 2 * len(tasks))
        end = time.monotonic() + PATIENCE_S
        while waiting or running:
            require(time.monotonic() < end, f"no end within {PATIENCE_S:.0f} s", self.folder)
            while waiting and len(running) < slots:
                task = waiting.pop(0)
                running.append((task, self.life(restore, task)))
            time.sleep(self.rng.uniform(0, 0.3 * self.soak.seconds[self.restorer]))
            victim = self.rng.choice(running)
            if deaths and victim[1].kill():
                deaths -= 1
                self.kills["task"] += 1
                running.remove(victim)
                waiting.append(victim[0])
            running = [task for task in running if not task[1].ended()]
            if looks:
                self.look()

    def look(self):
        """Check what lies there; of what lay there, nothing may be absent again."""
        before = self.there
        self.there = super().look()
        require(self.there >= before, f"{before} frames were there, now", self.there)

    def _spoil(self):
        """Change a byte of some delivered frames, as a failing disk does; return how many."""
        delivered = sorted(self.output.glob("*.exr"))
        chosen = self.rng.sample(delivered, self.rng.randint(0, 3))
        for path in chosen:
            data = bytearray(path.read_bytes())
            data[self.rng.randrange(len(data))] ^= 1 + self.rng.randrange(255)
            path.write_bytes(data)
        return len(chosen)
