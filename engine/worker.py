"""The process that holds the restorer: reads what to do from its input, says what it did.

One JSON object a line both ways. It may be killed at any instant: the take on disk is whole at
every instant, and a fresh worker goes on from there.

    in    {"restore": {...Submit...}, "job": "..."}      {"interrupt": "..."}
    out   {"said": "Ready", "body": {...}}                once, with its device and its restorers
          {"said": "Declined", "body": {...}}             its device has no room for the restorer
          {"said": "Progress" | "Finished" | "Failed" | "Cancelled", "body": {...}}
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
from contextvars import copy_context
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO

from engine import logs
from engine.admission import room_on
from engine.devices import VISIBLE, Seen, memory_of, seen_devices
from engine.job_events import Declined, Ready
from engine.landlock import confine_process, shut_out
from engine.precedence import variable
from engine.settings import weights_folder
from plugin_host.errors import FaceplateError, JobCancelled, RestorerFailed, SettingsError
from plugin_host.protocol import failed
from plugin_host.replies import (
    Analysed,
    Cancelled,
    Description,
    ParameterText,
    Progress,
    RestorerText,
)
from plugin_host.requests import Submit
from plugin_host.schema import Record, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.devices import Memory
    from engine.restorer import Restorer, RestorerInfo

_log = logging.getLogger("faceplate.worker")
_IDLE_S = 5.0  # without an order, before what most jobs need is loaded for the next


class Voice:
    """The worker's output, kept apart from whatever libraries print."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def say(self, message: object) -> None:
        """Write one line."""
        line = json.dumps({"said": type(message).__name__, "body": to_json(message)})
        with self._lock:
            self._out.write(line.encode() + b"\n")
            self._out.flush()


class Worker:
    """Carries out one job after the other.

    Args:
        voice: What it says goes there.
        threads: Of numerical libraries.
        device: ``auto``, ``cpu``, or ``cuda:N`` as the engine counts; this process then sees that
            one alone.
        roots: Folders that requests may touch; none for any.
        memory: Looks at a device's memory.
    """

    def __init__(
        self,
        voice: Voice,
        threads: int,
        device: str,
        roots: Sequence[str] = (),
        memory: Callable[[str], Memory] = memory_of,
    ) -> None:
        self._voice = voice
        self._memory = memory
        self._roots = roots
        self._shut_out = shut_out(roots)
        self._threads = threads
        self._device = device
        self._restorer: Restorer | None = None
        self._jobs: queue.Queue[dict[str, Any]] = queue.Queue()
        self._interrupted: set[str] = set()

    def listen(self, lines: BinaryIO) -> None:
        """Read orders until the server is gone; then end, wherever the job is."""
        for line in lines:
            order = json.loads(line)
            if "interrupt" in order:
                self._interrupted.add(order["interrupt"])
            else:
                self._interrupted.discard(order["job"])  # meant a run of it that had just ended
                self._jobs.put(order)
        os._exit(0)  # nobody is left to hear of the job, and the take is whole at any instant

    def run(self) -> None:
        """Load, say so, and work for ever."""
        from engine.compute import pin  # noqa: PLC0415 - the libraries load in this process only

        ready = replace(look(self._device), description=describe_restorers())
        self._called = ready.device
        self._device = pin(self._threads, "cpu" if ready.device == "cpu" else "cuda:0")
        self._voice.say(ready)
        while True:
            order = self._next()
            if shut_out(self._roots) - self._shut_out:
                _log.warning("a root was mounted or made anew: starting over, to be let in again")
                os._exit(0)  # the server starts another worker, and the job with it
            copy_context().run(self._carry_out, order)

    def _next(self) -> dict[str, Any]:
        try:
            return self._jobs.get(timeout=_IDLE_S)
        except queue.Empty:
            threading.Thread(target=load_beforehand, daemon=True, name="loading").start()
            return self._jobs.get()

    def _carry_out(self, order: dict[str, Any]) -> None:
        job = order["job"]
        delivered = 0

        def emit(event: Analysed | Progress) -> None:
            nonlocal delivered
            delivered += isinstance(event, Progress) and event.status != "failed"
            self._voice.say(event)

        try:
            submit = Record(Submit).from_json(order["restore"], "Submit")
            logs.work_on(**logs.of_job(job, submit))
            self._voice.say(self._restore(submit, job, emit))
        except JobCancelled:
            _log.info("cancelled")
            self._voice.say(Cancelled(job, delivered))
        except FaceplateError as error:
            _log.error("%s [%s]", error, error.code)
            self._voice.say(failed(error, job))
        except MemoryError:
            self._voice.say(failed(RestorerFailed("out of memory"), job))
        except Exception as error:  # noqa: BLE001 - a job may fail, the worker goes on
            _log.exception("not foreseen")
            what = RestorerFailed(f"{type(error).__name__}: {error}; see the engine's log")
            self._voice.say(failed(what, job))

    def _restore(self, submit: Submit, job: str, emit: Any) -> object:
        from engine.pipeline import restore_shot  # noqa: PLC0415 - see run
        from engine.restorers import build_restorer, load_restorer  # noqa: PLC0415

        name, before = submit.settings.restorer, self._restorer
        room = room_on(self._device, build_restorer(name).info, self._memory, self._called)
        if not room.enough:
            _log.warning("declined: %s", room.has)
            return Declined(job, room.has)
        if before is None or before.info.name != name:
            self._restorer = before = load_restorer(name, self._device, after=before)
        finished = restore_shot(
            submit,
            before,
            job=job,
            emit=emit,
            cancelled=lambda: job in self._interrupted,
        )
        return replace(finished, notes=(*filter(None, [room.note]), *finished.notes)[:1024])


