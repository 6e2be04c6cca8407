"""Runs a bundle on this machine: several tasks at once, each slot with a session and engine.

Rules of this file:
    - Threads of slots run tasks; the agenda, and what is said, is one thread's at a time.
    - A task that fails is run again as often as is allowed; the others go on meanwhile.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.devices import VISIBLE, environment_of, seen_devices
from engine.dialects import DIALECTS, one_line
from engine.farm.agenda import Agenda
from engine.farm.slot import CANCELLED, Outcome, Slot
from plugin_host.errors import OutputError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.farm.agenda import Task
    from engine.farm.bundle import Bundle


def run_bundle(bundle: Bundle, logs: Path, *, slots: int | None, retries: int, dialect: str) -> int:
    """Run a job to its end; return the exit code of the command line.

    Args:
        bundle: The job.
        logs: Folder of each slot's log, made where it is not there.
        slots: How many tasks run at once; None for one for each GPU, else one.
        retries: How many times a task that failed is run again.
        dialect: A key of `DIALECTS`.

    Raises:
        SettingsError: The job needs a GPU for each slot, and there are fewer.
        OutputError: The logs cannot be written there.
    """
    environments = slot_environments(slots, needs_gpu=bundle.gpu)
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"no logs there: {error.strerror}", path=str(logs)) from None
    places = [
        Slot(f"slot{number}", bundle, environment, logs)
        for number, environment in enumerate(environments, 1)
    ]
    return _Run(bundle, places, retries, dialect).run()


def slot_environments(
    slots: int | None, *, needs_gpu: bool, environment: Mapping[str, str] = os.environ
) -> list[dict[str, str]]:
    """Return what each slot's processes find in their environment: where programs are, which GPU.

    Args:
        slots: How many; None for one for each GPU, else one.
        needs_gpu: Whether every slot must have a GPU of its own; else they take turns.
        environment: This process's; its CUDA_VISIBLE_DEVICES is respected.

    Raises:
        SettingsError: There are fewer GPUs than that needs.
    """
    gpus = len(seen_devices())
    count = slots or max(gpus, 1)
    if needs_gpu and count > gpus:
        raise SettingsError(
            f"{count} slots and {gpus} GPUs that can be used; every slot needs one of its own"
        )
    here = Path(sys.executable).parent
    found = {"PATH": os.pathsep.join([str(here), environment.get("PATH", os.defpath)])}
    made: list[dict[str, str]] = []
    for number in range(count):
        told = environment_of(f"cuda:{number % gpus}", environment) if gpus else environment
        made.append({**found, **({VISIBLE: told[VISIBLE]} if VISIBLE in told else {})})
    return made


class _Run:
    def __init__(self, bundle: Bundle, slots: Sequence[Slot], retries: int, dialect: str) -> None:
        self._agenda = Agenda(bundle.steps, retries)
        self._slots = slots
        self._dialect = DIALECTS[dialect]
        self._changed = threading.Condition()
        self._percent = -1
        self._cancelled = False

    def run(self) -> int:
        threads = [threading.Thread(target=self._work, args=(slot,)) for slot in self._slots]
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return self._summary()

    def _on_signal(self, _number: int, _frame: object) -> None:
        # Not here: what a signal interrupts may hold what this would wait for.
        threading.Thread(target=self._cancel).start()

    def _cancel(self) -> None:
        with self._changed:
            self._cancelled = True
            self._say("cancelling: frames that are done are kept")
            self._changed.notify_all()
        for slot in self._slots:
            slot.cancel()

    def _work(self, slot: Slot) -> None:
        try:
            while (task := self._next()) is not None:
                with self._changed:
                    self._say(f"{task}: begins in {slot.name}")
                outcome = self._run(slot, task)
                with self._changed:
                    self._ended(task, slot, outcome)
                    self._changed.notify_all()
        finally:
            slot.dispose()

    def _run(self, slot: Slot, task: Task) -> Outcome:
        try:
            return slot.run(task, lambda percent: self._heard(task, percent))
        except Exception as error:  # one slot's mishap must not leave the others waiting
            logging.getLogger("faceplate.farm").exception("not foreseen")
            with suppress(RuntimeError):
                slot.close()
            return Outcome(5, f"{type(error).__name__}: {error}")

    def _next(self) -> Task | None:
        with self._changed:
            while not self._cancelled:
                task = self._agenda.take()
                if task is not None or self._agenda.over:
                    return task
                self._changed.wait()
        return None

    def _heard(self, task: Task, percent: float) -> None:
        with self._changed:
            self._agenda.heard(task, percent)
            self._progress()

    def _ended(self, task: Task, slot: Slot, outcome: Outcome) -> None:
        if outcome == CANCELLED:
            self._say(f"{task}: cancelled")
        elif outcome.code == 0:
            self._agenda.succeeded(task)
            self._say(f"{task}: done")
            self._progress()
        else:
            again = self._agenda.failed(task, outcome.code)
            what = "failed, and is run again" if again else "failed"
            self._say(f"{task}: {what}: {outcome.why} (exit code {outcome.code}; {slot.log})")

    def _progress(self) -> None:
        percent = self._agenda.percent
        if percent > self._percent:  # a task that is run again begins anew
            self._percent = percent
            self._say(self._dialect.progress.format(percent))

    def _summary(self) -> int:
        codes = self._agenda.codes
        if self._cancelled:
            self._say("cancelled")
            return CANCELLED.code
        if self._agenda.complete:
            return 0
        words = f"failed: {', '.join(map(str, codes))}"
        if self._agenda.left_out:
            words += f"; not run: {', '.join(self._agenda.left_out)}"
        self._say(words)
        if self._dialect.failure:
            self._say(self._dialect.failure.format(words))
        return max(codes.values()) if codes and max(codes.values()) in range(1, 6) else 5

    def _say(self, text: str) -> None:
        print(one_line(text), flush=True)  # noqa: T201 - what the command is for
