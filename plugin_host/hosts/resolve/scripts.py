"""What the scripts of the menu do. Each is over in seconds: it submits and leaves, or collects.

Rules of this file:
    - Nothing stays in Resolve's script host: who followed a job there would hold up the user.
    - An error of ours is said in the console and on a page, since few have the console open.
    - One clip that cannot be restored, or one result that cannot be placed, stops no other.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

from plugin_host.client import EngineClient
from plugin_host.errors import FaceplateError, JobCancelled
from plugin_host.hosts.resolve import pages
from plugin_host.hosts.resolve.adapter import NAME, ResolveHost, tell
from plugin_host.hosts.resolve.application import Application, connect
from plugin_host.hosts.resolve.asking import bundle_all, submit, submit_all
from plugin_host.hosts.resolve.choices import Choices, default_path, read_choices
from plugin_host.hosts.resolve.choosing import chosen
from plugin_host.hosts.resolve.origin import Origin
from plugin_host.job_note import notes
from plugin_host.launcher import find_or_start
from plugin_host.restoring import collect as collect_one
from plugin_host.restoring import standings

if TYPE_CHECKING:
    from plugin_host.connection import Connection
    from plugin_host.job_note import JobNote

UNFINISHED = "not finished yet"
PREVIEW_S = 20.0  # for one frame, before it is left to `collect`
_POLL_S = 0.5


def restore(names: Mapping[str, Any]) -> bool:
    """Submit the chosen clips and leave; whether all could be.

    Args:
        names: The script's globals, among which Resolve puts itself.
    """
    return _said(names, restore_in)


def farm(names: Mapping[str, Any]) -> bool:
    """Write jobs of the chosen clips for the studio's farm; whether all could be."""
    return _said(names, farm_in)


def preview(names: Mapping[str, Any]) -> bool:
    """Restore the one frame under the playhead, into the bin Faceplate."""
    return _said(names, preview_in)


def collect(names: Mapping[str, Any]) -> bool:
    """Place what is finished and proven; the rest stays for the next time."""
    return _said(names, collect_in)


def status(names: Mapping[str, Any]) -> bool:
    """Say how the engine and this user's jobs stand."""
    return _said(names, status_in)


def cancel(names: Mapping[str, Any]) -> bool:
    """Stop the jobs of the chosen clips; finished frames are kept."""
    return _said(names, cancel_in)


def restore_in(application: Application) -> list[str]:
    """Submit the chosen clips; return what became of each.

    Raises:
        FaceplateError: None can be restored, or the engine refused.
    """
    choices = read_choices()
    host = ResolveHost(application, choices)
    selections = host.selected_plates()
    with client(host.name) as engine:
        lines, jobs = submit_all(engine, host, choices, selections)
    show_progress(choices, jobs)
    return [f"not restored: {error}" for error in host.refused] + lines


def farm_in(application: Application) -> list[str]:
    """Write jobs of the chosen clips for the farm; return what became of each.

    Raises:
        FaceplateError: None can be restored, or the engine cannot be asked.
    """
    choices = read_choices()
    host = ResolveHost(application, choices)
    selections = host.selected_plates()
    with client(host.name) as engine:
        lines = bundle_all(engine, host, choices, selections)
    return [f"not restored: {error}" for error in host.refused] + lines


def show_progress(choices: Choices, jobs: Sequence[str]) -> None:
    """Open the page of the first job, where the user wants pages."""
    address = pages.progress_page(jobs[0]) if choices.page and jobs else None
    if address:
        pages.show(address)


def show_errors(lines: Sequence[str]) -> None:
    """Open a page that says what went wrong, where the user wants pages."""
    try:
        if read_choices().page:
            pages.show(pages.notice("Faceplate", lines, os.path.dirname(default_path())))
    except (FaceplateError, OSError):  # the console has them
        return


