"""What has come and is not answered yet: short requests before long ones.

Rules of this file:
    - A client's messages keep their order, since their counters rise.
    - Clients take turns, a message each; a client whose next message is a long one waits for those
      whose next is not.
    - What kind a message is, it says itself, and has not proved: nothing hangs on it but its turn.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = b"Submit"  # half a millisecond; others take a tenth
MOST = 256  # messages; more wait in their sockets
MOST_SHORT, MOST_LONG = 32, 8  # answered in one turn of the server

Message = list[bytes]
_Lane = OrderedDict[bytes, deque[Message]]  # by route


class Inbox:
    """Messages of all clients."""

    def __init__(self) -> None:
        self._short: _Lane = OrderedDict()
        self._long: _Lane = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def room(self) -> int:
        """How many more may come now."""
        return max(MOST - self._count, 0)

    def put(self, route: bytes, message: Message) -> None:
        """Take a message in."""
        line = self._short.get(route) or self._long.get(route)
        if line:
            line.append(message)
        else:
            self._begin(route, deque([message]))
        self._count += 1

    def due(self) -> Iterator[tuple[bytes, Message]]:
        """Yield routes and messages that are to be answered in this turn."""
        for lane, most in ((self._short, MOST_SHORT), (self._long, MOST_LONG)):
            for _ in range(most):
                if not lane:
                    break
                route, line = lane.popitem(last=False)
                message = line.popleft()
                self._count -= 1
                if line:
                    self._begin(route, line)
                yield route, message

    def _begin(self, route: bytes, line: deque[Message]) -> None:
        kind = line[0][1] if len(line[0]) > 1 else b""
        (self._long if kind == LONG else self._short)[route] = line
