"""The process that holds the restorer: reads what to do from its input, says what it did.

One JSON object a line both ways. It may be killed at any instant: the take on disk is whole at
every instant, and a fresh worker goes on from there.

    in    {"restore": {...Submit...}, "job": "..."}      {"interrupt": "..."}
    out   {"said": "Description", "body": {...}}          once, when it is ready
          {"said": "Progress" | "Finished" | "Failed" | "Cancelled", "body": {...}}
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any, BinaryIO

from engine.landlock import confine_process, shut_out
from engine.settings import weights_folder
from plugin_host.errors import FaceplateError, JobCancelled, RestorerFailed
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
    from collections.abc import Sequence

    from engine.restorer import Restorer, RestorerInfo

_log = logging.getLogger("faceplate.worker")


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
    """Carries out one job after the other."""

    def __init__(self, voice: Voice, threads: int, device: str, roots: Sequence[str] = ()) -> None:
        self._voice = voice
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

        self._device = pin(self._threads, self._device)
        self._voice.say(describe_restorers())
        while True:
            order = self._jobs.get()
            if shut_out(self._roots) - self._shut_out:
                _log.warning("a root was mounted or made anew: starting over, to be let in again")
                os._exit(0)  # the server starts another worker, and the job with it
            self._carry_out(order)

    def _carry_out(self, order: dict[str, Any]) -> None:
        job = order["job"]
        delivered = 0

        def emit(event: Analysed | Progress) -> None:
            nonlocal delivered
            delivered += isinstance(event, Progress) and event.status != "failed"
            self._voice.say(event)

        try:
            submit = Record(Submit).from_json(order["restore"], "Submit")
            self._voice.say(self._restore(submit, job, emit))
        except JobCancelled:
            self._voice.say(Cancelled(job, delivered))
        except FaceplateError as error:
            self._voice.say(failed(error, job))
        except MemoryError:
            self._voice.say(failed(RestorerFailed("out of memory"), job))
        except Exception as error:  # noqa: BLE001 - a job may fail, the worker goes on
            _log.exception("job %s", job)
            what = RestorerFailed(f"{type(error).__name__}: {error}; see the engine's log")
            self._voice.say(failed(what, job))

    def _restore(self, submit: Submit, job: str, emit: Any) -> object:
        from engine.pipeline import restore_shot  # noqa: PLC0415 - see run
        from engine.restorers import load_restorer  # noqa: PLC0415

        name, before = submit.settings.restorer, self._restorer
        if before is None or before.info.name != name:
            self._restorer = before = load_restorer(name, self._device, after=before)
        return restore_shot(
            submit,
            before,
            job=job,
            emit=emit,
            cancelled=lambda: job in self._interrupted,
        )


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
    )


def main() -> None:
    """Run as ``python -m engine.worker THREADS DEVICE ROOT...``; the server does."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("faceplate").setLevel(logging.INFO)
    threads, device, *roots = sys.argv[1:]
    if roots and not confine_process(roots, [str(weights_folder())]):
        _log.warning("this system has no Landlock: the roots hold for requests, see security.md")
    if roots:  # torch wants to know of a folder that it may write to, if only to name it
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", roots[0])
    voice = Voice(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # what libraries print goes to the log, not among our lines
    worker = Worker(voice, int(threads), device, roots)
    threading.Thread(target=worker.listen, args=(sys.stdin.buffer,), daemon=True).start()
    worker.run()


if __name__ == "__main__":
    main()
