"""The take on disk: one restoration of a shot under one set of settings.

    <output>/<stem>_restored.<frame>.exr       the delivered frames
    <output>/<stem>.take/manifest.json         what the take is of
                         analysis.json         what was found in the shot, once; begins the take
                         receipts/<frame>.json one for each delivered frame, written after it
                         references/<track>/<window>.safetensors
                         windows/<track>/<window>.safetensors   computed, not yet delivered
                         seams/<track>/<frame>.safetensors      of approximate starts

Rules of this file:
    - A file is written under a name of its own, flushed to the disk, and renamed: whoever is
      killed at any instant leaves either the whole file or none. Several writers may share a take.
    - A receipt is written after its frame. What cannot be read back counts as not there.
    - Only opening a take makes its folder: where that is gone, so is the disk that it was on.
    - The take's id follows from what it is of, so that equal requests share a take and the same
      frame has the same bytes wherever it is made.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from safetensors import SafetensorError, safe_open

from engine.atomic import clear, time_in, write_atomically
from engine.manifest import Manifest, read_json, sealed
from engine.reference import TemporalReference, sealed_tensors, unsealed_tensors
from engine.regular import read_regular
from plugin_host.errors import FrameWriteFailed, OutputError, ReferenceMismatchError
from plugin_host.protocol import canonical
from plugin_host.schema import to_json

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from numpy.typing import NDArray

    from engine.restorer import RestorerInfo
    from plugin_host.requests import Submit

_NUMBERED = re.compile(r"([0-9]{1,9})/(-?[0-9]{1,9})\Z")


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

    def is_of(self, frame: int, path: Path) -> bool:
        """Whether it is what its kind says, and about a frame at a path."""
        kinds = {type(getattr(self, field.name)).__name__ == field.type for field in fields(self)}
        return kinds == {True} and (self.frame, self.file) == (frame, path.name)


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
        identity: dict[str, Any] = {
            "plate": os.path.basename(self.plate.pattern),  # noqa: PTH119 - a pattern, not a path
            "colourspace": self.plate.colourspace,
            "frames": str(submit.shot.frames),
            "handles": submit.shot.handles,
            "settings": to_json(submit.settings),
            "weights": info.weights,
            "guides": dict(guides),
            "release": version("faceplate"),
        }
        self._manifest = Manifest(self.folder, identity)
        self.id = self._manifest.id
        self.settings_hash = hashlib.sha256(canonical(identity["settings"])).hexdigest()
        self._check_output(submit)
        self._open()

    def _check_output(self, submit: Submit) -> None:
        if not self.output.is_absolute():
            raise OutputError("must be an absolute path of this system", path=str(self.output))
        for frame in (submit.frames.first, submit.frames.last):
            source = Path(self.plate.path(frame))
            if source.resolve() == self.frame_path(frame).resolve():
                raise OutputError("the output would overwrite the plate", path=str(source))

    def _open(self) -> None:
        try:
            self.output.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(exist_ok=True)
            now = time_in(self.folder)
            self._manifest.open()
            for folder in (self.output, *self.folder.glob("**/")):
                clear(folder, now)
        except OSError as error:
            raise OutputError(
                f"cannot write there: {error.strerror}", path=str(self.output)
            ) from None

    def frame_path(self, frame: int) -> Path:
        """Return where a frame is delivered."""
        digits = max(self.plate.digits, 4)
        return self.output / f"{self.plate.stem}_restored.{frame:0{digits}d}.exr"

    # what was found in the shot

    def analysis(self) -> dict[str, Any] | None:
        """Return the stored analysis, None before it was made."""
        stored = read_json(self.folder / "analysis.json")
        return stored and {name: value for name, value in stored.items() if name != "take"}

    def store_analysis(self, analysis: Mapping[str, Any]) -> None:
        """Keep the shot's analysis, unless another writer of this take did so first.

        Raises:
            TakeConflict: Another take was begun here meanwhile.
        """
        path, data = self.folder / "analysis.json", sealed({"take": self.id, **analysis})
        with self._writing(path):
            try:
                write_atomically(path, data, replace=False)
            except FileExistsError:
                self._manifest.check_ours()
                if self.analysis() is None:
                    write_atomically(path, data)

    def forget_analysis(self) -> None:
        """Drop an analysis that says nothing."""
        (self.folder / "analysis.json").unlink(missing_ok=True)

    # delivered frames

    def receipt(self, frame: int) -> Receipt | None:
        """Return a frame's receipt if the frame lies in the output as the receipt says."""
        data = read_json(self.folder / "receipts" / f"{frame}.json")
        try:
            receipt = Receipt(**data) if data else None
            path = self.frame_path(frame)
            if receipt and receipt.is_of(frame, path) and path.stat().st_size == receipt.size:
                return receipt
        except (TypeError, OSError):
            return None
        return None

    def delivered_at(self, frame: int) -> float:
        """Return when a frame's receipt was written, by its file system's clock, seconds.

        Raises:
            OSError: There is none.
        """
        return (self.folder / "receipts" / f"{frame}.json").stat().st_mtime

    def deliver(self, frame: int, data: bytes, *, status: str, source: str, note: str) -> Path:
        """Write a frame, then its receipt; return the frame's path.

        Raises:
            FrameWriteFailed: The disk is full, gone or read-only.
        """
        path = self.frame_path(frame)
        digest = hashlib.sha256(data).hexdigest()
        receipt = Receipt(frame, status, path.name, len(data), digest, source, note)
        with self._writing(path, frame):
            write_atomically(path, data)
        self._write(
            f"receipts/{frame}.json",
            sealed({name: getattr(receipt, name) for name in Receipt.__slots__}),
        )
        return path

    # references and windows

    def reference(self, track: int, window: int) -> TemporalReference | None:
        """Return the reference after a window; None where it is not stored."""
        try:
            data = read_regular(self._part("references", track, window))
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
            return unsealed_tensors(read_regular(self._part(kind, track, window)))
        except OSError:
            return None
        except ValueError:
            self.forget(track, window, kind)  # what is damaged is made anew
            return None

    def kept_frames(self, track: int, window: int) -> frozenset[int]:
        """Return which frames of a window are kept, without reading their pixels."""
        try:
            path = self._part("windows", track, window)
            with cast("Any", safe_open)(path, "numpy") as tensors:
                return frozenset(int(frame) for frame in tensors.get_tensor("frames"))
        except (OSError, SafetensorError, TypeError, ValueError, OverflowError):
            return frozenset()

    def keep(
        self, track: int, window: int, tensors: dict[str, NDArray[Any]], kind: str = "windows"
    ) -> None:
        """Keep a window's tensors until its frames are delivered."""
        self._write(str(self._part(kind, track, window)), sealed_tensors(tensors))

    def kept_numbers(self, kind: str = "windows") -> list[tuple[int, int]]:
        """Return the track and number of everything that is kept."""
        paths = (self.folder / kind).glob("*/*.safetensors")
        found = (_NUMBERED.match(f"{path.parent.name}/{path.stem}") for path in paths)
        return sorted((int(match[1]), int(match[2])) for match in found if match)

    def forget(self, track: int, window: int, kind: str = "windows") -> None:
        """Drop a kept window whose frames are all delivered."""
        self._part(kind, track, window).unlink(missing_ok=True)

    def add_notes(self, notes: Iterable[str]) -> None:
        """Add sentences to the manifest, each once."""
        with self._writing(self.folder / "manifest.json"):
            self._manifest.add_notes(notes)

    def _part(self, kind: str, track: int, window: int) -> Path:
        return self.folder / kind / str(track) / f"{window}.safetensors"

    def _write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        with self._writing(path):
            for folder in (path.parent.parent, path.parent):
                if self.folder in folder.parents:  # the rest was there when the take was opened
                    folder.mkdir(exist_ok=True)
            write_atomically(path, data)

    @contextmanager
    def _writing(self, path: Path, frame: int | None = None) -> Generator[None]:
        what = "take" if frame is None else "restored frame"
        try:
            self.folder.stat()
            yield
        except OSError as error:
            gone = error.errno == errno.ENOENT
            why = "the take's folder is gone: was a disk unmounted, or moved?" if gone else ""
            raise FrameWriteFailed(
                f"cannot write the {what}: {why or error.strerror}", frame=frame, path=str(path)
            ) from None
