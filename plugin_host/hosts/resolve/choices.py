"""What the user chose once for Resolve: a file of JSON, since the free edition offers no dialogs.

Rules of this file:
    - The first script that looks for the file writes it, with every name and its default.
    - A name that is none is refused with those that there are: a typing error must not be silent.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from typing import Any, Mapping, cast

from plugin_host.errors import SettingsError
from plugin_host.hosts.resolve.choosing import WAYS
from plugin_host.hosts.resolve.origin import TAKE, TRACK
from plugin_host.job_note import default_folder
from plugin_host.path_map import PathMap
from plugin_host.versions import DEFAULT
from plugin_host.whole_files import json_bytes, read_json, write_whole

VARIABLE = "FACEPLATE_RESOLVE"
RENDER = ("auto", "always")


@dataclass(frozen=True)
class Choices:
    """How clips are found, restored and placed.

    Attributes:
        clips: Which are meant, of `choosing.WAYS`.
        colour: Clip colour, in English, of those that are meant where none is selected or under
            the playhead; empty for none.
        track: Number of the video track, likewise; 0 for none.
        place: ``take`` or ``track``: where results go.
        colourspace: Of sources that do not say theirs; empty to be asked for it.
        render: ``auto`` renders what the engine cannot read, ``always`` everything.
        render_colourspace: Which colourspace this project renders EXR in; empty to be asked.
        render_preset: The render preset to begin with; empty for one that Resolve brings along.
        render_folder: Where renders go; empty for a folder beside the source.
        output: Where results go; see `versions`.
        path_map: What the engine's machine calls the folders; see `path_map`. Empty for the
            environment's.
        shared: Whether host and engine see the same storage; else frames travel.
        forget: Whether the engine then forgets them once the result is here.
        page: Whether to open a page with the progress.
        knobs: As the engine's panel names them, such as ``{"restorer": "lite", "handles": 8}``.
    """

    clips: str = "auto"
    colour: str = ""
    track: int = 0
    place: str = TAKE
    colourspace: str = ""
    render: str = "auto"
    render_colourspace: str = ""
    render_preset: str = ""
    render_folder: str = ""
    output: str = DEFAULT
    path_map: str = ""
    shared: bool = True
    forget: bool = False
    page: bool = True
    knobs: dict[str, Any] = field(default_factory=lambda: {"handles": 8, "on_error": "source"})

    def paths(self) -> PathMap:
        """What both machines call the same folders."""
        return PathMap.parse(self.path_map) if self.path_map else PathMap.from_environment()


def default_path() -> str:
    """Return where the file lies: `$FACEPLATE_RESOLVE`, else beside the notes of jobs."""
    beside = os.path.join(os.path.dirname(default_folder()), "resolve.json")
    return os.environ.get(VARIABLE) or beside


def read_choices(path: str = "") -> Choices:
    """Read the file, and write it where there is none.

    Raises:
        SettingsError: It holds a name or value that cannot be, or is no JSON; says what can.
    """
    path = path or default_path()
    if not os.path.exists(path):
        _write(path)
        return Choices()
    found = read_json(path)
    if found is None:
        raise SettingsError(
            "the choices for Resolve are no JSON; mend or remove the file", path=path
        )
    known = asdict(Choices())
    for name, value in found.items():
        if name not in known:
            raise SettingsError(
                f"no choice is called {name!r}; there are {', '.join(known)}", path=path
            )
        if type(value) is not type(known[name]):
            words = f"{name} is {value!r}; it is such as {known[name]!r}"
            raise SettingsError(words, path=path)
    choices = Choices(**cast("Mapping[str, Any]", found))
    for name, allowed in (("clips", WAYS), ("place", (TAKE, TRACK)), ("render", RENDER)):
        value = getattr(choices, name)
        if value not in allowed:
            raise SettingsError(
                f"{name} is {value!r}; it is one of {', '.join(allowed)}", path=path
            )
    return choices


def _write(path: str) -> None:
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_whole(path, json_bytes(asdict(Choices())))
    except OSError as error:
        raise SettingsError(f"cannot be written: {error.strerror}", path=path) from None
