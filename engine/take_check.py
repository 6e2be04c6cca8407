"""Every receipt of a take held against the files: what is delivered is what was written.

A frame is right where its receipt can be read, its file is as long as that says and has its
sha256, and the plate's frame, where the plate is there, is the one that it was made from.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.first_look import changed, differs
from engine.frame_io.plates import digest_of
from engine.receipt import read_receipt, receipt_path
from engine.seams import seams_of
from plugin_host.errors import (
    FaceplateError,
    FrameCorrupt,
    FrameError,
    FrameMissing,
    from_code,
)
from plugin_host.replies import Finished, FrameErrorText, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.receipt import Receipt
    from engine.seams import Seam
    from engine.stored_take import StoredTake
    from plugin_host.frame_range import FrameRange
    from plugin_host.plate import Plate

THREADS = 4  # they read and hash, and mostly wait for a disk


def check_take(
    take: StoredTake, frames: FrameRange, plate: Plate, emit: Callable[[Progress], None]
) -> Finished:
    """Look at every frame that should be there, and measure the seams that are left.

    Args:
        take: The take.
        frames: Which frames should be there.
        plate: What they were made from; its frames need not be there.
        emit: Called for each frame, in order.

    Returns:
        How many are right, with the errors of the others.
    """
    begun, errors, faceless = time.monotonic(), list[FrameErrorText](), 0
    unseen = 0  # frames whose plate is not there
    with ThreadPoolExecutor(THREADS) as pool:
        looked = pool.map(partial(_look, take, plate), frames)
        for done, (frame, (receipt, error, seen)) in enumerate(zip(frames, looked, strict=True), 1):
            told = (take.id, done, len(frames), frame)
            if error is None:
                assert receipt is not None
                faceless += receipt.status == "no face"
                unseen += not seen
                emit(Progress(*told, receipt.status, str(take.path(receipt)), None, None))
            else:
                errors.append(FrameErrorText(frame, error.code, error.message, error.path))
                emit(Progress(*told, "failed", error.path, error.code, error.message))
    measured, notes = _measured(take)
    notes += [str(seam) for seam in measured]
    if unseen:
        notes.append(f"the plate of {unseen} frames is not there to be compared: {plate.pattern}")
    milliseconds = {"total": round(1000 * (time.monotonic() - begun))}
    right = len(frames) - len(errors)
    folder, last = str(take.folder), (tuple(errors), tuple(notes))
    return Finished(take.id, folder, right, faceless, milliseconds, *last)


def _look(
    take: StoredTake, plate: Plate, frame: int
) -> tuple[Receipt | None, FrameError | None, bool]:
    """Return a frame's receipt, what is wrong, and whether the plate's frame was there."""
    receipt = read_receipt(take.folder, frame)
    try:
        if receipt is None:
            raise _undelivered(take, frame)
        path = take.path(receipt)
        if not path.exists():
            raise FrameMissing("it was delivered and is not there", frame=frame, path=str(path))
        if differs(path, receipt):
            what = "it is not the file that its receipt names; restore it with --verify"
            raise FrameCorrupt(what, frame=frame, path=str(path))
        return receipt, None, _has_source(plate, frame, receipt)
    except FrameError as error:
        return receipt, error, False


def _undelivered(take: StoredTake, frame: int) -> FrameError:
    path = Path(receipt_path(take.folder, frame))
    if path.exists():
        return FrameCorrupt("its receipt is damaged", frame=frame, path=str(path))
    code, why = take.bad.get(frame, ("frame.missing", "it is not delivered"))
    error = from_code(code, why, frame=frame, path=str(path))
    return error if isinstance(error, FrameError) else FrameError(why, frame=frame)


def _has_source(plate: Plate, frame: int, receipt: Receipt) -> bool:
    """Whether the frame that one was made from is there.

    Raises:
        FrameChanged: It is another one now.
    """
    try:
        same = digest_of(plate, frame) == receipt.source
    except (OSError, FaceplateError):
        return False
    if not same:
        raise changed(plate, frame)
    return True


def _measured(take: StoredTake) -> tuple[list[Seam], list[str]]:
    """Return the seams, those measured that could be; and why others could not."""
    seams = seams_of(take.folder)
    if all(seam.codes is not None for seam in seams):
        return seams, []
    from engine.late_seams import measure_late  # noqa: PLC0415 - the restorer loads only for them

    try:
        measure_late(take)
    except FaceplateError as error:
        return seams, [f"seams are not measured: {error}"]
    return seams_of(take.folder), []