def preview_in(application: Application) -> list[str]:
    """Restore the frame under the playhead; wait a little for it.

    Raises:
        FaceplateError: It cannot be restored.
    """
    choices = read_choices()
    host = ResolveHost(application, choices)
    selection = host.frame_under_playhead()
    with client(host.name) as engine:
        note = submit(engine, host, choices, selection, urgent=True)
        end = time.monotonic() + PREVIEW_S
        while collect_one(host, engine, note) is None:
            if time.monotonic() >= end:
                return [f"frame {selection.frames} takes a while: run Collect results later"]
            time.sleep(_POLL_S)
    return [f"frame {selection.frames} of {selection.name}: {host.placed[-1].where}"]


def collect_in(application: Application) -> list[str]:
    """Place every result of this project that is finished; return what became of each.

    Raises:
        EngineUnreachable: The engine cannot be asked.
    """
    host = ResolveHost(application, read_choices())
    ours = [note for note in notes(NAME) if _is_of(note, application)]
    if not ours:
        return ["there is nothing to collect for this project"]
    with client(host.name) as engine:
        return [_collected(host, engine, note) for note in ours]


def _collected(host: ResolveHost, engine: EngineClient, note: JobNote) -> str:
    name = note.order.name
    try:
        result = collect_one(host, engine, note)
    except JobCancelled as error:
        return f"{name}: {error}"
    except FaceplateError as error:
        return f"not placed: {name}: {error}"
    if result is None:
        return f"{name}: {UNFINISHED}"
    placed = host.placed[-1]
    errors = f", frames with errors: {len(result.finished.errors)}" * bool(result.finished.errors)
    unsaved = "" if placed.saved or not placed.new else "; save the project to keep it"
    return f"{name}: {placed.where}{errors}{unsaved}"


def status_in(application: Application) -> list[str]:
    """Return how this user's jobs of Resolve stand.

    Raises:
        EngineUnreachable: The engine cannot be asked.
    """
    noted = notes(NAME)
    lines = [str(application.edition), f"choices: {default_path()}"]
    with client(NAME) as engine:
        for note, job in zip(noted, standings(engine, noted)):
            how = (
                "not begun in this engine" if job is None else f"{job.state} {job.done}/{job.total}"
            )
            lines.append(f"{note.order.name}: {how}, job {note.job}")
    return lines if noted else [*lines, "nothing is waiting to be collected"]


def cancel_in(application: Application) -> list[str]:
    """Stop the jobs of the chosen clips.

    Raises:
        FaceplateError: No clip is chosen, or the engine cannot be asked.
    """
    choices = read_choices()
    found = chosen(application, choices.clips, colour=choices.colour, track=choices.track)
    ids = {item.GetUniqueId() for _, item in found}
    wanted = [note for note in notes(NAME) if Origin.from_text(note.order.origin).facts.item in ids]
    with client(NAME) as engine:
        return [
            f"{note.order.name}: told to stop, {engine.cancel(note.job).delivered} frames are kept"
            for note in wanted
        ] or ["no job waits for these clips"]


def client(name: str) -> EngineClient:
    """Return a session with the engine, which outlives the script; start one where none runs.

    Raises:
        EngineUnreachable: There is none, and it does not start.
    """

    def again() -> Connection:
        return find_or_start(held="")

    return EngineClient(again(), name, again=again)


def _is_of(note: JobNote, application: Application) -> bool:
    origin = Origin.from_text(note.order.origin)
    return origin.facts.project == application.project.GetUniqueId()


def _said(names: Mapping[str, Any], action: Callable[[Application], list[str]]) -> bool:
    """Do something and say what came of it; an error of ours is said, not raised."""
    if names.get("ENGINE"):  # where `faceplate install` found the program
        os.environ.setdefault("FACEPLATE_ENGINE", names["ENGINE"])
    try:
        lines = action(connect(names))
        good = not any(line.startswith("not ") for line in lines)
    except FaceplateError as error:
        lines, good = [str(error)], False
    for line in lines:
        tell(f"Faceplate: {line}")
    if not good:
        show_errors(lines)
    return good
