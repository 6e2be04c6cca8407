"""The engine's own settings: flag > environment > file > default, resolved once, here.

In the environment they are called `FACEPLATE_` and the field's name in capitals; see `precedence`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.devices import devices_of
from engine.precedence import (
    DEFAULT,
    FLAG,
    TABLES,
    Told,
    foremost,
    settings_file,
    unknown,
    variable,
)
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOCAL = re.compile(r"tcp://(127(\.[0-9]{1,3}){3}|\[::1\]):([0-9]{1,5}|\*)\Z|ipc:///")
FORMS = ("text", "json")
"""How lines of the log are written."""
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
        device: ``auto``, all CUDA devices that there are, else the CPU; or ``cpu`` or ``cuda:N``,
            several with commas between. Each has a worker; a process that restores by itself
            takes the first.
        threads: Threads of numerical libraries, in each worker; pinned, since sums depend on it.
        lease: Seconds without a client or a job after which it ends itself; 0 for never.
        grace: The same once the process that started and holds it (``--held``) is gone.
        log: ``text`` or ``json``: how lines of the log are written.
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
    log: str = "text"

    def __post_init__(self) -> None:
        if not _LOCAL.match(self.address):
            raise SettingsError(
                f"{self.address} can be reached from other machines, which needs CURVE: say "
                "--listen for it; the address is on loopback (tcp://127.0.0.1:PORT) or ipc:///PATH"
            )
        if self.listen and not _REMOTE.match(self.listen):
            raise SettingsError(f"--listen {self.listen}: say tcp://0.0.0.0:PORT or the like")
        devices_of(self.device)
        if self.threads < 1 or self.lease < 0 or self.grace < 0:
            raise SettingsError("threads must be at least 1, lease and grace at least 0")
        if self.log not in FORMS:
            raise SettingsError(f"log {self.log!r}: say {' or '.join(FORMS)}")

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that are named, one for each worker; ``auto`` names those that there are."""
        return devices_of(self.device)

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


def told_settings(
    flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> dict[str, Told]:
    """Return every setting with who said it.

    Args:
        flags: Fields given on the command line; None counts as not given.
        environment: The process's environment.

    Raises:
        SettingsError: A file or variable holds something else than its field.
    """
    file = settings_file(environment)
    names = [(field.name, variable(field.name)) for field in fields(EngineSettings)]
    return foremost(
        {name: Told(value, FLAG) for name, value in flags.items() if value is not None},
        {
            name: Told(_typed(name, environment[said], said), f"environment {said}")
            for name, said in names
            if said in environment
        },
        {
            name: Told(_typed(name, value, file.path), f"file {file.path}")
            for name, value in file.engine.items()
        },
        {field.name: Told(field.default, DEFAULT) for field in fields(EngineSettings)},
    )


def resolve_settings(
    flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> EngineSettings:
    """Return the settings in force; see `told_settings`.

    Raises:
        SettingsError: A file, variable or flag holds something else than its field.
    """
    told = told_settings(flags, environment)
    return EngineSettings(**{name: value for name, (value, _) in told.items()})


def _typed(name: str, value: Any, where: str) -> Any:
    kinds: dict[str, type] = {field.name: type(field.default) for field in fields(EngineSettings)}
    if name not in kinds:
        raise unknown(name, where, [*kinds, *(f"[{table}]" for table in TABLES)])
    kind = kinds[name]
    try:
        if type(value) in {kind, str}:  # a variable is text, a file has types: 2.5 is no 2
            value = kind(value)
    except ValueError:
        pass
    if type(value) is not kind:
        raise SettingsError(f"{where}: {name} = {value!r} is no {kind.__name__}")
    try:
        replace(EngineSettings(), **{name: value})
    except SettingsError as error:
        raise SettingsError(f"{where}: {name} = {value!r}: {error.message}") from None
    return value
