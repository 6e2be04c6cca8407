"""The XML that came in, with the restored media in place of the files of restored clips.

Rules of this file:
    - A clip counts its in and out from its file's first frame. The restored sequence begins with
      the first delivered frame, so both move; where they would not be whole numbers (a retime), the
      clip keeps its file and says so.
    - A nested cut is described once, and may show other frames of its clips in each place, or not
      all that they hold; such a clip keeps its file, too.
    - A file is described once, where it is first named. A description whose clip gets another file
      moves to the next clip, or sound, that names it.
"""

from __future__ import annotations

import copy
import re
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree as ET

from engine.timeline.shots import delivered_span
from engine.timeline.spans import timecode_of, timecode_text
from engine.timeline.xml_cut import file_of, number_in
from plugin_host.delivered import delivered_plate
from plugin_host.errors import TimelineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from engine.timeline.reading import Cut
    from engine.timeline.restoring import Said
    from engine.timeline.shots import CutShot, Planned
    from engine.timeline.spans import Span

_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n'
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]")  # XML 1.0, 2.2
_NOT_ALL = (
    "its nested cut does not show all of it, or shows it in several places; it keeps its own media "
    "here, and shows the restored one in the .otio"
)
_NOT_WHOLE = (
    "its in and out would lie between frames of the restored media; it keeps its own here, and "
    "shows the restored one in the .otio"
)


def xml_bytes(cut: Cut, said: Sequence[Said], output: Path) -> bytes:
    """Return the XML of the restored media; the document of the cut is changed."""
    assert cut.xml is not None
    named: set[str] = set()
    done: set[int] = set()
    shots: dict[int, set[CutShot | None]] = {}
    for one in said:
        if one.status != "left":
            shot = one.planned.shot if one.is_restored else None
            shots.setdefault(id(one.planned.edit.element), set()).add(shot)
    for one in said:
        element, message = one.planned.edit.element, one.message
        if element is None or one.status == "left" or id(element) in done:
            continue
        done.add(id(element))
        if len(shots[id(element)]) > 1:
            message = message or _NOT_ALL
        elif one.is_restored:
            try:
                _relink(element, one.planned, cut, output, named)
            except TimelineError as error:
                message = message or error.message
        if message:
            _mark(element, one, message)
    _describe_again(cut.xml, cut.files)
    return _HEAD + ET.tostring(cut.xml, encoding="utf-8") + b"\n"


def _relink(element: Element, one: Planned, cut: Cut, output: Path, named: set[str]) -> None:
    """Let a clip show its restored media; a TimelineError says why it cannot."""
    assert one.shot is not None
    assert one.found is not None
    assert one.edit.shown is not None
    span = delivered_span(one)
    declared = one.edit.names.declared
    file = file_of(element, cut.files)
    timecode = None if file is None else file.find("timecode")
    begin = Fraction(0) if declared is None or timecode is None else declared.start
    pace = _pace(element, one.edit.shown.core, abs(one.edit.shown.speed))
    first, end = (_whole(element, name, (span.start - begin) / pace) for name in ("in", "out"))
    lasts = span.length / pace
    if first is None or end is None:
        raise TimelineError(_NOT_WHOLE)
    made, there = one.shot.frames, one.found.media.frames
    before = first < 0 <= _number(element, "in") and made.first > there.first
    if before or (end > lasts and made.last < there.last):
        raise TimelineError(_NOT_ALL)
    _set(element, "in", str(first))
    _set(element, "out", str(end))
    _set(element, "duration", str(round(lasts)))
    for name in ("pproTicksIn", "pproTicksOut"):  # of Premiere; they say the old ends again
        for ticks in element.findall(name):
            element.remove(ticks)
    master = element.find("masterclipid")
    if master is not None:
        master.text = f"faceplate-master-{one.shot.folder}"
    old = element.find("file")
    new = _file(one, span, output, described=one.shot.folder in named)
    named.add(one.shot.folder)
    if old is None:
        element.append(new)
    else:
        element[list(element).index(old)] = new


def _pace(element: Element, core: Span, speed: Fraction) -> Fraction:
    """Return how many frames of the media one of the clip's own count is."""
    if not speed or speed == 1:
        return Fraction(1)
    counted = _number(element, "out") - _number(element, "in")
    return speed if abs(counted * speed - core.length) < abs(counted - core.length) else Fraction(1)


def _number(element: Element, name: str) -> Fraction:
    return number_in(element.findtext(name) or "0")


def _whole(element: Element, name: str, less: Fraction) -> int | None:
    there = _number(element, name)
    if there == -1:  # not said
        return -1
    moved = there - less
    return int(moved) if moved.denominator == 1 else None


def _set(element: Element, name: str, text: str) -> None:
    child = element.find(name)
    if child is not None:
        child.text = text


def _file(one: Planned, span: Span, output: Path, *, described: bool) -> Element:
    assert one.shot is not None
    assert one.found is not None
    file = ET.Element("file", id=f"faceplate-{one.shot.folder}")
    if described:
        return file
    plate = delivered_plate(str(output / one.shot.folder), one.shot.plate)
    first = plate.path(one.shot.frames.first).replace("\\", "/")
    _add(file, "name", first.rpartition("/")[2])
    _add(file, "pathurl", "file://localhost/" + quote(first.lstrip("/"), safe="/:"))
    _add_rate(file, span.rate)
    _add(file, "duration", str(int(span.length)))
    timecode = ET.SubElement(file, "timecode")
    _add_rate(timecode, span.rate)
    _add(timecode, "string", timecode_text(span.first, span.rate, drop=one.found.drop))
    _add(timecode, "frame", str(timecode_of(span.first, span.rate, drop=one.found.drop).count))
    _add(timecode, "displayformat", "DF" if one.found.drop else "NDF")
    if one.edit.names.reel:
        _add(ET.SubElement(timecode, "reel"), "name", one.edit.names.reel)
    ET.SubElement(ET.SubElement(file, "media"), "video")
    return file


def _add(parent: Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = _NO_XML.sub("?", text)


def _add_rate(parent: Element, rate: Fraction) -> None:
    element = ET.SubElement(parent, "rate")
    _add(element, "timebase", str(round(rate)))
    _add(element, "ntsc", "TRUE" if rate.denominator == 1001 else "FALSE")


def _mark(element: Element, one: Said, message: str) -> None:
    marker = ET.SubElement(element, "marker")
    _add(marker, "name", f"Faceplate: {'restored in part' if one.is_restored else 'not restored'}")
    _add(marker, "comment", message)
    _add(marker, "in", element.findtext("in") or "0")
    _add(marker, "out", "-1")


def _describe_again(root: Element, files: dict[str, Element]) -> None:
    described: set[str] = set()
    for parent in root.iter():
        for at, file in enumerate(list(parent)):
            name = file.get("id", "")
            if file.tag != "file" or not name:
                continue
            if not len(file) and name in files and name not in described:
                parent[at] = copy.deepcopy(files[name])
            described.add(name)
