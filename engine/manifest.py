"""What a take is of, and whose it is.

Rules of this file:
    - A take begins with its analysis, which names the take. Of several writers that want different
      takes in one folder, the first to store an analysis wins; the others are refused.
    - A manifest without an analysis is that of a request that never began. Another may follow.
    - What cannot be read back counts as not there.
    - A note is a file of its own, so that no writer overwrites another's; the manifest repeats
      them all for its readers.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, cast

from engine.atomic import write_atomically
from engine.regular import read_regular
from plugin_host.errors import TakeConflict
from plugin_host.protocol import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_SEAL = re.compile(rb'^ "seal": "[0-9a-f]{64}",\n', re.MULTILINE)
SCHEMA = "take.1"
NOTES = "notes"
MOST_WRITERS = 1000  # of one take at one instant
MOST_JSON = 1 << 28  # bytes; the analysis of a million frames takes half of it


class Manifest:
    """The manifest of a take.

    Args:
        folder: The take's folder.
        identity: All that its bits follow from, but the plate's pixels, which receipts name.
        about: What else is told of it, by who wrote it last.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        self._folder = folder
        self._path = folder / "manifest.json"
        self._identity, self._about = identity, about
        self.id = hashlib.sha256(canonical(identity)).hexdigest()[:16]

    def open(self) -> None:
        """Go on with the take that lies there, or begin one.

        Raises:
            TakeConflict: A take of something else lies there.
            OSError: It cannot be written.
        """
        found = read_json(self._path) or {}
        if found and found.get("schema") != SCHEMA:
            raise TakeConflict(
                f"a take of schema {found.get('schema')!r} lies there; this engine writes {SCHEMA}",
                path=str(self._folder),
            )
        self.check_ours()
        if self._differing(found):
            self._write([])

    def check_ours(self) -> None:
        """Refuse a take that was begun with something else.

        Raises:
            TakeConflict: It was; the message names the first difference.
        """
        analysis, found = read_json(self._folder / "analysis.json"), read_json(self._path) or {}
        if analysis is not None and analysis.get("take", found.get("id", self.id)) != self.id:
            conflict = _conflict(self._differing(found), found, self._identity)
            raise TakeConflict(conflict, path=str(self._folder))

    def add_notes(self, notes: Iterable[str]) -> None:
        """Add sentences, each once.

        Raises:
            OSError: They cannot be written.
        """
        folder, noted = self._folder / NOTES, {"", *self._noted()}
        fresh = [note for note in dict.fromkeys(notes) if note not in noted]
        for note in fresh:
            folder.mkdir(exist_ok=True)
            name = hashlib.sha256(note.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            write_atomically(folder / f"{name}.json", sealed({"take": self.id, "note": note}))
        for _ in range(MOST_WRITERS):  # until it is seen to hold what all of them have noted
            found = read_json(self._path) or {}
            ours = not self._differing(found)  # else of who was refused once the take had begun
            known = notes_in(found) if ours else []
            fresh = [note for note in (*fresh, *self._noted()) if note not in known]
            if ours and not fresh:
                return
            self._write([*known, *dict.fromkeys(fresh)])

    def _noted(self) -> list[str]:
        found = map(read_json, sorted((self._folder / NOTES).glob("*.json")))
        ours = (note for note in found if note and note.get("take") == self.id)
        return [note["note"] for note in ours if isinstance(note.get("note"), str)]

    def _differing(self, found: Mapping[str, Any]) -> list[str]:
        return [name for name, mine in self._identity.items() if found.get(name) != mine]

    def _write(self, notes: list[str]) -> None:
        whole = {"schema": SCHEMA, "id": self.id, **self._about, **self._identity, "notes": notes}
        write_atomically(self._path, json_bytes(whole))


def notes_in(manifest: Mapping[str, Any]) -> list[str]:
    """Return the notes that a manifest repeats."""
    notes = manifest.get("notes")
    return [str(note) for note in cast("list[Any]", notes)] if isinstance(notes, list) else []


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """Return the text of a file of a take."""
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def sealed(data: Mapping[str, Any]) -> bytes:
    """Return the text of a file of a take that tells whether it is what was written."""
    return json_bytes({**data, "seal": _seal(data)})


def read_json(path: str | Path, *, roots: Sequence[str] = ()) -> dict[str, Any] | None:
    """Return what such a file holds; None for what is not there, is damaged, or cannot be read.

    Args:
        path: The file.
        roots: Real paths of folders, below one of which it must lie; none for any place.
    """
    try:
        text = read_regular(path, most=MOST_JSON, roots=roots)
        data = json.loads(text)
        if not isinstance(data, dict):
            return None
        found = cast("dict[str, Any]", data)
        seal = found.pop("seal", None)
        # Written again only where its own line, taken out, does not do: ten times as slow.
        whole = seal is None or seal in _seals(text, found)
    except (OSError, ValueError, RecursionError):
        return None
    return found if whole else None


def _seals(text: bytes, data: Mapping[str, Any]) -> Iterator[str]:
    yield hashlib.sha256(_SEAL.sub(b"", text, 1)).hexdigest()
    yield _seal(data)


def _seal(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json_bytes(data)).hexdigest()


def _conflict(differing: list[str], theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> str:
    name = next(iter(differing), "")
    if not name or not theirs:
        return "another take lies there: choose another --output, or remove that take"
    if differing == ["release"]:
        return (
            f"the take there was begun by release {theirs.get(name)} and this engine is release "
            f"{mine[name]}, whose bits may differ: go on with that release, choose another "
            "--output, or remove that take"
        )
    old, new = theirs.get(name), mine.get(name)
    if isinstance(old, dict) and isinstance(new, dict):
        olds, news = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        key = next(key for key in sorted({**olds, **news}) if olds.get(key) != news.get(key))
        name, old, new = f"{name}.{key}", olds.get(key), news.get(key)
    hint = f"; to go on with that take, give --shot {old}" if name == "frames" else ""
    return (
        f"a take with {name} = {old!r} lies there and this request has {new!r}: "
        f"choose another --output, or remove that take{hint}"
    )
