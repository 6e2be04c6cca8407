"""From a node and a frame to a file: sequences, views, proxies, what stands in for a lost frame."""

import os
import re

from tests.hosts import exr_file as exr

from . import attributes, callbacks, text
from .session import NotModelled, current

REPLACE, VIEW_NAMES = 1, 2


def typed_path(node):
    """Return the path knob that counts now: the proxy's in proxy mode, if it is filled in."""
    knobs = node._knobs
    proxy = current().root["proxy"].value() and knobs.get("proxy")
    return knobs["proxy"] if proxy and knobs["proxy"].value() else knobs["file"]


def path_of(node, frame=None, view=None, *, numbers=True):
    """Return the evaluated and filtered path; with its number unless that is not wanted."""
    path = text.tcl(typed_path(node).value(), node, frame)
    path = text.viewed(path, view or current().view) if numbers else path
    path = text.numbered(path, frame) if numbers else path
    return callbacks.filtered(path, node)


def frame_in_file(node, frame):
    """Return which frame of its sequence a Read takes at a frame of the script; None is black.

    "start at" says where the first one lies; "offset" is added to the script's frame (Foundry's
    "Changing the relation between the current frame and the frame read in").
    """
    knobs = node._knobs
    first, last = knobs["first"].value(), knobs["last"].value()
    mode, typed = knobs["frame_mode"].value(), knobs["frame"].value().strip()
    if typed and mode == "expression":
        frame = int(text.expression(typed, node, frame))
    elif typed and mode == "start at":
        frame = frame - int(float(typed)) + first
    elif typed and mode == "offset":
        frame = frame + int(float(typed))
    if first <= frame <= last:
        return frame
    way = knobs["before" if frame < first else "after"].value()
    count = last - first + 1
    if way == "black":
        return None
    if way == "hold":
        return first if frame < first else last
    if way == "loop":
        return first + (frame - first) % count
    place = (frame - first) % (2 * count)
    return first + (place if place < count else 2 * count - 1 - place)


def range_of_read(node):
    """Return first and last frame of the script that a Read covers."""
    knobs = node._knobs
    first, last = knobs["first"].value(), knobs["last"].value()
    mode, typed = knobs["frame_mode"].value(), knobs["frame"].value().strip()
    if typed and mode == "start at":
        start = int(float(typed))
        return start, start + last - first
    if typed and mode == "offset":
        return first - int(float(typed)), last - int(float(typed))
    return first, last


def frames_on_disk(node, view=None):
    """Return the frames of a Read's sequence that exist."""
    path = text.viewed(path_of(node, numbers=False), view or current().view)
    match = re.search(r"%0?\d*d|#+", os.path.basename(path))
    folder = os.path.dirname(path) or "."
    if not match or not os.path.isdir(folder):
        return []
    head, tail = os.path.basename(path)[: match.start()], os.path.basename(path)[match.end() :]
    pattern = re.compile(re.escape(head) + r"(-?\d+)" + re.escape(tail) + "$")
    found = (pattern.match(name) for name in os.listdir(folder))
    return sorted(int(match.group(1)) for match in found if match)


def load(node, frame, view):
    """Return the picture that a Read gives at a frame of the script."""
    wanted = frame_in_file(node, frame)
    if wanted is None:
        return black_like(node, view)
    path = path_of(node, wanted, view)
    if os.path.exists(path):
        return picture_of(node, path)
    way = node._knobs["on_error"].value()
    there = frames_on_disk(node, view)
    if way == "nearest frame" and there:
        return picture_of(node, path_of(node, min(there, key=lambda f: abs(f - wanted)), view))
    if way in ("black", "checkerboard"):
        return black_like(node, view, 0.0 if way == "black" else 0.5)
    raise RuntimeError(f"{node.name()}: {path}: No such file or directory")


def picture_of(node, path, read=exr.read_exr):
    """Return what is in a file, or raise as a Read does."""
    try:
        return read(path)
    except exr.UnknownFile as error:
        raise NotModelled(str(error)) from None
    except ValueError as error:
        raise RuntimeError(f"{node.name()}: {error}") from None


def black_like(node, view, value=0.0):
    """Return a picture of one value, of the sequence's size or else of the script's."""
    there = frames_on_disk(node, view)
    if there:
        window = picture_of(node, path_of(node, there[0], view)).display_window
    else:
        size = current().root["format"].value()
        window = (0, 0, size.width() - 1, size.height() - 1)
    count = (window[2] - window[0] + 1) * (window[3] - window[1] + 1)
    return exr.Picture({name: exr.Plane.constant(value, count) for name in "RGB"}, window)


def metadata(node, frame, view):
    """Return what `node.metadata()` of a Read holds: input/..., and the header as exr/...."""
    wanted = frame_in_file(node, frame)
    path = path_of(node, wanted if wanted is not None else frame, view)
    if not os.path.exists(path):
        return {}
    header = picture_of(node, path, exr.read_header)
    left, top, right, bottom = attributes.value_of(*header["displayWindow"])
    kinds = {kind for _, kind in exr.channels_of(header["channels"][1])}
    found = {
        "input/filename": path,
        "input/filereader": "exr",
        "input/width": right - left + 1,
        "input/height": bottom - top + 1,
        "input/frame": wanted,
        "input/bitsperchannel": "16-bit half float" if kinds == {exr.HALF} else "32-bit float",
        "input/filesize": os.path.getsize(path),
    }
    for name, (kind, raw) in header.items():
        value = attributes.value_of(kind, raw)
        if name == "timeCode":
            found["input/timecode"] = value
        elif name == "framesPerSecond":
            found["input/frame_rate"] = value
        if value is not None and name not in ("channels", "timeCode"):
            found["exr/" + name] = value
    return found


def filename(node, i=0):
    """Return a Read's, a Write's or such a Group's file; frame and view only with REPLACE."""
    if hasattr(node, "_nodes"):
        inside = [one for one in node._nodes if one.Class() in ("Read", "Write")]
        return filename(inside[0], i) if len(inside) == 1 else None
    if "file" not in node._knobs or not typed_path(node).value():
        return None
    if i == REPLACE:
        return path_of(node, current().frame)
    return path_of(node, numbers=False)
