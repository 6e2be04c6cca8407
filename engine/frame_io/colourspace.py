"""Which colourspace a plate is in: names, evidence, and the OpenColorIO config that knows them.

Rules of this file:
    - Nothing is guessed. A config's file rules are no evidence: they call every EXR ACES2065-1.
    - Every spelling ends as the config's own name; interop ids are the names on the wire.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import PyOpenColorIO as ocio  # noqa: N813  # its own documentation's name for it

from engine.frame_io.exr import matching_interop_id
from plugin_host.errors import ColourspaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

PINNED_CONFIG = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
INTEROP_CONFIG = "ocio://studio-config-v5.0.0_aces-v2.1_ocio-v2.6"  # the first that names its ids
RAW = "raw"

# Names of Nuke's own transfer curves and of older configs. A curve without primaries stands for
# the primaries that its camera writes it with; Nuke's own log of film (Cineon) has none.
LEGACY_NAMES = {
    "linear": "lin_rec709_scene",
    "srgb": "srgb_rec709_scene",
    "rec709": "Camera Rec.709",
    "bt1886": "Gamma 2.4 Encoded Rec.709",
    "gamma1.8": "g18_rec709_scene",
    "gamma2.2": "g22_rec709_scene",
    "gamma2.4": "Gamma 2.4 Encoded Rec.709",
    "alexav3logc": "ARRI LogC3 (EI800)",
    "arrilogc": "ARRI LogC3 (EI800)",
    "logc3": "ARRI LogC3 (EI800)",
    "arrilogc4": "ARRI LogC4",
    "logc4": "ARRI LogC4",
    "slog3": "S-Log3 S-Gamut3.Cine",
    "redlog3g10": "Log3G10 REDWideGamutRGB",
    "log3g10": "Log3G10 REDWideGamutRGB",
    "vlog": "V-Log V-Gamut",
    "canonlog2": "CanonLog2 CinemaGamut D55",
    "canonlog3": "CanonLog3 CinemaGamut D55",
    "davinciintermediate": "DaVinci Intermediate WideGamut",
    "blackmagicfilmgeneration5": "BMDFilm WideGamut Gen5",
    "applelog": "Apple Log",
}
_ROLE_AND_NAME = re.compile(r"[a-z_]+ *\((.+)\)")
_CHOICES = (
    "lin_ap1_scene (ACEScg), lin_ap0_scene (ACES2065-1), lin_rec709_scene, srgb_rec709_scene, "
    "raw, or any name of the OpenColorIO config"
)

Evidence = Literal[
    "requested", "colorInteropID", "acesImageContainerFlag", "chromaticities", "rule"
]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The colourspace of a plate, and why.

    Attributes:
        space: Its name in the OpenColorIO config, or ``raw``: no transform, primaries unnamed.
        interop: Its interop id, the name on the wire; None where it has none.
        evidence: What said so.
    """

    space: str
    interop: str | None
    evidence: Evidence


