"""Puts Faceplate where hosts look for it, and takes exactly that away again.

    nuke      <folder>/faceplate/plugin_host/...   and a marked passage in <folder>/init.py
    resolve   <client folder>/plugin_host/...      and the launchers in <Scripts>/Utility/Faceplate
              which for all users is <Scripts>/../Faceplate: what lies in <Scripts>, menus list
    ofx       <OFX folder>/Faceplate.ofx.bundle/...

Rules of this file:
    - Nothing is put into a host's Python. What is copied needs its standard library only.
    - A host's own file is changed between two marks only; all else in it stays, byte for byte.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import plugin_host
from engine.atomic import write_atomically
from engine.ofx_bundle import BUNDLE, bundle_files, found_caches, told_where
from engine.placed_files import place, recorded, take_back
from engine.places import System
from plugin_host.errors import OutputError, SettingsError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

HOSTS = ("nuke", "resolve", "ofx")
_BEGIN = "# >>> faceplate: written by `faceplate install nuke`, taken away by `uninstall`\n"
_END = "# <<< faceplate\n"
_PASSAGE = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)
_SOURCES = {".py", ".lua"}
_CONSTANT = re.compile(r"^((?:local )?(FOLDER|ENGINE) = )\"\"$", re.MULTILINE)


class Installation(NamedTuple):
    """Where one host's files lie.

    Attributes:
        host: One of `HOSTS`.
        client: Folder that holds ``plugin_host``; the bundle, for OFX.
        launchers: Folder of what the host itself lists, for Resolve; the same as `client` else.
        startup: File that gets a passage, for Nuke.
    """

    host: str
    client: Path
    launchers: Path
    startup: Path | None = None

    @classmethod
    def of(cls, host: str, system: System, path: str | None) -> Installation:
        """Return where a host's files go: to the user's own place, or to `path`.

        Raises:
            SettingsError: Resolve lists no scripts in `path`.
        """
        if host == "nuke":
            folder = Path(path or system.nuke_folder())
            return cls(host, folder / "faceplate", folder / "faceplate", folder / "init.py")
        if host == "ofx":
            bundle = Path(path or system.ofx_folders()[0]) / BUNDLE
            return cls(host, bundle, bundle)
        scripts = Path(path or system.resolve_scripts()) / "Faceplate"
        client = system.beside_resolve_scripts(path) if path else system.client_folder()
        return cls(host, Path(client), scripts)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that are ours alone."""
        return tuple(dict.fromkeys((self.client, self.launchers)))


