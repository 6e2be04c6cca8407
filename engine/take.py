"""The take on disk: one restoration of a shot under one set of settings.

    <output>/<stem>_restored.<frame>.exr       the delivered frames
    <output>/<stem>.take/manifest.json         what the take is of
                         analysis.json         what was found in the shot, once
                         receipts/<frame>.json one for each delivered frame, written after it
                         references/<track>/<window>.safetensors
                         windows/<track>/<window>.safetensors   computed, not yet delivered
                         seams/<track>/<frame>.safetensors      of approximate starts

Rules of this file:
    - A file is written under a name of its own, flushed to the disk, and renamed: whoever is
      killed at any instant leaves either the whole file or none. Several writers may share a take.
    - A receipt is written after its frame. What cannot be read back counts as not there.
    - The take's id follows from what it is of, so that equal requests share a take and the same
      frame has the same bytes wherever it is made.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from engine.atomic import write_atomically
from engine.reference import TemporalReference
from plugin_host.errors import FrameWriteFailed, OutputError, ReferenceMismatchError, TakeConflict
from plugin_host.protocol import canonical
from plugin_host.schema import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from engine.restorer import RestorerInfo
    from plugin_host.requests import Submit

SCHEMA = "take.1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a frame was delivered.

    Attributes:
        frame: Its number.
        status: ``restored``, ``no face`` or ``source``.
        file: Name of the delivered file in the output folder.
        size: Length of that file in bytes.
        sha256: That of the delivered file, in hexadecimal.
        source: sha256 of the plate's file.
        note: What a person should know; empty for nothing.
    """

    frame: int
    status: str
    file: str
    size: int
    sha256: str
    source: str
    note: str = ""


