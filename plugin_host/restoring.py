"""Restoring what a host selected, the same for every host: asked for, followed, proven, placed.

    restore       waits for the end
    submit_only   leaves a note of the job; `collect` takes the result from there, in any process

Rules of this file:
    - Nothing is placed before it is proven. A bad frame does not lose the others: they are placed,
      and `Result.finished.errors` tells of it.
    - The host is called from the thread that calls in here, and from no other.
    - A cancelled job's frames are kept, and the same request goes on from there.
    - A take that is something else's, or whose plate has changed, makes room: the next version.
    - Errors and results name files as the host calls them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Sequence

from plugin_host.delivered import identity, take_folder
from plugin_host.errors import (
    FaceplateError,
    FrameChanged,
    FrameError,
    JobCancelled,
    RequestRefused,
    RestorerFailed,
    TakeConflict,
)
from plugin_host.following import as_long_as_wanted, cancelled, on_disk, proven, to_its_end
from plugin_host.job_note import JobNote, held, notes, read_note
from plugin_host.order import Order
from plugin_host.protocol import check_submit, job_id
from plugin_host.requests import Submit
from plugin_host.travel import send
from plugin_host.versions import DEFAULT, choose

if TYPE_CHECKING:
    from plugin_host.client import EngineClient
    from plugin_host.host import Host, Progress, Result, Selection
    from plugin_host.replies import Finished, JobText
    from plugin_host.requests import Settings

ENOUGH_S = 10.0  # for a job that has nothing left to do to say so
MOST_TRIED = 100  # takes of something else
MOST_CHANGED = 3  # plates that change again and again
MOST_TOLD = 1000  # jobs that an engine remembers
OPEN = ("queued", "running")


def restore(
    host: Host,
    client: EngineClient,
    selection: Selection,
    settings: Settings,
    output_template: str = DEFAULT,
    *,
    place: bool = True,
    **how: Any,
) -> Result:
    """Restore a selection, and wait.

    Args:
        host: Where it was selected; shows progress and says whether to cancel.
        client: A session with the engine.
        selection: What; its paths are the host's.
        settings: How; likewise.
        output_template: Where to; see `versions`.
        place: Whether the host is handed the result; else only the caller is.
        how: ``path_map``, ``on_error``, ``urgent``, ``shared``, ``forget`` and ``proof``, as
            `order.Order.of` takes them.

    Raises:
        JobCancelled: The user asked for it; says what is kept.
        FrameMissing, FrameCorrupt: What was delivered is not what its receipts say.
        FaceplateError: The engine refused or failed.
    """
    order = Order.of(host.name, selection, settings, output_template, **how)
    with host.show_progress(f"Restoring {selection.name}") as progress:
        result = _restored(client, order, progress)
    if place:
        host.place_result(result)
    return result


def submit_only(
    host: Host,
    client: EngineClient,
    selection: Selection,
    settings: Settings,
    output_template: str = DEFAULT,
    *,
    folder: str = "",
    **how: Any,
) -> JobNote:
    """Ask for a selection and leave; `collect` takes its result from the note that is returned.

    Args:
        host: Where it was selected; shows progress while frames travel.
        client: A session with the engine.
        selection: What; its paths are the host's.
        settings: How; likewise.
        output_template: Where to; see `versions`.
        folder: Of the note; empty for the user's own.
        how: As for `restore`.

    Raises:
        OutputError: The note cannot be written; nothing was submitted.
        FaceplateError: The engine refused; there is no note.
    """
    order = Order.of(host.name, selection, settings, output_template, **how)
    with host.show_progress(f"Submitting {selection.name}") as progress:
        note = noted(client, order, progress)
        _submit_noted(client, note, folder)
    return note


def collect(
    host: Host,
    client: EngineClient,
    note: JobNote,
    *,
    folder: str = "",
    wait: bool = False,
    place: bool = True,
) -> Result | None:
    """Return the result of a noted job and forget the note; None while it is not finished.

    A job that the engine knows no more, since it was started anew, goes on.

    Args:
        host: Where the result is placed.
        client: A session with the engine.
        note: Of `submit_only` or `job_note.notes`.
        folder: Of the note.
        wait: Whether to wait for the end; a cancel ends the waiting alone.
        place: Whether the host is handed the result.

    Raises:
        UnknownJob: It was collected already.
        RequestRefused: Another process collects it at this moment.
        JobCancelled: It was; the note is forgotten, the frames are kept.
        FrameMissing, FrameCorrupt: What was delivered is not what its receipts say; the note stays.
        FaceplateError: The job failed, and the note is forgotten; or the engine is out of reach.
    """
    with held(note.file(folder)):
        note = read_note(note.file(folder))
        with host.show_progress(f"Collecting {note.order.name}") as progress:
            ended = _ended(client, note, progress, folder, wait=wait)
            if ended is None:
                return None
            result = proven(client, *ended, progress)
        if place:
            host.place_result(result)
        note.discard(folder)
    return result


def standings(client: EngineClient, noted: Sequence[JobNote]) -> list[JobText | None]:
    """Return how the engine's jobs of these notes stand; None for one that it does not know."""
    jobs = {job.job: job for job in client.status(most=MOST_TOLD).jobs}
    return [jobs.get(note.job) for note in noted]


