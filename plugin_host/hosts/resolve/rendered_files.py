"""A folder of frames that Resolve rendered: whose they are, and whether they are whole.

Rules of this file:
    - `rendered.json` says that the folder is ours, before the first frame; and of what the frames
      are, after the last one was looked at. Where it is not there, nothing is removed.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any, Mapping

from plugin_host.errors import FaceplateError, FrameCorrupt, FrameMissing, OutputError
from plugin_host.hosts.resolve.clip import NUMBERS
from plugin_host.plate import Plate
from plugin_host.whole_files import json_bytes, read_json, write_whole

RECORD = "rendered.json"
_MAGIC = b"\x76\x2f\x31\x01"  # OpenEXR file layout, magic number
_NUMBERED = re.compile(r"(.*?)([0-9]+)\.exr\Z", re.IGNORECASE)


def stamp(path: str, first: int, last: int) -> str:
    """Return what changes when the files of a source do.

    Args:
        path: As Resolve shows it.
        first: The first frame that counts, of a sequence, from 0.
        last: The last one, included.
    """
    numbers, paths = NUMBERS.search(path), [path]
    if numbers:
        plate, zero = Plate.parse(path), int(numbers.group(1))
        paths = [plate.path(zero + frame) for frame in range(first, last + 1)]
    return hashlib.sha256(repr([_changed(each) for each in paths]).encode()).hexdigest()


def _changed(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def is_done(folder: str, asked: Mapping[str, Any]) -> bool:
    """Whether just these frames were rendered there, and looked at."""
    found = read_json(os.path.join(folder, RECORD)) or {}
    return found.get("asked") == dict(asked)


def begin(folder: str) -> None:
    """Make the folder ours and empty.

    Raises:
        OutputError: It cannot be written, or holds what is not ours.
    """
    record = os.path.join(folder, RECORD)
    try:
        os.makedirs(folder, exist_ok=True)
        names = os.listdir(folder)
        if names and RECORD not in names:
            raise OutputError(f"holds {names[0]!r}, which Faceplate did not render", path=folder)
        write_whole(record, json_bytes({}))
        for name in names:
            if _NUMBERED.match(name):
                os.unlink(os.path.join(folder, name))
    except OSError as error:
        raise OutputError(f"cannot render there: {error.strerror}", path=folder) from None


def finish(folder: str, asked: Mapping[str, Any]) -> None:
    """Say of what the frames are.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        write_whole(os.path.join(folder, RECORD), json_bytes({"asked": dict(asked)}))
    except OSError as error:
        raise OutputError(f"cannot render there: {error.strerror}", path=folder) from None


def verified(folder: str, count: int) -> Plate:
    """Return the frames as a plate: so many, without gaps, and EXR.

    Raises:
        FrameMissing, FrameCorrupt: One is not there, or no EXR.
        FaceplateError: There are more.
    """
    found: dict[int, re.Match[str]] = {}
    for match in filter(None, map(_NUMBERED.match, sorted(os.listdir(folder)))):
        found[int(match.group(2))] = match
    if not found:
        raise FrameMissing("the render wrote no frame", path=folder)
    first = min(found)
    for frame in range(first, first + count):
        if frame not in found:
            raise FrameMissing("the render did not write it", frame=frame, path=folder)
        path = os.path.join(folder, found[frame].group())
        with open(path, "rb") as file:
            if file.read(4) != _MAGIC:
                raise FrameCorrupt("the render wrote no EXR", frame=frame, path=path)
    if len(found) != count:
        raise FaceplateError(f"the render wrote {len(found)} frames, not {count}", path=folder)
    name, digits = found[first].group(1), len(found[first].group(2))
    return Plate.parse(os.path.join(folder, f"{name}%0{digits}d.exr"))
