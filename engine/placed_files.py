"""Files that are placed in folders of others, recorded there, and taken away again.

Rules of this file:
    - `installed.json` in each folder of ours lists its files with their sha256. Only those are
      removed, and one that somebody changed stays, and is told.
    - A file is whole for whoever reads it; what a crash loses is placed again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, cast

from engine.atomic import temporary_name
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RECORD = "installed.json"


def place(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their names in a folder; those of a former release go.

    Raises:
        OSError: They cannot be written.
        SettingsError: The folder holds what was not placed by us.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RECORD).exists():
        what = "it holds files that `faceplate install` did not put there; move them"
        raise SettingsError(what, path=str(folder))
    before = recorded(folder)
    folder.mkdir(parents=True, exist_ok=True)
    after = {name: digest(data) for name, data in files.items()}
    _write_record(folder, {**before, **after})  # first, so that it says both
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    _remove_files(folder, {name: sha for name, sha in before.items() if name not in after})
    _write_record(folder, after)


def take_back(folder: Path) -> list[Path]:
    """Remove what was placed in a folder; return what stays, since somebody changed it.

    Raises:
        OSError: It cannot be removed.
    """
    files = recorded(folder)
    left = _remove_files(folder, files)
    if files and not left:
        (folder / RECORD).unlink()
    with suppress(OSError):  # something else lies there
        folder.rmdir()
    return left


def recorded(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file that was placed in a folder, by its name there."""
    try:
        data = json.loads((folder / RECORD).read_text("utf-8"))
        return cast("dict[str, str]", dict(data["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def digest(data: bytes) -> str:
    """Return the sha256 of a file's content."""
    return hashlib.sha256(data).hexdigest()


def _write_record(folder: Path, files: Mapping[str, str]) -> None:
    try:
        release = version("faceplate")
    except PackageNotFoundError:  # a checkout that nothing is installed of
        release = ""
    record = {"release": release, "files": dict(files)}
    _replace(folder / RECORD, json.dumps(record, indent=1).encode() + b"\n")


def _replace(path: Path, data: bytes) -> None:
    temporary = temporary_name(path.parent)
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


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
