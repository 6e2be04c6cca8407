"""The note of a job that a host submitted and left: all that is needed to collect its result.

Rules of this file:
    - A note is one file, the user's alone, whole or not there. Any later process may collect it.
    - Whoever works on a note holds it; the system lets it go when that process ends, however.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from dataclasses import dataclass
from typing import Generator

from plugin_host.errors import FaceplateError, OutputError, RequestRefused, UnknownJob
from plugin_host.order import Order
from plugin_host.private_files import MOST_BYTES, append_own, read_private
from plugin_host.protocol import canonical, read_json
from plugin_host.requests import JOB, PATH, Submit
from plugin_host.schema import Record, Whole, to_json, wire
from plugin_host.whole_files import write_whole

SUFFIX = ".job.json"
VARIABLE = "FACEPLATE_JOBS"


def default_folder() -> str:
    """Return where notes lie: `$FACEPLATE_JOBS`, else among the user's own files."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    local = os.environ.get("LOCALAPPDATA")
    if sys.platform == "win32" and local:
        return os.path.join(local, "Faceplate", "jobs")
    return os.path.join(os.path.expanduser("~"), ".local", "state", "faceplate", "jobs")


@dataclass(frozen=True)
class JobNote:
    """An order, and the job that it became.

    Attributes:
        order: What was asked for.
        folder: Where the frames go, as the host sees it.
        version: Of that folder; 0 where the template has none.
        submit: The request, in the engine's paths.
        job: The name that the engine gives it.
    """

    order: Order = wire(Record(Order))
    folder: str = wire(PATH)
    version: int = wire(Whole())
    submit: Submit = wire(Record(Submit))
    job: str = wire(JOB)

    def file(self, folder: str = "") -> str:
        """Return its path: the same for the same request from the same place in the host."""
        place = hashlib.sha256(f"{self.order.host}\0{self.order.origin}".encode("utf-8", "replace"))
        name = f"{self.job}-{place.hexdigest()[:8]}{SUFFIX}"
        return os.path.join(folder or default_folder(), name)

    def write(self, folder: str = "") -> None:
        """Keep it.

        Raises:
            OutputError: It cannot be written, or is too long.
        """
        path, data = self.file(folder), canonical(to_json(self))
        if len(data) > MOST_BYTES:
            raise OutputError("its frames are too scattered to be noted: ask for fewer at once")
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            write_whole(path, data, private=True)
        except OSError as error:
            why = f"the job cannot be noted: {error.strerror}"
            raise OutputError(why, path=path) from None

    def discard(self, folder: str = "") -> None:
        """Forget it; the job and its frames are left alone."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.file(folder))


def read_note(path: str) -> JobNote:
    """Read a note.

    Raises:
        UnknownJob: There is none: it was collected, or never noted.
        OutputError: It is not to be trusted, or no note.
    """
    try:
        data = read_json(read_private(path), "note")
        return Record(JobNote).from_json(data, "note")
    except FileNotFoundError:
        raise UnknownJob("it was collected already, or never noted", path=path) from None
    except OSError as error:
        raise OutputError(f"the note cannot be read: {error.strerror}", path=path) from None
    except FaceplateError as error:
        raise OutputError(f"it is no note of a job: {error.message}", path=path) from None


def notes(host: str = "", folder: str = "") -> list[JobNote]:
    """Return what is to be collected, the oldest first; what cannot be read is passed over.

    Args:
        host: Only those of hosts whose name begins with this word, such as ``nuke``.
        folder: Where they lie; empty for the user's own.
    """
    folder = folder or default_folder()
    try:
        names = [name for name in os.listdir(folder) if name.endswith(SUFFIX)]
    except OSError:
        return []
    found: list[tuple[float, str, JobNote]] = []
    for name in names:
        path = os.path.join(folder, name)
        with contextlib.suppress(FaceplateError, OSError):
            found.append((os.stat(path).st_mtime, name, read_note(path)))
    return [note for _, _, note in sorted(found, key=lambda entry: entry[:2]) if _is_of(note, host)]


def _is_of(note: JobNote, host: str) -> bool:
    return not host or note.order.host.partition(" ")[0] == host.partition(" ")[0]


@contextlib.contextmanager
def held(path: str) -> Generator[None, None, None]:
    """Keep other processes from working on a note.

    Raises:
        RequestRefused: Another does at this moment.
        OutputError: It cannot be told.
    """
    lock = path + ".lock"
    try:
        file = append_own(lock)
    except OSError as error:
        raise OutputError(f"the note cannot be held: {error.strerror}", path=lock) from None
    with file:
        try:
            _lock(file.fileno())
        except OSError:
            raise RequestRefused("another process collects it at this moment", path=path) from None
        yield
        with contextlib.suppress(OSError):  # Windows removes no open file
            os.unlink(lock)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - there and nowhere else

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
