"""Which media a clip shows, and which frames of it.

    its own reference, if that is there
    -> the same file name below --media-root, the longest tail of the path first
    -> reel or tape: a name, the beginning of a name, a header, a folder
    -> the clip's name

Rules of this file:
    - At each step all that fit are candidates. Those whose timecode or frames do not hold what the
      clip shows are none. One left is the media; several are an error that names them: nothing is
      guessed.
    - A source's time is frames from a timecode of zero. What maps it to frame numbers is, in this
      order: what a reference says that is there; the media's own timecode; what the reference says
      of where its media begins; the frame numbers themselves, as hosts read a sequence without
      timecode; a movie without one begins at zero.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from engine.timeline.media import READ, Media, stem_of
from engine.timeline.spans import timecode_text
from plugin_host.errors import FaceplateError, TimelineError
from plugin_host.plate import MOVIES, Plate, is_absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.frame_io.timecode import Timecode
    from engine.timeline.media import Library
    from engine.timeline.walking import Edit

_MOST_NAMED = 5  # candidates in a message
_AMBIGUOUS = Fraction(1, 2)  # of a frame


@dataclass(frozen=True, slots=True)
class Found:
    """The media of a clip.

    Attributes:
        media: It.
        offset: Frame number less source time.
        how: What told which it is.
        drop: Whether its timecode is drop-frame, where that is known.
        note: What a person should know; empty for nothing.
    """

    media: Media
    offset: int
    how: str
    drop: bool = False
    note: str = ""


def find(edit: Edit, library: Library, base: Path, here: Callable[[str], str] = str) -> Found:
    """Return the media of a clip.

    Args:
        edit: The clip.
        library: Where to look.
        base: The folder that relative paths are from: the timeline's.
        here: What this machine calls a path of another.

    Raises:
        TimelineError: There is none, or several; the message says what was looked for and where.
    """
    assert edit.shown is not None
    for path in edit.names.paths:
        media = _there(here(path), base, whole=edit.shown.core.length > 1)
        if media is not None:
            return _mapped(edit, media, "its reference", told=True)
    near: list[str] = []
    looked: list[str] = []
    for what, look in _steps(edit, library):
        looked.append(what)
        fitting: list[Found] = []
        for media in look():
            try:
                fitting.append(_mapped(edit, media, what, told=False))
            except FaceplateError as error:
                near.append(f"{media}: {error.message}")
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise TimelineError(
                f"several media fit {what}: {_some([str(f.media) for f in fitting])}"
            )
    roots = ", ".join(str(root) for root in library.roots) or "no --media-root"
    if near:
        raise TimelineError(f"no media holds what it shows; in {roots}, {_some(near, '; ')}")
    raise TimelineError(f"no media found in {roots}; looked for {_some(looked) or 'no name'}")


def _there(path: str, base: Path, *, whole: bool) -> Media | None:
    """Return what lies at a path; of one picture of a sequence, the sequence."""
    if not path.lower().endswith(READ) or "\0" in path:
        return None
    try:
        plate = Plate.parse(path if is_absolute(path) else str(base / path))
        if plate.single is not None and plate.digits and whole:
            plate = plate._replace(single=None)
        media = Media(plate)
        media.frames  # noqa: B018 - raises where none is there
    except FaceplateError as error:
        if path.lower().endswith(MOVIES) and os.path.isfile(base / path):  # noqa: PTH113 - a Path's raises where a name is too long
            raise TimelineError(f"its media is there: {error}") from None
        return None
    return media


def _steps(edit: Edit, library: Library) -> Iterator[tuple[str, Callable[[], Sequence[Media]]]]:
    for path in edit.names.paths:
        yield f"the file {_base(path)}", lambda p=path: _of_tail(library.named(stem_of(p)), p)
    for reel in edit.names.reels:
        key, small = stem_of(reel), reel.lower()
        for look in (
            lambda k=key: library.named(k),
            lambda k=key: library.beginning(k),
            lambda k=key: library.within(k),
            lambda k=small: library.on_reel(k),
        ):
            yield f"the reel {reel}", look
    for name in edit.names.clips:
        yield f"the clip {name}", lambda n=name: library.named(stem_of(n))


def _base(path: str) -> str:
    return PureWindowsPath(path).name  # which splits at either slash


def _of_tail(several: Sequence[Media], path: str) -> Sequence[Media]:
    """Return those whose folders agree with the path for longest."""
    wanted = [part.lower() for part in PureWindowsPath(path).parts[:-1]][::-1]

    def agree(media: Media) -> int:
        own = [part.lower() for part in PureWindowsPath(media.plate.pattern).parts[:-1]][::-1]
        pairs = zip(wanted, own, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(wanted), len(own)))

    best = max(map(agree, several), default=0)
    return [media for media in several if agree(media) == best]


def _mapped(edit: Edit, media: Media, how: str, *, told: bool) -> Found:
    """Return the media with the way from source time to its frames.

    Raises:
        TimelineError: It does not hold what the clip shows.
    """
    assert edit.shown is not None
    span, frames, facts = edit.shown.core, media.frames, media.facts
    note, rate = "", facts.rate or (edit.names.declared and edit.names.declared.rate)
    if rate is not None and rate != span.rate:
        rates = f"the clip counts {span.rate} frames a second, the media has {rate}"
        if round(rate) != round(span.rate):
            raise TimelineError(rates)
        note = rates + "; frames are mapped one to one"
    _check_drift(edit)
    start = facts.start(frames.first, span.rate)
    offsets = list(_offsets(edit, media, start, told=told))
    for offset in offsets:
        if frames.first <= span.first + offset and span.last + offset <= frames.last:
            drop = edit.drop if start is None else start.drop
            if start is not None and edit.drop is not None and edit.drop != start.drop:
                raise TimelineError(_drop_problem(start_drop=start.drop))
            return Found(media, offset, how, drop=bool(drop), note=note)
    raise TimelineError(_outside(edit, media, offsets))


def _check_drift(edit: Edit) -> None:
    """Refuse a clip whose reference counts 23.976 where it counts 24, far from a time of zero.

    OpenTimelineIO's times are seconds; some who write it mean frames. Far on, those differ.
    """
    assert edit.shown is not None
    span, declared = edit.shown.core, edit.names.declared
    if declared is None or declared.rate == span.rate or round(declared.rate) != round(span.rate):
        return
    if abs(span.last * (1 - declared.rate / span.rate)) >= _AMBIGUOUS:
        raise TimelineError(
            f"the clip counts {span.rate} frames a second, its media reference {declared.rate}: "
            "counted by frames and by seconds, it shows other ones"
        )


def _offsets(edit: Edit, media: Media, start: Timecode | None, *, told: bool) -> Iterator[int]:
    """Yield what frame numbers may be more than source times, the likeliest first."""
    assert edit.shown is not None
    declared, first = edit.names.declared, media.frames.first
    named = first if edit.names.numbered is None else edit.names.numbered
    begins: int | None = None
    if declared is not None and declared.rate == edit.shown.core.rate:
        begins = declared.first if declared.start.denominator == 1 else None
    if told and begins is not None:
        yield named - begins
    if start is not None:
        yield first - start.count
        yield first - start.count + start.day  # the clip's timecode is of after midnight
    if begins is None:
        if start is None:
            yield 1 if media.plate.is_movie else 0
    elif start is None or declared is None or declared.length in {0, len(media.frames)}:
        yield named - begins  # counted from the media's first frame, which has a timecode or not


def _drop_problem(*, start_drop: bool) -> str:
    kinds = ("drop-frame", "non-drop") if start_drop else ("non-drop", "drop-frame")
    return (
        f"the media's timecode is {kinds[0]}, the clip's source timecode {kinds[1]}: the same "
        "digits mean other frames. In an EDL, FCM: DROP FRAME or semicolons say which"
    )


def _outside(edit: Edit, media: Media, offsets: Sequence[int]) -> str:
    assert edit.shown is not None
    span, drop = edit.shown.core, bool(edit.drop)
    shows = [timecode_text(count, span.rate, drop=drop) for count in (span.first, span.last)]
    start = media.facts.start(media.frames.first, span.rate)
    if start is None:
        numbers = ", or ".join(f"{span.first + o}-{span.last + o}" for o in dict.fromkeys(offsets))
        return f"it has frames {media.frames}, and {shows[0]} to {shows[1]} would be {numbers}"
    last = start.count + media.frames.last - media.frames.first
    has = [timecode_text(count, span.rate, drop=start.drop) for count in (start.count, last)]
    return f"it runs from {has[0]} to {has[1]}, and the clip shows {shows[0]} to {shows[1]}"


def _some(told: Sequence[str], between: str = ", ") -> str:
    texts = list(dict.fromkeys(told))
    more = len(texts) - _MOST_NAMED
    return between.join(texts[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
