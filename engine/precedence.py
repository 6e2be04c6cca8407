r"""Settings and who said them: flag > environment > file > default.

The file is `$FACEPLATE_CONFIG`, else `~/.config/faceplate/faceplate.toml`:

    threads = 2                  the engine's own settings stand first, see `settings`
    [restore]                    what a request is made of, see `defaults`
    [path_map]                   'S:\shows' = "/mnt/shows", see `plugin_host.path_map`
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

TABLES = ("restore", "path_map")
"""Tables of the file; every other key is one of the engine's own settings."""
FLAG, DEFAULT = "flag", "default"


class Told(NamedTuple):
    """A value, and who said it: ``flag``, ``environment NAME``, ``file PATH`` or ``default``."""

    value: Any
    origin: str


class File(NamedTuple):
    """A settings file as it was read.

    Attributes:
        path: Where it lies, or would lie.
        data: What it says; nothing where there is none.
        there: Whether there is one.
    """

    path: str
    data: dict[str, Any]
    there: bool = True

    def table(self, name: str) -> Any:
        """Return one of `TABLES`; empty where the file has none."""
        return self.data.get(name, {})

    @property
    def engine(self) -> dict[str, Any]:
        """What it says outside the tables."""
        return {name: value for name, value in self.data.items() if name not in TABLES}


def settings_file(environment: Mapping[str, str]) -> File:
    """Read the user's settings file, or the one that the environment names.

    Raises:
        SettingsError: It is no TOML, cannot be read, or was named and is not there.
    """
    named = environment.get("FACEPLATE_CONFIG")
    path = Path(named or "~/.config/faceplate/faceplate.toml")
    try:
        path = path.expanduser()
    except RuntimeError:  # a user without a home folder has no file there
        return File(str(path), {}, there=False)
    try:
        return File(str(path), parse_toml(path.read_bytes(), str(path)))
    except (FileNotFoundError, NotADirectoryError):
        if named:
            raise SettingsError("FACEPLATE_CONFIG names no file", path=named) from None
        return File(str(path), {}, there=False)
    except OSError as error:
        raise SettingsError(f"not a settings file: {error.strerror}", path=str(path)) from None


def parse_toml(data: bytes, path: str) -> dict[str, Any]:
    """Return what TOML says.

    Raises:
        SettingsError: It is none.
    """
    import tomllib  # noqa: PLC0415 - where there is a file

    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"not a settings file: {error}", path=path) from None


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"FACEPLATE_{name.upper()}"


def foremost(*layers: Mapping[str, Told]) -> dict[str, Told]:
    """Return every setting as the first of the layers says that has it."""
    found: dict[str, Told] = {}
    for layer in reversed(layers):
        found.update(layer)
    return found


def unknown(key: str, where: str, known: Collection[str]) -> SettingsError:
    """Return the error for a key that there is none of, with what may have been meant."""
    import difflib  # noqa: PLC0415 - only for mistakes

    near = difflib.get_close_matches(key, known, 1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return SettingsError(f"{where}: no setting {key!r}; there are {', '.join(known)}{meant}")


def table_of(data: Any, where: str) -> dict[str, Any]:
    """Return a table.

    Raises:
        SettingsError: It is something else.
    """
    if not isinstance(data, dict):
        raise SettingsError(f"{where} is a table of settings, such as handles = 8")
    return cast("dict[str, Any]", data)
