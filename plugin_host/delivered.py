"""What the engine leaves in an output folder, as a host finds it.

    <output>/<stem>_restored.<frame>.exr
    <output>/<stem>.take/manifest.json          what the take is of
                         analysis.json          what was found in the shot
                         receipts/<frame>.json  size and sha256 of each delivered frame

`engine.take` writes it and says more.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from plugin_host.path_map import base_name, join
from plugin_host.picks import HERO, split_reference
from plugin_host.plate import Plate
from plugin_host.schema import to_json
from plugin_host.whole_files import json_bytes, read_json, write_whole

if TYPE_CHECKING:
    from plugin_host.requests import Settings, Shot

_KINDS = ("int", "str", "str", "int", "str", "str")  # of a receipt's fields
LEAST_DIGITS = 4  # of a delivered frame's number
FILES = ("mask", "detector", "references")
"""The settings that name files."""
FORGOTTEN = "forgotten"
"""In a manifest: the engine has nothing of that take any more; nothing can be added to it."""


class Receipt(NamedTuple):
    """What a receipt says of a frame.

    Attributes:
        frame: Its number.
        status: ``restored``, ``no face`` or ``source``.
        file: Name of its file.
        size: Bytes of that.
        sha256: Of that, in hexadecimal.
        source: That of the plate's file, or of a movie's frame; empty where it is not known.
    """

    frame: int
    status: str
    file: str
    size: int
    sha256: str
    source: str


def delivered_plate(output: str, plate: Plate) -> Plate:
    """Return the delivered frames of a plate as a plate, in the colourspace of their source."""
    prefix = join(output, f"{plate.stem}_restored.")
    return Plate(prefix, max(plate.digits, LEAST_DIGITS), ".exr", plate.colourspace)


def take_folder(output: str, plate: Plate) -> str:
    """Return the folder of the take."""
    return join(output, f"{plate.stem}.take")


def identity(shot: Shot, settings: Settings) -> dict[str, Any]:
    """Return what two requests must share to share a take, as far as a request says it."""
    return {
        "plate": base_name(shot.plate.pattern),
        "colourspace": shot.plate.colourspace,
        "frames": str(shot.frames),
        "handles": shot.handles,
        "settings": named(settings),
    }


def named(settings: Settings) -> dict[str, Any]:
    """Return settings as a take knows them: files by their names, wherever a machine has them.

    What is in them it knows by their sha256.
    """
    said = to_json(settings)
    for field in ("mask", "detector"):
        said[field] = said[field] and base_name(said[field])
    said["references"] = [_named(reference) for reference in settings.references]
    return said


def _named(reference: str) -> str:
    person, exemplar = split_reference(reference)
    name = exemplar if exemplar.startswith(HERO) else base_name(exemplar)
    return f"{person}={name}" if person else name


def receipt_path(take: str, frame: int) -> str:
    """Return where a frame's receipt lies."""
    return join(take, "receipts", f"{frame}.json")


def read_receipt(take: str, frame: int) -> Receipt | None:
    """Return a frame's receipt; None where there is none that says all."""
    found = read_json(receipt_path(take, frame)) or {}
    values: list[Any] = [found.get(name) for name in Receipt._fields]
    receipt = Receipt(*values)
    kinds = tuple(type(value).__name__ for value in values)
    return receipt if kinds == _KINDS and receipt.frame == frame else None


def read_manifest(take: str) -> dict[str, Any] | None:
    """Return what a take is of; None where there is none."""
    return read_json(join(take, "manifest.json"))


def write_like(take: str, name: str, data: dict[str, Any]) -> None:
    """Write a file of a take that was fetched from the engine's storage.

    Raises:
        OSError: The file system refused.
    """
    path = join(take, *name.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_whole(path, json_bytes(data))
