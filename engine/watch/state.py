"""How a drop stands, in a file beside it: all that a watcher remembers of it.

    {"schema": "watch-state.1", "state": "waiting" | "restoring" | "done" | "failed",
     "done": 12, "total": 100,            frames
     "why": "...",                        what it waits for, or what went wrong
     "content": "...", "room": "...",     what it was when that was found; see `is_settled`
     "plates": [{"plate", "frames", "missing", "output", "take", "delivered", "errors", "notes"}]}

Rules of this file:
    - It is written whole or not at all; what cannot be read counts as not there.
    - Done is done until the drop changes. What failed is tried again when the drop or the settings
      of its room change. Either is tried again when its state file is removed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from engine.atomic import write_atomically
from engine.regular import read_regular
from engine.watch.drops import STATE

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "watch-state.1"
_MOST = 64 << 20  # bytes of a state file


@dataclass(frozen=True, slots=True)
class State:
    """How a drop stands; see above."""

    state: str = "waiting"
    done: int = 0
    total: int = 0
    why: str = ""
    content: str = ""
    room: str = ""
    plates: tuple[dict[str, Any], ...] = ()

    def is_settled(self, content: str, room: str) -> bool:
        """Whether nothing is to be done for a drop that is so, in a room with such settings."""
        same = self.content == content
        return same and (self.state == "done" or (self.state == "failed" and self.room == room))


class States:
    """The state files of a watch folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> State | None:
        """Return how a drop stands; None where nobody says."""
        try:
            told: Any = json.loads(read_regular(self._folder / (name + STATE), most=_MOST))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(told, dict):
            return None
        data = cast("dict[str, Any]", told)
        kinds: dict[str, type] = {name: type(value) for name, value in asdict(State()).items()}
        known = {name: data[name] for name in kinds if name in data}
        if isinstance(known.get("plates"), list):
            known["plates"] = tuple(known["plates"])
        good = all(type(value) is kinds[name] for name, value in known.items())
        return State(**known) if good and data.get("schema") == SCHEMA else None

    def write(self, name: str, state: State) -> None:
        """Say how a drop stands, where that is new.

        Raises:
            OSError: The folder cannot be written.
        """
        if self.read(name) == state:
            return
        data = {"schema": SCHEMA, **asdict(state)}
        text = json.dumps(data, indent=1, ensure_ascii=True)
        write_atomically(self._folder / (name + STATE), text.encode() + b"\n")
