"""The cut of the restored media out: what came in, changed where media is named, and nowhere else.

Rules of this file:
    - A clip keeps its name, its reel and its source range. Its media is the restored sequence,
      whose available range is what was delivered, in the source's own time: so the source timecode
      stays, and trims reach into the handles.
    - A clip that was not restored keeps its media, and is marked with the reason.
    - The same cut and the same results give the same bytes.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from opentimelineio import adapters, schema
from opentimelineio.opentime import RationalTime, TimeRange

from engine.atomic import write_atomically
from engine.timeline.edl_writing import edl_text
from engine.timeline.shots import delivered_span
from engine.timeline.spans import exact, rate_of, timecode_text
from engine.timeline.xml_writing import xml_bytes
from plugin_host.delivered import delivered_plate
from plugin_host.errors import OutputError, TimelineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.timeline.reading import Cut
    from engine.timeline.restoring import Said
    from engine.timeline.shots import Planned

_DEFAULT = "DEFAULT_MEDIA"  # as OpenTimelineIO calls the only one
SEQUENCE, ORIGINAL = "faceplate sequence", "faceplate original"
"""Names of a clip's further media references: the same as an ImageSequenceReference, the source."""


def write_cut(cut: Cut, said: Sequence[Said], output: Path) -> tuple[list[Path], list[str]]:
    """Write the cut of the restored media.

    Args:
        cut: What came in; its timeline is changed.
        said: What became of each clip.
        output: The folder of the restored shots.

    Returns:
        What was written, and what a person should know.

    Raises:
        OutputError: It cannot be written.
    """
    written: list[Path] = []
    notes: list[str] = []
    stem = f"{cut.path.stem}_restored"
    relink(said, output)
    _say_timecode(cut)
    _write(output / f"{stem}.otio", cut.timeline.to_json_string(4).encode() + b"\n", written)
    if cut.edl is not None:
        _write(output / f"{stem}.edl", edl_text(cut.edl, said, output).encode(), written)
    elif cut.xml is not None:
        _write(output / f"{stem}.xml", xml_bytes(cut, said, output), written)
    elif cut.format == ".aaf":
        notes += _write_aaf(cut, output / f"{stem}.aaf", written)
    return written, notes


def _say_timecode(cut: Cut) -> None:
    """Say how the cut's own timecode counts, which OpenTimelineIO has no field for."""
    begin = cut.timeline.global_start_time
    if begin is None or cut.drop is None:
        return
    with suppress(TimelineError):
        rate = rate_of(begin.rate)
        cut.timeline.metadata["faceplate"] = {
            "rate": [rate.numerator, rate.denominator],
            "drop": cut.drop,
            "start_timecode": timecode_text(round(exact(begin.value)), rate, drop=cut.drop),
        }


def _write(path: Path, data: bytes, written: list[Path]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        what = f"the timeline cannot be written: {error.strerror}"
        raise OutputError(what, path=str(path)) from None
    written.append(path)


def relink(said: Sequence[Said], output: Path) -> None:
    """Let each clip show what was restored for it, or say why nothing was."""
    for one in said:
        clip = one.planned.edit.clip
        if one.is_restored:
            # Copies: OpenTimelineIO 0.18.1 frees its own ones, be they given back or not.
            found = {name or _DEFAULT: one for name, one in clip.media_references().items() if one}
            references = {name: copy.deepcopy(one) for name, one in found.items()}
            key = clip.active_media_reference_key or _DEFAULT
            original = references.get(key) or schema.MissingReference()
            references |= {ORIGINAL: original, SEQUENCE: _sequence(one.planned, output)}
            references[key] = _external(one.planned, output, original.name)
            clip.set_media_references(references, key)
        if one.message and one.status != "left":
            _mark(clip, one)


def _range(one: Planned) -> TimeRange:
    span = delivered_span(one)
    rate = float(span.rate)
    return TimeRange(RationalTime(float(span.start), rate), RationalTime(float(span.length), rate))


def bracketed(one: Planned, output: Path) -> str:
    """Return the path of a clip's restored frames, ``/a/b_restored.[1001-1100].exr``."""
    assert one.shot is not None
    plate = delivered_plate(str(output / one.shot.folder), one.shot.plate)
    frames = one.shot.frames
    first, last = (str(frame).zfill(plate.digits) for frame in (frames.first, frames.last))
    return f"{plate.prefix}[{first}-{last}]{plate.suffix}"


def _external(one: Planned, output: Path, name: str) -> schema.ExternalReference:
    reference = schema.ExternalReference(
        target_url=bracketed(one, output), available_range=_range(one), metadata=_facts(one)
    )
    reference.name = name
    return reference


def _sequence(one: Planned, output: Path) -> schema.ImageSequenceReference:
    assert one.shot is not None
    plate = delivered_plate(str(output / one.shot.folder), one.shot.plate)
    return schema.ImageSequenceReference(
        target_url_base=plate.folder + "/",
        name_prefix=plate.prefix[len(plate.folder) + 1 :],
        name_suffix=plate.suffix,
        start_frame=one.shot.frames.first,
        frame_step=1,
        rate=float(delivered_span(one).rate),
        frame_zero_padding=plate.digits,
        available_range=_range(one),
    )


def _facts(one: Planned) -> dict[str, Any]:
    """Return what OpenTimelineIO has no field for, or only floats."""
    assert one.shot is not None
    assert one.found is not None
    span = delivered_span(one)
    drop = one.found.drop
    return {
        "faceplate": {
            "frames": str(one.shot.frames),
            "shot": one.shot.folder,
            "source": one.shot.plate.pattern,
            "reel": one.edit.names.reel,
            "rate": [span.rate.numerator, span.rate.denominator],
            "drop": drop,
            "start_timecode": timecode_text(span.first, span.rate, drop=drop),
        }
    }


def _mark(clip: schema.Clip, one: Said) -> None:
    word = "restored in part" if one.is_restored else "not restored"
    marker = schema.Marker(
        name=f"Faceplate: {word}",
        color=schema.MarkerColor.RED,
        metadata={"faceplate": {"status": one.status, "message": one.message}},
    )
    marker.comment = one.message
    with suppress(Exception):  # OpenTimelineIO's, of a clip without a length
        marker.marked_range = clip.trimmed_range()
    clip.markers.append(marker)


def _write_aaf(cut: Cut, path: Path, written: list[Path]) -> list[str]:
    """Write an AAF where OpenTimelineIO's adapter can; return what there is to say."""
    text = cut.timeline.to_json_string()
    copied: Any = adapters.read_from_string(text, "otio_json")
    for clip in copied.find_clips():
        if "faceplate" in clip.media_reference.metadata:
            clip.metadata.pop("AAF", None)  # by its mob's id, the original would be found
    try:
        path.unlink(missing_ok=True)
        adapters.write_to_file(copied, str(path), "AAF", use_empty_mob_ids=True)
    except Exception as error:  # noqa: BLE001 - the adapter's, of what it does not write
        path.unlink(missing_ok=True)
        told = str(error).split("\n")[0][:200]
        return [f"no AAF is written, since OpenTimelineIO's writer refuses it: {told}"]
    written.append(path)
    return []
