"""What the engine calls the colourspaces of this script.

Rules of this file:
    - A name goes on as Nuke has it; the engine knows Nuke's spellings (docs/colour.md).
    - Roles are resolved here, where the config is known; one that cannot be is refused.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from plugin_host.errors import ColourspaceError
from plugin_host.hosts.nuke.application import nuke

if TYPE_CHECKING:
    from plugin_host.hosts.nuke.application import Knob, Node

RAW = "raw"
_ROLES = "default|scene_linear|compositing_linear|rendering|reference"
_ROLE = re.compile(rf"(?:{_ROLES})\Z")
_NAMED_ROLE = re.compile(rf"(?:.*/)?(?:{_ROLES}) *\((.+)\)\Z")
# What the scene-linear role is in the configs that ship with Nuke, by how their names begin.
_SCENE_LINEAR = {
    "nuke-default": "linear",
    "aces": "ACEScg",
    "cg-config": "ACEScg",
    "studio-config": "ACEScg",
    "fn-nuke": "ACEScg",
}


def space_of_read(read: Node) -> str | None:
    """Return the name of the space of a Read's file; None where the Read does not say.

    Raises:
        ColourspaceError: It is a role of a config that only this Nuke knows.
    """
    return RAW if read["raw"].value() else space_named(read["colorspace"])


def space_of_script() -> str | None:
    """Return the name of the working space, in which a raw Write writes.

    Raises:
        ColourspaceError: It is a role of a config that only this Nuke knows.
    """
    return space_named(nuke.root()["workingSpaceLUT"])


def space_named(knob: Knob) -> str | None:
    """Return the name of the space that a knob is set to; None for a default that is not named.

    Raises:
        ColourspaceError: It is a role of a config that only this Nuke knows.
    """
    value = str(knob.value()).partition("\t")[0].strip()
    resolved = _NAMED_ROLE.match(value)
    if resolved is not None:
        return resolved.group(1)
    if _ROLE.match(value):
        return _behind_role(value, knob)
    # OCIO's families are submenus, and up to Nuke 13 part of the value: Input/ARRI/...
    ocio = nuke.root()["colorManagement"].value() == "OCIO"
    return value.rpartition("/")[2] if ocio and nuke.NUKE_VERSION_MAJOR < 14 else value or None


def _behind_role(role: str, knob: Knob) -> str | None:
    listed = isinstance(knob, nuke.Enumeration_Knob)
    for entry in nuke.getColorspaceList(knob) if listed else ():  # Nuke 14: role, tab, its space
        name, _, shown = str(entry).partition("\t")
        resolved = _NAMED_ROLE.match(shown)
        if name == role and resolved is not None:
            return resolved.group(1)
    if role == "default":
        return None
    config = str(nuke.root()["OCIO_config"].value())
    for begin, space in _SCENE_LINEAR.items():
        if config.startswith(begin) and role in ("scene_linear", "compositing_linear"):
            return space
    raise ColourspaceError(
        f"{role!r} is a role of the config {config!r}, which the engine may not have; name the "
        "space itself in the knob Colourspace"
    )
