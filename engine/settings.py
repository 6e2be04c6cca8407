"""The engine's own settings: flag > environment > file > default, resolved once, here.

File: `$FACEPLATE_CONFIG`, else `~/.config/faceplate/faceplate.toml`; environment: `FACEPLATE_`
and the field's name in capitals.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOCAL = re.compile(r"tcp://(127(\.[0-9]{1,3}){3}|\[::1\]):([0-9]{1,5}|\*)\Z|ipc:///")
_REMOTE = re.compile(r"tcp://([^:\s/]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5}|\*)\Z")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine is started with.

    Attributes:
        address: Where it listens; an empty port lets the system choose one.
        listen: Where it listens to other machines besides, with CURVE; empty for nowhere.
        clients: Folder of the public keys that may connect there; empty for the one beside the
            connection file.
        connection: The file that tells clients how to reach it; empty for the user's own.
        roots: Folders that requests may touch, joined by the system's path separator; empty for
            whatever the engine's user may touch.
        spool: Folder of the files that clients leave which have no storage in common with it; empty
            where it keeps none. A root besides.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        threads: Threads of numerical libraries; pinned, since sums depend on it.
        lease: Seconds without a client or a job after which it ends itself; 0 for never.
        grace: The same once the process that started and holds it (``--held``) is gone.
    """

    address: str = "tcp://127.0.0.1:*"
    listen: str = ""
    clients: str = ""
    connection: str = ""
    roots: str = ""
    spool: str = ""
    device: str = "auto"
    threads: int = 2
    lease: int = 0
    grace: int = 60

    def __post_init__(self) -> None:
        if not _LOCAL.match(self.address):
            raise SettingsError(
                f"{self.address} can be reached from other machines, which needs CURVE: say "
                "--listen for it; the address is on loopback (tcp://127.0.0.1:PORT) or ipc:///PATH"
            )
        if self.listen and not _REMOTE.match(self.listen):
            raise SettingsError(f"--listen {self.listen}: say tcp://0.0.0.0:PORT or the like")
        if self.device not in {"auto", "cpu"} and not self.device.startswith("cuda:"):
            raise SettingsError(f"device {self.device!r}: say auto, cpu or cuda:N")
        if self.threads < 1 or self.lease < 0 or self.grace < 0:
            raise SettingsError("threads must be at least 1, lease and grace at least 0")

    @property
    def root_paths(self) -> tuple[str, ...]:
        """The roots as real paths; empty for no limit."""
        roots = [*self.roots.split(os.pathsep), self.spool] if self.roots else []
        return tuple(os.path.realpath(root) for root in roots if root)


def weights_folder() -> Path:
    """Return where weights that the user added are kept: `$FACEPLATE_WEIGHTS`, else the user's."""
    # A user without a home folder has none; that is no error until weights are asked for.
    user = os.path.expanduser("~/.local/share/faceplate/weights")  # noqa: PTH111
    return Path(os.environ.get("FACEPLATE_WEIGHTS") or user)


def resolve_settings(
    flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> EngineSettings:
    """Return the settings in force.

    Args:
        flags: Fields given on the command line; None counts as not given.
        environment: The process's environment.

    Raises:
        SettingsError: A file, variable or flag holds something else than its field.
    """
    values: dict[str, Any] = {}
    values.update(_from_file(environment))
    for field in fields(EngineSettings):
        name = f"FACEPLATE_{field.name.upper()}"
        if name in environment:
            values[field.name] = _typed(field.name, environment[name], name)
    values.update({name: value for name, value in flags.items() if value is not None})
    return replace(EngineSettings(), **values)


def _from_file(environment: Mapping[str, str]) -> dict[str, Any]:
    named = environment.get("FACEPLATE_CONFIG")
    path = Path(named or "~/.config/faceplate/faceplate.toml").expanduser()
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if named:
            raise SettingsError("FACEPLATE_CONFIG names no file", path=named) from None
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"not a settings file: {error}", path=str(path)) from None
    return {name: _typed(name, value, str(path)) for name, value in data.items()}


def _typed(name: str, value: Any, where: str) -> Any:
    kinds: dict[str, type] = {field.name: type(field.default) for field in fields(EngineSettings)}
    if name not in kinds:
        raise SettingsError(f"{where}: no setting {name!r}; there are {', '.join(kinds)}")
    kind = kinds[name]
    try:
        if type(value) in {kind, str}:  # a variable is text, a file has types: 2.5 is no 2
            return kind(value)
    except ValueError:
        pass
    raise SettingsError(f"{where}: {name} = {value!r} is no {kind.__name__}")
