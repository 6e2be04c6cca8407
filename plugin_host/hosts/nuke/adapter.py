"""Nuke as a host: what is selected becomes plates, what was restored becomes groups.

Rules of this file:
    - `NukeHost` may be called on any thread: it asks the main thread for all that it needs.
    - A plate is what the node shows at this moment; the engine may be at it for hours.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Sequence

from plugin_host.errors import FrameRangeError, PlateError, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.host import Host, Progress, Result, Selection
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.colour import space_of_script
from plugin_host.hosts.nuke.footage import behind, footage_of_read, views_of
from plugin_host.hosts.nuke.knobs import MARK, Wanted, is_ours, wanted_of
from plugin_host.hosts.nuke.main_thread import on_main
from plugin_host.hosts.nuke.placing import Origin, place_result
from plugin_host.hosts.nuke.progress import Bar
from plugin_host.hosts.nuke.rendering import default_folder, refuse_proxy, render
from plugin_host.requests import Shot

if TYPE_CHECKING:
    from plugin_host.hosts.nuke.application import Node
    from plugin_host.hosts.nuke.board import Job
    from plugin_host.hosts.nuke.footage import Footage

BESIDE_PLATE = "{folder}/restored/{plate}/{version}"
_RATES = (24, 30, 48, 60, 120)  # whose slower sisters run at 1000/1001


class NukeHost(Host):
    """This Nuke.

    Args:
        job: Whose node tells how far it is, and whose cancel is heeded; None for none.
    """

    def __init__(self, job: Job | None = None) -> None:
        self._job = job
        self.name = f"nuke {nuke.NUKE_VERSION_STRING}"

    def selected_plates(self) -> Sequence[Selection]:
        """Return what is selected, the first one first; what has no file is rendered.

        Raises:
            FaceplateError: Nothing is, or something that cannot be restored.
        """
        return on_main(lambda: [one for node in selected() for one in plates_of(node)])

    def place_result(self, result: Result) -> str:
        """Show a result in the group that it belongs to; return the group's full name.

        Raises:
            FaceplateError: The node is gone, or Nuke did not keep what it was given.
        """
        return on_main(lambda: place_result(result))

    def show_progress(self, title: str) -> Progress:
        """Show a bar with a cancel button; in a terminal, a line for each percent."""
        return Bar(title, self._job)


def selected() -> list[Node]:
    """Return the selected nodes, the first one first, less those that a selected group restores.

    Raises:
        PlateError: None is.
    """
    nodes = list(reversed(nuke.selectedNodes()))
    if not nodes:
        raise PlateError(
            "nothing is selected; select Reads, other nodes or FaceplateRestore groups"
        )
    inputs = (node.input(0) for node in nodes if is_ours(node))
    restored = {one.fullName() for one in inputs if one is not None}
    return [node for node in nodes if node.fullName() not in restored]


def plates_of(node: Node) -> list[Selection]:
    """Return what a node shows as plates, one for each view that differs.

    Raises:
        FaceplateError: It cannot be restored; says why, and what would be right.
    """
    if is_ours(node):
        return [plate_of(node, wanted_of(node))]
    return [plate_of(node, Wanted(view=view)) for view in views_of(node)]


def plate_of(node: Node, wanted: Wanted) -> Selection:
    """Return what a group's input, or another node, shows, as a plate.

    Raises:
        FaceplateError: It cannot be restored; says why, and what would be right.
    """
    source = behind(node.input(0) if is_ours(node) else node)
    if source is None:
        raise PlateError(f"{node.fullName()} has no input; connect what is to be restored")
    refuse_proxy()
    _check_view(node, source, wanted.view)
    found = _footage(source, wanted)
    shot = found.frames if wanted.shot is None or found.still else found.to_plate(wanted.shot)
    if not found.rendered:
        _check_inside(source, found, shot, wanted.handles)
    asked = shot if wanted.frames is None or found.still else found.to_plate(wanted.frames)
    outside = [frame for frame in asked if frame not in shot]
    if outside:
        frames, first = found.to_timeline(shot), outside[0] - found.offset
        raise FrameRangeError(f"frame {first} is not in the shot {frames} of {source.fullName()}")
    mark = str(node[MARK].value()) if is_ours(node) else ""
    origin = Origin(
        node.fullName(), mark, wanted.view, found.offset, found.still, not found.rendered
    )
    name = source.name() + (f"_{wanted.view}" if wanted.view else "")
    handles = 0 if found.still else wanted.handles
    return Selection(name, Shot(found.plate, shot, handles), asked, str(origin), _rate())


def template_of(selection: Selection, wanted: Wanted) -> str:
    """Return where a selection's results go.

    Raises:
        OutputError: Beside the script, which was never saved.
    """
    if wanted.output:
        return wanted.output
    if Origin.parse(selection.origin).direct:
        return BESIDE_PLATE
    if wanted.plates:
        return wanted.plates.rstrip("/") + "/restored/{name}/{version}"
    return os.path.dirname(default_folder()) + "/{name}/{version}"


def _footage(source: Node, wanted: Wanted) -> Footage:
    why: Footage | str = "it is no Read"
    if source.Class() == "Read":
        why = footage_of_read(source, wanted.view, wanted.colourspace)
    if not isinstance(why, str):
        return why
    between = source.frameRange()
    shot = wanted.shot or FrameRange.between(int(between.first()), int(between.last()))
    found = render(
        source,
        shot.widened(wanted.handles) if wanted.handles else shot,
        view=wanted.view,
        folder=wanted.plates or default_folder(),
        colourspace=wanted.colourspace or space_of_script(),
    )
    return found._replace(frames=shot)


def _check_view(node: Node, source: Node, view: str) -> None:
    """Refuse a view that is not there, and none where the group's input has several."""
    views = views_of(source)
    if view and view not in nuke.views():
        raise SettingsError(f"there is no view {view!r}; there are {', '.join(nuke.views())}")
    if not view and len(views) > 1 and is_ours(node):
        raise SettingsError(
            f"{source.fullName()} differs between the views {', '.join(views)}: name one in the "
            "knob View; a group shows one view"
        )


def _check_inside(source: Node, found: Footage, shot: FrameRange, handles: int) -> None:
    """Refuse a shot whose handles, or who, reach beyond what the Read has."""
    wide = shot.widened(handles) if handles else shot
    if not found.still and (wide.first < found.frames.first or wide.last > found.frames.last):
        has, needs = found.to_timeline(found.frames), found.to_timeline(wide)
        raise SettingsError(
            f"{source.fullName()} has frames {has}; the shot with {handles} frames of handles "
            f"takes {needs.first}-{needs.last}: set Shot and Handles so that it lies inside"
        )


def _rate() -> tuple[int, int] | None:
    fps = float(nuke.root()["fps"].value())
    for nominal in _RATES:
        if abs(fps - nominal * 1000 / 1001) < 0.005:  # Nuke has it with three digits
            return nominal * 1000, 1001
    thousandths = round(fps * 1000)
    if thousandths <= 0:
        return None
    return (thousandths // 1000, 1) if thousandths % 1000 == 0 else (thousandths, 1000)
