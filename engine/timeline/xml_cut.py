"""A Final Cut Pro 7 XML file: read safely, and its clips found again in OpenTimelineIO's cut.

Rules of this file:
    - A document type is read past, entities of its own are refused: they can name other files, or
      grow without end. So can sequences that name each other: what they come to is counted first.
    - The adapter reads neither speeds, nor whether a clip is enabled, nor where it ends in its
      media, and it counts 23.976 and 24 as seconds. These are read here, from the element itself,
      which a number in it tells.

References:
    Apple, Final Cut Pro XML Interchange Format, version 4 and 5: clipitem, file, timecode, filter.
"""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree as ET
from xml.parsers import expat

from opentimelineio import adapters, schema
from opentimelineio.opentime import RationalTime, TimeRange

from plugin_host.errors import TimelineError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from opentimelineio.core import Item

MARK = "faceplate"
_MOST_DEPTH = 200
_MOST_CLIPS = 100_000  # each as often as it is nested
_ENDS = 1  # frames that a rounded end may be off


def parse(data: bytes) -> Element:
    """Return the root element of an XML file.

    Raises:
        TimelineError: It is not well formed, not of Final Cut Pro 7, too deep, or has entities.
    """
    depth = 0
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate()

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise TimelineError(f"elements within elements, more than {_MOST_DEPTH} deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def entity(name: str, *_: object) -> None:
        raise TimelineError(f"it declares an entity, {name!r}; no timeline needs one")

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = entity
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(data, True)
        root = builder.close()
    except expat.ExpatError as error:
        raise TimelineError(f"no well-formed XML: {error}") from None
    if root.tag == "fcpxml":
        raise TimelineError(
            "it is FCPXML of Final Cut Pro X; Final Cut Pro 7 XML (xmeml) can be read, "
            "or export an .otio or an EDL"
        )
    if root.tag != "xmeml":
        raise TimelineError(f"it is XML of {root.tag!r}; xmeml, of Final Cut Pro 7, can be read")
    return root


def cut_of(root: Element) -> tuple[schema.Timeline, dict[int, Element]]:
    """Return the cut, and the elements that its clips have the numbers of.

    Raises:
        TimelineError: It holds no sequence or several.
    """
    _check_nests(root)
    items = [e for e in root.iter() if e.tag in {"clipitem", "generatoritem"}]
    for number, item in enumerate(items):
        item.set(MARK, str(number))
    text = ET.tostring(_as_the_adapter_looks(root), encoding="unicode")
    for item in items:
        del item.attrib[MARK]
    found = adapters.read_from_string(text, "fcp_xml")
    if isinstance(found, schema.SerializableCollection):
        names = ", ".join(cast("schema.Timeline", one).name for one in found)
        raise TimelineError(f"it holds {len(found)} sequences ({names}); export one of them")
    timeline, elements = cast("schema.Timeline", found), dict(enumerate(items))
    files = files_of(root)
    for item in timeline.find_children():
        number = item.metadata.get("fcp_xml", {}).get(f"@{MARK}")
        if number is not None and isinstance(item, schema.Clip):
            _recount(item, file_of(elements[int(number)], files))
    return timeline, elements


def _recount(clip: schema.Clip, file: Element | None) -> None:
    """Count a clip's source in frames where its rate is its file's but for 1000/1001.

    The adapter adds seconds: an hour of 23.976 is 86 frames more at 24.
    """
    frame = None if file is None else file.findtext("timecode/frame")
    reference, source = clip.media_reference, clip.source_range
    if not frame or source is None or not reference or reference.available_range is None:
        return
    own, its = source.start_time.rate, reference.available_range.start_time.rate
    if own == its or round(own) != round(its):
        return
    begin, added = float(number_in(frame)), reference.available_range.start_time.rescaled_to(own)
    start = round(source.start_time.value - added.value + begin)
    length = RationalTime(reference.available_range.duration.value, own)
    clip.source_range = TimeRange(RationalTime(start, own), source.duration)
    reference.available_range = TimeRange(RationalTime(begin, own), length)


def _check_nests(root: Element) -> None:
    """Refuse sequences that name each other without end, or to more clips than any cut has."""
    described = {e.get("id", ""): e for e in root.iter("sequence") if len(e)}
    counts: dict[str, int] = {}

    def count(name: str, above: frozenset[str]) -> int:
        if name in above:
            raise TimelineError(f"the sequence {name!r} is nested in itself")
        if name not in counts:
            items = described[name].iterfind("media/*/track/clipitem")
            nests = (item.find("sequence") for item in items)
            within = ("" if nest is None else nest.get("id", "") for nest in nests)
            counts[name] = sum(
                count(nest, above | {name}) if nest in described else 1 for nest in within
            )
        return counts[name]

    most = max((count(name, frozenset()) for name in described), default=0)
    if most > _MOST_CLIPS:
        raise TimelineError(f"its nested cuts come to {most} clips; {_MOST_CLIPS} are the limit")


def _as_the_adapter_looks(root: Element) -> Element:
    """Return a copy that the adapter reads whole.

    It looks for the tracks of nests too high, and sees no file that a bin describes.
    """
    copied = copy.deepcopy(root)
    files = files_of(copied)
    for file in (file for one in copied.iter("sequence") for file in one.iter("file")):
        described = files.pop(file.get("id", ""), None)
        if described is not None and not len(file):
            file.extend(described)
    for nest in list(copied.iterfind(".//clipitem/sequence")):
        for media in nest.findall("media"):
            nest.remove(media)
            nest.extend(list(media))
    return copied


def shown_in(root: Element) -> list[Element]:
    """Return the clips of all video tracks, nests left out."""
    sequences = root.iter("sequence")  # bins hold master clips, too, which nothing shows
    tracks = (track for one in sequences for track in one.iterfind("media/video/track"))
    kinds = ("clipitem", "generatoritem")
    return [e for track in tracks for e in track if e.tag in kinds and e.find("sequence") is None]


def number_of(clip: Item) -> int | None:
    """Return which element a clip was read from; take the number out of it."""
    said = clip.metadata.get("fcp_xml")
    number = None if said is None else said.pop(f"@{MARK}", None)
    return None if number is None else int(number)


def files_of(root: Element) -> dict[str, Element]:
    """Return the files that a document describes, by id; it describes each once."""
    found: dict[str, Element] = {}
    for file in root.iter("file"):
        if len(file):
            found.setdefault(file.get("id", ""), file)
    return found


def file_of(element: Element, files: dict[str, Element]) -> Element | None:
    """Return the description of a clip's file; None where it has none."""
    file = element.find("file")
    if file is None or len(file):
        return file
    return files.get(file.get("id", ""))


def is_enabled(element: Element | None) -> bool:
    """Whether a clip or track is shown."""
    return element is None or (element.findtext("enabled") or "TRUE").strip().upper() != "FALSE"


def is_drop(element: Element | None) -> bool | None:
    """Whether a timecode element counts drop-frame; None where it does not say."""
    shown = None if element is None else element.findtext("displayformat")
    return None if shown is None else shown.strip().upper() == "DF"


def speed_of(
    element: Element, file: Element | None, length: Fraction
) -> tuple[Fraction, Fraction, Fraction] | None:
    """Return what a retimed clip shows of its media; None where it is not retimed.

    Args:
        element: The clip.
        file: The description of its media.
        length: How long it lasts in the cut, frames, its transitions counted.

    Returns:
        Its speed, the first frame it needs, from its media's first, and how many.

    Raises:
        TimelineError: Its speed changes, or which frames it shows is not told.
    """
    told = _timeremap(element)
    if told is None:
        return None
    if told.get("variablespeed", "0").upper() not in {"0", "FALSE", ""}:
        raise TimelineError("its speed changes within the clip; constant speeds can be mapped")
    speed = abs(number_in(told.get("speed", "100"))) / 100
    reverse = told.get("reverse", "FALSE").upper() == "TRUE" or number_in(told["speed"]) < 0
    first, last = number_in(element.findtext("in") or ""), number_in(element.findtext("out") or "")
    if speed == 0:
        return Fraction(0), first, Fraction(1)
    whole = number_in((file is not None and file.findtext("duration")) or "0")
    if speed == 1 and not reverse:
        return None
    if reverse and not (first == 0 and last == whole):
        raise TimelineError(
            "it runs backwards, and this format does not tell which frames that shows; "
            "hand over an .otio or an EDL"
        )
    sign = -1 if reverse else 1
    if abs(last - first - length) <= _ENDS:  # counted as played
        return sign * speed, first * speed, length * speed
    if abs(last - first - length * speed) <= _ENDS:  # counted as in the media
        return sign * speed, first, last - first
    raise TimelineError(
        f"at {float(100 * speed):g} % it lasts {float(length):g} frames, which is not what its "
        f"in and out say, {float(first):g} and {float(last):g}"
    )


def _timeremap(element: Element) -> dict[str, str] | None:
    for effect in element.iterfind("filter/effect"):
        if (effect.findtext("effectid") or "").strip().lower() == "timeremap":
            named = (
                (parameter.findtext("parameterid") or "", parameter.findtext("value") or "")
                for parameter in effect.iterfind("parameter")
            )
            return {"speed": "100", **{name.strip(): value.strip() for name, value in named}}
    return None


def number_in(text: str) -> Fraction:
    """Return the number of frames that an element holds.

    Raises:
        TimelineError: It is none.
    """
    try:
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise TimelineError(f"{text!r} is no number of frames") from None
