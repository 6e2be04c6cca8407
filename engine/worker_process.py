"""The worker as the server sees it: lines in, lines out, and an end.

Rules of this file:
    - The server never waits for a worker, also not for one that is stopped and does not read.
    - A worker does not outlive its server. One that runs ends when its input closes. A stopped one
      cannot, so it leads no session: to a process group that is orphaned while its members are
      stopped the system sends SIGHUP and SIGCONT.
      https://pubs.opengroup.org/onlinepubs/9799919799/functions/_exit.html
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.devices import environment_of
from engine.job_events import Declined, Ready
from plugin_host.errors import FaceplateError
from plugin_host.replies import Analysed, Cancelled, Failed, Finished, Progress
from plugin_host.schema import Record

if TYPE_CHECKING:
    from engine.settings import EngineSettings

_log = logging.getLogger("faceplate.server")
_SAID: dict[str, type[Any]] = {
    cls.__name__: cls for cls in (Ready, Declined, Analysed, Progress, Finished, Failed, Cancelled)
}


class WorkerProcess:
    """One worker process; started by being made.

    Args:
        settings: The engine's.
        device: The one that it shall have: ``auto``, ``cpu`` or ``cuda:N``.
    """

    def __init__(self, settings: EngineSettings, device: str) -> None:
        told = [str(settings.threads), device, *settings.root_paths]
        command = [sys.executable, "-m", "engine.worker", *told]
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # so that a terminal's Ctrl-C is the server's alone
            env={"OMP_WAIT_POLICY": "passive", **environment_of(device, os.environ)},
        )
        assert self.process.stdout is not None
        self.output = self.process.stdout.fileno()
        self.alive = True
        self._rest = b""
        self._orders: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._write, daemon=True, name="orders").start()

    def say(self, order: dict[str, Any]) -> None:
        """Give one order; a worker that is gone is noticed where it is read."""
        self._orders.put(json.dumps(order).encode() + b"\n")

    def _write(self) -> None:
        assert self.process.stdin is not None
        with suppress(OSError), self.process.stdin as pipe:
            for order in iter(self._orders.get, None):
                pipe.write(order)
                pipe.flush()

    def hear(self) -> tuple[list[Any], bool]:
        """Return the messages that have come, and whether the worker has ended."""
        data = os.read(self.output, 1 << 14)  # some 70 events, and then the clients have their turn
        *lines, self._rest = (self._rest + data).split(b"\n")
        messages: list[Any] = []
        try:
            for line in lines:
                said = json.loads(line)
                messages.append(Record(_SAID[said["said"]]).from_json(said["body"], said["said"]))
        except (FaceplateError, KeyError, RecursionError, TypeError, ValueError):
            _log.exception("the worker does not make sense")  # and is not worth the server's life
            self.process.kill()
        return messages, not data

    def bury(self) -> str:
        """Wait for the ended process; return how it ended."""
        self.alive = False
        self._orders.put(None)
        code = self.process.wait()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """End it now."""
        self._orders.put(None)
        self.process.kill()
        self.process.wait()