class Take:
    """One take; every method is safe to call again.

    Args:
        output: Folder of the delivered frames.
        submit: The request that the take serves.
        info: The restorer's declaration.
        guides: sha256 of every guide picture, by what the request calls it.

    Raises:
        OutputError: The folder cannot be made or written, or would overwrite the plate.
        TakeConflict: A take of something else lies there.
    """

    def __init__(self, submit: Submit, info: RestorerInfo, guides: Mapping[str, str]) -> None:
        self.output = Path(submit.output)
        self.plate = submit.shot.plate
        self.folder = self.output / f"{self.plate.stem}.take"
        self.identity: dict[str, Any] = {
            "plate": os.path.basename(self.plate.pattern),  # noqa: PTH119 - a pattern, not a path
            "colourspace": self.plate.colourspace,
            "frames": str(submit.shot.frames),
            "handles": submit.shot.handles,
            "settings": to_json(submit.settings),
            "weights": info.weights,
            "guides": dict(guides),
        }
        self.id = hashlib.sha256(canonical(self.identity)).hexdigest()[:16]
        self.settings_hash = hashlib.sha256(canonical(self.identity["settings"])).hexdigest()
        self._check_output(submit)
        self._open()

    def _check_output(self, submit: Submit) -> None:
        if not self.output.is_absolute():
            raise OutputError("must be an absolute path of this system", path=str(self.output))
        for frame in (submit.frames.first, submit.frames.last):
            source = Path(self.plate.path(frame))
            if source.resolve() == self.frame_path(frame).resolve():
                raise OutputError("the output would overwrite the plate", path=str(source))
        try:
            self.output.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(exist_ok=True)
            probe = self.folder / f".probe-{secrets.token_hex(8)}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise OutputError(
                f"cannot write there: {error.strerror}", path=str(self.output)
            ) from None

    def _open(self) -> None:
        found = _read_json(self.folder / "manifest.json")
        if found is not None and found.get("schema") != SCHEMA:
            raise TakeConflict(
                f"a take of schema {found.get('schema')!r} lies there; this engine writes {SCHEMA}",
                path=str(self.folder),
            )
        differing = [n for n, mine in self.identity.items() if (found or {}).get(n) != mine]
        if found is not None and differing and self.analysis() is not None:
            name = differing[0]
            conflict = _conflict(name, found.get(name), self.identity[name])
            raise TakeConflict(conflict, path=str(self.folder))
        if differing:  # there is no take, or one whose request was refused before it began
            manifest = _json({"schema": SCHEMA, "id": self.id, **self.identity, "notes": []})
            try:
                self._write("manifest.json", manifest)
            except FrameWriteFailed as error:
                raise OutputError(error.message, path=error.path) from None

    def frame_path(self, frame: int) -> Path:
        """Return where a frame is delivered."""
        digits = max(self.plate.digits, 4)
        return self.output / f"{self.plate.stem}_restored.{frame:0{digits}d}.exr"

    # what was found in the shot

    def analysis(self) -> dict[str, Any] | None:
        """Return the stored analysis, None before it was made."""
        return _read_json(self.folder / "analysis.json")

    def store_analysis(self, analysis: Mapping[str, Any]) -> None:
        """Keep the shot's analysis."""
        self._write("analysis.json", _json(analysis))

    # delivered frames

    def receipt(self, frame: int) -> Receipt | None:
        """Return a frame's receipt if the frame lies in the output as the receipt says."""
        data = _read_json(self.folder / "receipts" / f"{frame}.json")
        try:
            receipt = Receipt(**data) if data else None
            if receipt and (self.output / receipt.file).stat().st_size == receipt.size:
                return receipt
        except (TypeError, OSError):
            return None
        return None

    def deliver(self, frame: int, data: bytes, *, status: str, source: str, note: str) -> Path:
        """Write a frame, then its receipt; return the frame's path.

        Raises:
            FrameWriteFailed: The disk is full, gone or read-only.
        """
        path = self.frame_path(frame)
        digest = hashlib.sha256(data).hexdigest()
        receipt = Receipt(frame, status, path.name, len(data), digest, source, note)
        try:
            write_atomically(path, data)
        except OSError as error:
            raise FrameWriteFailed(
                f"cannot write the restored frame: {error.strerror}", frame=frame, path=str(path)
            ) from None
        self._write(
            f"receipts/{frame}.json",
            _json({name: getattr(receipt, name) for name in Receipt.__slots__}),
        )
        return path

    # references and windows

    def reference(self, track: int, window: int) -> TemporalReference | None:
        """Return the reference after a window; None where it is not stored."""
        try:
            data = self._part("references", track, window).read_bytes()
            return TemporalReference.from_bytes(data)
        except (OSError, ReferenceMismatchError):
            return None

    def store_reference(self, track: int, window: int, reference: TemporalReference) -> None:
        """Keep the reference after a window."""
        self._write(str(self._part("references", track, window)), reference.to_bytes())

    def kept(
        self, track: int, window: int, kind: str = "windows"
    ) -> dict[str, NDArray[Any]] | None:
        """Return a window's tensors that were computed and not delivered yet."""
        try:
            return load_tensors(self._part(kind, track, window).read_bytes())
        except (OSError, SafetensorError):
            return None

    def kept_frames(self, track: int, window: int) -> frozenset[int]:
        """Return which frames of a window are kept, without reading their pixels."""
        try:
            path = self._part("windows", track, window)
            with cast("Any", safe_open)(path, "numpy") as tensors:
                return frozenset(int(frame) for frame in tensors.get_tensor("frames"))
        except (OSError, SafetensorError):
            return frozenset()

    def keep(
        self, track: int, window: int, tensors: dict[str, NDArray[Any]], kind: str = "windows"
    ) -> None:
        """Keep a window's tensors until its frames are delivered."""
        self._write(str(self._part(kind, track, window)), save_tensors(tensors))

    def kept_numbers(self, kind: str = "windows") -> list[tuple[int, int]]:
        """Return the track and number of everything that is kept."""
        paths = (self.folder / kind).glob("*/*.safetensors")
        return sorted((int(path.parent.name), int(path.stem)) for path in paths)

    def forget(self, track: int, window: int, kind: str = "windows") -> None:
        """Drop a kept window whose frames are all delivered."""
        self._part(kind, track, window).unlink(missing_ok=True)

    def add_notes(self, notes: Iterable[str]) -> None:
        """Add sentences to the manifest, each once."""
        manifest = _read_json(self.folder / "manifest.json") or {}
        known: list[str] = manifest.get("notes", [])
        fresh = [note for note in dict.fromkeys(notes) if note and note not in known]
        if fresh:
            self._write("manifest.json", _json({**manifest, "notes": [*known, *fresh]}))

    def _part(self, kind: str, track: int, window: int) -> Path:
        return self.folder / kind / str(track) / f"{window}.safetensors"

    def _write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
        except OSError as error:
            what = f"cannot write the take: {error.strerror}"
            raise FrameWriteFailed(what, path=str(path)) from None


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


def _conflict(name: str, theirs: Any, mine: Any) -> str:
    if isinstance(theirs, dict) and isinstance(mine, dict):
        old, new = cast("dict[str, Any]", theirs), cast("dict[str, Any]", mine)
        key = next(key for key in sorted({**old, **new}) if old.get(key) != new.get(key))
        name, theirs, mine = f"{name}.{key}", old.get(key), new.get(key)
    hint = f"; to go on with that take, give --shot {theirs}" if name == "frames" else ""
    return (
        f"a take with {name} = {theirs!r} lies there and this request has {mine!r}: "
        f"choose another --output, or remove that take{hint}"
    )
