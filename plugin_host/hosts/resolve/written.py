"""Clips that a Lua script wrote down, and results that it is to place: files in place of calls.

The free edition lost Python with 21.1; Lua is left. A Lua script writes what Resolve says of the
chosen clips, the command `faceplate resolve submit` does the rest, or `bundle` for a farm; later
`faceplate resolve plan` writes what is to be placed, the Lua script places it and says so to
`faceplate resolve placed`.

    choices    lines of NAME<tab>TEXT: clips, colour and track of the user's choices
    selection  JSON: {"host": TEXT, "clips": [FACTS, ...], "timecode": TEXT}
               a timecode, or an empty text, only for a preview of the frame there
    plan       such lines, an empty line behind each result; % stands as %25, a tab as
               %09, a line feed as %0A
    outcome    lines of JOB<tab>ERROR, without an error where it was placed

Rules of this file:
    - A result stays in the plan until a script says that it is placed: the note of its job is gone
      by then.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Mapping, Sequence, cast

from plugin_host.errors import FaceplateError, OutputError, PlateError
from plugin_host.host import Host, Progress, Selection
from plugin_host.hosts.resolve.adapter import NAME, Said, at_frame, handles_of, selection_of, tell
from plugin_host.hosts.resolve.clip import Facts, is_readable, plate_of, source_of
from plugin_host.hosts.resolve.layout import Layout
from plugin_host.hosts.resolve.origin import BIN_ONLY, Origin
from plugin_host.hosts.resolve.placing import sentence
from plugin_host.hosts.resolve.rates import frame_at
from plugin_host.job_note import default_folder
from plugin_host.whole_files import json_bytes, read_json, write_whole

if TYPE_CHECKING:
    from plugin_host.host import Result
    from plugin_host.hosts.resolve.choices import Choices

SUFFIX = ".place.json"


class WrittenHost(Host):
    """A Resolve that is spoken with through files.

    Args:
        choices: What the user chose.
        path: The selection; empty where only results are collected.

    Attributes:
        refused: Clips that cannot be restored, and why.

    Raises:
        PlateError: The selection cannot be read.
    """

    def __init__(self, choices: Choices, path: str = "") -> None:
        self._choices = choices
        self.refused: list[FaceplateError] = []
        data = read_json(path) if path else {}
        if data is None or (path and not isinstance(data.get("clips"), list)):
            raise PlateError("the selection cannot be read; run the script again", path=path)
        self._clips = cast("Sequence[Any]", data.get("clips", ()))
        self._timecode: Any = data.get("timecode")
        self.name = NAME + " " + str(data.get("host", "")).rsplit(" ", 1)[-1][:40]

    @property
    def is_preview(self) -> bool:
        """Whether one frame is meant."""
        return self._timecode is not None

    def selected_plates(self) -> Sequence[Selection]:
        """Return the clips that can be restored; `refused` tells of the others.

        Raises:
            PlateError: None can be.
        """
        self.refused, found = [], cast("list[Selection]", [])
        for clip in self._clips:
            try:
                found.append(self._selection(Facts.from_json(clip)))
            except FaceplateError as error:
                self.refused.append(error)
        if not found:
            raise self.refused[0] if self.refused else PlateError("no clip is chosen")
        return found

    def _selection(self, facts: Facts) -> Selection:
        source, choices = source_of(facts), self._choices
        if not is_readable(facts.path):
            raise PlateError(
                f"the clip {facts.name!r} is in a format that only Resolve reads; on this edition "
                "render it to EXR and restore that",
                path=facts.path,
            )
        handles = source.handles(handles_of(choices))
        plate, first = plate_of(facts, choices.colourspace or None)
        way = BIN_ONLY if self.is_preview else choices.place
        whole = selection_of(facts, source, plate, first=first, handles=handles, way=way)
        if not self.is_preview:
            return whole
        timecode, frame = str(self._timecode), facts.start
        return at_frame(whole, frame_at(timecode, facts.timeline_fps) if timecode else frame)

    def place_result(self, result: Result) -> None:
        """Put a result into the plan.

        Raises:
            OutputError: The plan cannot be written, or the frames not laid out.
        """
        path = os.path.join(default_folder(), result.finished.job + SUFFIX)
        try:
            write_whole(path, json_bytes(_entry(result)), private=True)
        except OSError as error:
            raise OutputError(f"cannot be planned: {error.strerror}", path=path) from None

    def show_progress(self, title: str) -> Progress:
        """Say that something has begun."""
        tell(title)
        return Said()


def _entry(result: Result) -> dict[str, str]:
    """Return what a script must know to place a result."""
    origin = Origin.from_text(result.selection.origin)
    layout, facts = Layout(result, origin), origin.facts
    entry: dict[str, Any] = {
        "job": result.finished.job,
        "name": result.selection.name,
        "place": origin.place,
        "colour": "Yellow" if result.finished.errors else "Green",
        "note": sentence(layout),
    }
    for key in ("project", "timeline", "item", "start", "duration", "left"):
        entry[key] = getattr(facts, key)
    for number, sequence in enumerate(layout.sequences(), 1):
        frames = layout.lay_out(sequence).frames
        entry[f"pattern{number}"] = sequence.plate.pattern
        entry[f"path{number}"] = sequence.path
        entry[f"first{number}"], entry[f"last{number}"] = frames.first, frames.last
        entry[f"fps{number}"], entry[f"timecode{number}"] = sequence.fps, sequence.timecode
    return {key: str(value) for key, value in entry.items()}


def plan(project: str) -> str:
    """Return what is to be placed in a project, as a script reads it."""
    entries = [entry for _, entry in _planned() if entry.get("project") == project]
    return "\n".join(map(lines_of, entries))


def lines_of(entry: Mapping[str, str]) -> str:
    """Return names and texts as a script reads them, each on a line of its own."""
    return "".join(f"{name}\t{_escaped(text)}\n" for name, text in sorted(entry.items()))


def placed(outcome: str) -> list[str]:
    """Hear what a script placed; return it in words.

    Raises:
        OutputError: The outcome cannot be read.
    """
    try:
        with open(outcome, encoding="utf-8", errors="replace") as file:
            lines = [line.rstrip("\n").partition("\t") for line in file if line.strip()]
    except OSError as error:
        raise OutputError(f"cannot be read: {error.strerror}", path=outcome) from None
    said = {job: why for job, _, why in lines}
    words: list[str] = []
    for path, entry in _planned():
        job, name = entry.get("job", ""), entry.get("name", "")
        if job in said and not said[job]:
            os.unlink(path)
            words.append(f"{name}: placed")
        elif job in said:
            words.append(f"not placed: {name}: {said[job]}")
    return words


def _planned() -> list[tuple[str, Mapping[str, str]]]:
    folder = default_folder()
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if name.endswith(SUFFIX)]
    return [(path, entry) for path in paths for entry in [read_json(path)] if entry is not None]


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\t", "%09").replace("\n", "%0A")
