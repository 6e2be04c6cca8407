"""A job that a host asked for: followed to its end, shown, cancelled when asked, and proven.

Rules of this file:
    - The host's progress is called from the thread that calls in here, and from no other.
    - Errors and results name files as the host calls them.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable, Iterator

from plugin_host.delivered import (
    FORGOTTEN,
    delivered_plate,
    identity,
    read_manifest,
    read_receipt,
    receipt_path,
    take_folder,
    write_like,
)
from plugin_host.errors import (
    FaceplateError,
    FrameError,
    JobCancelled,
    OutputError,
    UnknownJob,
    from_code,
)
from plugin_host.host import Result
from plugin_host.proof import download, verify
from plugin_host.replies import Analysed, Finished, Progress
from plugin_host.travel import shelf_of

if TYPE_CHECKING:
    from plugin_host import host
    from plugin_host.client import EngineClient
    from plugin_host.job_note import JobNote

PULSE_S = 0.25  # until a cancel is heard of
ENDING_S = 60.0  # for a cancelled job to end; afterwards nobody waits for it
MADE = ("restored", "no face", "source")  # statuses of frames that were not there already
ATTEMPTS = 3  # to fetch from an engine that is started anew each time
STAYS = (
    "its files stay with the engine until nobody has used them for 14 days; restore with *forget* "
    "to take them away"
)


def to_its_end(client: EngineClient, note: JobNote, progress: host.Progress) -> Finished:
    """Follow a job; cancel it where the user asks for that.

    Raises:
        JobCancelled: It was; says how many frames are kept.
        FaceplateError: The engine refused or failed.
    """
    told, kept = 0.0, 0
    try:
        for event in _heard(client, note, progress):
            if isinstance(event, Finished):
                return event
            kept += isinstance(event, Progress) and event.status != "failed"
            if not told and progress.cancelled():
                told = time.monotonic()
                client.cancel(note.job)
            if told and time.monotonic() - told > ENDING_S:
                break
    except JobCancelled:
        pass
    except UnknownJob:  # to an engine that was started anew just now
        if not told:
            raise
    raise cancelled(note, kept)


def as_long_as_wanted(
    client: EngineClient, note: JobNote, progress: host.Progress, stay_s: float | None
) -> Finished | None:
    """Follow a job; None where it is no longer waited for. The job goes on.

    Args:
        client: A session with the engine.
        note: The job.
        progress: Shows it; where it is cancelled, the waiting ends.
        stay_s: Seconds to wait, and only as long as nothing is made anew; None to wait for the end.

    Raises:
        FaceplateError: It was cancelled, refused, or failed.
    """
    begun = time.monotonic()
    for event in _heard(client, note, progress):
        if isinstance(event, Finished):
            return event
        made = isinstance(event, Analysed) or getattr(event, "status", "kept") in MADE
        late = stay_s is not None and (made or time.monotonic() - begun > stay_s)
        if late or progress.cancelled():
            break
    return None


def cancelled(note: JobNote, kept: int) -> JobCancelled:
    """Return what is said of a cancelled job."""
    what = f"cancelled; {kept} of {len(note.order.frames)} frames are kept"
    return JobCancelled(f"{what}, and the same request goes on from there", path=note.folder)


def _heard(client: EngineClient, note: JobNote, progress: host.Progress) -> Iterator[Any]:
    """Submit, show what happens, and yield it: None now and then, `Finished` last."""
    paths = note.order.paths
    try:
        client.submit(note.submit)
        for event in client.events(note.job, pulse_s=PULSE_S):
            if isinstance(event, Analysed):
                progress.say(event.done, event.total, "looking through the shot")
            elif isinstance(event, Progress):
                if not note.order.shared and event.status in MADE:
                    _drop(note, event.frame)
                what = event.message or event.status
                progress.say(event.done, event.total, f"frame {event.frame}: {what}")
            yield paths.event_to_host(event)
    except FaceplateError as error:
        raise paths.error_to_host(error) from None


def _drop(note: JobNote, frame: int) -> None:
    """Take the proof from a frame that was fetched before and is made anew: it is another."""
    take = take_folder(note.folder, note.order.shot.plate)
    with contextlib.suppress(OSError):
        os.unlink(receipt_path(take, frame))


def on_disk(note: JobNote) -> Finished | None:
    """Return the last word of a finished job whose every frame has a receipt to be seen here."""
    take = take_folder(note.folder, note.order.shot.plate)
    manifest = read_manifest(take) or {}
    if not note.order.shared and not manifest.get(FORGOTTEN):
        return None
    receipts = [read_receipt(take, frame) for frame in note.order.frames]
    statuses = [receipt.status for receipt in receipts if receipt is not None]
    if len(statuses) < len(receipts) or "source" in statuses:  # why, the engine says
        return None
    notes = tuple(str(text) for text in manifest.get("notes", []))
    return Finished(note.job, take, len(statuses), statuses.count("no face"), {}, (), notes)


def proven(
    client: EngineClient, note: JobNote, finished: Finished, progress: host.Progress
) -> Result:
    """Return the result of a finished job once it is proven; fetched first where it must be.

    Raises:
        FrameMissing, FrameCorrupt: What was delivered is not what its receipts say.
        FrameError: The job stopped at a bad frame, as its policy says, or none was delivered.
        JobCancelled: The user waits no more; all frames are kept.
        OutputError: Fetched frames cannot be written here.
    """
    order, total = note.order, len(note.order.frames)
    if order.on_error == "stop" and finished.errors:
        first = finished.errors[0]
        raise from_code(first.code, first.message, frame=first.frame, path=first.path)
    delivered = delivered_plate(note.folder, order.shot.plate)
    take = take_folder(note.folder, order.shot.plate)

    def heard(what: str, done: int) -> None:
        progress.say(done, total, what)
        if progress.cancelled():
            raise cancelled(note, finished.delivered)

    if not order.shared:
        _fetch(client, note, finished, progress, lambda done: heard("fetching", done))
        finished = replace(finished, take=take)
    frames = verify(
        delivered,
        take,
        order.frames,
        finished.errors,
        proof=order.proof,
        heard=lambda done: heard("verifying", done),
    )
    if not order.shared:
        finished = replace(finished, notes=(*finished.notes, *_left_there(client, note)))
    return Result(order.selection, note.submit, delivered, frames, take, finished)


def _left_there(client: EngineClient, note: JobNote) -> tuple[str, ...]:
    """Have the engine forget what travelled, if that was asked for; return what is to be said."""
    if not note.order.forget:
        return (STAYS,)
    take = take_folder(note.folder, note.order.shot.plate)
    try:
        write_like(take, "manifest.json", {**(read_manifest(take) or {}), FORGOTTEN: True})
        client.discard(shelf_of(replace(note.submit, shot=note.order.shot)))
    except OSError as error:
        raise OutputError(f"cannot write there: {error.strerror}", path=take) from None
    except FaceplateError as error:
        return (f"its files are still with the engine: {error.message}",)
    return ()


def _fetch(
    client: EngineClient,
    note: JobNote,
    finished: Finished,
    progress: host.Progress,
    heard: Callable[[int], None],
) -> None:
    """Bring a job's frames here, with a manifest that `versions` knows the take by."""
    order, told = note.order, {error.frame for error in finished.errors}
    delivered = delivered_plate(note.folder, order.shot.plate)
    take = take_folder(note.folder, order.shot.plate)
    manifest = {**identity(order.shot, order.settings), "release": client.release}
    try:
        write_like(take, "manifest.json", {**manifest, "notes": list(finished.notes)})
    except OSError as error:
        raise OutputError(f"cannot write there: {error.strerror}", path=take) from None
    sure = [frame for frame in order.frames if frame not in told]
    for attempt in range(ATTEMPTS):
        try:
            download(client, note.job, delivered, take, sure, heard=heard)
            for frame in sorted(told):
                with contextlib.suppress(FrameError):  # the plate's own, where they stand in
                    download(client, note.job, delivered, take, [frame])
            break
        except UnknownJob:
            if attempt == ATTEMPTS - 1:
                raise
            to_its_end(client, note, progress)
