"""One job on its way, as small as it can be kept: thousands of them wait."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plugin_host.protocol import canonical
from plugin_host.replies import JobText
from plugin_host.schema import to_json

if TYPE_CHECKING:
    from plugin_host.replies import Cancelled, Failed, Finished, Progress
    from plugin_host.requests import Submit


@dataclass(slots=True)
class Watcher:
    """A session that hears of a job.

    Attributes:
        session: Which.
        request: What the events answer.
        heard: How many of the job's events were sent.
    """

    session: str
    request: str
    heard: int = 0


@dataclass(slots=True, eq=False)
class Job:
    """One request on its way.

    Attributes:
        id: Its name.
        text: The request as canonical JSON; a `Submit` holds each of its frames several times.
        total: Number of frames asked for.
        urgent: Whether somebody sits and waits.
        session: In whose turn it runs.
        state: One of `replies.STATES`.
        events: What happened, in order; the last word last.
        done: The events of the frames that are done.
        watchers: Who hears of it, by session.
        deaths: Of the worker, since the last new frame.
        cancelling: Whether it was told to stop for good.
        yielding: Whether it was told to step aside.
        restorer: The restorer that it asks for.
        kind: Of the device that it was begun on; empty before.
        declined: By the number of a worker whose device had no room for it, what that had.
    """

    id: str
    text: bytes
    total: int
    urgent: bool
    session: str
    state: str = "queued"
    events: list[Progress | Finished | Failed | Cancelled] = field(default_factory=list[Any])
    done: dict[int, Progress] = field(default_factory=dict[int, Any])
    watchers: dict[str, Watcher] = field(default_factory=dict[str, Watcher])
    deaths: int = 0
    cancelling: bool = False
    yielding: bool = False
    restorer: str = ""
    kind: str = ""
    declined: dict[int, str] = field(default_factory=dict[int, str])

    @classmethod
    def of(cls, name: str, submit: Submit, session: str) -> Job:
        """Return the job of this name that a request of a session makes."""
        text = canonical(to_json(submit))
        restorer = submit.settings.restorer
        return cls(name, text, len(submit.frames), submit.urgent, session, restorer=restorer)

    @property
    def open(self) -> bool:
        """Whether more will come of it."""
        return self.state in {"queued", "running"}

    @property
    def body(self) -> dict[str, Any]:
        """The request, as it travels."""
        return json.loads(self.text)

    def describe(self) -> JobText:
        """Return what `Reported` says of it."""
        body = self.body
        return JobText(
            self.id,
            self.state,
            len(self.done),
            self.total,
            body["frames"],
            body["shot"]["plate"]["path"],
            body["output"],
            body["settings"]["restorer"],
            self.urgent,
        )
