"""The settings of a room: what a folder says of all that is dropped into it, or of itself.

`faceplate.toml` with a table ``[restore]``, or `settings.json` with the same keys at its top. What
a dropped folder says goes before what the watch folder says, and both before what the user's
environment and settings file say.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from engine.defaults import from_table
from engine.precedence import parse_toml
from engine.regular import read_regular
from engine.watch.drops import ROOM
from plugin_host.errors import ProtocolError, SettingsError
from plugin_host.protocol import read_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.defaults import Layer

_MOST = 1 << 20  # bytes of a file of settings


class Room:
    """The settings that one folder holds.

    Args:
        folder: The folder.
        roots: Real paths, below one of which its files must lie.

    Attributes:
        digest: What tells its settings from any others, be they in order or not.
    """

    def __init__(self, folder: Path, roots: Sequence[str]) -> None:
        self._folder = folder
        self._there: list[tuple[Path, bytes | SettingsError]] = []
        for name in ROOM:
            data = _data(folder / name, roots)
            self._there += [] if data is None else [(folder / name, data)]
        told = [str(d).encode() if isinstance(d, SettingsError) else d for _, d in self._there]
        self.digest = "".join(hashlib.sha256(data).hexdigest() for data in told)

    def layer(self) -> Layer:
        """Return what is said.

        Raises:
            SettingsError: A file cannot be read or holds no settings, or there are two.
        """
        if len(self._there) > 1:
            raise SettingsError(f"keep one of {' and '.join(ROOM)}", path=str(self._folder))
        for path, data in self._there:
            if isinstance(data, SettingsError):
                raise data
            layer = from_table(_table(path, data), f"{path}: [restore]", str(path))
            if "output" in layer:
                raise SettingsError(f"{path}: what is dropped is restored beside it; no output")
            return layer
        return {}


def _data(path: Path, roots: Sequence[str]) -> bytes | SettingsError | None:
    try:
        return read_regular(path, most=_MOST, roots=roots)
    except FileNotFoundError:
        return None
    except OSError as error:
        return SettingsError(f"not a settings file: {error.strerror}", path=str(path))


def _table(path: Path, data: bytes) -> Any:
    if path.suffix == ".json":
        try:
            return read_json(data, "settings file")
        except ProtocolError as error:
            raise SettingsError(error.message, path=str(path)) from None
    whole = parse_toml(data, str(path))
    others = sorted(set(whole) - {"restore"})
    if others:  # who drops files decides nothing about the engine
        raise SettingsError(f"{path}: no setting {others[0]!r}; there is [restore] alone here")
    return whole.get("restore", {})
