"""The knobs of a FaceplateRestore group: made from the engine's description, read for a request.

Rules of this file:
    - A knob's name begins with ``fp_``: Nuke's nodes have knobs of their own, `mask` among them.
    - A group that was made with another engine keeps its knobs; what it lacks is added.
    - Frames in knobs are the timeline's.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from plugin_host.errors import FrameRangeError, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.nuke.application import nuke
from plugin_host.panel import fields
from plugin_host.picks import HERO, split_reference

if TYPE_CHECKING:
    from plugin_host.hosts.nuke.application import Knob, Node
    from plugin_host.panel import Field
    from plugin_host.replies import Description

MARK = "fp_group"
"""The knob by which a group is known as one of ours, and which one."""
_UNFIT = re.compile(r"[^A-Za-z0-9]")
_NOT_HERE = ("beauty", "patch")  # one is always there; the other alone is no picture for a comp
_BESIDE = {"layers": ("matte",)}  # what the knob Matte takes to dial a face back
_ABSENT = "Faceplate is not installed here; what was restored is shown all the same."
_SCRIPT = """try:
    from plugin_host.hosts import nuke as faceplate
except ImportError:
    nuke.message({absent!r})
else:
    faceplate.{call}([nuke.thisNode()])
"""
_BUTTONS = (
    ("restore", "Restore", "Restore the range; what is restored already is not done again."),
    ("preview", "Preview this frame", "Restore the current frame first, before everything else."),
    ("set_hero_frame", "Set hero frame", "Take the current frame as exemplar of its faces."),
    ("pick_faces", "Pick faces", "Look through the shot and choose which faces are restored."),
    ("cancel", "Cancel", "Stop; frames that are done are kept."),
    ("open_take", "Open take", "Show the folder of what was restored."),
    ("restore_on_farm", "Restore on the farm", "Write a job for the farm, in place of restoring."),
)
_TEXTS = (
    ("fp_shot", "Shot", "In to out, 1001-1100; empty for all frames of the input."),
    ("fp_range", "Range", "Which of it now: 1001-1040, 1001-1100x2; empty for all."),
    ("fp_view", "View", "Which view is restored; empty where all views are the same."),
    ("fp_colourspace", "Colourspace", "Of the plate; empty for what its Read says."),
)
_PATHS = (
    ("fp_output", "Output", "Folder; {folder} {plate} {name} {restorer} {version} are known."),
    ("fp_plates", "Rendered plates", "Where the input is rendered; empty for beside the script."),
)
_SWITCHES = (
    (
        *("fp_shared", "Shared storage", True),
        "Whether the engine's machine sees these files; if not, they are sent, and kept there.",
    ),
    (
        *("fp_forget", "Forget there", False),
        "Where files are sent: take them off the engine's machine once the result is here.",
    ),
)
_DIALS = (
    ("fp_mix", "Mix", 1, "How much of what was restored is seen: 0 is the input."),
    ("fp_matte", "Matte", 0, "Hold it to faceplate.matte once more: softer towards the edge."),
)


class Wanted(NamedTuple):
    """What a group's own knobs ask for, beside the settings; frames are the timeline's.

    Attributes:
        shot: In to out; None for all that the input has.
        frames: Those of it that are wanted now; None for all of it.
        handles: Frames around it that are read.
        colourspace: Of the plate, in place of what the Read says; None for nothing.
        view: Which view; empty where there is one only.
        output: Template of the output folder; empty for the default.
        plates: Folder of rendered plates; empty for the default.
        on_error: What becomes of a bad frame.
        shared: Whether the engine's machine sees this one's storage; else frames travel.
        forget: Whether it then forgets them once the result is here.
    """

    shot: FrameRange | None = None
    frames: FrameRange | None = None
    handles: int = 0
    colourspace: str | None = None
    view: str = ""
    output: str = ""
    plates: str = ""
    on_error: str = "skip"
    shared: bool = True
    forget: bool = False


def is_ours(node: Node) -> bool:
    """Whether a node is a FaceplateRestore group."""
    return node.Class() == "Group" and node.knob(MARK) is not None


def knob_name(field: str) -> str:
    """Return what the knob of a field is called."""
    return "fp_" + _UNFIT.sub("_", field)


def add_knobs(group: Node, description: Description | None) -> None:
    """Give a group the knobs that it does not have yet; without a description, no settings'.

    Raises:
        SettingsError: The engine has no restorer.
    """
    described = fields(description) if description is not None else ()
    _add(group, nuke.Tab_Knob("fp_tab", "Faceplate"))
    for call, label, tooltip in _BUTTONS:
        script = _SCRIPT.format(absent=_ABSENT, call=call)
        _add(group, nuke.PyScript_Knob("fp_do_" + call, label, script), tooltip)
    for field in described:
        _add_field(group, field)
    for name, label, tooltip in _TEXTS:
        _add(group, nuke.String_Knob(name, label), tooltip)
    for name, label, tooltip in _PATHS:
        _add(group, nuke.File_Knob(name, label), tooltip)
    for name, label, on, tooltip in _SWITCHES:
        if _add(group, _switch(name, label), tooltip):
            group[name].setValue(on)
    _add_dials(group)
    _add_memory(group)
    if description is not None:
        show_fitting(group, description)


def _add_dials(group: Node) -> None:
    for name, label, value, tooltip in _DIALS:
        knob = nuke.Double_Knob(name, label)
        knob.setRange(0, 1)
        if _add(group, knob, tooltip):
            knob.setValue(value)


def _add_memory(group: Node) -> None:
    """Add what a group remembers of itself, for nobody to change."""
    if _add(group, nuke.String_Knob("fp_notes", "Notes"), "What the engine had to say."):
        group["fp_notes"].setFlag(nuke.DISABLED)
    for name in (MARK, "fp_take", "fp_done"):
        if _add(group, nuke.String_Knob(name, name)):
            group[name].setFlag(nuke.INVISIBLE)
    if not group[MARK].value():
        group[MARK].setValue(uuid.uuid4().hex)
    group["fp_view"].setVisible(len(nuke.views()) > 1)


def show_fitting(group: Node, description: Description) -> None:
    """Hide the knobs that mean nothing to the chosen restorer."""
    restorer = str(group[knob_name("restorer")].value())
    for field in fields(description):
        for knob in _knobs_of(group, field):
            knob.setVisible(field.is_for(restorer))


def values_of(group: Node, description: Description, *, offset: int = 0) -> dict[str, Any]:
    """Return the fields' values for `panel.settings`.

    Args:
        group: Whose knobs.
        description: What the engine says it can do.
        offset: Frame of the plate less frame of the timeline: references are told by the plate's.
    """
    values: dict[str, Any] = {}
    for field in fields(description):
        if field.kind == "flags":
            knobs = zip(_choices(field), _knobs_of(group, field))
            values[field.name] = {word: bool(knob.value()) for word, knob in knobs}
        else:
            knob = group.knob(knob_name(field.name))
            values[field.name] = field.default if knob is None else knob.value()
    lines = str(values.get("reference") or "").splitlines()
    if "reference" in values:
        values["reference"] = [_to_plate(line.strip(), offset) for line in lines if line.strip()]
    return values


def wanted_of(group: Node) -> Wanted:
    """Return what the group's own knobs ask for.

    Raises:
        SettingsError: One cannot be read; names the knob and says what would be right.
    """
    handles = group.knob(knob_name("handles"))
    on_error = group.knob(knob_name("on_error"))
    return Wanted(
        shot=_range(group, "fp_shot"),
        frames=_range(group, "fp_range"),
        handles=int(handles.value()) if handles is not None else 0,
        colourspace=str(group["fp_colourspace"].value()).strip() or None,
        view=str(group["fp_view"].value()).strip(),
        output=_path(group, "fp_output"),
        plates=_path(group, "fp_plates"),
        on_error=str(on_error.value()) if on_error is not None else "skip",
        shared=bool(group["fp_shared"].value()),
        forget=bool(group["fp_forget"].value()),
    )


def _add(group: Node, knob: Knob, tooltip: str = "") -> bool:
    if group.knob(knob.name()) is not None:
        return False
    if tooltip:
        knob.setTooltip(tooltip)
    group.addKnob(knob)
    return True


def _add_field(group: Node, field: Field) -> None:
    name = knob_name(field.name)
    if field.kind == "flags":
        for number, word in enumerate(_choices(field)):
            knob = nuke.Boolean_Knob(f"{name}_{word}", f"{field.label}: {word}")
            if not number:
                knob.setFlag(nuke.STARTLINE)
            if _add(group, knob, field.tooltip):
                knob.setValue(word in (*field.default, *_BESIDE.get(field.name, ())))
        return
    knob = _knob(name, field)
    if _add(group, knob, field.tooltip) and field.default not in ("", ()):
        knob.setValue(field.default)


def _knob(name: str, field: Field) -> Knob:
    if field.kind == "choice":
        return nuke.Enumeration_Knob(name, field.label, list(field.choices))
    if field.kind == "whole":
        knob = nuke.Int_Knob(name, field.label)
        knob.setRange(field.minimum, field.maximum)
        return knob
    if field.kind == "switch":
        return _switch(name, field.label)
    if field.kind == "path":
        return nuke.File_Knob(name, field.label)
    if field.kind == "paths":
        return nuke.Multiline_Eval_String_Knob(name, field.label)
    assert field.kind == "text", field.kind
    return nuke.String_Knob(name, field.label)


def _switch(name: str, label: str) -> Knob:
    knob = nuke.Boolean_Knob(name, label)
    knob.setFlag(nuke.STARTLINE)
    return knob


def _choices(field: Field) -> tuple[str, ...]:
    return tuple(word for word in field.choices if word not in _NOT_HERE)


def _knobs_of(group: Node, field: Field) -> list[Knob]:
    name = knob_name(field.name)
    names = [f"{name}_{word}" for word in _choices(field)] if field.kind == "flags" else [name]
    return [knob for knob in map(group.knob, names) if knob is not None]


def _to_plate(reference: str, offset: int) -> str:
    person, exemplar = split_reference(reference)
    if not exemplar.startswith(HERO) or not offset:
        return reference
    try:
        frame = int(exemplar[len(HERO) :]) + offset
    except ValueError:
        what = f"Reference: {reference!r} is no frame:N and no path of a picture"
        raise SettingsError(what) from None
    return f"{person}={HERO}{frame}" if person else f"{HERO}{frame}"


def _range(group: Node, name: str) -> FrameRange | None:
    text = str(group[name].value()).strip()
    try:
        return FrameRange.parse(text) if text else None
    except FrameRangeError as error:
        raise SettingsError(f"{group[name].label()}: {error.message}") from None


def _path(group: Node, name: str) -> str:
    """Return a path knob's text; Tcl in it is carried out, tokens in braces stay."""
    text = str(group[name].value()).strip()
    return str(cast("Any", group[name]).evaluate()).strip() if "[" in text else text
