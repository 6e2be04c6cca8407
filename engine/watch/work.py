"""A drop that is being restored: its requests, one after the other, through the engine."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.watch.requests import moved
from plugin_host.errors import (
    EngineUnreachable,
    FaceplateError,
    FrameChanged,
    FrameWriteFailed,
    TakeConflict,
)
from plugin_host.protocol import job_id
from plugin_host.replies import Analysed, Finished, Progress
from plugin_host.schema import to_json

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from engine.watch.requests import Wish
    from engine.watch.state import State
    from plugin_host.client import EngineClient
    from plugin_host.requests import Submit

_MOST_ERRORS = 100  # frames of a plate that a state names
_MOST_OUTPUTS = 100  # folders beside each other, for a drop that was changed so often


class Work:
    """One drop's requests on their way.

    Args:
        name: The drop's.
        wishes: What it asks for.
        client: A session with the engine.
        state: What is known of the drop already.
        root: The watch folder.
        roots: It and the configured ones.
        pulse_s: How long to wait for an event.
    """

    def __init__(
        self,
        name: str,
        wishes: Sequence[Wish],
        client: EngineClient,
        state: State,
        *,
        root: Path,
        roots: Sequence[str],
        pulse_s: float,
    ) -> None:
        self._name, self._wishes, self._root, self._roots = name, wishes, root, roots
        self._client, self._pulse_s = client, pulse_s
        total = sum(len(wish.submit.frames) for wish in wishes)
        self.state = replace(state, state="restoring", done=0, total=total, why="", plates=())
        self._before = 0  # frames of the plates that are done
        self._job = ""
        self._steps = self._carry_out()

    def advance(self) -> bool | None:
        """Return whether something has happened; None once nothing more will.

        Raises:
            EngineUnreachable: No engine answers.
            FrameWriteFailed: The disk is full, or away.
        """
        return next(self._steps, None)

    def cancel(self) -> None:
        """Let the engine stop; it keeps what is done."""
        self._steps.close()
        if self._job:
            with suppress(FaceplateError):
                self._client.cancel(self._job)

    def _carry_out(self) -> Generator[bool]:
        for wish in self._wishes:
            told: dict[str, Any] = {}
            try:
                yield from self._restored(wish, told)
            except (EngineUnreachable, FrameWriteFailed):
                raise
            except FaceplateError as error:
                told["error"] = f"{error} [{error.code}]"
                self._before = self.state.done
            else:
                self._before += len(wish.submit.frames)
            self._job = ""
            self.state = replace(self.state, done=self._before, plates=(*self.state.plates, told))
        self.state = _ended(self.state)

    def _restored(self, wish: Wish, told: dict[str, Any]) -> Generator[bool]:
        """Restore one plate, into the first folder where no take of something else lies."""
        for attempt in range(1, _MOST_OUTPUTS + 1):
            submit = wish.submit
            if wish.moves:
                submit = moved(submit, self._root, self._roots, self._name, attempt=attempt)
            told.update(_of(wish, submit))
            last = attempt == _MOST_OUTPUTS or not wish.moves
            try:
                finished = yield from self._followed(submit)
            except TakeConflict:
                if last:
                    raise
                continue
            if last or not any(error.code == FrameChanged.code for error in finished.errors):
                told.update(_result(finished))
                return

    def _followed(self, submit: Submit) -> Generator[bool, None, Finished]:
        """Ask for a job and hear it to its end; the generator's value is the last word."""
        self._job = job_id(submit)
        self._client.submit(submit)
        for event in self._client.events(self._job, pulse_s=self._pulse_s):
            if isinstance(event, Finished):
                return event
            if isinstance(event, Analysed):
                why = f"looking for faces: {event.done} of {event.total} frames"
                self.state = replace(self.state, why=why)
            elif isinstance(event, Progress):
                self.state = replace(self.state, why="", done=self._before + event.done)
            yield event is not None
        raise AssertionError("a job's events end with the last word")


def _of(wish: Wish, submit: Submit) -> dict[str, Any]:
    plate = submit.shot.plate
    return {
        "plate": plate.pattern if plate.single is None else plate.path(plate.single),
        "frames": str(submit.frames),
        "missing": wish.gaps,
        "output": submit.output,
    }


def _result(finished: Finished) -> dict[str, Any]:
    errors = [to_json(error) for error in finished.errors[:_MOST_ERRORS]]
    return {
        "take": finished.take,
        "delivered": finished.delivered,
        "bad": len(finished.errors),
        "errors": errors,
        "notes": list(finished.notes),
    }


def _ended(state: State) -> State:
    """Return how a drop stands when all its requests came to an end."""
    failed = [str(plate["error"]) for plate in state.plates if "error" in plate]
    bad = sum(plate.get("bad", 0) for plate in state.plates)
    if not failed and bad and not any(plate.get("delivered") for plate in state.plates):
        failed = [str(state.plates[0]["errors"][0]["message"])]
    if failed:
        return replace(state, state="failed", why=failed[0])
    gaps = ", ".join(plate["missing"] for plate in state.plates if plate["missing"])
    said = [f"frames that could not be restored: {bad}"] * bool(bad)
    said += [f"these frames are not there: {gaps}"] * bool(gaps)
    return replace(state, state="done", why="; ".join(said))
