"""Clips to shots: which frames of which media are restored, and in which folder.

Rules of this file:
    - A clip is a shot, and a shot has no cut inside. Clips that show the same frames of the same
      media are one shot, restored once. Clips whose frames overlap otherwise are shots of their
      own: a shot's bits follow from its range, and joining them would let each trim of one clip
      change what was delivered for the other.
    - Handles are delivered, so that the cut can be trimmed: as many as the media has.
    - A folder's name follows from the media and the range alone, so that another version of the cut
      finds what was restored for this one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.timeline.lookup import find
from engine.timeline.spans import Span
from plugin_host.errors import FaceplateError
from plugin_host.frame_range import FrameRange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from engine.timeline.lookup import Found
    from engine.timeline.media import Library
    from engine.timeline.walking import Edit
    from plugin_host.plate import Plate

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_MOST_STEM = 80  # characters of a folder's name


@dataclass(frozen=True, slots=True)
class CutShot:
    """What is restored as one.

    Attributes:
        plate: The media.
        frames: All that is delivered, handles included.
        folder: Where to, below the output.
    """

    plate: Plate
    frames: FrameRange
    folder: str


@dataclass(frozen=True, slots=True)
class Planned:
    """One clip and what becomes of it.

    Attributes:
        edit: The clip.
        shot: What is restored for it; None where nothing is.
        found: Its media.
        problem: Why it cannot be restored; empty for nothing.
        notes: What a person should know.
    """

    edit: Edit
    shot: CutShot | None = None
    found: Found | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()


def plan(
    edits: Sequence[Edit],
    library: Library,
    base: Path,
    *,
    here: Callable[[str], str] = str,
    handles: int = 0,
    colourspace: str | None = None,
) -> list[Planned]:
    """Return what becomes of each clip.

    Args:
        edits: The cut's clips.
        library: Where to look for their media.
        base: The folder that relative paths are from.
        here: What this machine calls a path of another.
        handles: Frames to deliver before and after what a clip shows, where the media has them.
        colourspace: Of all media; None for what each says of itself.
    """
    planned: list[Planned] = []
    for edit in edits:
        if edit.left or edit.problem:
            planned.append(Planned(edit, problem="" if edit.left else edit.problem))
            continue
        try:
            found = find(edit, library, base, here)
            planned.append(_planned(edit, found, handles, colourspace))
        except FaceplateError as error:
            planned.append(Planned(edit, problem=str(error)))
    return _told_apart(planned)


def _planned(edit: Edit, found: Found, handles: int, colourspace: str | None) -> Planned:
    assert edit.shown is not None
    whole, there = edit.shown.whole, found.media.frames
    first, last = whole.first + found.offset, whole.last + found.offset
    notes = [found.note] if found.note else []
    if first < there.first or last > there.last:
        notes.append(f"its transitions show {first}-{last}, the media has {there}")
    first = max(there.first, first - handles)
    last = min(there.last, last + handles)
    plate = found.media.plate._replace(colourspace=colourspace)
    shot = CutShot(plate, FrameRange.between(first, last), _folder(plate, first, last))
    return Planned(edit, shot, found, notes=tuple(notes))


def _folder(plate: Plate, first: int, last: int) -> str:
    stem = _ODD.sub("_", plate.stem).strip("._")[:_MOST_STEM] or "shot"
    return f"{stem}_{first}-{last}"


def _told_apart(planned: list[Planned]) -> list[Planned]:
    """Give shots of media that are called alike folders of their own."""
    media: dict[str, set[str]] = {}
    for one in planned:
        if one.shot:
            media.setdefault(one.shot.folder.lower(), set()).add(one.shot.plate.pattern)
    return [one if one.shot is None else _apart(one, one.shot, media) for one in planned]


def _apart(one: Planned, shot: CutShot, media: dict[str, set[str]]) -> Planned:
    if len(media[shot.folder.lower()]) == 1:
        return one
    mark = hashlib.sha256(shot.plate.pattern.encode()).hexdigest()[:8]
    own = CutShot(shot.plate, shot.frames, f"{shot.folder}_{mark}")
    return Planned(one.edit, own, one.found, notes=one.notes)


def shots_of(planned: Sequence[Planned]) -> list[CutShot]:
    """Return the shots, each once, in the order in which the cut first shows them."""
    return list(dict.fromkeys(one.shot for one in planned if one.shot is not None))


def delivered_span(one: Planned) -> Span:
    """Return what the restored media of a clip holds, in the source's own time."""
    assert one.shot is not None
    assert one.found is not None
    assert one.edit.shown is not None
    first = one.shot.frames.first - one.found.offset
    return Span(Fraction(first), Fraction(len(one.shot.frames)), one.edit.shown.core.rate)
