"""Who may speak: sessions that this engine granted, each with its two counters."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plugin_host.errors import SessionUnknown
from plugin_host.protocol import Counter, Envelope, encode, new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SESSIONS = 4096


@dataclass(slots=True)
class Session:
    """One client's conversation.

    Attributes:
        id: What its messages carry.
        route: ROUTER identity under which it was last heard.
        counter: Counts both directions.
    """

    id: str
    route: bytes
    counter: Counter = field(default_factory=Counter)


class Sessions:
    """The sessions of one engine life, the least recently heard forgotten first.

    Args:
        key: The connection's key.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def open(self, route: bytes) -> tuple[Session, list[Session]]:
        """Grant a fresh session; return it and those forgotten for it."""
        session = Session(new_id(), route)
        self._known[session.id] = session
        excess = max(len(self._known) - MOST_SESSIONS, 0)
        return session, [self._known.popitem(last=False)[1] for _ in range(excess)]

    def admit(self, envelope: Envelope, route: bytes) -> Session:
        """Return the session of a message, after checking that it was not played before.

        Raises:
            SessionUnknown: This engine did not grant it.
            MessageReplayed: The counter was used before.
        """
        session = self._known.get(envelope.session)
        if session is None:
            raise SessionUnknown("this engine granted no such session: say Hello, then ask again")
        session.counter.check(envelope.counter)
        session.route = route
        self._known.move_to_end(session.id)
        return session

    def get(self, name: str) -> Session | None:
        """Return a session by its id."""
        return self._known.get(name)

    def close(self, name: str) -> None:
        """Forget a session."""
        self._known.pop(name, None)

    def parts(
        self, session: Session, request: str, message: Any, buffers: Sequence[bytes] = ()
    ) -> list[bytes]:
        """Return a reply's parts, the route first."""
        envelope = Envelope(message, request, session.id, session.counter.next(), tuple(buffers))
        return [session.route, *encode(envelope, self._key)]

    def parts_for_stranger(self, route: bytes, request: str, message: Any) -> list[bytes]:
        """Return the parts of an answer to what could not be admitted."""
        return [route, *encode(Envelope(message, request, "", 1), self._key)]
