"""The take on disk: one restoration of a shot under one set of settings.

    <output>/<stem>_restored.<frame>.exr       the delivered frames
    <output>/<stem>.take/manifest.json         what the take is of
                         analysis.json         what was found in the shot, once; begins the take
                         receipts/<frame>.json one for each delivered frame, written after it
                         references/<track>/<window>.safetensors
                         windows/, seams/      see kept.py
                         notes/<digest>.json   sentences; the manifest gathers them

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
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.atomic import clear, time_in, write_atomically
from engine.kept import Kept, path_of
from engine.manifest import Manifest, read_json, sealed
from engine.receipt import Receipt, read_receipt, receipt_path
from engine.reference import TemporalReference
from engine.regular import read_regular
from plugin_host.delivered import FILES, named
from plugin_host.errors import FrameWriteFailed, OutputError, ReferenceMismatchError
from plugin_host.protocol import canonical
from plugin_host.schema import to_json

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from engine.restorer import RestorerInfo
    from plugin_host.requests import Submit

WINDOWS, REFERENCES, SEAMS = "windows", "references", "seams"


class Take:
    """One take; every method is safe to call again.

    Args:
        output: Folder of the delivered frames.
        submit: The request that the take serves.
        info: The restorer's declaration.
        guides: sha256 of every file that the settings name; see `guide_hashes`.

    Raises:
        OutputError: The folder cannot be made or written, or would overwrite the plate.
        TakeConflict: A take of something else lies there.
    """

    def __init__(self, submit: Submit, info: RestorerInfo, guides: Mapping[str, str]) -> None:
        self.output = Path(submit.output)
        self.plate = submit.shot.plate
        self.folder = self.output / f"{self.plate.stem}.take"
        self._name, self._digits = f"{self.plate.stem}_restored.", max(self.plate.digits, 4)
        identity: dict[str, Any] = {
            "plate": os.path.basename(self.plate.pattern),  # noqa: PTH119 - a pattern, not a path
            "colourspace": self.plate.colourspace,
            "frames": str(submit.shot.frames),
            "handles": submit.shot.handles,
            "settings": named(submit.settings),
            "weights": info.weights,
            "guides": dict(guides),
            "release": version("faceplate"),
        }
        about: dict[str, Any] = {"link": info.link, "window": info.window, "overlap": info.overlap}
        about["path"] = to_json(submit.shot)["plate"]["path"]
        about["files"] = {n: getattr(submit.settings, n) for n in FILES}
        self._manifest = Manifest(self.folder, identity, about)
        self.id = self._manifest.id
        self.settings_hash = hashlib.sha256(canonical(identity["settings"])).hexdigest()
        self.windows = Kept(self.folder, WINDOWS, self._write)
        self.seams = Kept(self.folder, SEAMS, self._write)
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
        return self.output / self._frame_name(frame)

    def _frame_name(self, frame: int) -> str:
        return f"{self._name}{frame:0{self._digits}d}.exr"

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
        receipt, name = read_receipt(self.folder, frame), self._frame_name(frame)
        with suppress(OSError):
            if receipt and receipt.file == name:
                there = os.stat(f"{self.output}/{name}")  # noqa: PTH116 - see receipt.py
                return receipt if there.st_size == receipt.size else None
        return None

    def delivered_at(self, frame: int) -> float:
        """Return when a frame's receipt was written, by its file system's clock, seconds.

        Raises:
            OSError: There is none.
        """
        return os.stat(receipt_path(self.folder, frame)).st_mtime  # noqa: PTH116 - see receipt.py

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
        self._write(Path(receipt_path(self.folder, frame)), receipt.to_bytes())
        return path

    # references

    def reference(self, track: int, window: int) -> TemporalReference | None:
        """Return the reference after a window; None where it is not stored."""
        try:
            data = read_regular(self._reference_path(track, window))
            return TemporalReference.from_bytes(data)
        except (OSError, ReferenceMismatchError):
            return None

    def store_reference(self, track: int, window: int, reference: TemporalReference) -> None:
        """Keep the reference after a window."""
        self._write(self._reference_path(track, window), reference.to_bytes())

    def _reference_path(self, track: int, window: int) -> Path:
        return path_of(self.folder / REFERENCES, track, window)

    # what is said of it

    def store_seam(self, track: int, frame: int, codes: float) -> None:
        """Note how far an approximate start is from the frame before it, codes of 255."""
        self._write(self.folder / SEAMS / str(track) / f"{frame}.json", sealed({"codes": codes}))

    def add_notes(self, notes: Iterable[str]) -> None:
        """Add sentences to the manifest, each once."""
        with self._writing(self.folder / "manifest.json"):
            self._manifest.add_notes(notes)

    def _write(self, path: Path, data: bytes) -> None:
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