def load_beforehand() -> None:
    """Load what most jobs need; one that comes meanwhile waits only for what it needs itself."""
    for module in ("engine.pipeline", "torch"):
        import_module(module)


def look(device: str) -> Ready:
    """Return what a worker finds that is told to compute on a device, less its restorers.

    Args:
        device: ``auto``, ``cpu`` or ``cuda:N``.

    Raises:
        SettingsError: There is no such device.
    """
    seen = () if device == "cpu" else seen_devices()
    if device == "auto":
        device = "cuda:0" if seen else "cpu"
        others = tuple(f"cuda:{number}" for number in range(1, len(seen)))
    elif device == "cpu" or seen:
        others = ()
    else:
        raise SettingsError(f"{device} is not there: the system, or {VISIBLE}, leaves fewer")
    own = seen[0] if seen else Seen("CPU", 0)
    return Ready(Description(()), device, own.kind, own.memory, others)


def describe_restorers() -> Description:
    """Return what hosts are told of every restorer."""
    from engine.restorers import TABLE, build_restorer  # noqa: PLC0415 - see Worker.run

    return Description(tuple(describe(build_restorer(name).info) for name in TABLE))


def describe(info: RestorerInfo) -> RestorerText:
    """Return what hosts are told of a restorer."""
    knobs = tuple(
        ParameterText(p.name, p.default, p.minimum, p.maximum, p.unit, p.description)
        for p in info.parameters
    )
    return RestorerText(
        info.name,
        info.title,
        info.tasks,
        info.link,
        info.window,
        info.overlap,
        info.guides,
        info.content_agnostic,
        knobs,
        info.licence,
        info.source,
        info.vram,
        info.vram_least,
    )


def main() -> None:
    """Run as ``python -m engine.worker THREADS DEVICE ROOT...``; the server does."""
    logs.begin(os.environ.get(variable("log"), ""), logging.INFO)
    threads, device, *roots = sys.argv[1:]
    if roots and not confine_process(roots, [str(weights_folder())]):
        _log.warning("this system has no Landlock: the roots hold for requests, see security.md")
    if roots:  # torch wants to know of a folder that it may write to, if only to name it
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", roots[0])
    voice = Voice(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # what libraries print goes to the log, not among our lines
    worker = Worker(voice, int(threads), device, roots)
    threading.Thread(target=worker.listen, args=(sys.stdin.buffer,), daemon=True).start()
    try:
        worker.run()
    except SettingsError as error:
        _log.error("%s", error)
        sys.exit(2)


if __name__ == "__main__":
    main()
