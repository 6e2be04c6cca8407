"""Which of a shot's faces are restored, and what their people are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugin_host.errors import SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.picks import parse_picks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.faces.track import Track

MOST_LISTED = 20
"""Tracks that a refusal lists, so that it can be read."""


def picked(faces: Sequence[str], tracks: Sequence[Track]) -> dict[int, str]:
    """Return the tracks that are restored, number to the name of its person or an empty text.

    Args:
        faces: `Settings.faces`.
        tracks: All that the shot has.

    Raises:
        SettingsError: A face that the shot does not have; the message lists those that it has.
            Or faces that contradict each other, see `parse_picks`.
    """
    picks = parse_picks(faces)
    there = sorted(track.number for track in tracks)
    strange = sorted({*picks.only, *picks.without}.difference(there))
    if strange:
        raise SettingsError(f"{_named(strange)} not in this shot; {_there(tracks)}")
    restored = picks.only or [number for number in there if number not in picks.without]
    return {number: picks.only.get(number, "") for number in sorted(restored)}


def written(people: Mapping[int, str]) -> str:
    """Return picked tracks as `--faces` takes them: ``1=Anna,3``."""
    return ",".join(f"{number}={name}" if name else f"{number}" for number, name in people.items())


def not_picked(numbers: Iterable[int]) -> str:
    """Return the sentence that says of a frame's faces that none was picked; empty for none."""
    left = sorted(numbers)
    return f"{_named(left, 'was', 'were').capitalize()} not picked." if left else ""


def _named(numbers: Sequence[int], one: str = "is", several: str = "are") -> str:
    listed = ", ".join(map(str, numbers[:MOST_LISTED])) + _rest(numbers)
    return f"face {listed} {one}" if len(numbers) == 1 else f"faces {listed} {several}"


def _there(tracks: Sequence[Track]) -> str:
    if not tracks:
        return "no face was found in it"
    listed = [f"{t.number} ({FrameRange(t.frames)})" for t in tracks[:MOST_LISTED]]
    return f"it has {', '.join(listed)}{_rest(tracks)}; `faceplate analyse` shows them"


def _rest(listed: Sequence[object]) -> str:
    return f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
