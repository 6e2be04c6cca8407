"""A take as it lies on disk, for who looks at it and did not make it; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.manifest import SCHEMA, notes_in, read_json
from engine.receipt import Receipt, read_receipt
from plugin_host.delivered import FILES
from plugin_host.errors import FaceplateError, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot
from plugin_host.schema import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIX = ".take"


@dataclass(frozen=True, slots=True)
class StoredTake:
    """What a take says of itself.

    Attributes:
        folder: Where it lies; the delivered frames lie beside it.
        manifest: What it is of.
        shot: The piece of time, and the plate where it lay when the manifest was written.
        settings: How it is restored.
        bad: Frames that were not usable when the shot was looked through, each to wire code and
            message.
        analysed: Whether it was looked through.
    """

    folder: Path
    manifest: Mapping[str, Any]
    shot: Shot
    settings: Settings
    bad: Mapping[int, tuple[str, str]]
    analysed: bool

    @classmethod
    def at(cls, path: Path) -> StoredTake:
        """Read the take that a folder is, or the only one that it holds.

        Raises:
            SettingsError: There is none, there are several, or its manifest cannot be read.
        """
        folder = _found(path.absolute())
        manifest = read_json(folder / "manifest.json") or {}
        if manifest.get("schema") != SCHEMA:
            raise SettingsError("its manifest is missing, damaged, or not ours", path=str(folder))
        try:
            shot, settings = _shot(manifest, folder), _settings(manifest)
        except (AttributeError, FaceplateError, LookupError, TypeError, ValueError) as error:
            raise SettingsError(f"its manifest is damaged: {error}", path=str(folder)) from None
        analysis = read_json(folder / "analysis.json")
        return cls(folder, manifest, shot, settings, _bad(analysis or {}), analysis is not None)

    @property
    def id(self) -> str:
        """The take's name, which follows from what it is of."""
        return str(self.manifest.get("id"))

    @property
    def notes(self) -> list[str]:
        """What people should know."""
        return notes_in(self.manifest)

    def receipt(self, frame: int) -> Receipt | None:
        """Return a frame's receipt if a file of its length lies where it says."""
        receipt = read_receipt(self.folder, frame)
        try:
            whole = receipt and self.path(receipt).stat().st_size == receipt.size
        except OSError:
            return None
        return receipt if whole else None

    def path(self, receipt: Receipt) -> Path:
        """Return where a delivered frame lies."""
        return self.folder.parent / receipt.file


def _found(path: Path) -> Path:
    if path.suffix == SUFFIX and path.is_dir():
        return path
    takes = sorted(found for found in path.glob(f"*{SUFFIX}") if found.is_dir())
    if not takes:
        raise SettingsError("there is no take: name a .take folder or its output", path=str(path))
    if len(takes) > 1:
        names = ", ".join(take.name for take in takes[:5])
        raise SettingsError(f"there are {len(takes)} takes, name one: {names}", path=str(path))
    return takes[0]


def _shot(manifest: Mapping[str, Any], folder: Path) -> Shot:
    # Takes before this was noted, and those that a host fetched, do not say where the plate lay.
    path = str(manifest.get("path") or folder.parent / str(manifest["plate"]))
    plate = Plate.parse(path, manifest["colourspace"])
    return Shot(plate, FrameRange.parse(str(manifest["frames"])), int(manifest["handles"]))


def _settings(manifest: Mapping[str, Any]) -> Settings:
    found: Mapping[str, Any] = manifest.get("files") or {}
    files = {name: found[name] for name in FILES if name in found}
    return Record(Settings).from_json({**manifest["settings"], **files}, "settings")


def _bad(analysis: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    try:
        return {int(n): (str(code), str(why)) for n, (code, why) in analysis["bad"].items()}
    except (AttributeError, LookupError, TypeError, ValueError):
        return {}
