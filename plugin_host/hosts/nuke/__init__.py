"""Faceplate inside Nuke 13 and later; this is the one place that others import."""

from plugin_host.hosts.nuke.adapter import NukeHost
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
from plugin_host.hosts.nuke.menu import add_menu

__all__ = [
    "NukeHost",
    "add_menu",
    "cancel",
    "engine_status",
    "open_take",
    "pick_faces",
    "preview",
    "restore",
    "restore_on_farm",
    "set_hero_frame",
]
