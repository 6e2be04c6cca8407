"""What lies in a watch folder: files and folders as they were listed, and the drops among them.

A drop is a folder with frames, a movie, or a job file. Its results and its state lie beside it:

    sh010/                       a folder with one or several sequences
    sh010_restored/              what was made of it
    sh010.faceplate.json         how it stands
    sh010.faceplate.claim        which watcher works on it
    sh010.done                   that it is whole, if somebody says so; or sh010/.done

Rules of this file:
    - Links are not followed, neither of files nor of folders; a drop that holds one is refused.
    - What this program made is no drop, wherever it lies.
    - `drops` is pure.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from plugin_host.plate import MOVIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PICTURES = (".exr", ".dpx", ".tif", ".tiff", ".png")
STATE, CLAIM, DONE = ".faceplate.json", ".faceplate.claim", ".done"
ROOM = ("faceplate.toml", "settings.json")
"""Files of settings, in the watch folder or in a dropped one."""
_OURS = re.compile(r".*_restored(_[0-9]+)?\Z", re.DOTALL)
_RESTORED = "_restored."
_TEMPORARY = re.compile(
    r"[.~].*|.*(~|\.(tmp|temp|part|partial|filepart|crdownload|download))\Z",
    re.DOTALL | re.IGNORECASE,
)


class Entry(NamedTuple):
    """A file or folder below the watch folder.

    Attributes:
        path: From the watch folder, separated by ``/``.
        kind: ``file``, ``folder``, ``link`` or ``other``.
        size: Bytes of a file.
        changed: When it was last written, nanoseconds.
    """

    path: str
    kind: str = "file"
    size: int = 0
    changed: int = 0

    @property
    def name(self) -> str:
        """The last name of its path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The path of the folder that it lies in; empty for the watch folder."""
        return self.path.rpartition("/")[0]

    @property
    def top(self) -> str:
        """What of the watch folder it is, or lies in."""
        return self.path.partition("/")[0]


class Drop(NamedTuple):
    """Something that was dropped.

    Attributes:
        name: The file's or folder's.
        kind: ``folder``, ``movie`` or ``job``.
        files: All that must be still before it counts as whole.
        media: Those of them that are restored, or say how.
        marked: Whether somebody says that it is whole.
        refused: Why it is not looked at; empty for nothing.
    """

    name: str
    kind: str
    files: tuple[Entry, ...]
    media: tuple[Entry, ...]
    marked: bool = False
    refused: str = ""


class PlateFiles(NamedTuple):
    """How the paths of a plate's frames begin and end, from the watch folder."""

    prefix: str
    suffix: str

    def holds(self, path: str) -> bool:
        """Whether a file is a frame of the plate, or its movie."""
        if not (path.startswith(self.prefix) and path[len(self.prefix) :].endswith(self.suffix)):
            return False
        between = path[len(self.prefix) : len(path) - len(self.suffix)]
        return not between or between.lstrip("-").isdecimal()


def scan(folder: str) -> list[Entry]:
    """List a watch folder to its depth, without what this program made.

    Raises:
        OSError: The folder itself cannot be listed; one within it counts as ``other``.
    """
    found = _listed(folder, "")
    waiting = [entry for entry in found if entry.kind == "folder"]
    while waiting:
        below = waiting.pop()
        try:
            listed = _listed(folder, below.path)
        except OSError:  # taken away meanwhile, or not ours to read
            found.append(Entry(f"{below.path}/.", "other"))
            continue
        found += listed
        waiting += [entry for entry in listed if entry.kind == "folder"]
    return sorted(found)


def _listed(root: str, path: str) -> list[Entry]:
    with os.scandir(os.path.join(root, path)) as entries:  # noqa: PTH118 - paths are text here
        listed = sorted(entries, key=lambda entry: entry.name)
    names = {entry.name for entry in listed}
    return [
        _entry(entry, f"{path}/{entry.name}" if path else entry.name)
        for entry in listed
        if not is_ours(entry.name, names, top=not path)
    ]