def resolve_colourspace(
    requested: str | None, attributes: Mapping[str, Any], rule: str | None = None
) -> Resolved:
    """Decide a plate's colourspace from what the user, the file and the project say.

    In this order: what was requested; the file's ``colorInteropID``; its ACES container flag; the
    project's rule. Chromaticities are often wrong and say nothing of the transfer curve: alone
    they lead to a refusal that suggests the space they match. Where the rule names that very
    space, they are its evidence; where it names another, the rule holds.

    Args:
        requested: What the user named, in any spelling that Nuke, an OpenColorIO config or the
            Color Interop Forum has for it; None for nothing.
        attributes: Header of the plate's beauty part.
        rule: Name of the space that the project declares for plates which do not tell; None for
            no rule.

    Raises:
        ColourspaceError: A name is unknown, nothing says what the space is, or the OpenColorIO
            config cannot be read.

    References:
        Color Interop Forum, Recommendation 04: the order of the file's own evidence. We differ in
        that ``colorInteropID`` is read before the container flag, since it is the newer statement.
    """
    interop_id = str(attributes.get("colorInteropID", "")).strip()
    if requested:
        return _resolved(requested, "requested")
    if interop_id and interop_id != "unknown":
        if interop_id == "data":
            raise ColourspaceError(f"the plate calls itself data, not colour; name {_CHOICES}")
        return _resolved(interop_id, "colorInteropID")
    if attributes.get("acesImageContainerFlag") == 1:
        return _resolved("lin_ap0_scene", "acesImageContainerFlag")
    primaries = attributes.get("chromaticities")
    suggestion = matching_interop_id(primaries) if primaries else None
    if rule:
        ruled = _resolved(rule, "rule")
        confirmed = suggestion is not None and ruled.interop == suggestion
        return Resolved(ruled.space, ruled.interop, "chromaticities") if confirmed else ruled
    hint = f"; its chromaticities suggest {suggestion}" if suggestion else ""
    raise ColourspaceError(f"the plate does not say its colourspace{hint}; name {_CHOICES}")


def _resolved(name: str, evidence: Evidence) -> Resolved:
    config = config_of(os.environ.get("OCIO", ""))
    space = _find(config, name)
    if space is None:
        near = difflib.get_close_matches(name.lower(), _every_name(config), n=3, cutoff=0.5)
        hint = f"; near to it: {', '.join(near)}" if near else ""
        raise ColourspaceError(f"unknown colourspace {name!r} ({evidence}){hint}; name {_CHOICES}")
    return Resolved(space, None if space == RAW else _interop_id(config, space), evidence)


def _find(config: ocio.Config, name: str) -> str | None:
    """Return the config's own name of a space, ``raw``, or None where it knows nothing like it."""
    name = name.partition("\t")[0].strip()  # Nuke appends a knob value's alias after a tab
    if name.lower() == RAW:
        return RAW
    inside = _ROLE_AND_NAME.fullmatch(name)
    for candidate in (
        name,
        inside[1] if inside else "",
        _interop_names().get(name.lower(), ""),
        LEGACY_NAMES.get(re.sub("[ _-]", "", name.lower()), ""),
    ):
        space = config.getCanonicalName(candidate)
        found = config.getColorSpace(space) if space else None
        if found is not None:
            return RAW if found.isData() else space
    return None


def _interop_id(config: ocio.Config, space: str) -> str | None:
    """Return the id that the config gives the space, by field or by alias, or that its name has."""
    found = config.getColorSpace(space)
    assert found is not None
    names = _interop_names()
    aliases = (alias for alias in found.getAliases() if alias in names)
    by_name = (interop for interop, name in names.items() if name == space)
    return found.getInteropID() or next(aliases, None) or next(by_name, None)


def _every_name(config: ocio.Config) -> list[str]:
    spaces = config.getColorSpaces(ocio.SEARCH_REFERENCE_SPACE_ALL, ocio.COLORSPACE_ALL)
    names = [name for space in spaces for name in (space.getName(), *space.getAliases())]
    return [name.lower() for name in (*names, *LEGACY_NAMES, RAW)]


@lru_cache(maxsize=4)
def config_of(variable: str) -> ocio.Config:
    """Return the config that ``$OCIO`` names, or the pinned one where it names none."""
    try:
        return ocio.Config.CreateFromFile(variable or PINNED_CONFIG)
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:
        raise ColourspaceError(f"$OCIO is {variable}, which cannot be read: {error}") from error


@lru_cache(maxsize=1)
def _interop_names() -> Mapping[str, str]:
    """Return interop id to name for every space of the newest config that declares its ids."""
    config = ocio.Config.CreateFromFile(INTEROP_CONFIG)
    spaces = config.getColorSpaces(ocio.SEARCH_REFERENCE_SPACE_ALL, ocio.COLORSPACE_ALL)
    return {space.getInteropID(): space.getName() for space in spaces if space.getInteropID()}