def add_install(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `install` and `uninstall`."""
    parser.add_argument("host", choices=HOSTS, help="the application; ofx: the plugin, for all")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--user", action="store_true", help="for this user; what is done anyway")
    where.add_argument(
        "--path",
        metavar="P",
        help="a folder of NUKE_PATH or OFX_PLUGIN_PATH, or Resolve's Fusion/Scripts/Utility "
        "for all users",
    )


def install(args: argparse.Namespace) -> int:
    """Put what a host needs in place, or renew it."""
    system = System.here()
    where = Installation.of(args.host, system, args.path)
    put(where, "" if where.host == "ofx" else engine_program())
    print(_installed(where, system))  # noqa: T201 - what was asked for
    return 0


def uninstall(args: argparse.Namespace) -> int:
    """Take away what was put there."""
    where = Installation.of(args.host, System.here(), args.path)
    there = any(recorded(folder) for folder in where.folders)
    left = take_away(where)
    for path in left:
        print(f"left, since somebody changed it: {path}")  # noqa: T201
    done = f"Faceplate is taken out of {args.host}"
    print(done if there else f"nothing of Faceplate's was in {where.client}")  # noqa: T201
    return 1 if left else 0


def engine_program() -> str:
    """Return the program `faceplate` of this Python as `$FACEPLATE_ENGINE` takes it.

    Raises:
        SettingsError: There is none.
    """
    name = "faceplate.exe" if sys.platform == "win32" else "faceplate"
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise SettingsError(f"no program {name} beside {sys.executable}; pip install faceplate")
    return found if sys.platform == "win32" else shlex.quote(found)


def put(where: Installation, engine: str) -> None:
    """Copy the files, and tell the host of them.

    Raises:
        OutputError: They cannot be written.
        SettingsError: A file of that name is somebody else's, or there is no bundle to install.
    """
    try:
        for folder, files in wanted(where, engine).items():
            place(folder, files)
        if where.startup is not None:
            _write_passage(where.startup, _passage(where, engine))
    except OSError as error:
        what = f"cannot install there: {error.strerror}"
        if where.host == "ofx":
            own = Path("~", "OFX", "Plugins").expanduser()
            what += f"; `faceplate install ofx --path '{own}'`, with OFX_PLUGIN_PATH='{own}' "
            what += "where hosts are started"
        raise OutputError(what, path=str(error.filename or where.client)) from None


def wanted(where: Installation, engine: str) -> dict[Path, dict[str, bytes]]:
    """Return the content of every file that belongs there, by folder and by name within it.

    Raises:
        SettingsError: There is no bundle of the OFX plugin here.
    """
    if where.host == "ofx":
        return {where.client: bundle_files()}
    package = Path(plugin_host.__file__).parent
    client = {f"plugin_host/{name}": data for name, data in _sources(package).items()}
    if where.host == "nuke":
        return {where.client: client}
    constants = {"FOLDER": str(where.client), "ENGINE": engine}
    scripts = _sources(package.parent / "resolve_scripts")
    launchers = {name: _filled(data, constants) for name, data in scripts.items()}
    return {where.client: client, where.launchers: launchers}


def take_away(where: Installation) -> list[Path]:
    """Remove what was installed; return what stays, since it is not what was installed.

    Raises:
        OutputError: It cannot be removed.
    """
    left: list[Path] = []
    try:
        for folder in where.folders:
            left += take_back(folder)
        if where.startup is not None and where.startup.exists():
            _write_passage(where.startup, "")
    except OSError as error:
        what = f"cannot be removed: {error.strerror}"
        raise OutputError(what, path=str(error.filename or where.client)) from None
    return left


def _sources(folder: Path) -> dict[str, bytes]:
    """Return a folder's sources by their relative name, with forward slashes."""
    found = (path for path in folder.rglob("*") if path.suffix in _SOURCES)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}


def _filled(data: bytes, constants: Mapping[str, str]) -> bytes:
    """Return a launcher that knows where things lie; JSON strings are Python's and Lua's too."""

    def fill(match: re.Match[str]) -> str:
        return match[1] + json.dumps(constants[match[2]], ensure_ascii=False)

    return _CONSTANT.sub(fill, data.decode("utf-8")).encode("utf-8")


def _passage(where: Installation, engine: str) -> str:
    startup = (where.client / "plugin_host" / "startup" / "nuke").as_posix()
    lines = (
        "import os",
        "import nuke",
        f'os.environ.setdefault("FACEPLATE_ENGINE", {json.dumps(engine)})',
        f"nuke.pluginAddPath({json.dumps(startup)})",
    )
    return _BEGIN + "\n".join(lines) + "\n" + _END


def _write_passage(path: Path, passage: str) -> None:
    """Put a passage into a file in place of the former one; without any left, the file goes."""
    text = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
    kept = _PASSAGE.sub("", text)
    if passage and kept and not kept.endswith("\n"):
        kept += "\n"
    path = path.resolve()  # a link into somebody's dotfiles stays one
    if not kept + passage:
        path.unlink(missing_ok=True)
    elif kept + passage != text:
        mode = path.stat().st_mode if path.exists() else 0o644
        write_atomically(path, (kept + passage).encode("utf-8", "surrogateescape"))
        path.chmod(mode)


def _installed(where: Installation, system: System) -> str:
    if where.host == "ofx":
        words = f"the OFX effect Faceplate is in {where.client}; start hosts anew"
        return "; ".join([words, *told_where(where.client, system), *found_caches(system)])
    if where.host == "nuke":
        return (
            f"Faceplate is in {where.client}, and {where.startup} adds it to Nuke's plug-in path. "
            "Start Nuke anew: the menu Faceplate is there."
        )
    return (
        f"Faceplate's scripts are in {where.launchers}. In Resolve: Workspace > Scripts > "
        "Faceplate; no restart is needed."
    )
