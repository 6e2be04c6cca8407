"""The client that hosts use: submit, events, cancel, status; frames. A deadline on every wait.

Rules of this file:
    - Requests may be repeated: the engine answers the same one the same way. So a broken
      connection or a restarted engine costs a repetition, never a result.
    - One thread at a time; a host that wants two opens two clients.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, Iterator, NamedTuple

from plugin_host.errors import (
    DeadlineExceeded,
    EngineUnreachable,
    JobCancelled,
    SessionUnknown,
    SignatureMismatch,
    UnknownJob,
)
from plugin_host.frames import Frames, expect
from plugin_host.protocol import NO_REQUEST, Counter, Envelope, decode, encode, new_id, raised
from plugin_host.replies import (
    Accepted,
    Analysed,
    Cancelled,
    Description,
    Failed,
    Finished,
    Progress,
    Reported,
    Stopped,
    Welcome,
)
from plugin_host.requests import Cancel, Credit, Describe, Hello, Status, Stop, Submit
from plugin_host.zmtp import Dealer

if TYPE_CHECKING:
    from plugin_host.connection import Connection

CREDITS = 256  # events that may be on their way
DEADLINE_S = 30.0  # for an answer; the engine answers at once, whatever the worker does
CONNECT_S = 5.0  # for a connection on this machine, however busy the engine is
EVENTS = (Analysed, Progress, Finished, Failed, Cancelled)
SILENCE_S = 5.0  # without an event before the engine is asked whether it still lives
_ATTEMPTS = 3  # another engine, a new session, and once more


class _Asked(NamedTuple):
    submit: Submit
    request: str
    session: str
    connections: int  # how many the dealer had made when it was asked


class EngineClient(Frames):
    """A session with the engine.

    Args:
        connection: Where it is and the key that proves who asks.
        name: Who asks, for the engine's log.
        deadline_s: Seconds until an answer must be there.
        again: Finds, or starts, the engine anew when this one is gone, such as
            `launcher.find_or_start`; without it a dead engine is an error.
    """

    def __init__(
        self,
        connection: Connection,
        name: str = "python",
        *,
        deadline_s: float = DEADLINE_S,
        again: Callable[[], Connection] | None = None,
    ) -> None:
        self._connection = connection
        self._again = again
        self._name = name
        self._deadline_s = deadline_s
        self._dealer = _dealer(connection, deadline_s)
        self._session = ""
        self._counter = Counter()
        self._events: dict[str, deque[Any]] = {}  # not asked for yet, by request
        self._unpaid = 0
        self._heard_at = time.monotonic()
        self._asked: dict[str, _Asked] = {}
        self.engine = self.release = ""

    def __enter__(self) -> EngineClient:  # noqa: PYI034 - Self needs a newer Python than hosts have
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session; jobs go on."""
        self._drop_ring()
        self._dealer.close()

    def hello(self) -> Welcome:
        """Open a session.

        Raises:
            EngineUnreachable, DeadlineExceeded: Nobody answers.
            SignatureMismatch: The key is not the engine's.
        """
        self._session, self._counter = "", Counter()
        reply = self._exchange(Hello(self._name, CREDITS), self._deadline_s)
        welcome: Welcome = expect(reply.message, Welcome)
        self._session, self.engine, self._unpaid = welcome.session, welcome.engine, 0
        self.release = welcome.release
        return welcome

    def describe(self, *, deadline_s: float = 120.0) -> Description:
        """Return the restorers and their parameters; waits for an engine that still loads."""
        return expect(self._ask(Describe(), deadline_s).message, Description)

    def status(self, *, most: int = 100) -> Reported:
        """Return how things stand, of at most so many jobs; its counts are of all."""
        return expect(self._ask(Status(most)).message, Reported)

    def submit(self, submit: Submit) -> Accepted:
        """Ask for frames; the same request sent twice is the same job.

        Raises:
            RequestRefused: The request cannot be carried out; the message says why.
        """
        reply = self._ask(submit)
        accepted: Accepted = expect(reply.message, Accepted)
        self._asked[accepted.job] = _Asked(
            submit, reply.request, self._session, self._dealer.connections
        )
        return accepted

    def events(self, job: str, *, pulse_s: float | None = None) -> Iterator[Any]:
        """Yield a job's `Analysed`, `Progress`, and `Finished` last; survives an engine's restart.

        Args:
            job: The job, as `submit` of this client named it.
            pulse_s: Seconds after which None is yielded where nothing has happened, so that who
                listens can look after something else; None to wait for as long as it takes.

        Raises:
            UnknownJob: This client did not submit it, or has heard its end.
            JobCancelled: It was cancelled; what was delivered is kept.
            FaceplateError: It failed; the error is the engine's.
            EngineUnreachable, DeadlineExceeded: The engine does not answer any more.
        """
        heard: set[int] = set()
        while True:
            event = self._next_event(job, pulse_s)
            if event is None or isinstance(event, Analysed):
                yield event
                continue
            if isinstance(event, Progress):
                if event.frame not in heard:
                    heard.add(event.frame)
                    yield event
                continue
            self._events.pop(self._asked.pop(job).request, None)
            if isinstance(event, Cancelled):
                raise JobCancelled(f"cancelled; {event.delivered} frames are kept")
            if isinstance(event, Failed):
                raise raised(event)
            yield expect(event, Finished)
            return

    def cancel(self, job: str) -> Cancelled:
        """Stop a job; its delivered frames are kept."""
        return expect(self._ask(Cancel(job)).message, Cancelled)

    def stop(self) -> Stopped:
        """End the engine."""
        return expect(self._ask(Stop()).message, Stopped)

    # the conversation

    def _ask(self, message: Any, deadline_s: float | None = None, *buffers: bytes) -> Envelope:
        """Send a request, in a fresh session or to another engine where ours is gone."""
        deadline = self._deadline_s if deadline_s is None else deadline_s
        for attempt in range(_ATTEMPTS):
            try:
                if self._again and self._dealer.lost:  # rather ask than wait for the old address
                    self._turn_to_another()
                if not self._session:
                    self.hello()
                return self._exchange(message, deadline, *buffers)
            except SessionUnknown:
                self._session = ""
            except (EngineUnreachable, SignatureMismatch):  # another may be at the same address
                lost = self._dealer.lost and attempt + 1 < _ATTEMPTS
                if not self._turn_to_another() and not lost:
                    raise
        raise SessionUnknown("the engine does not keep the session that it granted")

    def _exchange(self, message: Any, deadline_s: float, *buffers: bytes) -> Envelope:
        request = self._send(message, deadline_s, *buffers)
        over = self._dealer.connections
        end = time.monotonic() + deadline_s
        while True:
            reply = self._receive(end, over)
            event = isinstance(reply.message, (Analysed, Progress, Finished))
            if reply.request in (request, NO_REQUEST) and not event:
                if isinstance(reply.message, Failed):
                    raise raised(reply.message)
                return reply
            self._keep(reply)

    def _send(self, message: Any, deadline_s: float, *buffers: bytes) -> str:
        request = new_id()
        envelope = Envelope(message, request, self._session, self._counter.next(), buffers)
        self._dealer.send(encode(envelope, self._connection.key), deadline_s)
        return request

    def _receive(self, end: float, over: int) -> Envelope:
        while True:
            parts = self._dealer.receive(max(end - time.monotonic(), 0.0), over=over)
            self._heard_at = time.monotonic()
            try:
                reply = decode(parts, self._connection.key)
            except SignatureMismatch:
                raise SignatureMismatch(
                    "the engine's answer is not signed with the key of this connection file; "
                    "it is another engine's"
                ) from None
            if reply.session and reply.session == self._session:
                self._counter.check(reply.counter)
                return reply
            if not reply.session or isinstance(reply.message, Welcome):
                return reply
            # an event of a session that this client has left: it is told again in the new one

    def _next_event(self, job: str, pulse_s: float | None) -> Any:
        """Return the job's next event; ask again for a job that the engine may have lost."""
        wait_s = SILENCE_S if pulse_s is None else min(pulse_s, SILENCE_S)
        end = time.monotonic() + wait_s
        if job not in self._asked:
            raise UnknownJob(f"submit {job} first; its events are told once")
        while True:
            kept = self._events.get(self._asked[job].request)
            if kept:
                return kept.popleft()
            try:
                self._look_after(job)
                self._pay()
                self._keep(self._receive(time.monotonic() + wait_s, self._dealer.connections))
            except EngineUnreachable as error:
                lately = time.monotonic() - self._heard_at < SILENCE_S
                if isinstance(error, DeadlineExceeded) and lately and pulse_s is not None:
                    return None
                if isinstance(error, DeadlineExceeded) or not self._turn_to_another():
                    self.status(most=0)  # raises where nobody answers any more
            else:
                if pulse_s is not None and time.monotonic() >= end:
                    return None  # another job's events may come without end; ours was kept

    def _look_after(self, job: str) -> None:
        """Submit again where the job's events would come to a session or connection now gone."""
        asked = self._asked[job]
        if (asked.session, asked.connections) != (self._session, self._dealer.connections):
            self._events.pop(asked.request, None)
            self.submit(asked.submit)

    def _turn_to_another(self) -> bool:
        """Whether `again` finds another engine than the one that is gone."""
        connection = self._again() if self._again else self._connection
        if connection.engine == self._connection.engine:
            return False
        self._dealer.close()
        self._connection, self._session = connection, ""
        self._dealer = _dealer(connection, self._deadline_s)
        return True

    def _keep(self, event: Envelope) -> None:
        """Keep an event until it is asked for; a late answer is nobody's any more."""
        if isinstance(event.message, EVENTS):
            self._events.setdefault(event.request, deque()).append(event.message)
            self._unpaid += 1

    def _pay(self) -> None:
        """Give the engine room for what came: also other jobs' events, or it could not go on."""
        if self._unpaid >= CREDITS // 2 and self._session:
            with contextlib.suppress(EngineUnreachable):  # whoever waits for events will notice
                self._send(Credit(self._unpaid), self._deadline_s)
            self._unpaid = 0


def _dealer(connection: Connection, deadline_s: float) -> Dealer:
    return Dealer(connection.address, connect_deadline_s=min(deadline_s, CONNECT_S))
