"""What a request is made of where the command line leaves it open, and the map of paths.

A request's flags come first, then `FACEPLATE_RESTORER`, `_LAYERS`, `_HANDLES` and so on, then the
table ``[restore]`` of the settings file, then what ships. The same keys make the settings of a
room, see `watch`.

Rules of this file:
    - What tells one shot from another (plate, frames, faces, masks, exemplars) has no default.
    - Values are checked by the codecs of the wire, so that nothing is refused later that passed.
    - A path in a file is found from the folder of that file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.precedence import (
    DEFAULT,
    FLAG,
    Told,
    foremost,
    settings_file,
    table_of,
    unknown,
    variable,
)
from engine.restorers import DEFAULT as RESTORER
from engine.restorers import TABLE
from plugin_host.errors import ProtocolError, SettingsError
from plugin_host.path_map import VARIABLE, PathMap
from plugin_host.plate import is_absolute
from plugin_host.requests import (
    LAYERS,
    MOST_HANDLES,
    NAME,
    ON_ERROR,
    PATH,
    TASKS,
    Shot,
)
from plugin_host.schema import Choice, Codec, Flag, Maybe, Named, Several, Whole, wire

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_PATHS = ("detector", "output")
Layer = dict[str, Told]


@dataclass(frozen=True)
class Defaults:
    """What a request is made of, but for the shot; see `requests.Settings` and `Submit`.

    Attributes:
        output: Folder of what is restored, a template of `plugin_host.versions` without
            ``{version}``; None where each request must say.
        parameters: Of each restorer, the knobs that are set.
    """

    restorer: str = wire(Choice(*TABLE), RESTORER)
    tasks: tuple[str, ...] = wire(Several(Choice(*TASKS), 3), ("bfr",))
    layers: tuple[str, ...] = wire(Several(Choice(*LAYERS), len(LAYERS)), ("beauty",))
    handles: int = wire(Whole(0, MOST_HANDLES), 0)
    colourspace: str | None = wire(Maybe(NAME), None)
    detector: str | None = wire(Maybe(PATH), None)
    whole_frame: bool = wire(Flag(), default=False)
    seed: int = wire(Whole(), 0)
    warm_up: int = wire(Whole(0, MOST_HANDLES), 0)
    on_error: str = wire(Choice(*ON_ERROR), "skip")
    output: str | None = wire(Maybe(PATH), None)
    parameters: dict[str, dict[str, int]] = wire(  # noqa: RUF009 - it declares a field
        Named(Named(Whole(-(10**9), 10**9))), {}
    )


_CODECS: dict[str, Codec[Any]] = {field.name: field.metadata["codec"] for field in fields(Defaults)}


def from_table(data: Any, where: str, path: str) -> Layer:
    """Return what a table of these settings says.

    Args:
        data: The table, of TOML or JSON.
        where: What it is called, for errors.
        path: Its file.

    Raises:
        SettingsError: It is no table, a key is unknown, or a value is not what its key takes.
    """
    layer: Layer = {}
    for name, said in table_of(data, where).items():
        if name not in _CODECS:
            raise unknown(name, where, tuple(_CODECS))
        value = _checked(name, said, f"{where}: {name}")
        if name in _PATHS and value and not is_absolute(value) and not value.startswith("{"):
            value = str(Path(path).absolute().parent / value)
        layer[name] = Told(value, f"file {path}")
    return layer


def from_environment(environment: Mapping[str, str]) -> Layer:
    """Return what the environment says.

    Raises:
        SettingsError: A variable holds something else than its setting takes.
    """
    said = {name: variable(name) for name in _CODECS if environment.get(variable(name))}
    return {
        name: Told(_checked(name, environment[origin], origin), f"environment {origin}")
        for name, origin in said.items()
    }


def told_defaults(environment: Mapping[str, str], *nearer: Layer) -> Layer:
    """Return every setting with who said it.

    Args:
        environment: The process's environment.
        nearer: Layers that stand above the environment, the foremost first.

    Raises:
        SettingsError: A variable or the settings file says something that is none.
    """
    file = settings_file(environment)
    shipped = {name: Told(value, DEFAULT) for name, value in vars(Defaults()).items()}
    table = from_table(file.table("restore"), f"{file.path}: [restore]", file.path)
    return foremost(*nearer, from_environment(environment), table, shipped)


def values_of(layer: Layer) -> Defaults:
    """Return the values of a whole layer."""
    return Defaults(**{name: value for name, (value, _) in layer.items()})


def fill_in(args: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> None:
    """Fill in, as text, what the command line left out of a request; calling it twice is harmless.

    An empty colourspace or detector is none, and an empty ``--set`` none but those on the command
    line, whatever others say: so that a command can mean the same on every machine.

    Raises:
        SettingsError: A variable or the settings file says something that is none.
    """
    told = values_of(told_defaults(environment))
    for name in ("tasks", "layers"):
        if getattr(args, name, "") is None:
            setattr(args, name, ",".join(getattr(told, name)))
    for name in set(_CODECS) - {"tasks", "layers", "output", "parameters"}:
        if getattr(args, name, "") is None:
            setattr(args, name, getattr(told, name))
    if getattr(args, "set", None) is not None and "" not in args.set:
        ours = told.parameters.get(args.restorer, {})
        args.set = [*(f"{name}={value}" for name, value in ours.items()), *args.set]


def output_of(shot: Shot, restorer: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return where a request goes that does not say so; empty where nothing else says.

    Raises:
        SettingsError: The template holds what is no token here.
        OutputError: It is no absolute path.
    """
    template = values_of(told_defaults(environment)).output
    if not template:
        return ""
    if "{version}" in template:
        raise SettingsError("output: only hosts count versions; leave {version} out")
    from plugin_host.host import Selection  # noqa: PLC0415 - --help need not load it
    from plugin_host.versions import folder_of  # noqa: PLC0415

    chosen = Selection(shot.plate.stem, shot, shot.frames, shot.plate.pattern)
    return folder_of(template, chosen, restorer, 0)


