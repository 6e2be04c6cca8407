"""A request whose files travel with it, for an engine that does not see the client's storage.

Rules of this file:
    - What the engine has already is not sent again: the same shot again costs a hash of each frame.
    - A frame that is not there is not sent; the engine says so when it restores.
    - One file is held at a time.
"""

from __future__ import annotations

import hashlib
import os
import platform
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Iterable

from plugin_host.errors import PlateError
from plugin_host.picks import HERO, split_reference
from plugin_host.plate import Plate

if TYPE_CHECKING:
    from plugin_host.frames import Frames
    from plugin_host.requests import Settings, Submit


def shelf_of(submit: Submit) -> str:
    """Return the shelf of a shot: the same for the same plate on the same machine."""
    words = f"{platform.node()}\0{submit.shot.plate.pattern}"
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def send(
    client: Frames, submit: Submit, say: Callable[[int, int], None] = lambda _done, _total: None
) -> Submit:
    """Leave a request's files with the engine; return the request in the engine's paths.

    Args:
        client: Speaks with the engine.
        submit: In paths of this machine; its output names a folder on the engine's shelf.
        say: Told how many of the plate's frames are there, and of how many.

    Raises:
        PlateError: A file cannot be read.
        SettingsError: The engine keeps no files of clients: it was started without ``--spool``.
        OutputError: Its disk is full.
        MessageOversized: A file is too large for one message.
    """
    shelf, frames = shelf_of(submit), submit.shot.all_frames
    sender = _Sender(client, shelf)
    plate = sender.plate(submit.shot.plate, frames, "", say)
    digest = hashlib.sha256(submit.output.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return replace(
        submit,
        shot=replace(submit.shot, plate=plate),
        settings=sender.settings(submit.settings, frames),
        output=posixpath.join(plate.folder, f"restored-{digest}"),
    )


class _Sender:
    def __init__(self, client: Frames, shelf: str) -> None:
        self._client = client
        self._shelf = shelf

    def plate(
        self,
        plate: Plate,
        frames: Iterable[int],
        start: str,
        say: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Plate:
        """Send pictures or a movie; `start` keeps names of different plates apart."""
        if plate.is_movie:
            return Plate.parse(self.file(plate.pattern, start), plate.colourspace)
        numbers = list(frames) if plate.single is None else [plate.single]
        there = ""
        for done, frame in enumerate(numbers, 1):
            path = plate.path(frame)
            if os.path.isfile(path):
                there = self.file(path, start)
            say(done, len(numbers))
        if not there:
            raise PlateError("none of its frames is there", path=plate.pattern)
        name = start + os.path.basename(_written(plate))
        return Plate.parse(posixpath.join(posixpath.dirname(there), name), plate.colourspace)

    def settings(self, settings: Settings, frames: Iterable[int]) -> Settings:
        """Send mask, pictures and detector."""
        mask, detector = settings.mask, settings.detector
        if mask is not None:
            mask = _written(self.plate(Plate.parse(mask), frames, "mask-"))
        if detector is not None:
            detector = self.file(detector, "detector-")
        references = (
            self._reference(index, text) for index, text in enumerate(settings.references)
        )
        return replace(settings, mask=mask, detector=detector, references=tuple(references))

    def _reference(self, index: int, text: str) -> str:
        name, exemplar = split_reference(text)
        if exemplar.startswith(HERO):
            return text
        sent = self.file(exemplar, f"reference-{index}-")
        return f"{name}={sent}" if name else sent

    def file(self, path: str, start: str) -> str:
        """Send one file; return its path on the engine's side."""
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            raise PlateError(f"cannot be read to be sent: {error.strerror}", path=path) from None
        return self._client.deposit(self._shelf, start + os.path.basename(path), data)


def _written(plate: Plate) -> str:
    """Return the plate's path pattern; of one picture, its path."""
    return plate.pattern if plate.single is None else plate.path(plate.single)
