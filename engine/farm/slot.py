"""One place where tasks run, one after the other: a session of Open Job Description.

Rules of this file:
    - openjd-sessions reads a task's output through its logger: that stays at INFO, whatever else
      is logged, and goes to a file.
    - A session that failed can only end. The next task gets a fresh one, with a fresh engine.
    - What runs is told to stop, and waited for, before anything is left.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from openjd.model import RevisionExtensions, SpecificationRevision
from openjd.sessions import LOG, ActionState, ActionStatus, Session, SessionState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine.farm.agenda import Task
    from engine.farm.bundle import Bundle

_ENDED = (ActionState.SUCCESS, ActionState.FAILED, ActionState.CANCELED, ActionState.TIMEOUT)
_EXTENSIONS = ["TASK_CHUNKING"]
LOG.setLevel(logging.INFO)
LOG.propagate = False


class Outcome(NamedTuple):
    """How a task ended: its exit code, 0 for well, and why it failed."""

    code: int
    why: str = ""


CANCELLED = Outcome(4, "cancelled")


class Slot:
    """Runs tasks.

    Args:
        name: What its log is called, without the ending.
        bundle: The job.
        environment: Variables of its processes besides this one's.
        logs: Folder of the log.
    """

    def __init__(
        self, name: str, bundle: Bundle, environment: Mapping[str, str], logs: Path
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._bundle, self._environment = bundle, dict(environment)
        self._session: Session | None = None
        self._ended = threading.Event()
        self._status = ActionStatus(ActionState.RUNNING)
        self._heard: Callable[[float], None] | None = None
        self._cancelled = False
        self._handler = logging.FileHandler(self.log, "a", "utf-8", delay=True)
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self._handler.addFilter(self._is_ours)
        LOG.addHandler(self._handler)

    def run(self, task: Task, heard: Callable[[float], None]) -> Outcome:
        """Run a task to its end.

        Args:
            task: What it is holds its step and its parameters.
            heard: Called with each percentage that it tells of; on another thread.
        """
        step, parameters = task.what
        outcome = self._enter()
        if outcome.code == 0:
            self._heard = heard
            session = self._session
            assert session is not None
            outcome = self._act(
                lambda: session.run_task(
                    step_script=step.script, task_parameter_values=parameters, step_name=step.name
                )
            )
            self._heard = None
        if outcome.code:
            self.close()
        return outcome

    def cancel(self) -> None:
        """Stop what runs, and run nothing more; from any thread."""
        self._cancelled = True
        self._interrupt()

    def _interrupt(self) -> None:
        session = self._session
        if session is not None and session.state == SessionState.RUNNING:
            with suppress(RuntimeError):  # it ended at this moment
                session.cancel_action()

    def close(self) -> None:
        """End the session and its engine."""
        session, self._session = self._session, None
        if session is None:
            return
        for identifier in reversed(session.environments_entered):
            self._wait(lambda one=identifier: session.exit_environment(identifier=one))
        session.cleanup()

    def dispose(self) -> None:
        """End the session and the log."""
        self.close()
        LOG.removeHandler(self._handler)
        self._handler.close()

    def _enter(self) -> Outcome:
        if self._session is not None:
            return Outcome(0)
        session = self._session = Session(
            session_id=f"{self.name}-{uuid4().hex[:8]}",
            job_parameter_values=self._bundle.values,
            os_env_vars=self._environment,
            callback=self._on_action,
            revision_extensions=RevisionExtensions(
                spec_rev=SpecificationRevision.v2023_09, supported_extensions=_EXTENSIONS
            ),
        )
        for environment in self._bundle.job.jobEnvironments or ():
            outcome = self._act(lambda one=environment: session.enter_environment(environment=one))
            if outcome.code:
                return outcome
        return Outcome(0)

    def _act(self, begin: Callable[[], object]) -> Outcome:
        """Begin an action, unless nothing more is to be run, and wait for its end."""
        if self._cancelled:
            return CANCELLED
        return self._wait(begin, watched=True)

    def _wait(self, begin: Callable[[], object], *, watched: bool = False) -> Outcome:
        self._ended.clear()
        begin()
        if watched and self._cancelled:  # since it was looked at
            self._interrupt()
        self._ended.wait()
        status = self._status
        if watched and self._cancelled:
            return CANCELLED
        if status.state == ActionState.SUCCESS:
            return Outcome(0)
        if status.state == ActionState.TIMEOUT:
            return Outcome(5, "its time is up")
        return Outcome(status.exit_code or 5, status.fail_message or _why(status))

    def _on_action(self, _session: str, status: ActionStatus) -> None:
        heard = self._heard
        if heard is not None and status.progress is not None:
            heard(status.progress)
        if status.state in _ENDED:
            self._status = status
            self._ended.set()

    def _is_ours(self, record: logging.LogRecord) -> bool:
        return str(getattr(record, "session_id", "")).startswith(f"{self.name}-")


def _why(status: ActionStatus) -> str:
    code = status.exit_code or 0
    return f"ended by signal {-code}" if code < 0 else "it gave no reason"
