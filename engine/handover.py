"""What a session hands over or is handed: files, frames, pixels, a ring, its own bytes back.

Each is work for a thread beside the server's own (`errands`), since it may take a while.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.errands import Errand
from engine.fetch import delivered_path, read_frame
from engine.rings import Rings, echo
from plugin_host.errors import EngineBusy, UnknownJob
from plugin_host.requests import Attach, Deposit, Discard, Echo, Fetch, Look

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.errands import Errands
    from engine.job import Job
    from engine.rings import Ring
    from engine.sessions import Session
    from engine.spool import Spool
    from plugin_host.protocol import Envelope

HANDED = Attach, Deposit, Discard, Echo, Fetch, Look
Handed = tuple[Any, tuple[bytes, ...]]  # a reply, and the buffers that ride along
_SWEEP_S = 1.0


class Handover:
    """The rings of all sessions, and the way from a request to its work.

    Args:
        jobs: Those that are known, by their id.
        roots: Real paths of the folders from which frames are read; none for any.
        errands: What carries out the work.
        spool: Where files of clients are kept.
    """

    def __init__(
        self, jobs: Mapping[str, Job], roots: Sequence[str], errands: Errands, spool: Spool
    ) -> None:
        self._jobs = jobs
        self._spool = spool
        self._roots = roots
        self._errands = errands
        self._rings = Rings()
        self._swept = 0.0

    def ask(self, session: Session, envelope: Envelope) -> None:
        """Have one of `HANDED` carried out.

        Raises:
            UnknownJob: No job is called that.
            FrameMissing: It has not delivered that frame.
            EngineBusy: The session has asked for too much at once, or a job is in the way.
            SettingsError: It asks for what this engine does not do.
        """
        work = self._work(session, envelope)
        self._errands.ask(Errand(session.id, envelope.request, work))

    def _work(self, session: Session, envelope: Envelope) -> Callable[[], Handed]:
        message = envelope.message
        if isinstance(message, Attach):
            local = session.route[:1] == b"\0"
            return partial(self._attach, session.id, message, is_local=local)
        ring = self._rings.get(session.id)
        if envelope.buffers and self._errands.waiting(session.id):
            raise EngineBusy("more than one large message waits; read what comes back first")
        if isinstance(message, Deposit):
            return partial(self._spool.keep, message, envelope.buffers)
        if isinstance(message, Discard):
            self._spool.check_idle(message, self._jobs.values())
            return partial(self._spool.discard, message)
        if isinstance(message, Echo):
            return partial(echo, message, envelope.buffers, ring)
        if isinstance(message, Look):
            return partial(_look_up, message, self._roots, ring)
        return self._fetch(message, ring)

    def _fetch(self, fetch: Fetch, ring: Ring | None) -> Callable[[], Handed]:
        job = self._jobs.get(fetch.job)
        if job is None:
            raise UnknownJob(f"no job is called {fetch.job}; submit it again")
        path = delivered_path(job, fetch.frame)
        if fetch.into is None:
            return partial(read_frame, fetch, path, self._roots)
        return partial(_fetch_pixels, fetch, path, self._roots, ring)

    def sweep(self, sessions: Callable[[str], object]) -> None:
        """Let go of what belongs to nobody any more; see `Rings.sweep`."""
        if time.monotonic() - self._swept > _SWEEP_S:
            self._swept = time.monotonic()
            self._rings.sweep(sessions)

    def _attach(self, session: str, attach: Attach, *, is_local: bool) -> Handed:
        return self._rings.attach(session, attach, is_local=is_local), ()


def _fetch_pixels(fetch: Fetch, path: Any, roots: Sequence[str], ring: Ring | None) -> Handed:
    from engine.pixels import fetch_pixels  # noqa: PLC0415 - an engine must listen before

    return fetch_pixels(fetch, path, roots, ring)


def _look_up(look: Look, roots: Sequence[str], ring: Ring | None) -> Handed:
    from engine.look import look_up  # noqa: PLC0415 - an engine must listen before

    return look_up(look, roots, ring)
