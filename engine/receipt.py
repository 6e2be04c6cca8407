"""Receipts: what was delivered, a file for each frame, written after it.

A shot that is asked for again asks for every receipt: there, paths are text, for a `Path` takes
longer to make than the file's status to read.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from engine.manifest import read_json, sealed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FOLDER = "receipts"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a frame was delivered.

    Attributes:
        frame: Its number.
        status: ``restored``, ``no face`` or ``source``.
        file: Name of the delivered file in the output folder.
        size: Length of that file in bytes.
        sha256: That of the delivered file, in hexadecimal.
        source: What tells the plate's frame from any other; see `frame_io.plates`.
        note: What a person should know; empty for nothing.
    """

    frame: int
    status: str
    file: str
    size: int
    sha256: str
    source: str
    note: str = ""

    def to_bytes(self) -> bytes:
        """Return the text of its file."""
        return sealed(asdict(self))


_FIELDS = tuple(
    (field.name, {"int": int, "str": str}[str(field.type)]) for field in fields(Receipt)
)


def receipt_path(take: Path, frame: int) -> str:
    """Return where a take keeps a frame's receipt."""
    return f"{take}/{FOLDER}/{frame}.json"


def read_receipt(take: Path, frame: int, *, roots: Sequence[str] = ()) -> Receipt | None:
    """Return a frame's receipt, whatever lies under the name that it gives; None for none.

    Args:
        take: The take's folder.
        frame: Which.
        roots: Real paths of folders, below one of which it must lie; none for any place.
    """
    told = read_json(receipt_path(take, frame), roots=roots)
    if told is None:
        return None
    try:
        receipt = Receipt(**told)
    except TypeError:
        return None
    whole = all(type(getattr(receipt, name)) is kind for name, kind in _FIELDS)
    named = whole and receipt.file not in {"", ".", ".."} and not {*receipt.file} & {*"/\\\0"}
    return receipt if named and receipt.frame == frame else None
