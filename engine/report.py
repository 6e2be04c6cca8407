"""What a run says: progress frame by frame, seconds stage by stage, and the final word."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.delivery import Delivered
from plugin_host.errors import FrameError
from plugin_host.protocol import sendable
from plugin_host.replies import Analysed, Finished, FrameErrorText, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from engine.take import Receipt, Take
    from plugin_host.requests import Submit

_log = logging.getLogger("faceplate.job")
_MOST_TEXT, _MOST_NOTES = 4096, 1024  # what `Finished` holds


class Report:
    """Gathers what happens in one run and tells it on; for several threads at once.

    Args:
        job: Name of the job.
        submit: The request.
        take: Where it goes.
        emit: Called for each frame that is done.
    """

    def __init__(
        self, job: str, submit: Submit, take: Take, emit: Callable[[Analysed | Progress], None]
    ) -> None:
        self._job, self._submit, self._take, self._emit = job, submit, take, emit
        self._done = self._delivered = self._faceless = 0
        self._looked_through = len(submit.shot.all_frames)
        self._errors: list[FrameErrorText] = []
        self._notes: list[str] = []
        self._seconds: dict[str, float] = {}
        self._lock = threading.RLock()
        self._begun = time.monotonic()
        frames, plate, restorer = submit.frames, submit.shot.plate, submit.settings.restorer
        _log.info("frames %s of %s, %s", frames, plate.pattern, restorer)

    @property
    def stopped(self) -> bool:
        """Whether the policy asks to stop at the errors so far."""
        return bool(self._errors) and self._submit.on_error == "stop"

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Count the wall time of the block for a stage; stages of several threads overlap."""
        begun = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._seconds[name] = self._seconds.get(name, 0.0) + time.monotonic() - begun

    def note(self, text: str) -> None:
        """Take up a sentence for the manifest and the final word, as long as that can hold it."""
        text = sendable(text, _MOST_TEXT)
        with self._lock:
            if text and text not in self._notes and len(self._notes) < _MOST_NOTES:
                self._notes.append(text)
                _log.info("%s", text)

    def analysed(self, done: int) -> None:
        """So many frames of the shot were looked through."""
        self._emit(Analysed(self._job, done, self._looked_through))

    def kept(self, frame: int, receipt: Receipt, error: FrameError | None) -> None:
        """A frame lies in the output already."""
        path = self._take.frame_path(frame)
        self._count(Delivered(frame, receipt.status, path, receipt.note), "kept", error)

    def delivered(self, delivered: Delivered, error: FrameError | None = None) -> None:
        """A frame was delivered; with `error`, as the plate's own in place of a restored one."""
        self._count(delivered, delivered.status, error)

    def _count(self, delivered: Delivered, status: str, error: FrameError | None) -> None:
        with self._lock:
            self._faceless += delivered.status == "no face"
            self.note(delivered.note)
            self._delivered += 1
            self._tell(delivered.frame, status, str(delivered.path), error)

    def outcome(self, outcome: Delivered | FrameError) -> None:
        """A delivery came to its end."""
        if isinstance(outcome, FrameError):
            assert outcome.frame is not None
            self.failed(outcome.frame, outcome)
        else:
            self.delivered(outcome)

    def failed(self, frame: int, error: FrameError) -> None:
        """A frame could not be delivered."""
        with self._lock:
            self._tell(frame, "failed", error.path, error)

    def all_failed(self, errors: Iterable[FrameError | None]) -> None:
        """Not one frame of the shot is usable."""
        for error in errors:
            assert error is not None
            assert error.frame is not None
            self.failed(error.frame, error)

    def _tell(self, frame: int, status: str, path: str | None, error: FrameError | None) -> None:
        self._done += 1
        message = None if error is None else sendable(error.message, 4096)
        if error is not None and message is not None:
            where = None if error.path is None else sendable(error.path, 4096)
            self._errors.append(FrameErrorText(frame, error.code, message, where))
            _log.warning("%s [%s]", message, error.code, extra={"frame": frame})
        self._emit(
            Progress(
                self._job,
                self._done,
                len(self._submit.frames),
                frame,
                status,
                None if path is None else sendable(path, 4096),
                error.code if error else None,
                message,
            )
        )

    def finished(self, *done: str) -> Finished:
        """Return the final word and leave the notes in the manifest.

        Args:
            done: Sentences for the final word alone.
        """
        if self._delivered and self._faceless == self._delivered:
            what = "none of the picked faces" if self._submit.settings.faces else "no face"
            self.note(f"{what} was found in the asked frames; they are delivered unchanged")
        if self.stopped:
            self.note("stopped because of a bad frame, as --on-error stop says")
        self._take.add_notes(self._notes)
        seconds = {**self._seconds, "total": time.monotonic() - self._begun}
        errors = len(self._errors)
        _log.info("%d delivered, %d errors, %.1f s", self._delivered, errors, seconds["total"])
        return Finished(
            self._job,
            str(self._take.folder),
            self._delivered,
            self._faceless,
            {name: round(value * 1000) for name, value in seconds.items()},
            tuple(self._errors),
            (*self._notes[: _MOST_NOTES - len(done)], *done),
        )
