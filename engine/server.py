"""What hears requests, and the worker process behind it.

Rules of this file:
    - It decides nothing about jobs; jobs.py does, and this file carries out its instructions.
    - It never waits for the worker, so that status is answered while frames are restored.
    - Bad messages are answered and forgotten; the engine goes on serving others.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq

from engine import job_events
from engine.connection import EngineLock, write_connection
from engine.jobs import Jobs
from engine.lease import Holder, Lease
from engine.listener import Listener
from engine.restorers import TABLE
from engine.roots import confine
from engine.sessions import Session, Sessions
from engine.worker_process import WorkerProcess
from plugin_host.errors import (
    FaceplateError,
    FrameMissing,
    MessageOversized,
    UnknownJob,
    UnknownKind,
)
from plugin_host.frame_range import MOST_FRAMES
from plugin_host.protocol import (
    KEY_BYTES,
    MOST_BUFFERS,
    MOST_PART_BYTES,
    Envelope,
    decode,
    failed,
    new_id,
    request_of,
)
from plugin_host.replies import (
    REPLIES,
    Cancelled,
    Description,
    Fetched,
    Progress,
    Reported,
    Stopped,
    Welcome,
)
from plugin_host.requests import (
    Cancel,
    Credit,
    Describe,
    Fetch,
    Hello,
    Status,
    Stop,
    Submit,
)
from plugin_host.schema import to_json

if TYPE_CHECKING:
    from engine.settings import EngineSettings

_log = logging.getLogger("faceplate.server")
_MOST_AT_ONCE = 100  # messages, before the worker has its turn
_TICK_MS = 250  # how soon a signal or a lapsed lease is noticed


class Server:
    """One engine.

    Args:
        settings: What it is started with.
        connection: Where clients will look for it.
        held: What to do with jobs when whoever holds our standard input is gone: ``finish`` or
            ``cancel``; empty where nobody does.
    """

    def __init__(self, settings: EngineSettings, connection: Path, held: str = "") -> None:
        self._settings = settings
        self._connection = connection
        self._engine = new_id()
        self._key = os.urandom(KEY_BYTES)
        self._sessions = Sessions(self._key)
        self._jobs = Jobs()
        self._stopping = False
        self._lease = Lease(settings.lease, settings.grace, held, time.monotonic())
        self._holder = Holder() if held else None

    def serve(self) -> None:
        """Listen until told to stop.

        Raises:
            EngineBusy: Another engine serves this connection file.
            SettingsError: The address cannot be bound.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        told = {"engine": self._engine, "key": self._key.hex()}
        with (
            EngineLock(self._connection),
            zmq.Context() as context,
            Listener(context, self._settings, self._connection, told) as self._listener,
        ):
            self._worker = WorkerProcess(self._settings)
            try:
                write_connection(self._connection, self._listener.address, self._key, self._engine)
                _log.info("serving at %s", self._listener.address)
                self._loop()
                self._take_leave()
            finally:
                self._worker.kill()
                self._connection.unlink(missing_ok=True)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _loop(self) -> None:
        while not self._stopping:
            poller = zmq.Poller()
            for socket in self._listener.sockets:
                poller.register(socket, zmq.POLLIN)
            if self._worker.alive:
                poller.register(self._worker.output, zmq.POLLIN)
            ready = dict(poller.poll(_TICK_MS))
            if self._worker.output in ready:
                self._hear_worker()
            for route, parts in self._listener.waiting(ready, _MOST_AT_ONCE):
                self._hear(route, parts[: 5 + MOST_BUFFERS])  # one more than there may be
            self._check_lease()

    def _take_leave(self) -> None:
        """Tell who waits for a job that nothing more will come of it."""
        for job in self._jobs.known.values():
            if job.state in {"queued", "running"}:
                for watcher in job.watchers:
                    self._send(watcher.session, watcher.request, Cancelled(job.id, len(job.done)))

    def _check_lease(self) -> None:
        orphaned = self._holder is not None and self._holder.gone
        why = self._lease.ends(time.monotonic(), idle=self._jobs.idle, orphaned=orphaned)
        if why:
            _log.info("%s: ending", why)
            self._stopping = True

    # the worker

    def _hear_worker(self) -> None:
        messages, ended = self._worker.hear()
        for message in messages:
            event = (
                job_events.WorkerReady(message)
                if isinstance(message, Description)
                else job_events.WorkerSaid(message)
            )
            self._carry_out(self._jobs.handle(event))
        if ended:
            reason = self._worker.bury()
            _log.warning("the worker ended: %s", reason)
            self._carry_out(self._jobs.handle(job_events.WorkerEnded(reason)))

    def _carry_out(self, instructions: list[job_events.Instruction]) -> None:
        for instruction in instructions:
            match instruction:
                case job_events.Send(session, request, message):
                    self._send(session, request, message)
                case job_events.Start(job, submit):
                    self._worker.say({"restore": to_json(submit), "job": job})
                case job_events.Interrupt(job):
                    self._worker.say({"interrupt": job})
                case job_events.SpawnWorker():
                    self._worker = WorkerProcess(self._settings)

    # the clients

    def _hear(self, route: bytes, parts: list[bytes]) -> None:
        if len(parts) > 1 and parts[1].decode("latin-1") in REPLIES:
            _log.info("ignored a reply")  # to answer it could go on for ever
            return
        try:
            envelope = decode(parts, self._key)
            if isinstance(envelope.message, Hello):
                self._welcome(route, envelope, envelope.message)
                return
            session = self._sessions.admit(envelope, route)
            self._lease.heard(time.monotonic())
        except FaceplateError as error:
            _log.info("refused a message: %s", error.code)
            request = request_of(parts, self._key)
            self._put(self._sessions.parts_for_stranger(route, request, failed(error)), None)
            return
        try:
            self._answer(session, envelope)
        except FaceplateError as error:
            self._send(session.id, envelope.request, failed(error))

    def _welcome(self, route: bytes, envelope: Envelope, hello: Hello) -> None:
        self._lease.heard(time.monotonic())
        session, forgotten = self._sessions.open(route)
        for old in forgotten:
            self._carry_out(self._jobs.handle(job_events.Left(old.id)))
        self._carry_out(self._jobs.handle(job_events.Joined(session.id, hello.credits)))
        welcome = Welcome(
            self._engine,
            session.id,
            version("faceplate"),
            self._jobs.description is not None,
            tuple(TABLE),
            MOST_FRAMES,
            MOST_PART_BYTES,
        )
        self._send(session.id, envelope.request, welcome)

    def _answer(self, session: Session, envelope: Envelope) -> None:
        message, request = envelope.message, envelope.request
        match message:
            case Submit() | Cancel() | Credit() | Describe():
                if isinstance(message, Submit):
                    confine(message, self._settings.root_paths)
                asked = job_events.Asked(session.id, request, message)
                self._carry_out(self._jobs.handle(asked))
            case Fetch():
                self._fetch(session, request, message)
            case Status():
                self._send(session.id, request, self._report())
            case Stop():
                self._send(session.id, request, Stopped())
                self._stopping = True
            case _:
                raise UnknownKind(f"{type(message).__name__} is not answered here")

    def _fetch(self, session: Session, request: str, fetch: Fetch) -> None:
        job = self._jobs.known.get(fetch.job)
        if job is None:
            raise UnknownJob(f"no job is called {fetch.job}")
        paths = [
            event.path
            for event in job.events
            if isinstance(event, Progress) and event.frame == fetch.frame
            if event.path and event.status != "failed"
        ]
        if not paths:
            raise FrameMissing(f"job {fetch.job} has not delivered it", frame=fetch.frame)
        path = Path(paths[-1])
        try:
            if path.stat().st_size > MOST_PART_BYTES:
                raise MessageOversized("too large for the wire; read it from its path")
            data = path.read_bytes()
        except OSError as error:
            raise FrameMissing(f"{error.strerror}", frame=fetch.frame, path=paths[-1]) from None
        fetched = Fetched(fetch.job, fetch.frame, hashlib.sha256(data).hexdigest())
        self._send(session.id, request, fetched, data)

    def _report(self) -> Reported:
        return Reported(
            self._engine,
            self._jobs.description is not None,
            self._jobs.worker,
            len(self._sessions),
            tuple(job.describe() for job in self._jobs.known.values()),
        )

    def _send(self, name: str, request: str, message: Any, *buffers: bytes) -> None:
        session = self._sessions.get(name)
        if session is not None:
            self._put(self._sessions.parts(session, request, message, buffers), session)

    def _put(self, parts: list[bytes], session: Session | None) -> None:
        try:
            self._listener.send(parts)
        except zmq.ZMQError as error:  # gone, or not reading: MANDATORY tells
            _log.info("a client is gone: %s", error)
            if session is not None:
                self._sessions.close(session.id)
                self._carry_out(self._jobs.handle(job_events.Left(session.id)))
