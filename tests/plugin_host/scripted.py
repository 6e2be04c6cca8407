"""An engine in place of a client: what it delivers and how it ends is written down beforehand.

    python tests/plugin_host/scripted.py      restores with it on this interpreter; prints how many

Rules of this file:
    - Python 3.7 and its standard library: it shows that a host's ground works inside old hosts.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from plugin_host import (  # noqa: E402  (a script knows its root only now)
    farming,
    farms,
    job_note,
    panel,
    restoring,
)
from plugin_host.delivered import delivered_plate, identity, take_folder  # noqa: E402
from plugin_host.errors import EngineBusy, FrameMissing, JobCancelled, UnknownJob  # noqa: E402
from plugin_host.hosts.headless import Headless, select  # noqa: E402
from plugin_host.path_map import PathMap  # noqa: E402
from plugin_host.proof import Proof  # noqa: E402
from plugin_host.protocol import job_id  # noqa: E402
from plugin_host.replies import (  # noqa: E402
    Accepted,
    Analysed,
    Cancelled,
    Description,
    Finished,
    FrameErrorText,
    JobText,
    ParameterText,
    Progress,
    Reported,
    RestorerText,
)

AT_ONCE = Proof(patience_s=0)
KNOBS = (
    ParameterText("strength", 100, 0, 100, "percent", "How much is delivered."),
    ParameterText("sharp", 0, 0, 1, "switch", "Whether it is."),
)
LITE = RestorerText(
    "lite", "Lite", ("bfr", "inpaint"), "chained", 8, 0, ("mask",), True, KNOBS[:1], "free", "here"
)
FULL = RestorerText(
    "full",
    "Full",
    ("bfr", "colour"),
    "anchored",
    8,
    0,
    ("reference",),
    False,
    KNOBS,
    "free",
    "here",
)
DESCRIPTION = Description((LITE, FULL))


class Scripted:
    """Stands in for `EngineClient`.

    Attributes:
        bad: Frames that it cannot restore.
        stand_ins: Those of them that it delivers as the plate has them.
        refusals: Errors that its next jobs end with, one each; None for none.
        forgets: Whether it knows a job no more when it is asked for its frames, so many times.
        waits: How often nothing happens before a job ends.
        states: What it says of jobs.
        submitted: What it was asked for, in order.
        discarded: Shelves that it forgot, in order.
        busy: Whether a job works on every shelf.
    """

    def __init__(self):
        self.release, self.engine = "", "engine"
        self.bad, self.stand_ins, self.refusals, self.forgets, self.waits = (), (), [], 0, 0
        self.states, self.submitted, self.cancelled, self.known = {}, [], [], {}
        self.path_map = PathMap()
        self.discarded, self.busy = [], False

    def hello(self):
        self.release = "1.0"

    def describe(self):
        return DESCRIPTION

    def submit(self, submit):
        self.submitted.append(submit)
        self.known[job_id(submit)] = submit
        return Accepted(job_id(submit), len(submit.frames), "")

    def cancel(self, job):
        self.cancelled.append(job)
        return Cancelled(job, 0)

    def status(self, most):
        states = self.states.items()
        jobs = [JobText(job, state, 3, 5, "1", "/p", "/o", "lite") for job, state in states]
        return Reported("engine", True, "idle", 1, tuple(jobs[:most]))

    def events(self, job, *, pulse_s):  # noqa: ARG002 - as the client has it
        submit, total = self.known[job], len(self.known[job].frames)
        if self.refusals:
            error = self.refusals.pop(0)
            if error is not None:
                raise error
        folder = take_folder(self.path_map.to_host(submit.output), submit.shot.plate)
        if not Path(folder, "receipts").exists():
            yield Analysed(job, 1, total)
        errors, good = [], [frame for frame in submit.frames if frame not in self.bad]
        for frame in submit.frames:
            if frame in self.bad:
                message = (frame, "frame.missing", "not there", submit.shot.plate.path(frame))
                errors.append(FrameErrorText(*message))
                if frame in self.stand_ins:
                    self._deliver(submit, frame, "source")
                yield Progress(job, 1, total, frame, "failed", message[3], *message[1:3])
            else:
                kept = Path(folder, f"receipts/{frame}.json").exists()
                path = self._deliver(submit, frame)
                yield Progress(job, 1, total, frame, "kept" if kept else "restored", path)
        for _ in range(self.waits):
            if job in self.cancelled:
                raise JobCancelled("cancelled")
            yield None
        take = take_folder(submit.output, submit.shot.plate)
        self._write(
            take,
            "manifest.json",
            {**identity(submit.shot, submit.settings), "release": "1.0", "notes": ["a note"]},
        )
        yield Finished(job, take, len(good), 0, {"total": 1}, tuple(errors), ("a note",))

    def fetch(self, job, frame):
        if self.forgets:
            self.forgets -= 1
            raise UnknownJob("no job is called so")
        submit = self.known[job]
        path = delivered_plate(submit.output, submit.shot.plate).path(frame)
        try:
            return Path(self.path_map.to_host(path)).read_bytes()
        except OSError:
            raise FrameMissing("not delivered", frame=frame) from None

    def deposit(self, shelf, name, data):
        """Keep a file beside the plate's folder, as a spool would."""
        path = Path(self.spool, shelf, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def discard(self, shelf):
        if self.busy:
            raise EngineBusy("job 1 still works there")
        self.discarded.append(shelf)
        shutil.rmtree(str(Path(self.spool, shelf)), ignore_errors=True)

    def _deliver(self, submit, frame, status="restored"):
        plate, data = submit.shot.plate, f"{frame} {submit.settings.seed}".encode()
        path = delivered_plate(submit.output, plate).path(frame)
        seen = Path(self.path_map.to_host(path))
        seen.parent.mkdir(parents=True, exist_ok=True)
        seen.write_bytes(data)
        source = Path(self.path_map.to_host(plate.path(frame))).read_bytes()
        self._write(
            take_folder(submit.output, plate),
            f"receipts/{frame}.json",
            {
                "frame": frame,
                "status": status,
                "file": seen.name,
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "source": hashlib.sha256(source).hexdigest(),
                "note": "",
                "seal": "of the engine's",
            },
        )
        return path

    def _write(self, take, name, data):
        path = Path(self.path_map.to_host(take), name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data), "utf-8")


