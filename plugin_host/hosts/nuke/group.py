"""The FaceplateRestore group: made above its input, filled with what was restored.

    Input1 ── View ──┬─────────────────────┬────────────── 0 ┐
                     └─ 0 ┐                └─ 0 ┐            Covered ── Output1
    Restored ──┬─── 1, 2 Matte ── 1 ┐          Mix ───── 1 ┘
               └───────────────── 0 Held ── 1 ┘

Rules of this file:
    - All that is inside are Nuke's own nodes and expressions: a saved script shows the restored
      frames where Faceplate is not installed.
    - A frame that was not restored is the input's own, and Nuke does not even open the Read for it.
      One that was restored and is gone is an error: nothing stands in for it.
    - Nodes inside are found by name and wired anew; what an artist added between stays where its
      wires are not ours.
    - What is written into a knob is read back.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Generator, NamedTuple, cast

from plugin_host.errors import FaceplateError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.colour import space_named
from plugin_host.hosts.nuke.knobs import add_knobs

if TYPE_CHECKING:
    from plugin_host.host import Result
    from plugin_host.hosts.nuke.application import Group, Node
    from plugin_host.replies import Description

NAME = "FaceplateRestore1"
_SAME = ("colorspace", "raw", "premultiplied", "auto_alpha", "offset_negative_display_window")
_MATTE = "faceplate.matte"
_MATTE_LAYER = ("faceplate", [_MATTE])
_PLACES = {  # in the group's graph, columns and rows
    "Input1": (0, 0),
    "View": (0, 1),
    "Restored": (2, 1),
    "Matte": (1, 2),
    "Held": (2, 3),
    "Mix": (1, 4),
    "Covered": (0, 5),
    "Output1": (0, 6),
}


class Placing(NamedTuple):
    """How a result lies on the timeline.

    Attributes:
        offset: Frame of the plate less frame of the timeline.
        still: Whether it is one picture for every frame.
        read: The Read whose file was restored, whose settings the new one takes; None where the
            plate was rendered, raw.
    """

    offset: int = 0
    still: bool = False
    read: Node | None = None


@contextlib.contextmanager
def undoable(name: str) -> Generator[None, None, None]:
    """Make one undo of all that is done within."""
    nuke.Undo.begin(name)
    try:
        yield
    finally:
        nuke.Undo.end()


def make(source: Node, description: Description | None = None, view: str = "") -> Group:
    """Return a new group behind a node; without a description it has no knobs for settings yet."""
    with source.parent():
        group = nuke.nodes.Group()
    group.setName(NAME, uncollide=True)
    with group:
        inside = nuke.nodes.Input(name="Input1")
        output = nuke.nodes.Output(name="Output1")
    output.setInput(0, inside)
    _put(output)
    group.setInput(0, source)
    group.setXYpos(int(source.xpos()), int(source.ypos()) + 80)
    add_knobs(group, description)
    group["fp_view"].setValue(view)
    return group


def place(group: Group, result: Result, how: Placing) -> Node:
    """Show a verified result in a group; return the Read that shows it.

    Raises:
        FaceplateError: Nuke did not keep what it was given.
    """
    source = group.node("Input1")
    if source is None:
        raise FaceplateError(
            f"{group.fullName()} has no Input1 inside; undo what was changed there"
        )
    if group["fp_view"].value():
        source = _inner(group, "OneView", "View", source)
        source["view"].setValue(group["fp_view"].value())
    frames = _there(group, result)
    read = _inner(group, "Read", "Restored")
    _fill(read, result, how, frames)
    matte = "matte" in result.submit.settings.layers
    best = _dialled_back(group, source, read, matte=matte)
    switch = _inner(group, "Switch", "Covered", source, best)
    shown = None if how.still else FrameRange(frame - how.offset for frame in frames)
    switch["which"].setExpression(coverage(shown))
    output = group.node("Output1")
    if output is not None:
        output.setInput(0, switch)
    group["fp_take"].setValue(_slashed(result.take))
    group["fp_done"].setValue(str(frames))
    return read


def coverage(frames: FrameRange | None) -> str:
    """Return an expression that is 1 at these frames and 0 at others; None is all frames."""
    return "1" if frames is None else " || ".join(map(_run, str(frames).split(",")))


def _run(text: str) -> str:
    """Return an expression for one run of a range as it is printed, such as ``1001-1100x2``."""
    frames = FrameRange.parse(text)
    if len(frames) == 1:
        return f"(frame == {frames.first})"
    step = (frames.last - frames.first) // (len(frames) - 1)
    every = "" if step == 1 else f" && (frame - {frames.first}) % {step} == 0"
    inside = f"(frame >= {frames.first} && frame <= {frames.last}{every})"
    return inside.replace("- -", "+ ")


def _there(group: Node, result: Result) -> FrameRange:
    """Return the frames of the plate that the take has now, those of former ranges too."""
    frames = list(result.frames)
    if group["fp_take"].value() == _slashed(result.take):
        frames += FrameRange.parse(str(group["fp_done"].value()))
    return FrameRange(frames)


def _slashed(path: str) -> str:
    return path.replace("\\", "/")  # a backslash in a knob is Tcl's


def _inner(group: Group, kind: str, name: str, *inputs: Node) -> Node:
    """Return a node of the group by its name, made where it is not there, with these inputs."""
    node = group.node(name)
    if node is None:
        with group:
            node = cast("Node", getattr(nuke.nodes, kind)(name=name))
        _put(node)
    for number, one in enumerate(inputs):
        node.setInput(number, one)
    return node


def _put(node: Node) -> None:
    column, row = _PLACES[str(node.name())]
    node.setXYpos(150 * column, 80 * row)


def _fill(read: Node, result: Result, how: Placing, frames: FrameRange) -> None:
    path = _slashed(result.plate.pattern if not how.still else result.plate.path(frames.first))
    values: dict[str, Any] = {
        "first": frames.first,
        "last": frames.last,
        "origfirst": frames.first,
        "origlast": frames.last,
        "origset": True,
        "before": "hold",
        "after": "hold",
        "on_error": "error",
        "localizationPolicy": "off",  # a local copy would not notice what is restored anew
        "frame_mode": "start at",
        "frame": str(frames.first - how.offset),
    }
    cast("Any", read["file"]).fromUserText(path)
    for name, value in {**values, **_colour(how.read)}.items():
        knob = read.knob(name)
        if knob is None and name in values:
            raise FaceplateError(f"this Nuke's Read has no knob {name}")
        if knob is not None:
            knob.setValue(value)
            if not _same(knob.value(), value):
                raise FaceplateError(f"Nuke did not keep {name} = {value!r}: {knob.value()!r}")
    if str(read["file"].value()) != path:
        raise FaceplateError("Nuke did not keep the file's path", path=path)
    cast("Any", read["reload"]).execute()  # Nuke may hold a frame that was made anew since


def _same(kept: object, given: object) -> bool:
    """Whether a knob kept a value; of a colourspace it may show, or hide, the submenu."""
    if isinstance(kept, str) and isinstance(given, str):
        return kept.rpartition("/")[2] == given.rpartition("/")[2]
    return kept == given


def _colour(read: Node | None) -> dict[str, Any]:
    """Return how the restored files are read: as their source is, whose space they are in."""
    if read is None:
        return {"raw": True}
    same = {name: read[name].value() for name in _SAME if read.knob(name) is not None}
    exr = str(read["file"].value()).lower().endswith(".exr")
    if not exr and str(same["colorspace"]).startswith("default"):  # another type, another default
        name = space_named(read["colorspace"])
        entries = [
            str(entry).partition("\t")[0] for entry in nuke.getColorspaceList(read["colorspace"])
        ]
        fitting = [entry for entry in entries if name in (entry, entry.rpartition("/")[2])]
        same["colorspace"] = (fitting or [same["colorspace"]])[0]
    return same


def _dialled_back(group: Group, source: Node, read: Node, *, matte: bool) -> Node:
    """Return what the knobs Mix and Matte leave of the restored picture."""
    held = read
    group["fp_matte"].setEnabled(matte)
    if matte:
        nuke.Layer(*_MATTE_LAYER)  # or no knob could name it before the file is read
        inside = _inner(group, "Keymix", "Matte", source, read, read)
        inside["maskChannel"].setValue(_MATTE)
        held = _inner(group, "Dissolve", "Held", read, inside)
        held["which"].setExpression("parent.fp_matte")
    mix = _inner(group, "Dissolve", "Mix", source, held)
    mix["which"].setExpression("parent.fp_mix")
    return mix
