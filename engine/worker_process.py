"""The worker as the server sees it: lines in, lines out, and an end."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from plugin_host.replies import Analysed, Cancelled, Description, Failed, Finished, Progress
from plugin_host.schema import Record

if TYPE_CHECKING:
    from engine.settings import EngineSettings

_log = logging.getLogger("faceplate.server")
_SAID: dict[str, type[Any]] = {
    cls.__name__: cls for cls in (Description, Analysed, Progress, Finished, Failed, Cancelled)
}


class WorkerProcess:
    """One worker process; started by being made."""

    def __init__(self, settings: EngineSettings) -> None:
        command = [sys.executable, "-m", "engine.worker", str(settings.threads), settings.device]
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={"OMP_WAIT_POLICY": "passive", **os.environ},
        )
        assert self.process.stdout is not None
        self.output = self.process.stdout.fileno()
        self.alive = True
        self._rest = b""

    def say(self, order: dict[str, Any]) -> None:
        """Write one order; a worker that is gone is noticed where it is read."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            _log.info("the worker is gone")

    def hear(self) -> tuple[list[Any], bool]:
        """Return the messages that have come, and whether the worker has ended."""
        data = os.read(self.output, 1 << 20)
        *lines, self._rest = (self._rest + data).split(b"\n")
        said = [json.loads(line) for line in lines]
        messages = [Record(_SAID[one["said"]]).from_json(one["body"], one["said"]) for one in said]
        return messages, not data

    def bury(self) -> str:
        """Wait for the ended process; return how it ended."""
        self.alive = False
        code = self.process.wait()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """End it now."""
        self.process.kill()
        self.process.wait()