def write_frames(folder, frames=range(1001, 1006)):
    """Write files that stand for a plate; return its selection."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for frame in frames:
        Path(folder, f"p.{frame}.exr").write_bytes(b"plate %d" % frame)
    return select(str(Path(folder, "p.%04d.exr")), rate=(24000, 1001))


def restores(folder):
    """Restore, leave, collect, and write a farm's jobs; return how many results were placed."""
    os.environ[job_note.VARIABLE] = str(Path(folder, "jobs"))
    selection, engine, host = write_frames(Path(folder, "plate")), Scripted(), Headless()
    template = str(Path(folder, "out", "{version}"))
    chosen = panel.settings(DESCRIPTION, {"lite.strength": 80})
    how = {"proof": AT_ONCE, "path_map": PathMap.parse("S:\\shows=/mnt/shows")}
    restoring.restore(host, engine, selection, chosen, template, **how)
    note = restoring.submit_only(host, engine, selection, chosen, template, **how)
    assert job_note.notes("headless") == [note]
    restoring.collect(host, engine, note, wait=True)
    assert not job_note.notes()
    for name in farms.SCHEDULERS:
        farm = farming.Farm(name)
        farming.bundle(host, engine, selection, chosen, template, farm=farm)
    return len(host.placed)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(restores(place), "placed on", "%d.%d" % sys.version_info[:2])  # noqa: T201, UP031
