"""Files that clients leave with an engine that does not see their storage, on shelves.

    <spool>/<shelf>/<name>     a plate's frame, a mask, a picture
    <spool>/<shelf>/...        what was delivered there

Rules of this file:
    - A file lies there whole, with the digest that was told, or not at all.
    - The spool is its user's alone. A shelf that nobody used for `KEPT_S` goes: it is looked for
      when an engine starts, and once a day where files are left.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.atomic import temporary_name, time_in, write_atomically
from engine.regular import read_regular
from plugin_host.errors import EngineBusy, FrameCorrupt, OutputError, SettingsError
from plugin_host.private_files import check_folder
from plugin_host.replies import Deposited, Discarded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.job import Job
    from plugin_host.requests import Deposit, Discard

KEPT_S = 14 * 24 * 3600.0
DAY_S = 24 * 3600.0


class Spool:
    """The shelves.

    Args:
        folder: Where; made where it is not there. Empty for an engine that keeps nothing.

    Raises:
        SettingsError: The folder cannot be made, or others can write in it.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(os.path.realpath(folder)) if folder else None
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_folder(str(self._folder / "shelf"))
        except OSError as error:
            raise SettingsError(f"--spool: {error.strerror}", path=folder) from None
        self._clear()

    def keep(self, deposit: Deposit, buffers: Sequence[bytes]) -> tuple[Deposited, tuple[()]]:
        """Keep a message's first buffer; without one, tell whether the file is there.

        Raises:
            FrameCorrupt: It is not what the client read.
            OutputError: The disk refuses.
            SettingsError: This engine has no spool.
        """
        path = self._shelf(deposit.shelf) / deposit.name
        if time.monotonic() - self._cleared > DAY_S:
            self._clear(path.parent)
        if not buffers:
            there = _digest(path) == deposit.sha256
            if there:
                os.utime(path.parent)  # it is used
            return Deposited(str(path), there=there), ()
        if hashlib.sha256(buffers[0]).hexdigest() != deposit.sha256:
            raise FrameCorrupt("the file changed on its way: send it again", path=deposit.name)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_atomically(path, buffers[0])
        except OSError as error:
            what = f"the engine cannot keep the file: {error.strerror}"
            raise OutputError(what, path=deposit.name) from None
        return Deposited(str(path), there=True), ()

    def check_idle(self, discard: Discard, jobs: Iterable[Job]) -> None:
        """Refuse to empty a shelf that is worked on.

        Raises:
            EngineBusy: A job still reads or writes there.
            SettingsError: This engine has no spool.
        """
        shelf = self._shelf(discard.shelf)
        for job in (job for job in jobs if job.open):
            paths = job.describe().plate, job.describe().output
            if any(Path(path).is_relative_to(shelf) for path in paths):
                raise EngineBusy(f"job {job.id} still works there: cancel it, or wait for its end")

    def discard(self, discard: Discard) -> tuple[Discarded, tuple[()]]:
        """Empty a shelf.

        Raises:
            OutputError: The disk refuses.
        """
        shelf = self._shelf(discard.shelf)
        try:
            _remove(shelf)
        except OSError as error:
            raise OutputError(f"the shelf stays: {error.strerror}", path=str(shelf)) from None
        return Discarded(discard.shelf), ()

    def _shelf(self, name: str) -> Path:
        if self._folder is None:
            raise SettingsError(
                "this engine keeps no files of clients: start it with --spool DIR, or give it a "
                "plate on storage that it sees"
            )
        return self._folder / name

    def _clear(self, used: Path | None = None) -> None:
        assert self._folder is not None
        self._cleared = time.monotonic()
        before = time_in(self._folder) - KEPT_S
        for shelf in (shelf for shelf in self._folder.iterdir() if shelf != used):
            with suppress(OSError):
                folders = (shelf, *(path for path in shelf.glob("**/") if path != shelf))
                if max(path.stat().st_mtime for path in folders) < before:
                    _remove(shelf)


def _remove(shelf: Path) -> None:
    """Remove a shelf; at once for whoever looks, whatever is killed meanwhile."""
    gone = temporary_name(shelf.parent)
    with suppress(FileNotFoundError):
        shelf.rename(gone)
        shutil.rmtree(gone)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_regular(path)).hexdigest()
    except OSError:
        return ""
