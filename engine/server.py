"""What hears requests, and keeps the worker processes behind it.

Rules of this file:
    - It decides nothing about jobs; jobs.py does, and this file carries out its instructions.
    - It never waits for a worker or a file, so that status is answered while frames are restored.
    - In each turn it takes in and sends a few messages only; those that clients ask for by one
      request, and wait for, go before events.
    - Bad messages are answered and forgotten; the engine goes on serving others.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from collections import deque
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import zmq

from engine import job_events
from engine.connection import EngineLock, write_connection
from engine.errands import Errands
from engine.handover import HANDED, Handover
from engine.heap import keep_large_blocks
from engine.inbox import Inbox
from engine.jobs import Jobs
from engine.lease import Lease
from engine.listener import Listener
from engine.restorers import TABLE
from engine.roots import confine
from engine.sessions import Session, Sessions
from engine.spool import Spool
from engine.workers import Workers
from plugin_host.errors import FaceplateError, UnknownKind
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
from plugin_host.replies import REPLIES, Cancelled, Reported, Stopped, Welcome
from plugin_host.requests import (
    Cancel,
    Credit,
    Describe,
    Hello,
    Status,
    Stop,
    Submit,
)

if TYPE_CHECKING:
    from pathlib import Path

    from engine.lease import Held
    from engine.settings import EngineSettings

_log = logging.getLogger("faceplate.server")
_MOST_SENT = 400  # events in one turn, of some 0.03 ms each
_TICK_MS = 250  # how soon a signal or a lapsed lease is noticed
_BLOCKED_MS = 2  # how soon it is noticed that a client has read a frame and may have the next


class Server:
    """One engine.

    Args:
        settings: What it is started with.
        connection: Where clients will look for it.
        holder: Whoever holds the engine, and what becomes of jobs when they are gone.
    """

    def __init__(self, settings: EngineSettings, connection: Path, holder: Held = None) -> None:
        self._settings = settings
        self._connection = connection
        self._engine = new_id()
        self._key = os.urandom(KEY_BYTES)
        self._sessions = Sessions(self._key)
        self._jobs = Jobs(settings.devices)
        self._workers = Workers(settings)
        self._inbox = Inbox()
        self._errands = Errands()
        self._handover = Handover(
            self._jobs.known, settings.root_paths, self._errands, Spool(settings.spool)
        )
        self._outbox: deque[job_events.Send] = deque()
        self._stopping = False
        then = holder.then if holder else ""
        self._lease = Lease(settings.lease, settings.grace, then, time.monotonic())
        self._holder = holder

    def serve(self) -> None:
        """Listen until told to stop.

        Raises:
            EngineBusy: Another engine serves this connection file.
            SettingsError: The address cannot be bound.
        """
        keep_large_blocks()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        told = {"engine": self._engine, "key": self._key.hex()}
        with (
            EngineLock(self._connection),
            zmq.Context() as context,
            Listener(context, self._settings, self._connection, told) as self._listener,
        ):
            try:
                self._carry_out(self._jobs.handle(job_events.Began()))
                write_connection(self._connection, self._listener.address, self._key, self._engine)
                _log.info("serving at %s", self._listener.address)
                gc.freeze()  # what is loaded stays; to look it all through takes a long moment
                self._loop()
                self._take_leave()
            finally:
                self._withdraw()
                self._workers.kill()

    def _withdraw(self) -> None:
        """Let nobody find an engine that ends; the lock is ours still, and so is the file."""
        self._connection.unlink(missing_ok=True)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _loop(self) -> None:
        while not self._stopping:
            ready = self._poll()
            for event in self._workers.hear(ready):
                self._carry_out(self._jobs.handle(event))
            for route, parts in self._listener.waiting(ready, self._inbox.room):
                self._inbox.put(route, parts[: 5 + MOST_BUFFERS])  # one more than there may be
            for route, parts in self._inbox.due():
                self._hear(route, parts)
            for session, request, message, buffers in self._errands.results():
                self._errands.sent(session, self._send(session, request, message, buffers))
            self._tell(_MOST_SENT)
            self._check_lease()
            self._handover.sweep(self._sessions.get)

    def _poll(self) -> dict[Any, int]:
        poller = zmq.Poller()
        for one in [*self._listener.sockets, self._errands.output, *self._workers.outputs]:
            poller.register(one, zmq.POLLIN)
        wait = _BLOCKED_MS if self._errands.advance() else _TICK_MS
        return dict(poller.poll(0 if self._outbox or self._inbox else wait))

    def _take_leave(self) -> None:
        """Tell who waits for a job that nothing more will come of it."""
        self._tell(len(self._outbox))
        for job in [job for job in self._jobs.known.values() if job.open]:
            for watcher in list(job.watchers.values()):
                self._send(watcher.session, watcher.request, Cancelled(job.id, len(job.done)))

    def _check_lease(self) -> None:
        orphaned = self._holder is not None and self._holder.gone
        why = self._lease.ends(time.monotonic(), idle=self._jobs.idle, orphaned=orphaned)
        if why:
            _log.info("%s: ending", why)
            self._stopping = True

    def _carry_out(self, instructions: list[job_events.Instruction]) -> None:
        for instruction in instructions:
            match instruction:
                case job_events.Send():
                    self._outbox.append(instruction)
                case job_events.Start(job, body, worker):
                    self._workers.say(worker, {"restore": body, "job": job})
                case job_events.Interrupt(job, worker):
                    self._workers.say(worker, {"interrupt": job})
                case job_events.SpawnWorker(worker, device):
                    self._workers.start(worker, device)
                case job_events.Dismiss(session):
                    self._forget(session)

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
            self._forget(old.id)
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
            case _ if isinstance(message, HANDED):
                self._handover.ask(session, envelope)
            case Status(most):
                self._send(session.id, request, self._report(most))
            case Stop():
                self._withdraw()
                self._send(session.id, request, Stopped())
                self._stopping = True
            case _:
                raise UnknownKind(f"{type(message).__name__} is not answered here")

    def _report(self, most: int) -> Reported:
        return Reported(
            self._engine,
            self._jobs.description is not None,
            self._jobs.posts.state,
            len(self._sessions),
            tuple(self._jobs.foremost(most)),
            self._jobs.counts(),
            self._jobs.posts.describe(),
        )

    def _tell(self, most: int) -> None:
        """Send what jobs had to say."""
        for _ in range(min(most, len(self._outbox))):
            send = self._outbox.popleft()
            self._send(send.session, send.request, send.message)

    def _send(
        self, name: str, request: str, message: Any, buffers: tuple[bytes, ...] = ()
    ) -> zmq.MessageTracker | None:
        session = self._sessions.get(name)
        if session is None:
            return None
        return self._put(self._sessions.parts(session, request, message, buffers), session)

    def _put(self, parts: list[bytes], session: Session | None) -> zmq.MessageTracker | None:
        try:
            return self._listener.send(parts)
        except zmq.ZMQError as error:  # gone, or not reading: MANDATORY tells
            _log.info("a client is gone: %s", error)
            if session is not None:
                self._forget(session.id)
                self._carry_out(self._jobs.handle(job_events.Left(session.id)))
            return None

    def _forget(self, session: str) -> None:
        self._sessions.close(session)
        self._errands.leave(session)