def told_path_map(text: str | None, environment: Mapping[str, str] = os.environ) -> Told:
    """Return the map of paths and who said it.

    Args:
        text: What the command line says; None for nothing.
        environment: The process's environment.

    Raises:
        SettingsError: Something in it is no rule.
    """
    if text is not None:
        return Told(PathMap.told(text, "--path-map"), FLAG)
    if environment.get(VARIABLE):
        return Told(PathMap.told(environment[VARIABLE], VARIABLE), f"environment {VARIABLE}")
    file = settings_file(environment)
    said = file.table("path_map")
    if not said:
        return Told(PathMap(), DEFAULT)
    where = f"{file.path}: path_map"
    if isinstance(said, str):
        return Told(PathMap.told(said, where), f"file {file.path}")
    rules = table_of(said, where).items()
    try:
        found = PathMap.parse("\n".join(f"{host}={engine}" for host, engine in rules))
    except SettingsError as error:
        raise SettingsError(f"{where}: {error.message}") from None
    return Told(found, f"file {file.path}")


def _checked(name: str, value: Any, where: str) -> Any:
    codec = _CODECS[name]
    try:
        checked = codec.from_json(_from_text(name, codec, value), where)
    except ProtocolError as error:
        raise SettingsError(error.message) from None
    for restorer in checked if name == "parameters" else ():
        if restorer not in TABLE:
            raise unknown(restorer, where, tuple(TABLE))
    words = {"tasks": TASKS, "layers": LAYERS}.get(name)
    if words is None:
        return checked
    held = {*checked, "beauty"} if name == "layers" else checked
    return tuple(word for word in words if word in held)  # one order, so that one take serves all


def _from_text(name: str, codec: Codec[Any], value: Any) -> Any:
    """Return the JSON of a value that may be text, as all of the environment is."""
    if not isinstance(value, str):
        return value
    if isinstance(codec, Several):
        return [word.strip() for word in value.split(",") if word.strip()]
    if isinstance(codec, Flag):
        return {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}.get(value.lower(), value)
    if isinstance(codec, Whole) and value.lstrip("-").isdecimal():
        return int(value)
    return _parameters(value) if name == "parameters" else value


def _parameters(text: str) -> Any:
    """Read ``lite.strength=80,lite.radius=2``."""
    found: dict[str, dict[str, Any]] = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        name, _, value = word.partition("=")
        restorer, dot, knob = name.partition(".")
        if not dot:
            raise SettingsError(f"{word!r} is no parameter; write lite.strength=80")
        digits = value.lstrip("-").isdecimal()
        found.setdefault(restorer, {})[knob] = int(value) if digits else value
    return found
