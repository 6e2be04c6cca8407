"""Where a result belongs: found again, or refused where it would be in the wrong place.

Rules of this file:
    - While the engine worked, nodes may have been renamed, copied, wired anew or deleted, and
      another script may have been opened. A group is known by its mark, a plate by its path.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple, cast

from plugin_host.errors import FaceplateError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.footage import behind, path_of, views_of
from plugin_host.hosts.nuke.group import Placing, make, place, undoable
from plugin_host.hosts.nuke.knobs import MARK, is_ours
from plugin_host.plate import Plate

if TYPE_CHECKING:
    from plugin_host.host import Result
    from plugin_host.hosts.nuke.application import Group, Node


class Origin(NamedTuple):
    """Where a result belongs, and how it lies on the timeline.

    Attributes:
        node: Full name of the group, or of the node that was selected.
        mark: The group's own; empty for another node.
        view: Which view; empty where there is one only.
        offset: Frame of the plate less frame of the timeline.
        still: Whether the plate is one picture.
        direct: Whether the plate is a Read's file; else it was rendered.
    """

    node: str
    mark: str = ""
    view: str = ""
    offset: int = 0
    still: bool = False
    direct: bool = False

    def __str__(self) -> str:
        return json.dumps(self._asdict(), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Read what ``str`` wrote."""
        return cls(**json.loads(text))


def place_result(result: Result) -> str:
    """Show a result in the group that it belongs to, made where there is none; on main.

    Returns:
        The group's full name.

    Raises:
        FaceplateError: The node is gone or shows another plate, or Nuke did not keep what it was
            given.
    """
    origin = Origin.parse(result.selection.origin)
    node = _found(origin)
    if node is None:
        what = f"{origin.node} is gone from the script; what was restored is on disk"
        raise FaceplateError(what, path=result.plate.pattern)
    source = behind(node.input(0) if is_ours(node) else node)
    if origin.direct and not _shows(source, origin, result):
        what = f"{node.fullName()} has another plate now; what was restored is on disk"
        raise FaceplateError(what, path=result.plate.pattern)
    with undoable("Faceplate: place what was restored"):
        known = cast("Group", node) if is_ours(node) else group_behind(node, origin.view)
        group = known or make(node, view=origin.view)
        read = source if origin.direct else None
        place(group, result, Placing(origin.offset, origin.still, read))
        group["label"].setValue(_summary(result))
        group["fp_notes"].setValue(" ".join(result.finished.notes))
    return group.fullName()


def groups_behind(node: Node) -> list[Group]:
    """Return the group that a node is, or those that restore it, for each of its views."""
    if is_ours(node):
        return [cast("Group", node)]
    found = (group_behind(node, view) for view in views_of(node))
    return [group for group in found if group is not None]


def group_behind(node: Node, view: str) -> Group | None:
    """Return the group that restores a node in a view; None where there is none."""
    for one in node.dependent(nuke.INPUTS):
        if is_ours(one) and one.input(0) is not None and one["fp_view"].value() == view:
            return cast("Group", one)
    return None


def _found(origin: Origin) -> Node | None:
    with nuke.root():
        node = nuke.toNode(origin.node)
    if not origin.mark:
        return node
    if node is not None and _has_mark(node, origin.mark):
        return node  # before its copies
    groups = nuke.allNodes("Group", group=nuke.root(), recurseGroups=True)
    return next((one for one in groups if _has_mark(one, origin.mark)), None)


def _has_mark(node: Node, mark: str) -> bool:
    return is_ours(node) and node[MARK].value() == mark


def _shows(source: Node | None, origin: Origin, result: Result) -> bool:
    if source is None or source.Class() != "Read":
        return False
    now = Plate.parse(path_of(source, origin.view))
    return now.pattern == result.selection.shot.plate.pattern


def _summary(result: Result) -> str:
    """Return what a node's label says: version, frames, what is wrong; no Tcl in it."""
    origin = Origin.parse(result.selection.origin)
    shown = FrameRange(frame - origin.offset for frame in result.frames)
    lines = [f"{os.path.basename(result.plate.folder)}: {shown}"]
    if result.finished.errors:
        lines.append(f"not restored: {len(result.finished.errors)}")
    if result.finished.faceless:
        lines.append(f"without a face: {result.finished.faceless}")
    return "\n".join(lines).replace("[", "(").replace("]", ")")