def _restored(client: EngineClient, order: Order, progress: Progress) -> Result:
    while True:
        note = noted(client, order, progress)
        try:
            return proven(client, note, to_its_end(client, note, progress), progress)
        except (TakeConflict, FrameChanged) as error:
            order = _next(note, error)


# from an order to a job


def noted(client: EngineClient, order: Order, progress: Progress) -> JobNote:
    """Choose where the order goes, and say it in the engine's paths; nothing is submitted.

    Raises:
        FaceplateError: The order is none that an engine takes, or its frames cannot be sent.
    """
    asked = Submit(order.shot, order.frames, order.settings, "", order.on_error, order.urgent)
    if not client.release:
        client.hello()
    told = order.paths.submit_to_engine(asked) if order.shared else asked
    wanted = {**identity(told.shot, told.settings), "release": client.release}
    output = choose(
        order.template, order.selection, wanted, tried=order.tried, promised=_promised(order)
    )
    asked = replace(asked, output=output.folder)
    check_submit(asked)
    if order.shared:
        submit = order.paths.submit_to_engine(asked)
    else:
        submit = send(client, asked, partial(_sent, progress))
        check_submit(submit)
    return JobNote(order, output.folder, output.version, submit, job_id(submit))


def _promised(order: Order) -> set[str]:
    """Return the takes of jobs that were left, and may have to begin yet, for something else."""
    left = (note for note in notes() if not note.order.shares_take_with(order))
    return {take_folder(note.folder, note.order.shot.plate) for note in left}


def _sent(progress: Progress, done: int, total: int) -> None:
    progress.say(done, total, "sending frames")
    if progress.cancelled():
        raise JobCancelled("cancelled while frames were sent; nothing was submitted")


def _next(note: JobNote, error: FaceplateError) -> Order:
    """Return the order with this version tried; raise where there is no other."""
    tried = (*note.order.tried, note.version)
    most = MOST_CHANGED if isinstance(error, FrameChanged) else MOST_TRIED
    if not note.version or len(tried) >= most:
        hint = "" if note.version else "; with {version} in the output it goes into the next"
        raise type(error)(error.message + hint, frame=error.frame, path=error.path) from None
    return replace(note.order, tried=tried)


def _submit_noted(client: EngineClient, note: JobNote, folder: str) -> None:
    """Note first, so that no job is lost whatever happens between."""
    known = note in notes(folder=folder)
    note.write(folder)
    try:
        _submit(client, note)
    except FaceplateError:
        if not known:
            note.discard(folder)
        raise


def _submit(client: EngineClient, note: JobNote) -> None:
    try:
        client.submit(note.submit)
    except FaceplateError as error:
        raise note.order.paths.error_to_host(error) from None


def _ended(
    client: EngineClient, note: JobNote, progress: Progress, folder: str, *, wait: bool
) -> tuple[JobNote, Finished] | None:
    """Return a noted job's last word; None where it is still to come."""
    standing = standings(client, [note])[0]
    state = "" if standing is None else standing.state
    asked = note
    try:
        if standing is not None and state == "cancelled":
            raise cancelled(note, standing.done)
        if state in OPEN and not wait:
            return None
        finished = on_disk(note) if state == "finished" else None
        if finished is not None:
            return note, finished
        if state in ("finished", "failed"):  # it need not wait behind others to say so again
            asked = _urgent(note)
        stay_s = None if wait or state == "finished" else ENOUGH_S
        finished = as_long_as_wanted(client, asked, progress, stay_s)
    except (TakeConflict, FrameChanged) as error:
        _submit_noted(client, noted(client, _next(note, error), progress), folder)
        note.discard(folder)
        return None
    except (RequestRefused, RestorerFailed, FrameError, JobCancelled):
        note.discard(folder)
        raise
    return None if finished is None else (asked, finished)


def _urgent(note: JobNote) -> JobNote:
    submit = replace(note.submit, urgent=True)
    return replace(note, submit=submit, job=job_id(submit))