def _entry(entry: os.DirEntry[str], path: str) -> Entry:
    try:
        if entry.is_symlink():
            return Entry(path, "link")
        if entry.is_dir(follow_symlinks=False):
            return Entry(path, "folder")
        if not entry.is_file(follow_symlinks=False):
            return Entry(path, "other")
        status = entry.stat(follow_symlinks=False)
    except OSError:  # gone meanwhile: by the next look it is gone, or there again
        return Entry(path, "other")
    return Entry(path, "file", status.st_size, status.st_mtime_ns)


def is_ours(name: str, siblings: Iterable[str], *, top: bool) -> bool:
    """Whether this program made a file or folder.

    Args:
        name: What it is called.
        siblings: What lies beside it.
        top: Whether it lies in the watch folder itself.
    """
    if name.endswith((STATE, CLAIM, ".take")) or name.startswith(".faceplate-"):
        return True
    if top and _OURS.match(name):
        return True
    stem, restored, _ = name.rpartition(_RESTORED)
    return bool(restored) and f"{stem}.take" in siblings


def drops(entries: Iterable[Entry], plates: Mapping[str, PlateFiles]) -> list[Drop]:
    """Return what was dropped, by name.

    Args:
        entries: What lies in the watch folder.
        plates: Of each job file, where its plate lies; none for one that cannot be read yet.
    """
    below: dict[str, list[Entry]] = {}
    for entry in entries:
        below.setdefault(entry.top, []).append(entry)
    marks = {name.removesuffix(DONE) for name in below if name.endswith(DONE)}
    named = {plate.prefix.partition("/")[0] for plate in plates.values() if "/" in plate.prefix}
    found: list[Drop] = []
    for name, within in sorted(below.items()):
        kind = _kind(name, within[0])
        taken = name in named or any(plate.holds(name) for plate in plates.values())
        if not kind or (taken and kind != "job"):  # a job says what becomes of it
            continue
        named_too = _entries_of(below, plates[name]) if name in plates else []
        held = list(dict.fromkeys([*within, *named_too]))
        drop = _drop(name, kind, held, marked=name in marks)
        found += [drop] if drop.media else []
    return found


def _entries_of(below: Mapping[str, list[Entry]], plate: PlateFiles) -> list[Entry]:
    return [entry for held in below.values() for entry in held if plate.holds(entry.path)]


def _kind(name: str, entry: Entry) -> str:
    """Return what a thing in the watch folder is; empty for nothing that is restored."""
    if _TEMPORARY.match(name) or name in ROOM or name.endswith(DONE):
        return ""
    if entry.kind == "folder":
        return "folder"
    if name.lower().endswith(MOVIES):
        return "movie"
    if name.lower().endswith(".json"):
        return "job"
    return "folder" if entry.kind == "link" else ""  # of a link, it is said that it is refused


def _drop(name: str, kind: str, held: list[Entry], *, marked: bool) -> Drop:
    files = tuple(entry for entry in held if entry.kind != "folder")
    media = tuple(e for e in files if is_media(e.name) or e.path == name or _is_room(e, name))
    if not any(is_media(e.name) or e.path == name for e in media):
        media = ()  # nothing is restored there
    refused = next((why for why in map(_refusal, files) if why), "")
    marked = marked or any(entry.path == f"{name}/{DONE}" for entry in files)
    return Drop(name, kind, files, media, marked, refused)


def _refusal(entry: Entry) -> str:
    """Return why what holds such an entry is not looked at; empty for nothing."""
    if entry.kind != "file":
        what = "a link" if entry.kind == "link" else "no file that can be read"
        return f"{entry.path} is {what}; drop files and folders themselves"
    if entry.path != entry.path.encode("utf-8", "replace").decode("utf-8"):
        return f"{entry.path!r} is not UTF-8; give it another name"
    return ""


def is_media(name: str) -> bool:
    """Whether a file is a frame or a movie, and not one that is still being written."""
    return name.lower().endswith((*PICTURES, *MOVIES)) and not _TEMPORARY.match(name)


def _is_room(entry: Entry, drop: str) -> bool:
    return entry.folder == drop and entry.name in ROOM
