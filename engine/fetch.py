"""One delivered frame, as a client without the engine's storage gets it."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from engine.regular import read_regular
from plugin_host.errors import FrameMissing, MessageOversized
from plugin_host.protocol import MOST_PART_BYTES
from plugin_host.replies import Fetched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.job import Job
    from plugin_host.requests import Fetch


def delivered_path(job: Job, frame: int) -> Path:
    """Return where a job's frame lies.

    Raises:
        FrameMissing: The job has not delivered it.
    """
    event = job.done.get(frame)
    if event is None or event.path is None or event.status == "failed":
        raise FrameMissing(f"job {job.id} has not delivered it", frame=frame)
    return Path(event.path)


def read_frame(fetch: Fetch, path: Path, roots: Sequence[str]) -> tuple[Fetched, tuple[bytes, ...]]:
    """Return a frame's file and the reply that it rides along with.

    Raises:
        FrameMissing: It cannot be read, or lies outside the roots.
        MessageOversized: It is too large for one message.
    """
    try:
        data = read_regular(path, most=MOST_PART_BYTES, roots=roots)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise MessageOversized("too large for the wire; read it from its path") from None
        raise unreadable(fetch.frame, path, error) from None
    return Fetched(fetch.job, fetch.frame, hashlib.sha256(data).hexdigest()), (data,)


def unreadable(frame: int, path: Path, error: OSError) -> FrameMissing:
    """Return what a client is told of a delivered frame that cannot be read."""
    return FrameMissing(error.strerror or str(error), frame=frame, path=str(path))
