"""What a selection of Resolve's is of, as the text that a job's note keeps.

Rules of this file:
    - The text is the same for the same clip at the same place: a note is found again by it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Mapping, NamedTuple, cast

from plugin_host.errors import PlateError
from plugin_host.hosts.resolve.clip import Facts

TAKE, TRACK, BIN_ONLY = "take", "track", "bin"
PLACES = (TAKE, TRACK, BIN_ONLY)


class Origin(NamedTuple):
    """A clip, and where its result goes.

    Attributes:
        facts: What Resolve said of it when it was selected.
        place: One of `PLACES`; a preview goes into the bin only.
        first: The number of its media's first frame in the plate that is restored.
    """

    facts: Facts
    place: str = TAKE
    first: int = 0

    def to_text(self) -> str:
        """Return it as a selection carries it."""
        data = {"facts": self.facts.to_json(), "place": self.place, "first": self.first}
        return json.dumps(data, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> Origin:
        """Read it again.

        Raises:
            PlateError: It is not of Resolve.
        """
        try:
            data: Any = json.loads(text)
        except ValueError:
            data = None
        found = cast("Mapping[str, Any]", data if isinstance(data, dict) else {})
        first = found.get("first")
        if found.get("place") not in PLACES or not isinstance(first, int):
            raise PlateError(f"the job is of no clip in Resolve: its origin is {text[:80]!r}")
        return cls(Facts.from_json(found.get("facts")), str(found["place"]), first)

    def moved(self, start: int, track: int) -> Origin:
        """Return it where the clip lies now."""
        return self._replace(facts=replace(self.facts, start=start, track=track))
