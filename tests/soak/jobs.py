"""Jobs under fire: kills in rapid succession, then a look at what is on the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.soak.checks import Violation, processes_with, require
from tests.soak.lives import FOR_ENGINES, PATIENCE_S, Life, request_for, restore, watch

ROOT = Path(__file__).resolve().parents[2]


class Job:
    """One output folder, and kills until its frames are done.

    Args:
        soak: What all jobs share.
        number: Of the job.
        rng: Its own random numbers.
        restorer: The method's name.
    """

    def __init__(self, soak, number, rng, restorer):
        self.soak, self.rng, self.restorer = soak, rng, restorer
        self.folder = soak.folder / f"job{number}"
        self.output = self.folder / "out"
        self.output.mkdir(parents=True)
        self.kills = Counter()
        self.lives = []

    def life(self, call, *args):
        self.lives.append(Life(lambda: call(*args), self.folder / f"life{len(self.lives)}.log"))
        return self.lives[-1]

    def leave(self):
        """Leave no process behind, however the job ended."""
        for life in self.lives:
            life.end()

    def request(self, asked=None):
        return request_for(self.soak.plate, self.output, self.soak.frames, asked, self.restorer)

    def look(self):
        return self.soak.undisturbed[self.restorer].look(self.output)

    def end(self):
        return self.soak.undisturbed[self.restorer].look_at_the_end(self.output)


class Writers(Job):
    """One or two processes restore, without an engine."""

    def run(self):
        rng, numbers = self.rng, range(1001, 1001 + self.soak.frames)
        pieces = [set(rng.sample(numbers, rng.randint(1, 12))) for _ in range(rng.randint(0, 3))]
        for asked in [*pieces, None]:
            submits = [self.request(asked)] * rng.choice((1, 1, 2))
            writers = [self.life(restore, submit) for submit in submits]
            for _ in range(rng.randint(1, 30)):
                pause = self.soak.seconds[self.restorer] * rng.choice((0.05, 0.2, 0.5, 1))
                time.sleep(rng.uniform(0, pause))
                if all(writer.ended() for writer in writers):
                    break
                index = rng.randrange(len(writers))
                if writers[index].kill():
                    self.kills["writer"] += 1
                    writers[index] = self.life(restore, submits[index])
                self.look()
            for writer in writers:
                writer.wait()
        self.life(restore, self.request()).wait()  # clears what the killed left
        return self.end()


class Engines(Job):
    """Two clients watch a job of one engine; server, worker and clients are killed."""

    def __init__(self, soak, number, rng):
        super().__init__(soak, number, rng, FOR_ENGINES)
        self.connection = self.folder / "engine" / "connection.json"
        self.token = f"FACEPLATE_SOAK={os.getpid()}-{number}"
        self.workers = set()

    def run(self):
        self.start()
        try:
            self._kill_often()
            count = self.end()
            self.life(restore, self.request()).wait()  # clears what the killed left
            self.end()
        finally:
            self.server.terminate()
            self.server.wait()
        self._check_no_orphan()
        return count

    def start(self):
        self.connection.parent.mkdir(exist_ok=True, mode=0o700)
        name, _, value = self.token.partition("=")
        own = {n: v for n, v in os.environ.items() if not n.startswith(("FACEPLATE_", "OCIO"))}
        with (self.folder / "engine.log").open("ab") as log:
            self.server = subprocess.Popen(
                [sys.executable, "-m", "engine", "serve", "--connection", str(self.connection)],
                env={**own, name: value, "PYTHONPATH": str(ROOT), "FACEPLATE_CONFIG": os.devnull},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _kill_often(self):
        submit, connection = self.request(), str(self.connection)
        clients = [self.life(watch, connection, submit) for _ in range(2)]
        left, end = self.rng.randint(20, 60), time.monotonic() + PATIENCE_S
        while not all(client.ended() for client in clients):
            pause = self.rng.choice((0.05, 0.3, 1.0, 4.0))
            time.sleep(self.rng.uniform(0, pause))
            self.look()
            require(time.monotonic() < end, f"no end within {PATIENCE_S:.0f} s", self.folder)
            if left <= 0:
                continue
            left -= 1
            victim = self.rng.choices(("client", "worker", "server"), (6, 4, 1))[0]
            if victim == "client":
                index = self.rng.randrange(2)
                if clients[index].kill():
                    self.kills["client"] += 1
                    clients[index] = self.life(watch, connection, submit)
            elif victim == "worker":
                self._kill_worker()
            else:
                self._kill_server()

    def _kill_worker(self):
        for pid in set(processes_with(self.token)) - {self.server.pid}:
            with suppress(ProcessLookupError):  # it ended by itself, its server being dead
                os.kill(pid, signal.SIGKILL)
                self.kills["worker"] += 1

    def _kill_server(self):
        if self.server.poll() is not None:
            raise Violation(f"the server ended with {self.server.returncode}: {self.folder}")
        self.server.kill()
        self.server.wait()
        self.kills["server"] += 1
        if self.rng.random() < 0.5:  # else the next one meets its orphaned worker
            self._check_no_orphan()
        self.start()

    def _check_no_orphan(self):
        end = time.monotonic() + 30
        while processes_with(self.token):
            require(time.monotonic() < end, "an orphan", processes_with(self.token))
            time.sleep(0.02)
