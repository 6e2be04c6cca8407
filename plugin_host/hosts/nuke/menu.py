"""The menu *Faceplate*, and how groups look: the job in their label, the knobs that fit."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from plugin_host.errors import FaceplateError
from plugin_host.hosts.nuke.application import nuke
from plugin_host.hosts.nuke.board import text_of_job
from plugin_host.hosts.nuke.commands import (
    cancel,
    engine_status,
    open_take,
    pick_faces,
    preview,
    restore,
    set_hero_frame,
)
from plugin_host.hosts.nuke.farm import restore_on_farm
from plugin_host.hosts.nuke.knobs import is_ours, knob_name, show_fitting
from plugin_host.hosts.nuke.work import last_description, say

if TYPE_CHECKING:
    from plugin_host.hosts.nuke.application import Menu

LINES: tuple[tuple[str, Callable[[], object]], ...] = (
    ("Restore selected", restore),
    ("Restore on the farm", restore_on_farm),
    ("Preview this frame", preview),
    ("Set hero frame", set_hero_frame),
    ("Pick faces", pick_faces),
    ("Cancel", cancel),
    ("Open take", open_take),
    ("Engine status", engine_status),
)


def add_menu() -> None:
    """Add the menu; does nothing in a terminal. Calls no engine."""
    if not nuke.GUI:
        return
    menu: Menu = nuke.menu("Nuke").addMenu("Faceplate")
    for name, command in LINES:
        menu.addCommand(name, _told(command))
    nuke.addAutolabel(autolabel, nodeClass="Group")
    nuke.addKnobChanged(knob_changed, nodeClass="Group")


def autolabel() -> str | None:
    """Return the name and the job of a group that is being restored; None for all other nodes."""
    node = nuke.thisNode()
    text = text_of_job(node.fullName()) if is_ours(node) else ""
    return f"{node.name()}\n{text}" if text else None


def knob_changed() -> None:
    """Show the knobs that mean something to a group's restorer, when that is chosen."""
    node, knob, description = nuke.thisNode(), nuke.thisKnob(), last_description()
    chosen = knob.name() == knob_name("restorer") and is_ours(node)
    if chosen and description is not None:
        show_fitting(node, description)


def _told(command: Callable[[], object]) -> Callable[[], None]:
    def call() -> None:
        try:
            command()
        except FaceplateError as error:
            say(str(error))

    return call
