"""Lives of processes that are there to be killed; each is forked, so that a life costs little.

Rules of this file:
    - Who forks has no threads: it reads and writes no picture itself.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from pathlib import Path

from engine.compute import pin
from engine.pipeline import restore_shot
from engine.restorers import load_restorer
from plugin_host.client import EngineClient
from plugin_host.errors import EngineUnreachable, JobCancelled, WorkerDied
from plugin_host.launcher import find
from plugin_host.replies import Finished, Progress
from tests.engine.plates import request, write_plate
from tests.engine.probes import LINKS
from tests.soak.checks import Violation, require

FOR_ENGINES = "temporal-denoise"
RESTORERS = (*LINKS, FOR_ENGINES)
PATIENCE_S = 300.0


class Life:
    """A forked process.

    Args:
        call: What it does.
        log: Where it says why it failed.
    """

    def __init__(self, call, log):
        self.log = log
        self.code = None
        self.pid = os.fork()
        if self.pid == 0:
            self._live(call)

    def _live(self, call):
        code = 1
        try:
            call()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing of this process may go on in the child
            self.log.write_text(traceback.format_exc(), "utf-8")
        finally:
            os._exit(code)

    def ended(self):
        """Whether it has; a failure of its own is a violation."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if not pid:
                return False
            self._take_down(status)
        return True

    def wait(self):
        end = time.monotonic() + PATIENCE_S
        while not self.ended():
            require(time.monotonic() < end, f"not within {PATIENCE_S:.0f} s", self.log)
            time.sleep(0.005)

    def kill(self):
        """Kill it; return whether it was alive still."""
        if self.ended():
            return False
        os.kill(self.pid, signal.SIGKILL)
        self._take_down(os.waitpid(self.pid, 0)[1])
        return self.code == -signal.SIGKILL

    def end(self):
        """Kill it, whatever it has come to."""
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.code = -signal.SIGKILL

    def _take_down(self, status):
        self.code = os.waitstatus_to_exitcode(status)
        if self.code not in {0, -signal.SIGKILL}:
            words = self.log.read_text("utf-8") if self.log.exists() else ""
            raise Violation(f"a process ended with {self.code}: {words or self.log}")


def make_plate(folder, frames, size):
    """Write the plate that all jobs are about; in a life of its own."""
    write_plate(folder, range(1001, 1001 + frames), lambda n: _picture(n, size), name="soak")


def _picture(frame, size):
    from tests.engine.plates import picture  # noqa: PLC0415 - one name, two meanings

    return picture(frame, (size, size))


def restore(submit):
    """Carry a request out, as `faceplate restore` does."""
    pin(1, "cpu")
    name = submit.settings.restorer
    restorer = LINKS[name] if name in LINKS else load_restorer(name)
    finished = restore_shot(submit, restorer, job="0" * 16, emit=_check_told)
    require(not finished.errors, "frames failed", finished.errors)
    due = len(submit.frames) if submit.until == "end" else 0
    require(finished.delivered == due, "frames are missing", finished)


def watch(connection, submit):
    """Submit a request and hear it to its end, through every engine that there will be."""

    def again():
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return find(connection)
            except EngineUnreachable:
                require(time.monotonic() < end, "no engine", connection)
                time.sleep(0.02)

    while True:
        try:
            with EngineClient(again(), "soak", again=again, deadline_s=PATIENCE_S) as client:
                for event in client.events(client.submit(submit).job):
                    if isinstance(event, Finished):
                        require(not event.errors, "frames failed", event.errors)
                        require(event.delivered == len(submit.frames), "not all", event)
                        return
                    _check_told(event)
        except (WorkerDied, EngineUnreachable, JobCancelled):
            time.sleep(0.05)  # all of which kills explain; ask again


def _check_told(event):
    if isinstance(event, Progress):
        require(event.path and Path(event.path).stat().st_size, "told of, but not there", event)


def request_for(plate, output, frames, asked, restorer):
    """Return a request for whole frames of the soak's plate."""
    whole = f"1001-{1000 + frames}"
    return request(plate, output, whole, sorted(asked) if asked else whole, restorer=restorer)
