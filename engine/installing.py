"""Puts Faceplate's scripts where hosts look for them, and takes exactly those away again.

    nuke      <folder>/faceplate/plugin_host/...   and a marked passage in <folder>/init.py
    resolve   <client folder>/plugin_host/...      and the launchers in <Scripts>/Utility/Faceplate
              which for all users is <Scripts>/../Faceplate: what lies in <Scripts>, menus list

Rules of this file:
    - Nothing is put into a host's Python. What is copied needs its standard library only.
    - `installed.json` in each folder of ours lists its files with their sha256. Only those are
      removed, and one that somebody changed stays, and is told.
    - A host's own file is changed between two marks only; all else in it stays, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import plugin_host
from engine.atomic import temporary_name, write_atomically
from engine.places import System
from plugin_host.errors import OutputError, SettingsError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

HOSTS = ("nuke", "resolve")
RECORD = "installed.json"
_BEGIN = "# >>> faceplate: written by `faceplate install nuke`, taken away by `uninstall`\n"
_END = "# <<< faceplate\n"
_PASSAGE = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)
_SOURCES = {".py", ".lua"}
_CONSTANT = re.compile(r"^((?:local )?(FOLDER|ENGINE) = )\"\"$", re.MULTILINE)


class Installation(NamedTuple):
    """Where one host's files lie.

    Attributes:
        host: One of `HOSTS`.
        client: Folder that holds ``plugin_host``.
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
        scripts = Path(path or system.resolve_scripts()) / "Faceplate"
        client = system.beside_resolve_scripts(path) if path else system.client_folder()
        return cls(host, Path(client), scripts)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that are ours alone."""
        return tuple(dict.fromkeys((self.client, self.launchers)))


def add_install(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `install` and `uninstall`."""
    parser.add_argument("host", choices=HOSTS, help="the application")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--user", action="store_true", help="for this user; what is done anyway")
    where.add_argument(
        "--path",
        metavar="P",
        help="a folder of NUKE_PATH, or Resolve's Fusion/Scripts/Utility for all users",
    )


def install(args: argparse.Namespace) -> int:
    """Put a host's scripts in place, or renew them."""
    where = Installation.of(args.host, System.here(), args.path)
    put(where, engine_program())
    print(_installed(where))  # noqa: T201 - what was asked for
    return 0


def uninstall(args: argparse.Namespace) -> int:
    """Take a host's scripts away."""
    where = Installation.of(args.host, System.here(), args.path)
    left = take_away(where)
    for path in left:
        print(f"left, since somebody changed it: {path}")  # noqa: T201
    print(f"Faceplate is taken out of {args.host}")  # noqa: T201
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
        SettingsError: A file of that name is somebody else's.
    """
    try:
        for folder, files in wanted(where, engine).items():
            _check_ours(folder)
            _renew(folder, files)
        if where.startup is not None:
            _write_passage(where.startup, _passage(where, engine))
    except OSError as error:
        raise OutputError(
            f"cannot install there: {error.strerror}", path=str(error.filename or where.client)
        ) from None


def wanted(where: Installation, engine: str) -> dict[Path, dict[str, bytes]]:
    """Return the content of every file that belongs there, by folder and by name within it."""
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
            left += _remove(folder, recorded(folder))
        if where.startup is not None and where.startup.exists():
            _write_passage(where.startup, "")
    except OSError as error:
        what = f"cannot be removed: {error.strerror}"
        raise OutputError(what, path=str(error.filename or where.client)) from None
    return left


def recorded(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file that was installed in a folder, by its name there."""
    try:
        data = json.loads((folder / RECORD).read_text("utf-8"))
        return cast("dict[str, str]", dict(data["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def digest(data: bytes) -> str:
    """Return the sha256 of a file's content."""
    return hashlib.sha256(data).hexdigest()


def _sources(folder: Path) -> dict[str, bytes]:
    """Return a folder's sources by their relative name, with forward slashes."""
    found = (path for path in folder.rglob("*") if path.suffix in _SOURCES)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}


def _filled(data: bytes, constants: Mapping[str, str]) -> bytes:
    """Return a launcher that knows where things lie; JSON strings are Python's and Lua's too."""

    def fill(match: re.Match[str]) -> str:
        return match[1] + json.dumps(constants[match[2]], ensure_ascii=False)

    return _CONSTANT.sub(fill, data.decode("utf-8")).encode("utf-8")


def _check_ours(folder: Path) -> None:
    """Refuse a folder with content that was not installed by us.

    Raises:
        SettingsError: It holds other things.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RECORD).exists():
        raise SettingsError("it holds files that are not Faceplate's; move them", path=str(folder))


def _renew(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, those of a former release go; the record comes first and says both."""
    before = recorded(folder)
    folder.mkdir(parents=True, exist_ok=True)
    after = {name: digest(data) for name, data in files.items()}
    _write_record(folder, {**before, **after})
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    _remove_files(folder, {name: sha for name, sha in before.items() if name not in after})
    _write_record(folder, after)


def _write_record(folder: Path, files: Mapping[str, str]) -> None:
    record = {"release": version("faceplate"), "files": dict(files)}
    _replace(folder / RECORD, json.dumps(record, indent=1).encode() + b"\n")


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole for whoever reads it; what a crash loses is installed again."""
    temporary = temporary_name(path.parent)
    temporary.write_bytes(data)
    temporary.replace(path)


def _remove(folder: Path, files: Mapping[str, str]) -> list[Path]:
    left = _remove_files(folder, files)
    if files and not left:
        (folder / RECORD).unlink()
    with suppress(OSError):  # something else lies there
        folder.rmdir()
    return left


def _remove_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    left: list[Path] = []
    for name, sha in files.items():
        path = folder / name
        if not path.exists():
            continue
        if digest(path.read_bytes()) == sha:
            path.unlink()
        else:
            left.append(path)
    folders = {parent for name in files for parent in (folder / name).parents}
    for parent in sorted((p for p in folders if folder in p.parents), reverse=True):
        shutil.rmtree(parent / "__pycache__", ignore_errors=True)
        with suppress(OSError):
            parent.rmdir()
    return left


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


def _installed(where: Installation) -> str:
    if where.host == "nuke":
        return (
            f"Faceplate is in {where.client}, and {where.startup} adds it to Nuke's plug-in path. "
            "Start Nuke anew: the menu Faceplate is there."
        )
    return (
        f"Faceplate's scripts are in {where.launchers}. In Resolve: Workspace > Scripts > "
        "Faceplate; no restart is needed."
    )
