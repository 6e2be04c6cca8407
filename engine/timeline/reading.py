"""A timeline file in: what came in is kept beside what OpenTimelineIO makes of it.

Rules of this file:
    - What strangers wrote is measured before it is parsed: bytes, and how deep it goes. Nothing is
      unpickled, no plug-in is asked to find media, no document is let name another.
    - An adapter may fail in any way: it is one error, with the file's name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.regular import read_regular
from plugin_host.errors import TimelineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from opentimelineio.schema import Timeline

    from engine.timeline.edl import Edl

FORMATS = (".otio", ".edl", ".xml", ".aaf")
MOST_BYTES = 256 << 20
_MOST_DEPTH = 500
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_MISSING = "reading a timeline needs OpenTimelineIO: pip install 'faceplate[editorial]'"


@dataclass(frozen=True, slots=True)
class Cut:
    """A timeline as it was read.

    Attributes:
        path: Its file.
        timeline: What OpenTimelineIO makes of it.
        drop: Whether its own timecode drops frames; None where it does not say.
        edl: Its events, of an EDL.
        xml: Its document, of XML.
        files: The files that XML describes, by id.
        elements: The elements that XML clips were read from, by the numbers that clips carry.
    """

    path: Path
    timeline: Timeline
    drop: bool | None = None
    edl: Edl | None = None
    xml: Element | None = None
    files: dict[str, Element] = field(default_factory=dict[str, Any])
    elements: dict[int, Element] = field(default_factory=dict[int, Any])

    @property
    def format(self) -> str:
        """How its name ends, ``.edl``."""
        return self.path.suffix.lower()


def read_cut(path: Path, rate: Fraction | None = None) -> Cut:
    """Read a timeline file.

    Args:
        path: An .otio, an EDL (.edl), a Final Cut Pro 7 XML (.xml) or an AAF (.aaf).
        rate: Frames a second, for an EDL, which does not say it.

    Raises:
        TimelineError: It cannot be read; or OpenTimelineIO is not installed.
    """
    readers: dict[str, Callable[[Path, bytes, Fraction | None], Cut]] = {
        ".otio": _read_otio,
        ".edl": _read_edl,
        ".xml": _read_xml,
        ".aaf": _read_aaf,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(FORMATS)
        raise TimelineError(f"a timeline is one of {known}", path=str(path))
    try:
        data = read_regular(path, most=MOST_BYTES)
    except OSError as error:
        what = f"the timeline cannot be read: {error.strerror}"
        raise TimelineError(what, path=str(path)) from None
    try:
        cut = reader(path, data, rate)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"opentimelineio", "aaf2"}:
            raise
        raise TimelineError(_MISSING) from None
    except TimelineError as error:
        raise TimelineError(f"the timeline: {error.message}", path=str(path)) from None
    except Exception as error:  # noqa: BLE001 - an adapter meets a stranger's file
        told = f"{type(error).__name__}: {str(error)[:300]}"
        raise TimelineError(f"the timeline cannot be read: {told}", path=str(path)) from None
    # OpenTimelineIO reads a timeline without a stack, and crashes where that is asked for.
    if cut.timeline.tracks is None or not cut.timeline.video_tracks():
        raise TimelineError("the timeline has no video track", path=str(path))
    return cut


def _read_otio(path: Path, data: bytes, _: Fraction | None) -> Cut:
    timeline = _from_json(data)
    said = timeline.metadata.get("faceplate")  # what `writing` keeps there
    drop = said.get("drop") if hasattr(said, "get") else None
    return Cut(path, timeline, drop if isinstance(drop, bool) else None)


def _from_json(data: bytes) -> Timeline:
    from opentimelineio import adapters, media_linker, schema  # noqa: PLC0415 - an extra

    depth = 0
    for match in _BRACKET.finditer(data):
        mark = match[0]
        depth += (mark in b"[{") - (mark in b"]}") if len(mark) == 1 else 0
        if depth > _MOST_DEPTH:
            raise TimelineError(f"objects within objects, more than {_MOST_DEPTH} deep")
    json.loads(data)  # whose errors name the line
    policy = media_linker.MediaLinkingPolicy.DoNotLinkMedia
    found = adapters.read_from_string(data.decode(), "otio_json", media_linker_name=policy)
    if isinstance(found, schema.SerializableCollection):
        timelines = [one for one in found if isinstance(one, schema.Timeline)]
        if len(timelines) == 1:
            return timelines[0]
        names = ", ".join(one.name for one in timelines)
        raise TimelineError(f"it holds {len(timelines)} timelines ({names}); export one of them")
    if not isinstance(found, schema.Timeline):
        raise TimelineError(f"it holds a {found.schema_name()}, not a Timeline")
    return found


def _read_edl(path: Path, data: bytes, rate: Fraction | None) -> Cut:
    from engine.timeline.edl import parse  # noqa: PLC0415
    from engine.timeline.edl_cut import cut_of  # noqa: PLC0415

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    edl = parse(text, rate)
    drop = any(event.times[2].drop for event in edl.events)
    return Cut(path, cut_of(edl), drop, edl=edl)


def _read_xml(path: Path, data: bytes, _: Fraction | None) -> Cut:
    from engine.timeline.xml_cut import cut_of, files_of, is_drop, parse  # noqa: PLC0415

    root = parse(data)
    timeline, elements = cut_of(root)
    drop = is_drop(root.find(".//sequence/timecode"))
    return Cut(path, timeline, drop, xml=root, files=files_of(root), elements=elements)


def _read_aaf(path: Path, _: bytes, __: Fraction | None) -> Cut:
    from engine.timeline.aaf import read_as_json  # noqa: PLC0415

    for module in ("opentimelineio", "aaf2"):
        import_module(module)  # what is missing is said here, and not by the other process
    return Cut(path, _from_json(read_as_json(str(path), MOST_BYTES).encode()))
