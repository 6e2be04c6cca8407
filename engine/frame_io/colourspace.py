"""Which colourspace a plate is in: names, evidence, and the OpenColorIO config that knows them.

Rules of this file:
    - Nothing is guessed. A config's file rules are no evidence: they call every EXR ACES2065-1.
    - A name is looked up in the config that ``$OCIO`` names, then in the built-in one. In each, the
      config's own rule for names comes first (case does not count), then names that differ in
      spaces, dashes, brackets and the like only, where that leaves one space.
    - Every spelling ends as the config's own name; interop ids are the names on the wire.
"""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import PyOpenColorIO as ocio  # noqa: N813  # its own documentation's name for it

from engine.frame_io.exr import matching_interop_id
from engine.frame_io.spaces import built_in_config
from plugin_host.errors import ColourspaceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RAW = "raw"
BUILT_IN = ""
"""Key of the built-in config; that of a config of the house is the value of ``$OCIO``."""

_ROLE_AND_NAME = re.compile(r"[a-z_]+ *\((.+)\)")
_CSC = re.compile(r" - CSC$")  # how Resolve marks a space, in its ACES menus
_WORD = re.compile(r"[^\W\d_]+|\d+")
_MOST_NAMED = 8
_CHOICES = (
    "lin_ap1_scene (ACEScg), lin_ap0_scene (ACES2065-1), lin_rec709_scene, srgb_rec709_scene, "
    "raw, or any name that Nuke, Resolve or the OpenColorIO config has for a space"
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

    @property
    def config(self) -> str:
        """The config that declares the space, for people: what ``$OCIO`` says, or ``built in``."""
        return "none" if self.space == RAW else config_declaring(self.space) or "built in"


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
    tagged = attributes.get("faceplate/tagged")  # what a movie or picture says, in words
    hint += f"; it is tagged as {tagged}" if tagged else ""
    raise ColourspaceError(f"the plate does not say its colourspace{hint}; name {_CHOICES}")


def _resolved(name: str, evidence: Evidence) -> Resolved:
    name = name.partition("\t")[0].strip()  # Nuke appends a knob value's alias after a tab
    if fold(name) in {"raw", "utilityraw"}:
        return Resolved(RAW, None, evidence)
    found = _find(name)
    if found is None:
        raise ColourspaceError(_unknown(name, evidence))
    if found.isData():
        raise ColourspaceError(
            f"{name!r} ({evidence}) holds data, not colour: there is no picture in it to restore; "
            f"name the colourspace of the values, or {RAW} to take them as scene-linear"
        )
    return Resolved(found.getName(), _interop_id(found), evidence)


def fold(name: str) -> str:
    """Return what counts of a name: letters and digits, in one case."""
    letters = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in letters if letter.isalnum())


def _find(name: str) -> ocio.ColorSpace | None:
    """Return the space of a name in any spelling, in the first config that has it.

    Raises:
        ColourspaceError: Several spaces of one config have it.
    """
    inside = _ROLE_AND_NAME.fullmatch(name)
    spellings = (name, inside[1] if inside else name, _CSC.sub("", name))
    first, *others = _keys()
    found = _look_up(first, spellings)
    for key in others if found is None else ():
        ours = _look_up(key, spellings)
        if ours is not None:  # what a host calls it is known here, the space perhaps there, too
            found = _look_up(first, (ours.getName(), ours.getInteropID())) or ours
    return found


def _look_up(key: str, spellings: Iterable[str]) -> ocio.ColorSpace | None:
    config, folded = config_of(key), _folded(key)
    for spelling in spellings:
        exact = config.getColorSpace(spelling)
        if exact is not None:
            return exact
        names = list(folded.get(fold(spelling), ()))
        if len(names) > 1:
            raise ColourspaceError(f"colourspace {spelling!r} could be {_either(names)}; name one")
        if names:
            return config.getColorSpace(names[0])
    return None


def _unknown(name: str, evidence: Evidence) -> str:
    """Return why a name is refused: what it is a part of, or what is near to it."""
    spaces = {folded: names for key in _keys() for folded, names in _folded(key).items()}
    spelled = {said: space for names in spaces.values() for space, said in names.items()}
    whole = {space for said, space in spelled.items() if _is_part(fold(name), said)}
    if len(whole) > 1:
        names = sorted(whole, key=lambda space: (len(space), space))
        return f"colourspace {name!r} ({evidence}) could be {_either(names)}; name one"
    close = difflib.get_close_matches(fold(name), spaces, n=3, cutoff=0.5)
    near = (*whole, *(next(iter(spaces[folded].values())) for folded in close))
    hint = f"; near to it: {', '.join(dict.fromkeys(near))}" if near else ""
    return f"unknown colourspace {name!r} ({evidence}){hint}; name {_CHOICES}"


def _is_part(folded: str, spelling: str) -> bool:
    """Whether some whole words of a spelling, one after the other, are a folded name."""
    words = _WORD.findall(unicodedata.normalize("NFKC", spelling).casefold())
    starts = ("".join(words[i:]) for i in range(len(words)))
    ends = {sum(map(len, words[i:])) for i in range(len(words) + 1)}
    return any(
        text.startswith(folded) and len(text) - len(folded) in ends for text in starts if folded
    )


def _either(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    if more > 0:
        return f"{', '.join(names[:_MOST_NAMED])} or one of {more} more"
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _interop_id(space: ocio.ColorSpace) -> str | None:
    """Return the id that a space declares, or that its name or an alias has in the built-in one."""
    ids = {ours.getName(): ours.getInteropID() for ours in _every_space(BUILT_IN)}
    aliases = (alias for alias in space.getAliases() if alias in ids.values())
    ways = (space.getInteropID(), *aliases, ids.get(space.getName()))
    return next(filter(None, ways), None)


@lru_cache(maxsize=4)
def _folded(key: str) -> Mapping[str, Mapping[str, str]]:
    """Return, by what counts of a name, the spaces that have it, and how they spell it."""
    spaces: dict[str, dict[str, str]] = {}
    for space in _every_space(key):
        for name in (space.getName(), *space.getAliases(), space.getInteropID()):
            if fold(name):
                spaces.setdefault(fold(name), {}).setdefault(space.getName(), name)
    return spaces


def _every_space(key: str) -> Iterable[ocio.ColorSpace]:
    every = (ocio.SEARCH_REFERENCE_SPACE_ALL, ocio.COLORSPACE_ALL)
    return config_of(key).getColorSpaces(*every)


def _keys() -> tuple[str, ...]:
    """Return the keys of the configs to look names up in, the first one first."""
    return tuple(dict.fromkeys((os.environ.get("OCIO", BUILT_IN), BUILT_IN)))


def config_declaring(space: str) -> str:
    """Return the key of the first config that declares a space by this name."""
    declaring = (key for key in _keys() if config_of(key).getColorSpace(space) is not None)
    return next(declaring, BUILT_IN)


@lru_cache(maxsize=4)
def config_of(key: str) -> ocio.Config:
    """Return the config that a value of ``$OCIO`` names; the built-in one where it names none.

    Raises:
        ColourspaceError: It cannot be read.
    """
    if key == BUILT_IN:
        return built_in_config()
    try:
        return ocio.Config.CreateFromFile(key)
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:
        raise ColourspaceError(f"$OCIO is {key}, which cannot be read: {error}") from error
