"""Where a restoration goes: a folder from a template, and which version of it.

    {folder}    folder of the plate
    {plate}     its name, without frame number and extension
    {name}      what the host calls the selection
    {restorer}  the restorer's name
    {version}   v001, v002, ...

Rules of this file:
    - An unchanged request goes into the take that it made before; a changed one into the version
      after the last. The engine has the last word: what it refuses is tried again with the next.
    - A plate that changed makes another request, though it is called the same.
    - Paths are the host's; what a manifest says is the engine's.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, NamedTuple

from plugin_host.delivered import FORGOTTEN, read_manifest, read_receipt, receipt_path, take_folder
from plugin_host.errors import OutputError, SettingsError
from plugin_host.path_map import is_windows, join, normal
from plugin_host.plate import is_absolute
from plugin_host.whole_files import digest_of

if TYPE_CHECKING:
    from plugin_host.host import Selection
    from plugin_host.plate import Plate

DEFAULT = "{folder}/restored/{name}/{version}"
TOKENS = ("folder", "plate", "name", "restorer", "version")
_TOKEN = re.compile(r"\{([^{}]*)\}")
_UNFIT = re.compile(r"[^\w.-]+")
_VERSION = "v{:03d}"
_HERE = "\0"  # stands where the version will; no path holds one


class Output(NamedTuple):
    """A folder of the host's, and its version; 0 where the template has none."""

    folder: str
    version: int


def folder_of(template: str, selection: Selection, restorer: str, version: int) -> str:
    """Return the folder that a template names.

    Raises:
        SettingsError: It holds an unknown token.
        OutputError: It is no absolute path.
    """
    return _filled(template, selection, restorer).replace(_HERE, _VERSION.format(version))


def choose(
    template: str,
    selection: Selection,
    wanted: Mapping[str, Any],
    *,
    tried: Collection[int] = (),
    promised: Collection[str] = (),
) -> Output:
    """Return where a request goes.

    Args:
        template: A path with tokens, as above.
        selection: What is restored; its paths are the host's.
        wanted: What the take's manifest must say; see `delivered.identity`.
        tried: Versions that the engine refused.
        promised: Folders of takes that other requests have not begun yet.

    Raises:
        SettingsError: The template holds an unknown token.
        OutputError: It is no absolute path.
    """
    restorer = str(wanted["settings"]["restorer"])
    pattern = _filled(template, selection, restorer)
    if _HERE not in pattern:
        return Output(pattern, 0)
    there = [n for n in _listed(pattern) if os.path.isdir(_take(pattern, selection, n))]
    for version in sorted(there, reverse=True):
        take = _take(pattern, selection, version)
        if version not in tried and _is_of(take, wanted) and not _changed(selection, take):
            return Output(_at(pattern, version), version)
    version = max([0, *there, *tried]) + 1
    while _take(pattern, selection, version) in promised:
        version += 1
    return Output(_at(pattern, version), version)


def _filled(template: str, selection: Selection, restorer: str) -> str:
    """Return the template with all filled in but the version."""
    plate = selection.shot.plate
    words = {
        "folder": plate.folder,
        "plate": plate.stem,
        "name": _UNFIT.sub("_", selection.name).strip("._ ") or plate.stem,
        "restorer": restorer,
        "version": _HERE,
    }

    def word(match: re.Match[str]) -> str:
        if match.group(1) not in words:
            known = ", ".join(f"{{{token}}}" for token in TOKENS)
            raise SettingsError(f"output: {match.group()} is no token; there are {known}")
        return words[match.group(1)]

    path = _TOKEN.sub(word, template.strip())
    if not is_absolute(path):
        raise OutputError("the output is a whole path, such as {folder}/restored", path=template)
    return normal(path)


def _at(pattern: str, version: int) -> str:
    return pattern.replace(_HERE, _VERSION.format(version))


def _take(pattern: str, selection: Selection, version: int) -> str:
    return take_folder(_at(pattern, version), selection.shot.plate)


def _listed(pattern: str) -> Iterable[int]:
    """Yield the versions whose folders are there."""
    separator = "\\" if is_windows(pattern) else "/"
    before, _, after = pattern.partition(_HERE)
    cut = before.rfind(separator) + 1
    end = after.split(separator)[0]
    name = re.compile(
        re.escape(before[cut:]) + "v([0-9]{3,9})" + re.escape(end).replace(_HERE, "v[0-9]+") + r"\Z"
    )
    try:
        names = os.listdir(before[:cut])
    except OSError:
        return
    for match in filter(None, map(name.match, names)):
        yield int(match.group(1))


def _is_of(take: str, wanted: Mapping[str, Any]) -> bool:
    manifest = read_manifest(take) or {}
    return not manifest.get(FORGOTTEN) and all(
        manifest.get(name) == value for name, value in wanted.items()
    )


def _changed(selection: Selection, take: str) -> bool:
    """Whether a frame of the plate is not the one that the take has it from, as far as is seen.

    The first and the last are compared, and each that is younger than what the take has of it.
    """
    plate, frames = selection.shot.plate, selection.frames
    analysed = _written(join(take, "analysis.json"))
    for frame in frames:
        written = _written(plate.path(frame)) if _has(plate, frame) else None
        if written is None:
            continue
        made = _written(receipt_path(take, frame)) or analysed
        younger = made is not None and written > made
        if (younger or frame in (frames.first, frames.last)) and _differs(
            plate, frame, take, younger=younger
        ):
            return True
    return False


def _has(plate: Plate, frame: int) -> bool:
    return plate.single is None or frame == plate.single


def _differs(plate: Plate, frame: int, take: str, *, younger: bool) -> bool:
    receipt = read_receipt(take, frame)
    if receipt is None or not receipt.source or plate.is_movie:
        return younger
    try:
        return digest_of(plate.path(frame)) != receipt.source
    except OSError:
        return False


def _written(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
