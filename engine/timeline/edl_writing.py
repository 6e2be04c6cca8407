"""The EDL that came in, with comments that name the restored media.

Rules of this file:
    - Events stay as they are, to the letter: reels, timecodes, M2, dissolves, FCM. An EDL finds
      media by reel and source timecode, and restored frames keep both.
    - FROM FILE and TO FILE name the restored sequence; comments that named another file give way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from plugin_host.delivered import delivered_plate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.timeline.edl import Edl, Event
    from engine.timeline.restoring import Said

_FILE = re.compile(r"\s*\*?\s*(FROM|TO|KEY)? ?(CLIP|FILE|SOURCE FILE)(?: IS)?:")
_MOST_REASON = 200  # characters of a comment


def edl_text(edl: Edl, said: Sequence[Said], output: Path) -> str:
    """Return the EDL of the restored media."""
    added: dict[int, list[str]] = {}
    dropped: set[int] = set()
    for one in said:
        event = one.planned.edit.event
        if event is None:
            continue
        lines = added.setdefault(event.end, [])
        if one.is_restored:
            lines.append(f"* {event.side} FILE: {_path(one, output)}")
            dropped.update(_named(edl, event))
        if one.message and one.status != "left":
            word = "IN PART" if one.is_restored else "NOT"
            reason = " ".join(one.message.split())[:_MOST_REASON]
            lines.append(f"* FACEPLATE: {word} RESTORED: {reason}")
    whole: list[str] = []
    for at in range(len(edl.lines) + 1):
        whole += added.get(at, [])
        if at < len(edl.lines) and at not in dropped:
            whole.append(edl.lines[at])
    return edl.newline.join(whole) + edl.newline


def _path(one: Said, output: Path) -> str:
    shot = one.planned.shot
    assert shot is not None
    return delivered_plate(str(output / shot.folder), shot.plate).pattern


def _named(edl: Edl, event: Event) -> set[int]:
    """Return the lines that name the file of an event's side."""
    found: set[int] = set()
    for at in range(event.line + 1, event.end):
        match = _FILE.match(edl.lines[at])
        if match and (match[1] or event.side).replace("KEY", "TO") == event.side:
            found.add(at)
    return found
