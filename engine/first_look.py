"""The analysis of a shot: made at the first request, kept in the take for all others."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.analysis import ShotAnalysis, analyse_shot, changed
from engine.frame_io.plates import digest_of, frames_of
from engine.guides import check_faces
from engine.regular import read_regular
from plugin_host.errors import FrameChanged, FrameError, FrameMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.take import Receipt, Take
    from plugin_host.plate import Plate
    from plugin_host.requests import Submit


def analysis_for(take: Take, submit: Submit, heard: Callable[[int], None]) -> ShotAnalysis:
    """Return what the take keeps, or look through the shot and keep it.

    Args:
        take: The take.
        submit: Names the shot.
        heard: Called after each frame with how many were looked at; may raise to end it.

    Raises:
        PlateError: The plate has no frames.
        SettingsError: The request speaks of a face that the shot does not have.
        ColourspaceError: Its colourspace is unknown or unnamed.
        WeightsError: The detector is no YuNet.
        FrameMissing: It vanished meanwhile.
        TakeConflict: Another take was begun there meanwhile.
        FrameWriteFailed: The analysis cannot be kept.
    """
    stored = _stored(take)
    if stored is not None:
        return stored
    plate = submit.shot.plate
    frames_of(plate)
    settings = submit.settings
    analysis = analyse_shot(
        submit.shot,
        find_faces=not settings.whole_frame,
        detector=settings.detector,
        heard=heard,
    )
    if not analysis.frames:  # it is looked through again, once there are frames
        return analysis
    _check_still_there(analysis, plate)
    check_faces(settings, analysis.faces.tracks)
    take.store_analysis(analysis.to_json())
    return _stored(take) or analysis  # another engine may have been first


def _stored(take: Take) -> ShotAnalysis | None:
    stored = take.analysis()
    if stored is None:
        return None
    # What cannot be read back counts as not there.
    with suppress(AttributeError, LookupError, OverflowError, TypeError, ValueError):
        return ShotAnalysis.from_json(stored)
    take.forget_analysis()
    return None


def _check_still_there(analysis: ShotAnalysis, plate: Plate) -> None:
    """Make sure that frames are missing for themselves, not because the plate's disk is gone."""
    frame = analysis.frames[0]
    path = plate.path(frame)
    if analysis.bad and not Path(path).exists():
        raise FrameMissing(
            "the plate vanished while it was looked through: was a disk unmounted? Nothing of it "
            "was kept; ask again when it is back",
            frame=frame,
            path=path,
        )


def changed_since(
    take: Take, submit: Submit, analysis: ShotAnalysis, frame: int
) -> FrameChanged | None:
    """Return the error of a delivered frame whose plate is another one now; None where it is not.

    To look at all of a plate would take as long as to restore it. So, unless the request asks to
    verify, a frame is looked at that was written after its receipt, and the first and the last
    asked for: they tell another plate of the same name.
    """
    plate, asked, known = submit.shot.plate, submit.frames, analysis.sources.get(frame)
    try:
        if known and (
            submit.redo == "differing"
            or frame in (asked.first, asked.last)
            or os.stat(plate.path(frame)).st_mtime > take.delivered_at(frame)  # noqa: PTH116 - text
        ):
            return None if digest_of(plate, frame) == known else changed(plate, frame)
    except (OSError, FrameError):
        pass  # it is gone, and what was made of it is not
    return None


def differs(path: Path, receipt: Receipt) -> bool:
    """Whether a delivered file holds anything else than its receipt says."""
    try:
        return hashlib.sha256(read_regular(path)).hexdigest() != receipt.sha256
    except OSError:
        return True


def summary(analysis: ShotAnalysis) -> str:
    """Return in a few words what was found."""
    found = analysis.faces
    return (
        f"{len(analysis.frames)} usable frames and {len(analysis.bad)} others, "
        f"{len(found.tracks)} faces, {len(found.cuts)} cuts"
    )
