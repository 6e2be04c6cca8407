"""Rendering: Writes that write files, frame by frame and view by view."""

import os
import zlib

from tests.hosts import exr_file as exr

from . import attributes, callbacks, files, pictures
from .nodes import Node, found
from .ranges import FrameRange, FrameRanges
from .session import NotModelled, current

_COMPRESSION = {"none": exr.NONE, "Zip (1 scanline)": exr.ZIPS, "Zip (16 scanlines)": exr.ZIP}
_KIND = {"16 bit half": exr.HALF, "32 bit float": exr.FLOAT}


def execute(nameOrNode, start=None, end=None, incr=1, views=None, continueOnError=False):
    """Render a Write's frames; the second argument may be FrameRanges, views then the third."""
    if isinstance(start, (FrameRanges, FrameRange)):
        views = end if views is None else views
        frames = start.toFrameList() if isinstance(start, FrameRanges) else list(start)
    else:
        root = current().root
        start = root.firstFrame() if start is None else start
        end = start if end is None else end
        for number in (start, end, incr):
            if not isinstance(number, int):
                raise TypeError(f"integer argument expected, got {type(number).__name__}")
        frames = list(range(start, end + 1, incr))
    node = nameOrNode if isinstance(nameOrNode, Node) else found(nameOrNode, current().group())
    if node is None:
        raise RuntimeError(f"{nameOrNode}: no such node")
    _run([node], frames, views, continueOnError)


def executeMultiple(nodes, ranges=(), views=None, continueOnError=False):
    """Render several Writes; each range is three integers."""
    frames = [f for first, last, step in ranges for f in range(first, last + 1, step)]
    chosen = list(nodes) or [n for n in current().group().nodes() if n.Class() == "Write"]
    if not frames:
        root = current().root
        frames = list(range(root.firstFrame(), root.lastFrame() + 1))
    _run(sorted(chosen, key=lambda n: n["render_order"].value()), frames, views, continueOnError)


def _run(nodes, frames, views, go_on):
    session = current()
    if session.rendering is not None:
        raise RuntimeError("I'm already executing something else")
    for node in nodes:
        if node.Class() != "Write":
            raise RuntimeError(f"{node.name()} is not executable")
    session.rendering = {"cancelled": False}
    frame_before, view_before = session.frame, session.view
    try:
        for node in nodes:
            callbacks.fire("BeforeRender", node, swallow=False)
        for index, frame in enumerate(frames):
            for node in nodes:
                _one(session, node, frame, views, go_on)
            if not session.gui:
                print(f"Frame {frame} ({index + 1} of {len(frames)})")
        for node in nodes:
            callbacks.fire("AfterRender", node, swallow=False)
    finally:
        session.rendering = None
        session.frame, session.view = frame_before, view_before


def _one(session, node, frame, views, go_on):
    limited = node["use_limit"].value()
    if limited and not node["first"].value() <= frame <= node["last"].value():
        return
    if session.cancel_at == frame or session.rendering["cancelled"]:
        raise RuntimeError("Cancelled")
    chosen = list(views or node["views"].value().split() or session.root._views())
    for view in chosen:
        if view not in session.root._views():
            raise RuntimeError(f"{node.name()}: no view is named {view!r}")
        session.frame, session.view = frame, view
        callbacks.fire("BeforeFrameRender", node, swallow=False)
        try:
            path = _write(node, frame, view, several=len(chosen) > 1)
            session.renders.append((node.name(), view, frame, path))
        except RuntimeError as error:
            if not go_on:
                raise
            session.errors.append(error)
        callbacks.fire("AfterFrameRender", node, swallow=False)
    if session.rendering["cancelled"]:
        raise RuntimeError("Cancelled")


def _write(node, frame, view, several):
    knobs, session = node._knobs, current()
    if session.root["proxy"].value() and not knobs["proxy"].value():
        raise RuntimeError(f"{node.name()}: proxy mode is on and the proxy file name is empty")
    typed = files.typed_path(node).value()
    if not typed:
        raise RuntimeError(f"{node.name()}: filename not specified")
    if several and not pictures.numbered_view(typed):
        raise NotModelled(f"several views in one file: {typed}")
    path = files.path_of(node, frame, view)
    kind = knobs["file_type"].value().strip() or os.path.splitext(path)[1].lstrip(".").lower()
    if kind != "exr":
        raise NotModelled(f"the kit writes EXR, not {kind!r}")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        if not knobs["create_directories"].value():
            raise RuntimeError(f"{node.name()}: {path}: can't open file for writing")
        os.makedirs(folder)
    picture = pictures.pull(node, frame, view)
    named = pictures.chosen(picture, knobs["channels"].value())
    if not named:
        raise RuntimeError(f"{node.name()}: no channels to write")
    from . import colours

    planes = colours.converted(picture.planes, knobs, "RGB", "to")
    wanted = _KIND[knobs["datatype"].value()]
    planes = {name: planes[name].as_kind(wanted) for name in named}
    result = exr.Picture(planes, picture.data_window, picture.display_window, {})
    result.attributes = _attributes(node, picture, frame)
    compression = knobs["compression"].value()
    if compression not in _COMPRESSION:
        raise NotModelled(f"the kit writes no {compression}")
    exr.write_exr(path, result, _COMPRESSION[compression])
    return path


def _attributes(node, picture, frame):
    """Return what the metadata knob lets through of the source's header, and Nuke's own."""
    way, kept = node["metadata"].value(), {}
    if way == "no metadata":
        return {}
    for name, value in picture.attributes.items():
        theirs = way in (
            "all metadata",
            "default metadata and exr/*",
            "all metadata except input/*",
        )
        if name in ("timeCode", "framesPerSecond") or theirs:
            kept[name] = value
    kept.pop("compression", None)
    kept["nuke/version"] = attributes.text("{}.{}v{}".format(*current().version))
    kept["nuke/node_hash"] = attributes.text(
        f"{zlib.crc32(node.name().encode()):08x}{frame & 0xFFFFFFFF:08x}"
    )
    return kept


def cancel():
    """Cancel what renders."""
    if current().rendering is not None:
        current().rendering["cancelled"] = True


def executing(f=None):
    """Whether something renders."""
    return current().rendering is not None
